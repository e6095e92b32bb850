package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

func TestHeadersAreSetOnce(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`, "Content-Range", "*/0") })
	c := signedIn(t, f)
	ctx := context.Background()
	for range 2 { // libraries that keep headers would add them up
		if _, err := c.Datasets(ctx, models.ListQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.folder(ctx, "lora-models", "a/b"); err != nil {
		t.Fatal(err)
	}
	stored, _ := c.opts.Store.Load(ctx)
	ids := map[string]bool{}
	for _, r := range f.requests() {
		want := map[string]string{"Authorization": "Bearer " + stored.AccessToken, "Apikey": anonKey, "User-Agent": "loratop"}
		for name, v := range want {
			if got := r.header[name]; len(got) != 1 || got[0] != v {
				t.Errorf("%s %s: %s = %q", r.method, r.path, name, got)
			}
		}
		for name, v := range r.header {
			if len(v) != 1 {
				t.Errorf("%s %s: %s is there %d times", r.method, r.path, name, len(v))
			}
		}
		if id := r.header.Get("X-Request-Id"); id == "" || ids[id] {
			t.Errorf("request id %q is missing or used twice", id)
		} else {
			ids[id] = true
		}
		if r.body == "" && r.header.Get("Content-Type") != "" {
			t.Errorf("%s %s: Content-Type without a body", r.method, r.path)
		}
	}
}

func TestSafeRequestsAreRetried(t *testing.T) {
	for _, status := range []int{408, 425, 429, 502, 503, 504} {
		var n atomic.Int32
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) < 3 {
				reply(w, status, `<html>busy</html>`, "Content-Type", "text/html")
				return
			}
			reply(w, 200, `[]`, "Content-Range", "*/0")
		})
		if _, err := signedIn(t, f).Datasets(context.Background(), models.ListQuery{}); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		if n.Load() != 3 {
			t.Errorf("%d: %d requests, want 3", status, n.Load())
		}
	}
}

func TestOtherFailuresAreNotRetried(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 500} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, status, `{"message":"no"}`) })
		if _, err := signedIn(t, f).Datasets(context.Background(), models.ListQuery{}); err == nil {
			t.Errorf("%d: no error", status)
		}
		if n := len(f.requests()); n != 1 {
			t.Errorf("%d: %d requests", status, n)
		}
	}
}

func TestWritesAreNotRetried(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 503, ``) })
	e := wantError(t, signedIn(t, f).MarkRead(context.Background(), []string{jobA}), models.CodeServer)
	if !e.Retry || e.Status != 503 || len(f.requests()) != 1 {
		t.Errorf("retry %v, status %d, %d requests", e.Retry, e.Status, len(f.requests()))
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	var n atomic.Int32
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) {
		case 1:
			reply(w, 429, `{"message":"slow"}`, "Retry-After", "7")
		case 2:
			reply(w, 503, `{"message":"later"}`, "Retry-After", "3600")
		}
	})
	c := signedIn(t, f)
	var waits []time.Duration
	c.net.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	_, err := c.Datasets(context.Background(), models.ListQuery{})
	wantError(t, err, models.CodeServer) // an hour is not waited out
	if len(waits) != 1 || waits[0] != 7*time.Second {
		t.Errorf("waited %v, want 7s once", waits)
	}
}

func TestConnectionThatBreaksOff(t *testing.T) {
	var n atomic.Int32
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `[{"id":`)
			panic(http.ErrAbortHandler)
		}
		reply(w, 200, `[]`, "Content-Range", "*/0")
	})
	f.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if _, err := signedIn(t, f).Datasets(context.Background(), models.ListQuery{}); err != nil {
		t.Fatal(err)
	}
	n.Store(0)
	err := signedIn(t, f).MarkRead(context.Background(), []string{jobA})
	if e := wantError(t, err, models.CodeNetwork); !strings.Contains(e.Msg, "broke off") {
		t.Errorf("text %q", e.Msg)
	}
}

func TestNoServer(t *testing.T) {
	f := newFake(t, func(http.ResponseWriter, *http.Request) {})
	c := signedIn(t, f)
	f.Close()
	_, err := c.Jobs(context.Background(), models.ListQuery{})
	if e := wantError(t, err, models.CodeNetwork); !strings.Contains(e.Msg, "connection refused") || !e.Retry || e.Op != "list jobs" {
		t.Errorf("%+v", e)
	}
}

func TestContextEndsRequests(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 4)
	f := newFake(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	t.Cleanup(func() { close(release) })
	c := signedIn(t, f)

	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	_, err := c.Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeCanceled)

	ctx, cancel = context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err = c.Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeTimeout)

	// gotrue-go and storage-go know no context of their own
	ctx, cancel = context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err = c.SignIn(ctx, "alice@example.com", "secret")
	wantError(t, err, models.CodeTimeout)
	ctx, cancel = context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err = c.folder(ctx, "b", "d")
	wantError(t, fail("x", err), models.CodeTimeout)
}

func TestEveryRequestHasADeadline(t *testing.T) {
	seen := make(chan bool, 8)
	rt := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		_, ok := r.Context().Deadline()
		seen <- ok
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Range": {"*/0"}}, Body: io.NopCloser(strings.NewReader("[]"))}, nil
	})
	f := newFake(t, nil)
	c := signedIn(t, f, func(o *Options) { o.HTTP = rt })
	_, _ = c.Datasets(context.Background(), models.ListQuery{})
	_ = c.MarkRead(context.Background(), []string{jobA})
	_, _ = c.SignIn(context.Background(), "a", "b")
	_, _ = c.folder(context.Background(), "b", "d")
	for range 4 {
		if !<-seen {
			t.Error("a request went out without a deadline")
		}
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestReplyCap(t *testing.T) {
	rt := roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{})}, nil
	})
	c := signedIn(t, newFake(t, nil), func(o *Options) { o.HTTP = rt })
	c.net.limit = 1 << 20
	_, err := c.Datasets(context.Background(), models.ListQuery{})
	if e := wantError(t, err, models.CodeServer); !strings.Contains(e.Msg, "too large") {
		t.Errorf("%q", e.Msg)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Three servers, three answers to an expired token; each is renewed once and
// the request is sent again, writes too, since it was refused before it acted.
func TestExpiredTokenIsRenewedOnce(t *testing.T) {
	ask := map[string]func(*Client) error{
		"rest":    func(c *Client) error { return c.MarkRead(context.Background(), []string{jobA}) },
		"storage": func(c *Client) error { _, err := c.folder(context.Background(), "lora-models", "a"); return err },
		"auth": func(c *Client) error {
			at, err := c.sess.bridge.auth(context.Background(), c.sess.cur.Load().AccessToken, nil)
			if err == nil {
				_, err = at.GetUser()
			}
			return err
		},
	}
	expired := map[string]struct {
		status int
		body   string
	}{
		"rest":    {401, `{"code":"PGRST303","details":null,"hint":null,"message":"JWT expired"}`},
		"storage": {400, `{"statusCode":"403","error":"Unauthorized","message":"\"exp\" claim timestamp check failed","code":"AccessDenied"}`},
		"auth":    {403, `{"code":403,"error_code":"bad_jwt","msg":"invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired"}`},
	}
	good := map[string]string{"rest": `[{"id":"` + jobA + `"}]`, "storage": `[]`, "auth": `{"id":"` + aliceID + `","created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"}`}
	for name, call := range ask {
		for _, forever := range []bool{false, true} {
			first := storedFor(aliceID, time.Hour, 1)
			f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/token"):
					reply(w, 200, sessionJSON(aliceID, time.Hour, 2))
				case forever || r.Header.Get("Authorization") == "Bearer "+first.AccessToken:
					reply(w, expired[name].status, expired[name].body)
				default:
					reply(w, 200, good[name], "Content-Range", "0-0/1")
				}
			})
			c := signedIn(t, f)
			_ = c.opts.Store.Save(context.Background(), first)
			if _, err := c.Session(context.Background()); err != nil {
				t.Fatal(err)
			}
			// the clock here says that the token lives; the server knows better
			old := first.AccessToken
			err := call(c)
			if forever {
				wantError(t, fail("x", err), models.CodeSignIn)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if n := f.count("/token"); n != 1 {
				t.Errorf("%s forever=%v: %d calls to /token, want 1", name, forever, n)
			}
			reqs := f.requests()
			if len(reqs) != 3 || reqs[0].body != reqs[2].body || !strings.Contains(reqs[0].header.Get("Authorization"), old) ||
				strings.Contains(reqs[2].header.Get("Authorization"), old) {
				t.Errorf("%s: the request was not repeated with the new token: %d requests", name, len(reqs))
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/v1/token" {
			reply(w, 200, sessionJSON(aliceID, time.Hour, 2))
			return
		}
		reply(w, 200, `[]`, "Content-Range", "*/0")
	})
	c := signedIn(t, f, func(o *Options) { o.ReadOnly = true })
	ctx := context.Background()
	_, e1 := c.LaunchJob(ctx, models.NewJob{ID: jobA})
	_, e2 := c.CancelJob(ctx, jobA)
	_, e3 := c.MarkAllRead(ctx)
	for _, err := range []error{e1, e2, e3, c.MarkRead(ctx, []string{jobA})} {
		wantError(t, err, models.CodeForbidden)
	}
	// and none can slip past below
	me, _ := c.me(ctx)
	if _, err := (&query{table: "datasets"}).insert(ctx, me, struct{}{}); models.CodeOf(err) != models.CodeForbidden {
		t.Errorf("a write got through: %v", err)
	}
	if n := len(f.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if _, err := c.SignIn(ctx, "alice@example.com", "pw"); err != nil {
		t.Errorf("signing in is no write: %v", err)
	}
	if _, err := c.folder(ctx, "lora-models", "x"); err != nil {
		t.Errorf("listing files is no write: %v", err)
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/v1/token" {
			reply(w, 200, sessionJSON(aliceID, time.Hour, 7))
			return
		}
		reply(w, 200, `[]`, "Content-Range", "*/0")
	})
	var buf bytes.Buffer
	c := signedIn(t, f, func(o *Options) {
		o.Log = slog.New(slog.NewJSONHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	ctx := context.Background()
	if _, err := c.SignIn(ctx, "alice@example.com", "hunter2"); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Datasets(ctx, models.ListQuery{})
	l := c.sess.cur.Load()
	c.opts.Log.Info("session", "s", l.StoredSession.String())
	for _, secret := range []string{"hunter2", l.AccessToken, l.RefreshToken, anonKey, "Bearer"} {
		if strings.Contains(buf.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, buf.String())
		}
	}
	if !strings.Contains(buf.String(), "/rest/v1/datasets") {
		t.Errorf("the log tells no requests:\n%s", buf.String())
	}
}

func TestErrorsComeThroughTheLibraries(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 409, `{"code":"23505","message":"duplicate key","details":"Key (id) exists","hint":"use another"}`)
	})
	c := signedIn(t, f)
	me, err := c.me(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&query{table: "datasets", columns: "*"}).insert(context.Background(), me, struct{}{})
	var e *models.Error
	if !errors.As(err, &e) || e.Server != "23505" || e.Status != 409 || e.Code != models.CodeConflict ||
		e.Msg != "duplicate key" || !strings.Contains(e.Hint, "use another") || !strings.Contains(e.Hint, "Key (id) exists") {
		t.Errorf("%#v", err)
	}
}
