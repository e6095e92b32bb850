package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
)

// apiError is a failure as Storage tells it: the real status stands inside the
// body, and HTTP says 400 to nearly everything.
type apiError struct {
	status int
	code   string // "NoSuchKey"
	kind   string // the older "error" member: "not_found"
	msg    string
}

func (e *apiError) Error() string { return e.code + ": " + e.msg }

// httpStatus is what the status line says.
func (e *apiError) httpStatus() int {
	switch e.status {
	case http.StatusInternalServerError, http.StatusRequestedRangeNotSatisfiable:
		return e.status
	default:
		return http.StatusBadRequest
	}
}

func noSuchKey() error { return &apiError{404, "NoSuchKey", "not_found", "Object not found"} }
func noSuchBucket() error {
	return &apiError{404, "NoSuchBucket", "Bucket not found", "Bucket not found"}
}
func denied(msg string) error {
	return &apiError{403, "AccessDenied", "Unauthorized", msg}
}
func keyExists() error {
	return &apiError{409, "KeyAlreadyExists", "Duplicate", "The resource already exists"}
}
func tooLarge() error {
	return &apiError{413, "EntityTooLarge", "Payload too large", "The object exceeded the maximum allowed size"}
}
func badMIME(mime string) error {
	return &apiError{415, "InvalidMimeType", "invalid_mime_type", fmt.Sprintf("mime type %s is not supported", mime)}
}
func badKey(key string) error {
	return &apiError{400, "InvalidKey", "InvalidKey", "Invalid key: " + key}
}
func badRequest(format string, args ...any) error {
	return &apiError{400, "InvalidRequest", "Error", fmt.Sprintf(format, args...)}
}
func badRange() error {
	return &apiError{416, "InvalidRange", "InvalidRange", "The requested range is not satisfiable"}
}

// fromDB gives PostgreSQL's refusals the words of Storage.
func fromDB(err error) error {
	switch sqlState(err) {
	case "42501":
		return denied("new row violates row-level security policy")
	case "23505":
		return keyExists()
	case "23503":
		return noSuchBucket()
	default:
		return err
	}
}

// fail answers with err; HEAD gets no body.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		if r.Context().Err() != nil {
			return // nobody is listening
		}
		s.o.Log.LogAttrs(r.Context(), slog.LevelError, "storage failed", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
		e = &apiError{500, "InternalError", "Internal", "Internal Server Error"}
	}
	for _, h := range []string{"Etag", "Last-Modified", "Cache-Control", "Content-Range", "Content-Disposition", "Content-Length"} {
		w.Header().Del(h)
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(e.httpStatus())
		return
	}
	writeJSON(w, e.httpStatus(), map[string]string{"statusCode": strconv.Itoa(e.status), "error": e.kind, "message": e.msg, "code": e.code})
}

func unknownRoute(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusNotFound, map[string]any{"message": "Route " + r.Method + ":" + r.URL.Path + " not found", "error": "Not Found", "statusCode": 404})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // only values of this package come here
		http.Error(w, "cannot encode reply", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// jsonLimit bounds JSON bodies, in bytes: a thousand long keys fit.
const jsonLimit = 4 << 20

func readJSON(r request, v any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, jsonLimit+1))
	if err != nil {
		return badRequest("cannot read body")
	}
	if len(b) > jsonLimit {
		return tooLarge()
	}
	if err := json.Unmarshal(b, v); err != nil {
		return badRequest("body must be valid JSON of the expected shape")
	}
	return nil
}
