package local

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/token"
)

// echo tells what reached the handler behind the gateway.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("boom")
		}
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.WriteString(w, name+" "+r.URL.Path+"?"+r.URL.RawQuery+" "+r.Header.Get("Authorization"))
	})
}

type gatewayCase struct {
	name, path string
	header     map[string]string
	status     int
	body       string // contained in the answer
}

func serve(h http.Handler, c gatewayCase) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://gateway"+c.path, nil)
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func testKeys(t *testing.T, secret []byte) (anon, user, other string) {
	t.Helper()
	anon, err := token.AnonKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	user, err = token.Sign(secret, token.Claims{"role": "authenticated", "sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	other, err = token.Sign(secret, token.Claims{"role": "anon", "iss": "made elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	return anon, user, other
}

func TestGatewayKeys(t *testing.T) {
	secret := []byte("super-secret-jwt-token-with-at-least-32-characters")
	anon, user, other := testKeys(t, secret)
	key := func(k string) map[string]string { return map[string]string{"Apikey": k} }
	g := NewGateway(GatewayOptions{Auth: echo("auth"), Rest: echo("rest"), Storage: echo("storage"), Secret: secret})
	for _, c := range []gatewayCase{
		{"no key", "/rest/v1/jobs", nil, 401, `{"hint":"No ` + "`apikey`" + ` request header or url param was found.","message":"No API key found in request"}`},
		{"wrong key", "/rest/v1/jobs", key("x"), 401, `"message":"Invalid API key"`},
		{"a user's token is no key", "/auth/v1/user", key(user), 401, `"message":"Invalid API key"`},
		{"key alone is anon at rest", "/rest/v1/jobs?a=b", key(anon), 200, "rest /jobs?a=b Bearer " + anon},
		{"key in the query is no filter", "/rest/v1/jobs?apikey=" + anon + "&a=b", nil, 200, "rest /jobs?a=b Bearer " + anon},
		{"key made elsewhere", "/rest/v1/", key(other), 200, "rest /? Bearer " + other},
		{"bearer wins", "/rest/v1", map[string]string{"Apikey": anon, "Authorization": "Bearer " + user}, 200, "rest /? Bearer " + user},
		{"key alone is nobody at auth", "/auth/v1/user", key(anon), 200, "auth /user? "},
		{"health is open", "/auth/v1/health", nil, 200, "auth /health"},
		{"links are open", "/auth/v1/verify?token=x", nil, 200, "auth /verify?token=x"},
		{"storage looks itself", "/storage/v1/object/sign/b/k?token=t", nil, 200, "storage /object/sign/b/k?token=t "},
		{"keys of storage stay as they are", "/storage/v1/object/b/a//../c", nil, 200, "storage /object/b/a//../c"},
		{"unknown", "/functions/v1/x", key(anon), 404, "no Route matched"},
		{"prefix is a whole element", "/rest/v10/jobs", key(anon), 404, "no Route matched"},
	} {
		w := serve(g, c)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	open := NewGateway(GatewayOptions{Rest: echo("rest"), Secret: secret, KeyOptional: true})
	if w := serve(open, gatewayCase{path: "/rest/v1/jobs"}); w.Code != 200 {
		t.Errorf("optional key: %d", w.Code)
	}
	if w := serve(open, gatewayCase{path: "/rest/v1/jobs", header: key("x")}); w.Code != 401 {
		t.Errorf("optional, but wrong: %d", w.Code)
	}
	if w := serve(open, gatewayCase{path: "/auth/v1/health"}); w.Code != 404 {
		t.Errorf("no auth behind: %d", w.Code)
	}
}

func TestGatewaySurvivesPanicsAndLogsNoSecret(t *testing.T) {
	secret := []byte("super-secret-jwt-token-with-at-least-32-characters")
	anon, _, _ := testKeys(t, secret)
	var log bytes.Buffer
	g := NewGateway(GatewayOptions{Rest: echo("rest"), Auth: echo("auth"), Secret: secret,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if w := serve(g, gatewayCase{path: "/rest/v1/panic?apikey=" + anon}); w.Code != 500 || !strings.Contains(w.Body.String(), "unexpected") {
		t.Errorf("panic: %d %s", w.Code, w.Body)
	}
	serve(g, gatewayCase{path: "/auth/v1/verify?token=sesame"})
	if s := log.String(); !strings.Contains(s, "boom") || !strings.Contains(s, "status=500") || strings.Contains(s, anon) || strings.Contains(s, "sesame") {
		t.Errorf("log: %s", s)
	}
}

func TestGatewayBoundsBodies(t *testing.T) {
	g := NewGateway(GatewayOptions{Rest: echo("rest"), KeyOptional: true})
	r := httptest.NewRequest(http.MethodPost, "http://gateway/rest/v1/jobs", io.LimitReader(zeros{}, restBodyLimit+1))
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
