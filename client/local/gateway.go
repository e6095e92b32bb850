package local

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/loratop/loratop/client/local/token"
)

// GatewayOptions says what stands behind the gateway.
type GatewayOptions struct {
	Auth    http.Handler // below /auth/v1; nil: 404
	Rest    http.Handler // below /rest/v1
	Storage http.Handler // below /storage/v1

	// Pages for whoever sits at this machine, by their prefix: the mailbox and
	// the identity page. They need no key, and only loopback reaches them.
	Pages map[string]http.Handler

	// Secret is the project's JWT secret: an API key is any token of it whose
	// role is anon or service_role, so that keys made elsewhere work as well.
	Secret []byte

	// KeyOptional lets requests without an API key through, as a PostgREST
	// without a gateway would. A key that is sent must still be good.
	KeyOptional bool

	Log *slog.Logger // nil: silent
}

// restBodyLimit bounds what a request to /rest/v1 may carry, in bytes. Auth and
// Storage have limits of their own.
const restBodyLimit = 32 << 20

// NewGateway is the one door of the stack: it routes by prefix, asks for the
// API key, logs requests without secrets, and turns a panic into a 500.
func NewGateway(o GatewayOptions) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &gateway{o: o, routes: []route{
		{prefix: "/auth/v1", handler: o.Auth}, {prefix: "/rest/v1", handler: limitBody(o.Rest)}, {prefix: "/storage/v1", handler: o.Storage},
	}}
	for prefix, page := range o.Pages {
		g.routes = append(g.routes, route{prefix: prefix, handler: page, local: true})
	}
	for _, make := range []func([]byte) (string, error){token.AnonKey, token.ServiceKey} {
		if key, err := make(o.Secret); err == nil {
			g.keys = append(g.keys, []byte(key))
		}
	}
	return g
}

type gateway struct {
	o      GatewayOptions
	routes []route
	keys   [][]byte // our own, which need no checking
}

type route struct {
	prefix  string
	handler http.Handler
	local   bool // for loopback only, and told the whole path
}

func limitBody(h http.Handler) http.Handler {
	if h == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, restBodyLimit)
		}
		h.ServeHTTP(w, r)
	})
}

// ServeHTTP implements http.Handler.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	sw := &statusWriter{ResponseWriter: w, conn: connOf(r)}
	defer func() {
		if v := recover(); v != nil {
			g.panicked(sw, r, v)
		}
		if g.o.Log.Enabled(r.Context(), slog.LevelDebug) {
			g.o.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method),
				slog.String("path", r.URL.Path), slog.Int("status", sw.Status()), slog.Int64("bytes", sw.bytes),
				slog.Duration("took", time.Since(start)))
		}
	}()
	if !g.admit(sw, r) {
		return
	}
	g.route(sw, r)
}

// route is no http.ServeMux, which would redirect to a cleaned path: a storage
// key may hold "//" or "..", and its owner decides what to make of it.
func (g *gateway) route(w http.ResponseWriter, r *http.Request) {
	for _, rt := range g.routes {
		if rt.handler == nil || !underPrefix(r.URL.Path, rt.prefix) {
			continue
		}
		if rt.local {
			if !fromLoopback(r) {
				gatewayError(w, http.StatusForbidden, "this page is for the machine that the stack runs on", "")
				return
			}
			rt.handler.ServeHTTP(w, r)
			return
		}
		if r.URL.Path == rt.prefix {
			r.URL.Path, r.URL.RawPath = rt.prefix+"/", ""
		}
		if r.URL.RawPath != "" {
			http.StripPrefix(rt.prefix, rt.handler).ServeHTTP(w, r)
			return
		}
		whole := r.URL.Path // the log tells the whole
		r.URL.Path = whole[len(rt.prefix):]
		rt.handler.ServeHTTP(w, r)
		r.URL.Path = whole
		return
	}
	gatewayError(w, http.StatusNotFound, "no Route matched with those values", "")
}

// admit checks the API key where one is asked for, and lends it to PostgREST as
// the bearer token of a request that brings none.
func (g *gateway) admit(w http.ResponseWriter, r *http.Request) bool {
	key := r.Header.Get("Apikey")
	if key == "" {
		key = r.URL.Query().Get("apikey")
	}
	rest := underPrefix(r.URL.Path, "/rest/v1")
	if key == "" {
		if g.o.KeyOptional || g.keyless(r.URL.Path) {
			return true
		}
		gatewayError(w, http.StatusUnauthorized, "No API key found in request",
			"No `apikey` request header or url param was found.")
		return false
	}
	if !g.goodKey(key) && !g.keyless(r.URL.Path) {
		gatewayError(w, http.StatusUnauthorized, "Invalid API key",
			"Double check the API key of this stack: `loratop local` prints it.")
		return false
	}
	if rest {
		dropQuery(r, "apikey")
		if r.Header.Get("Authorization") == "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
	}
	return true
}

func (g *gateway) goodKey(key string) bool {
	for _, own := range g.keys {
		if subtle.ConstantTimeCompare(own, []byte(key)) == 1 {
			return true
		}
	}
	c, err := token.Parse(g.o.Secret, key, time.Now())
	if err != nil {
		return false
	}
	role := c.Text("role")
	return role == "anon" || role == "service_role"
}

// dropQuery keeps the key out of what PostgREST would take for a filter.
func dropQuery(r *http.Request, name string) {
	if !strings.Contains(r.URL.RawQuery, name+"=") {
		return
	}
	var kept []string
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if !strings.HasPrefix(part, name+"=") {
			kept = append(kept, part)
		}
	}
	r.URL.RawQuery = strings.Join(kept, "&")
}

// keyless names what is open without a key: links that a browser follows, and
// Storage, which looks at the bearer token itself.
func (g *gateway) keyless(path string) bool {
	for prefix := range g.o.Pages {
		if underPrefix(path, prefix) {
			return true
		}
	}
	for _, p := range []string{"/auth/v1/verify", "/auth/v1/callback", "/auth/v1/authorize", "/auth/v1/health"} {
		if path == p {
			return true
		}
	}
	return underPrefix(path, "/auth/v1/.well-known") || underPrefix(path, "/storage/v1")
}

// fromLoopback looks at the address and at the name that was asked for: a page
// of the web whose name leads to loopback must not read the mailbox.
func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

func underPrefix(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func (g *gateway) panicked(w *statusWriter, r *http.Request, v any) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	g.o.Log.LogAttrs(r.Context(), slog.LevelError, "panic in handler", slog.String("path", r.URL.Path),
		slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
	if w.status == 0 {
		gatewayError(w, http.StatusInternalServerError, "An unexpected error occurred", "")
	}
}

func gatewayError(w http.ResponseWriter, status int, message, hint string) {
	body := map[string]string{"message": message}
	if hint != "" {
		body["hint"] = hint
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// statusWriter remembers what was answered, for the log.
type statusWriter struct {
	http.ResponseWriter
	conn   *wholeConn // nil: unknown
	status int
	bytes  int64
}

// Status is what was sent, 200 when nothing was said.
func (w *statusWriter) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (n int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.conn != nil && len(b) > headSize {
		n, err = w.conn.whole(func() (int, error) { return w.ResponseWriter.Write(b) })
	} else {
		n, err = w.ResponseWriter.Write(b)
	}
	w.bytes += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom: a file is sent by the kernel.
func (w *statusWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := io.Copy(w.ResponseWriter, src)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
