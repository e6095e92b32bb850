package rest

import (
	"net/http"
	"net/url"
	"strings"
)

type actionKind uint8

const (
	actRead actionKind = iota
	actInsert
	actUpsert // PUT
	actUpdate
	actDelete
	actCall
	actRoot
	actInfo // OPTIONS
)

// request is an HTTP request, parsed.
type request struct {
	Kind     actionKind
	Head     bool // HEAD: no body
	Post     bool // a function called by POST
	RPC      bool
	Root     bool
	Method   string
	Path     string
	Target   qual
	Profiled bool // the schema was chosen by a header, or could have been
	Query    *query
	Top      span
	Prefs    prefs
	Accept   []mediaType
	Body     payload
	Header   http.Header
	Identity identity
}

func (r *request) write() bool {
	return r.Kind == actInsert || r.Kind == actUpsert || r.Kind == actUpdate || r.Kind == actDelete
}

// parseRequest reads path, method, headers, query and body, in the order in which PostgREST finds fault.
func (s *Server) parseRequest(r *http.Request, pairs []pair, body []byte, c *catalog) (*request, *apiError) {
	req := &request{Method: r.Method, Path: r.URL.EscapedPath(), Header: r.Header}
	name, e := req.resource(r)
	if e != nil {
		return nil, e
	}
	if e := req.schema(r, name, c); e != nil {
		return nil, e
	}
	if e := req.action(r.Method); e != nil {
		return nil, e
	}
	if req.Query, e = s.parser.query(pairs, req.Kind == actCall && !req.Post); e != nil {
		return nil, e
	}
	if req.Top, e = topSpan(r, req.Query.Top); e != nil {
		return nil, e
	}
	req.Accept = parseAccept(r.Header.Get("Accept"), len(r.Header.Values("Accept")) > 0)
	if req.Body, e = readPayload(req, r.Header, body); e != nil {
		return nil, e
	}
	return req, nil
}

// resource reads the path: "/", "/table" or "/rpc/function".
func (req *request) resource(r *http.Request) (string, *apiError) {
	path := strings.TrimPrefix(req.Path, "/")
	if path == "" {
		req.Root = true
		return "", nil
	}
	var parts []string
	for _, p := range strings.Split(path, "/") {
		text, err := url.PathUnescape(p)
		if err != nil {
			return "", errPath()
		}
		parts = append(parts, strings.ToValidUTF8(text, "\uFFFD"))
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case len(parts) == 2 && parts[0] == "rpc":
		req.RPC = true
		return parts[1], nil
	}
	return "", errPath()
}

func (req *request) schema(r *http.Request, name string, c *catalog) *apiError {
	header := "Accept-Profile"
	switch r.Method {
	case http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
		header = "Content-Profile"
	}
	req.Target, req.Profiled = qual{c.schemas[0], name}, len(c.schemas) > 1
	if len(r.Header.Values(header)) == 0 {
		return nil
	}
	p := r.Header.Get(header)
	if !contains(c.schemas, p) {
		return errSchema(p, c.schemas)
	}
	req.Target.Schema, req.Profiled = p, true
	return nil
}

func (req *request) action(method string) *apiError {
	req.Head = method == http.MethodHead
	if method == http.MethodOptions {
		req.Kind = actInfo
		return nil
	}
	read := method == http.MethodGet || req.Head
	switch {
	case req.RPC && (read || method == http.MethodPost):
		req.Kind, req.Post = actCall, method == http.MethodPost
	case req.RPC:
		return errRPCMethod(method)
	case req.Root && read:
		req.Kind = actRoot
	case req.Root:
		return errMethod(method)
	case read:
		req.Kind = actRead
	case method == http.MethodPost:
		req.Kind = actInsert
	case method == http.MethodPut:
		req.Kind = actUpsert
	case method == http.MethodPatch:
		req.Kind = actUpdate
	case method == http.MethodDelete:
		req.Kind = actDelete
	default:
		return errMethod(method)
	}
	return nil
}
