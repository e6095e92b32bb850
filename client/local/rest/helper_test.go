package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/pgtest"
)

const testSecret = "a-secret-of-at-least-thirty-two-bytes"

// TestSecret is for the tests outside of the package.
const TestSecret = testSecret

const (
	alice = "a11ce000-0000-4000-8000-000000000001"
	bob   = "b0b00000-0000-4000-8000-000000000002"
)

func newServer(t testing.TB, db pgtest.DB) *Server {
	t.Helper()
	s, err := New(Options{Pool: db.Pool, Secret: []byte(testSecret)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func jwt(secret, header string, claims map[string]any) string {
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(body)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

const hs256 = `{"alg":"HS256","typ":"JWT"}`

func userToken(sub string) string {
	return jwt(testSecret, hs256, map[string]any{"sub": sub, "role": "authenticated"})
}

// authorization is the header for one of the recordings' callers.
func authorization(as string) string {
	token := ""
	switch as {
	case "alice":
		token = userToken(alice)
	case "bob":
		token = userToken(bob)
	case "stranger":
		token = userToken("5712a9e0-0000-4000-8000-000000000003")
	case "anon":
		token = jwt(testSecret, hs256, map[string]any{"role": "anon"})
	case "service":
		token = jwt(testSecret, hs256, map[string]any{"role": "service_role"})
	case "expired":
		token = jwt(testSecret, hs256, map[string]any{"sub": alice, "role": "authenticated", "exp": time.Now().Unix() - 3600})
	case "forged":
		token = jwt("some other secret of thirty-two bytes", hs256, map[string]any{"sub": alice, "role": "authenticated"})
	case "garbage":
		token = "abc.def"
	case "algnone":
		token = jwt(testSecret, `{"alg":"none","typ":"JWT"}`, map[string]any{"sub": alice, "role": "authenticated"})
	case "badrole":
		token = jwt(testSecret, hs256, map[string]any{"sub": alice, "role": "superhero"})
	default:
		return ""
	}
	return "Bearer " + token
}

// reply is an answer read whole.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// ask sends one request; headers are pairs of name and value.
func ask(t testing.TB, h http.Handler, as, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if a := authorization(as); a != "" {
		r.Header.Set("Authorization", a)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{w.Code, w.Result().Header, string(b)}
}

// code is the error code of a reply, if it is an error.
func (r reply) code() string {
	var e struct{ Code string }
	_ = json.Unmarshal([]byte(r.Body), &e) // no error body has no code
	return e.Code
}
