package client

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

// wire is what can be found in a failed reply, in any of the shapes of
// PostgREST, GoTrue (two generations), OAuth, Storage, and gateways.
type wire struct {
	code    string // the server's own code, as text
	message string
	details string
	hint    string
	status  int // Storage's real status, from inside the body
	reasons []string
	json    bool
}

// refused turns a reply that is not 2xx into a failure.
func refused(path string, status int, h http.Header, body []byte) *failure {
	w := readWire(h, body)
	if w.status == 0 {
		w.status = status
	}
	e := &models.Error{Server: clip(w.code, 60), Status: w.status}
	e.Msg, e.Hint = clip(w.message, 300), clip(w.hint, 300)
	if w.details != "" && len(w.details) < 300 {
		e.Hint = strings.TrimSpace(clip(w.details, 300) + " " + e.Hint)
	}
	explain(e, serviceOf(path), w)
	e.Retry = retryable(w.status)
	return &failure{
		err: e, retry: e.Retry, after: retryAfter(h, time.Now()),
		expired: isExpired(serviceOf(path), w),
	}
}

// service is which of the three servers answered.
type service int

const (
	serviceRest service = iota
	serviceAuth
	serviceStorage
)

func serviceOf(path string) service {
	switch {
	case strings.Contains(path, "/auth/v1"):
		return serviceAuth
	case strings.Contains(path, "/storage/v1"):
		return serviceStorage
	default:
		return serviceRest
	}
}

// isExpired knows the three answers to one expired access token.
func isExpired(s service, w wire) bool {
	msg := strings.ToLower(w.message)
	switch s {
	case serviceAuth:
		return w.code == "bad_jwt" && strings.Contains(msg, "expired")
	case serviceStorage:
		return strings.Contains(msg, `"exp" claim`) || strings.Contains(msg, "jwt expired")
	default:
		return w.status == http.StatusUnauthorized && (w.code == "PGRST303" || strings.Contains(msg, "jwt expired"))
	}
}

// readWire reads a failed reply's body without trusting any of its types.
func readWire(h http.Header, body []byte) wire {
	var m map[string]json.RawMessage
	if json.Unmarshal(body, &m) != nil || m == nil {
		return wire{code: h.Get("X-Sb-Error-Code"), message: plainText(body)}
	}
	w := wire{
		json:    true,
		code:    first(text(m["error_code"]), text(m["code"])),
		message: first(text(m["msg"]), text(m["message"]), text(m["error_description"]), text(m["error"])),
		details: text(m["details"]),
		hint:    text(m["hint"]),
	}
	if sc, err := strconv.Atoi(text(m["statusCode"])); err == nil && sc >= 400 && sc <= 599 {
		w.status = sc
		w.code = first(w.code, text(m["error"]))
	}
	if n, err := strconv.Atoi(w.code); err == nil && n >= 400 && n <= 599 && text(m["error_code"]) == "" {
		w.code = first(h.Get("X-Sb-Error-Code"), text(m["error"])) // GoTrue's code may be the HTTP status
	}
	var weak struct{ Reasons []string }
	if json.Unmarshal(m["weak_password"], &weak) == nil {
		w.reasons = weak.Reasons
	}
	return w
}

// text is a JSON string, number or bool as text; anything else is "".
func text(b json.RawMessage) string {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] == '{' || b[0] == '[' || bytes.Equal(b, []byte("null")) {
		return ""
	}
	var s string
	if b[0] == '"' && json.Unmarshal(b, &s) == nil {
		return s
	}
	return string(b)
}

// plainText is what can be shown of a body that is not JSON: the first 200
// printable characters, tags of HTML taken out.
func plainText(body []byte) string {
	if len(body) > 16<<10 {
		body = body[:16<<10]
	}
	s := string(body)
	if strings.Contains(s, "<") {
		s = stripTags(s)
	}
	return clip(strings.Join(strings.Fields(models.Clean(s)), " "), 200)
}

// stripTags keeps the text between tags, and of a page only its title and body.
func stripTags(s string) string {
	for _, block := range []string{"style", "script"} {
		s = cutBlocks(s, block)
	}
	var b strings.Builder
	depth := false
	for _, r := range s {
		switch {
		case r == '<':
			depth = true
			b.WriteByte(' ')
		case r == '>' && depth:
			depth = false
		case !depth:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func cutBlocks(s, name string) string {
	for {
		low := asciiLower(s)
		i := strings.Index(low, "<"+name)
		if i < 0 {
			return s
		}
		j := strings.Index(low[i:], "</"+name)
		if j < 0 {
			return s[:i]
		}
		s = s[:i] + " " + strings.TrimLeft(s[i+j+2+len(name):], " >")
	}
}

// asciiLower keeps byte offsets, which strings.ToLower does not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
