// Package storage answers as Supabase Storage does: rows in storage.objects
// under PostgreSQL's own row level security, contents in files on disk. It is
// one part of the local stack.
package storage

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Options configure a Server. Pool, Secret and Dir are required.
type Options struct {
	Pool      *pgxpool.Pool // a role that may become anon, authenticated and service_role
	Secret    []byte        // checks access tokens and signs URLs (HS256)
	Dir       string        // of the files; made when missing, private to the user
	SizeLimit int64         // of one object in bytes, beside the bucket's own; 0 = 5 GiB

	Now func() time.Time // nil = time.Now
	Log *slog.Logger     // nil = silent
}

// Server is the http.Handler below /storage/v1.
type Server struct {
	o    Options
	disk disk
	tus  *resumable
}

const defaultSizeLimit = 5 << 30

// New makes a Server; it starts nothing and needs no closing.
func New(o Options) *Server {
	if o.SizeLimit == 0 {
		o.SizeLimit = defaultSizeLimit
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := disk{dir: o.Dir, pieces: &pieces{}}
	if err := os.RemoveAll(filepath.Join(o.Dir, tempDir)); err != nil { // what a killed run left half written
		o.Log.Warn("clear temporary files", slog.String("error", err.Error()))
	}
	s := &Server{o: o, disk: d}
	tus, err := newResumable(s)
	if err != nil { // only of a configuration that is fixed
		o.Log.Error("resumable uploads are off", slog.String("error", err.Error()))
	}
	s.tus = tus
	return s
}

// ExpireUploads makes the server forget the resumable uploads that exist, as
// their time would, and says how many there were.
func (s *Server) ExpireUploads() (int, error) {
	if s.tus == nil {
		return 0, nil
	}
	return s.tus.store.expireAll()
}

func (s *Server) now() time.Time { return s.o.Now().UTC().Truncate(time.Microsecond) }

// request is a routed request: the verb of the path, and what follows it.
type request struct {
	*http.Request
	bucket, key string
}

type handler func(http.ResponseWriter, request) error

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, req := s.route(r)
	if h == nil {
		unknownRoute(w, r)
		return
	}
	if emptyJSON(r) {
		s.fail(w, r, badRequest("Body cannot be empty when content-type is set to 'application/json'"))
		return
	}
	if err := h(w, req); err != nil {
		s.fail(w, r, err)
	}
}

// emptyJSON is a trap of the real server: a DELETE without a body must not say
// that it has a JSON one.
func emptyJSON(r *http.Request) bool {
	return r.Method == http.MethodDelete && r.ContentLength == 0 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// route finds the handler. Bucket and key are not checked here: only those
// operations that write demand a well-formed key.
func (s *Server) route(r *http.Request) (handler, request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	area, rest, _ := strings.Cut(path, "/")
	switch area {
	case "object":
		return s.routeObject(r, rest)
	case "bucket":
		return s.routeBucket(r, rest)
	case "upload":
		if s.tus != nil && (path == tusPath || strings.HasPrefix(path, tusPath+"/")) {
			return s.tus.serve, request{Request: r}
		}
		return nil, request{}
	case "status":
		return func(w http.ResponseWriter, _ request) error { w.WriteHeader(http.StatusOK); return nil }, request{Request: r}
	default:
		return nil, request{}
	}
}

// verbs are the words that may stand before the bucket, longest first.
func verbs() []string {
	return []string{"info/authenticated", "info/public", "upload/sign", "authenticated", "public", "info", "sign", "list-v2", "list", "move", "copy"}
}

func (s *Server) routeObject(r *http.Request, rest string) (handler, request) {
	verb := ""
	for _, v := range verbs() {
		if rest == v || strings.HasPrefix(rest, v+"/") {
			verb = v
			rest = strings.TrimPrefix(strings.TrimPrefix(rest, v), "/")
			break
		}
	}
	req := request{Request: r}
	req.bucket, req.key, _ = strings.Cut(rest, "/")
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return s.objectHandler(method+" "+verb, req), req
}

func (s *Server) objectHandler(op string, req request) handler {
	whole, one := req.bucket != "" && req.key == "", req.key != ""
	switch {
	case one:
		return s.oneObject(op)
	case whole:
		return map[string]handler{"POST list": s.list, "POST list-v2": s.listV2, "POST sign": s.signMany, "DELETE ": s.removeMany}[op]
	default:
		return map[string]handler{"POST move": s.move, "POST copy": s.copy}[op]
	}
}

func (s *Server) oneObject(op string) handler {
	return map[string]handler{
		"GET ":                   s.download,
		"GET authenticated":      s.download,
		"GET public":             s.downloadPublic,
		"GET info":               s.info,
		"GET info/authenticated": s.info,
		"GET sign":               s.downloadSigned,
		"POST sign":              s.signOne,
		"POST upload/sign":       s.signUpload,
		"PUT upload/sign":        s.uploadSigned,
		"POST ":                  s.upload,
		"PUT ":                   s.upload,
		"DELETE ":                s.removeOne,
	}[op]
}

func (s *Server) routeBucket(r *http.Request, rest string) (handler, request) {
	id, action, _ := strings.Cut(rest, "/")
	req := request{Request: r, bucket: id}
	if id == "" {
		return map[string]handler{"GET": s.buckets, "POST": s.makeBucket}[r.Method], req
	}
	if action == "empty" && r.Method == http.MethodPost {
		return s.emptyBucket, req
	}
	if action != "" {
		return nil, req
	}
	return map[string]handler{"GET": s.bucket, "PUT": s.changeBucket, "DELETE": s.removeBucket}[r.Method], req
}

// sqlState is the SQLSTATE of a PostgreSQL error, "" for any other.
func sqlState(err error) string {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		return pg.SQLState()
	}
	return ""
}
