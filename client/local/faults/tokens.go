package faults

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/loratop/loratop/client/local/token"
)

// expiry makes the access tokens that existed at some moment count as expired.
// A token tells its birth only to the second, so those that Auth hands out
// since are remembered.
type expiry struct {
	secret []byte
	since  time.Time

	mu    sync.Mutex
	fresh map[[sha256.Size]byte]bool
}

func newExpiry(secret []byte, now time.Time) *expiry {
	return &expiry{secret: secret, since: now, fresh: map[[sha256.Size]byte]bool{}}
}

// tokens passes the request on, its token aged if it has to be. The servers
// behind then refuse it themselves, each in its own words.
func (i *Injector) tokens(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	e := i.expired
	i.mu.Unlock()
	if e == nil {
		i.o.Next.ServeHTTP(w, r)
		return
	}
	r = withToken(r, e.age)
	if r.Method == http.MethodPost && below(r, "/auth/v1") {
		w = &listener{ResponseWriter: w, heard: e.remember}
	}
	i.o.Next.ServeHTTP(w, r)
}

// withToken puts another bearer token in the place of the request's own.
func withToken(r *http.Request, change func(raw string) string) *http.Request {
	scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", scheme+" "+change(strings.TrimSpace(raw)))
	return r
}

// oldToken makes the request's token one that has expired, whenever it was made.
func (i *Injector) oldToken(r *http.Request) *http.Request {
	return withToken(r, func(raw string) string { return aged(i.o.Secret, raw, i.now()) })
}

// age gives an old token of a user an expiry long ago, and leaves any other.
func (e *expiry) age(raw string) string {
	claims, err := token.Verify(e.secret, raw)
	if err != nil {
		return raw
	}
	issued, _ := claims.Time("iat")
	e.mu.Lock()
	fresh := e.fresh[sha256.Sum256([]byte(raw))]
	e.mu.Unlock()
	if fresh || issued.After(e.since) {
		return raw
	}
	return aged(e.secret, raw, e.since)
}

// aged is a user's token with an expiry an hour ago; others have none to speak of.
func aged(secret []byte, raw string, now time.Time) string {
	claims, err := token.Verify(secret, raw)
	if err != nil || claims.Text("sub") == "" {
		return raw
	}
	claims["exp"] = now.Add(-time.Hour).Unix()
	old, err := token.Sign(secret, claims)
	if err != nil {
		return raw
	}
	return old
}

// remember takes note of a token in an answer of Auth.
func (e *expiry) remember(body []byte) {
	var session struct {
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(body, &session) != nil || session.AccessToken == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fresh[sha256.Sum256([]byte(session.AccessToken))] = true
}

// listener hears an answer of Auth before the client does: a client that has
// the token can use it at once.
type listener struct {
	http.ResponseWriter
	body  bytes.Buffer
	heard func([]byte)
}

// Unwrap lets http.ResponseController reach the real writer.
func (l *listener) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// Write implements io.Writer.
func (l *listener) Write(b []byte) (int, error) {
	if l.body.Len() < 1<<20 {
		l.body.Write(b)
		l.heard(l.body.Bytes())
	}
	return l.ResponseWriter.Write(b)
}
