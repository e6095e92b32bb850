package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Options configure a Server. Pool and Secret are required.
type Options struct {
	Pool             *pgxpool.Pool    // its login must be allowed to take the roles tokens name
	Secret           []byte           // HMAC key of the tokens
	Schema           string           // exposed schemas, separated by commas; default "public"
	AnonRole         string           // the role without a token; default "anon"
	MaxRows          int              // rows a request may read; default 1000, negative for no cap
	StatementTimeout time.Duration    // default 8 s
	Now              func() time.Time // default time.Now
	Log              *slog.Logger     // default: nothing is logged
}

// maxBody is the largest request body, in bytes.
const maxBody = 64 << 20

// loadTimeout bounds one reading of the catalogue.
const loadTimeout = 30 * time.Second

// Server answers requests below /rest/v1, that prefix removed. It is safe for concurrent use.
type Server struct {
	opt     Options
	schemas []string
	catalog atomic.Pointer[catalog]
	zones   sync.Map // time zone name → bool
	callers memo[caller]
	parser  parser
	buffers sync.Pool // of *[]byte: what statements gave
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// New reads the catalogue and begins to listen for NOTIFY pgrst. Close ends it.
func New(o Options) (*Server, error) {
	if o.Pool == nil || len(o.Secret) == 0 {
		return nil, errors.New("rest: a pool and a secret are needed")
	}
	s := &Server{opt: withDefaults(o)}
	for _, name := range strings.Split(s.opt.Schema, ",") {
		if name = strings.TrimSpace(name); name != "" {
			s.schemas = append(s.schemas, name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if err := s.Reload(ctx); err != nil {
		cancel()
		return nil, err
	}
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		s.listen(ctx)
	}()
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Schema == "" {
		o.Schema = "public"
	}
	if o.AnonRole == "" {
		o.AnonRole = "anon"
	}
	if o.MaxRows == 0 {
		o.MaxRows = 1000
	}
	if o.StatementTimeout <= 0 {
		o.StatementTimeout = 8 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Close stops listening and waits for it to end. Requests under way are not its concern.
func (s *Server) Close() {
	s.stop()
	s.done.Wait()
}

// Reload reads the catalogue anew.
func (s *Server) Reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	c, err := loadCatalog(ctx, s.opt.Pool, s.schemas)
	if err != nil {
		return err
	}
	s.catalog.Store(c)
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if cors(w, r) {
		return
	}
	buf, _ := s.buffers.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer s.recycle(buf)
	a, err := s.answer(r, buf)
	if err != nil {
		a = errorAnswer(err)
	}
	if a.Status >= http.StatusInternalServerError {
		s.opt.Log.WarnContext(r.Context(), "rest: request failed", "status", a.Status, "method", r.Method, "path", r.URL.Path)
	}
	h := w.Header()
	maps.Copy(h, a.Header)
	if r.Method != http.MethodHead && a.Status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	if r.Method != http.MethodHead && a.Status != http.StatusNoContent {
		_, _ = w.Write(a.Body) // the client went away: there is nobody to tell
	}
}

// maxKept is the largest buffer that is kept for another request, in bytes.
const maxKept = 1 << 20

func (s *Server) recycle(buf *[]byte) {
	if cap(*buf) <= maxKept {
		s.buffers.Put(buf)
	}
}

// answer is the whole way of a request. What the database gives is in buf, and so is the answer's body.
func (s *Server) answer(r *http.Request, buf *[]byte) (*answer, *apiError) {
	who, e := s.identify(r.Header)
	if e != nil {
		return nil, e
	}
	c := s.catalog.Load()
	if c == nil {
		return nil, errNoCatalog()
	}
	pairs := splitQuery(r.URL.RawQuery)
	sh, shaped := (*shape)(nil), false
	if r.ContentLength == 0 {
		sh, shaped = shapeOf(r, pairs)
	}
	if shaped {
		if t, known := c.templates.at(sh.key); known {
			return s.run(r, c, t.planFor(r.URL.Path, canonical(pairs), who), t.statement(sh), buf)
		}
	}
	body, e := readBody(r)
	if e != nil {
		return nil, e
	}
	req, e := s.parseRequest(r, pairs, body, c)
	if e != nil {
		return nil, e
	}
	req.Identity = who
	req.Prefs = readPrefs(r.Header, func(zone string) bool { return s.knowsZone(r.Context(), zone) })
	maxRows := max(s.opt.MaxRows, 0)
	switch req.Kind {
	case actInfo:
		return c.info(req, maxRows)
	case actRoot:
		return s.root(r.Context(), c, req, r.Host)
	}
	p, e := c.plan(req, maxRows)
	if e != nil {
		return nil, e
	}
	main := c.main(p, maxRows)
	if shaped {
		if t := templateOf(sh, p, main); t != nil {
			c.templates.put(string(sh.key), t)
		}
	}
	return s.run(r, c, p, main, buf)
}

func (s *Server) run(r *http.Request, c *catalog, p *plan, main *statement, buf *[]byte) (*answer, *apiError) {
	res, e := s.execute(r, c, p, main, buf)
	if e != nil {
		return nil, e
	}
	return respond(p, res)
}

func readBody(r *http.Request) ([]byte, *apiError) {
	if r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var long *http.MaxBytesError
	if err != nil && !errors.As(err, &long) {
		return nil, errBody("The body could not be read")
	}
	if long != nil || len(body) > maxBody {
		return nil, newError(http.StatusRequestEntityTooLarge, "PGRST102", "The body is too large")
	}
	return body, nil
}

var zoneName = regexp.MustCompile(`^[A-Za-z0-9_+/-]{1,64}$`)

// knowsZone asks PostgreSQL once for every time zone.
func (s *Server) knowsZone(ctx context.Context, zone string) bool {
	if !zoneName.MatchString(zone) {
		return false
	}
	if known, ok := s.zones.Load(zone); ok {
		return known.(bool)
	}
	var known bool
	const q = "SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = $1)"
	if err := s.opt.Pool.QueryRow(ctx, q, zone).Scan(&known); err != nil {
		return false
	}
	if known { // names that are none are not kept: there is no end of them
		s.zones.Store(zone, true)
	}
	return known
}

const exposedHeaders = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit"

// cors lets pages of any origin in, and answers their preflight requests.
func cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	if r.Header.Get("Origin") == "" {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
		return false
	}
	allowed := "Authorization"
	for _, asked := range strings.Split(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if asked = strings.TrimSpace(asked); asked != "" {
			allowed += ", " + asked
		}
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD")
	h.Set("Access-Control-Allow-Headers", allowed+", Accept, Accept-Language, Content-Language")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusOK)
	return true
}
