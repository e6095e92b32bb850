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
	if scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", scheme+" "+e.age(strings.TrimSpace(raw)))
	}
	if r.Method == http.MethodPost && below(r, "/auth/v1") {
		w = &listener{ResponseWriter: w, heard: e.remember}
	}
	i.o.Next.ServeHTTP(w, r)
}

// age gives an old token of a user an expiry long ago, and leaves any other.
func (e *expiry) age(raw string) string {
	claims, err := token.Verify(e.secret, raw)
	if err != nil || claims.Text("sub") == "" {
		return raw
	}
	issued, _ := claims.Time("iat")
	e.mu.Lock()
	fresh := e.fresh[sha256.Sum256([]byte(raw))]
	e.mu.Unlock()
	if fresh || issued.After(e.since) {
		return raw
	}
	claims["exp"] = e.since.Add(-time.Hour).Unix()
	aged, err := token.Sign(e.secret, claims)
	if err != nil {
		return raw
	}
	return aged
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
