package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/google/uuid"
)

// apiError is a failure as GoTrue tells it.
type apiError struct {
	status  int
	code    string
	msg     string
	reasons []string // of weak_password
	oauth   string   // the provider's own word, which redirects tell instead of a code
}

func (e *apiError) Error() string { return e.code + ": " + e.msg }

func fault(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, msg: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	return fault(http.StatusBadRequest, "validation_failed", format, args...)
}

// fail answers with err in the shape that the caller's API version asks for.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		if r.Context().Err() != nil {
			return // nobody is listening
		}
		id := uuid.NewString()
		s.o.Log.LogAttrs(r.Context(), slog.LevelError, "auth failed", slog.String("path", r.URL.Path),
			slog.String("error_id", id), slog.String("error", err.Error()))
		e = fault(http.StatusInternalServerError, "unexpected_failure", "Unexpected failure, please check server logs for more information")
		writeFault(w, r, e, id)
		return
	}
	writeFault(w, r, e, "")
}

func writeFault(w http.ResponseWriter, r *http.Request, e *apiError, id string) {
	body := map[string]any{}
	if namedCodes(r) {
		body["code"], body["message"] = e.code, e.msg
	} else {
		body["code"], body["error_code"], body["msg"] = e.status, e.code, e.msg
	}
	if e.reasons != nil {
		body["weak_password"] = map[string]any{"reasons": e.reasons}
	}
	if id != "" {
		body["error_id"] = id
	}
	if e.reasons == nil || !namedCodes(r) { // GoTrue forgets it for weak passwords in the newer version
		w.Header().Set("X-Sb-Error-Code", e.code)
	}
	writeJSON(w, e.status, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // only values of this package come here
		http.Error(w, "cannot encode reply", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// readJSON reads the request's body into v.
func readJSON(r *http.Request, v any) error {
	b, err := io.ReadAll(r.Body)
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return fault(http.StatusRequestEntityTooLarge, "request_entity_too_large", "Request body exceeds maximum size")
	}
	if err != nil {
		return fault(http.StatusBadRequest, "bad_json", "Could not read request body")
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fault(http.StatusBadRequest, "bad_json", "Could not parse request body as JSON: %v", err)
	}
	return nil
}
