package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

// authServer answers /token with rotation and everything else with no rows.
// It refuses access tokens that are not the newest.
func authServer(t *testing.T, ttl time.Duration) (*fake, *atomic.Int32) {
	var serial atomic.Int32
	serial.Store(1)
	return newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/auth/v1/token" {
			reply(w, 200, `[]`, "Content-Range", "*/0")
			return
		}
		reply(w, 200, sessionJSON(aliceID, ttl, int(serial.Add(1))))
	}), &serial
}

func withStored(s StoredSession) func(*Options) {
	return func(o *Options) {
		o.Store = NewMemoryStore()
		_ = o.Store.Save(context.Background(), s)
	}
}

func TestSignInKeepsTheSession(t *testing.T) {
	f, _ := authServer(t, time.Hour)
	store, err := OpenStore(t.TempDir(), f.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	c, err := New(Options{URL: f.URL, Key: anonKey, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Session(ctx)
	wantError(t, err, models.CodeSignIn)
	_, err = c.Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeSignIn)
	s, err := c.SignIn(ctx, " alice@example.com ", "pw")
	if err != nil || s.UserID != aliceID || s.Email != "alice@example.com" || s.AAL != "aal1" {
		t.Fatalf("%+v, %v", s, err)
	}
	r := f.requests()[0]
	if r.query != "grant_type=password" || !strings.Contains(r.body, `"email":"alice@example.com"`) || r.header.Get("Authorization") != "" {
		t.Errorf("%+v", r)
	}
	again, err := New(Options{URL: f.URL, Key: anonKey, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := again.Session(ctx); err != nil || s.UserID != aliceID {
		t.Errorf("after a restart: %+v, %v", s, err)
	}
	if n := len(f.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestSignUp(t *testing.T) {
	confirm := false
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		if confirm { // the user at top level, no session
			reply(w, 200, `{"id":"`+aliceID+`","aud":"","role":"","email":"a@b.c","confirmation_sent_at":"2025-01-01T00:00:00Z","identities":[],"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"}`)
			return
		}
		reply(w, 200, sessionJSON(aliceID, time.Hour, 1))
	})
	c, _ := New(Options{URL: f.URL, Key: anonKey})
	r, err := c.SignUp(context.Background(), "a@b.c", "long enough")
	if err != nil || r.Session == nil || r.Confirmation {
		t.Errorf("%+v, %v", r, err)
	}
	confirm = true
	c, _ = New(Options{URL: f.URL, Key: anonKey})
	r, err = c.SignUp(context.Background(), "a@b.c", "long enough")
	if err != nil || r.Session != nil || !r.Confirmation {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = c.Session(context.Background())
	wantError(t, err, models.CodeSignIn)
}

func TestSignOutIsLocalToTheSession(t *testing.T) {
	f, _ := authServer(t, time.Hour)
	c := signedIn(t, f)
	ctx := context.Background()
	if err := c.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	r := f.requests()
	if len(r) != 1 || r[0].path != "/auth/v1/logout" || r[0].query != "scope=local" || !strings.HasPrefix(r[0].header.Get("Authorization"), "Bearer ") {
		t.Errorf("%+v", r)
	}
	_, err := c.Session(ctx)
	wantError(t, err, models.CodeSignIn)
	if err := c.SignOut(ctx); err != nil {
		t.Errorf("twice: %v", err)
	}
	// the server cannot be reached: forgotten here all the same
	c = signedIn(t, f)
	f.Close()
	if err := c.SignOut(ctx); err != nil {
		t.Error(err)
	}
	_, err = c.Session(ctx)
	wantError(t, err, models.CodeSignIn)
}

func TestRefreshMargin(t *testing.T) {
	for ttl, want := range map[time.Duration]int{time.Hour: 0, 100 * time.Second: 0, 80 * time.Second: 1, -time.Hour: 1} {
		f, _ := authServer(t, time.Hour)
		c := signedIn(t, f, withStored(storedFor(aliceID, ttl, 1)))
		for range 3 {
			if _, err := c.Datasets(context.Background(), models.ListQuery{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := f.count("/token"); n != want {
			t.Errorf("%s left: %d refreshes, want %d", ttl, n, want)
		}
	}
}

// A suspended laptop, or a clock that was set: the wall decides.
func TestClockJump(t *testing.T) {
	f, _ := authServer(t, time.Hour)
	var jump atomic.Int64
	c := signedIn(t, f, func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) } })
	ctx := context.Background()
	if _, err := c.Session(ctx); err != nil {
		t.Fatal(err)
	}
	jump.Store(int64(8 * time.Hour))
	for range 3 { // the new token's life is counted by the same clock, so it is not renewed for ever
		if _, err := c.Datasets(ctx, models.ListQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count("/token"); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func TestFailedEarlyRefreshKeepsALivingToken(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/v1/token" {
			reply(w, 500, `{"code":500,"error_code":"unexpected_failure","msg":"Database error"}`)
			return
		}
		reply(w, 200, `[]`, "Content-Range", "*/0")
	})
	c := signedIn(t, f, withStored(storedFor(aliceID, 60*time.Second, 1)))
	for range 3 {
		if _, err := c.Datasets(context.Background(), models.ListQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count("/token"); n != 1 {
		t.Errorf("%d tries at once, want 1 and then a pause", n)
	}
	// a dead one is no reason to sign out either, only to say what is wrong
	c = signedIn(t, f, withStored(storedFor(aliceID, -time.Second, 1)))
	_, err := c.Datasets(context.Background(), models.ListQuery{})
	wantError(t, err, models.CodeServer)
	if _, err := c.opts.Store.Load(context.Background()); err != nil {
		t.Errorf("the session was dropped: %v", err)
	}
	if s, err := c.Session(context.Background()); err != nil || s.UserID != aliceID {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestOnlyEndingCodesEndASession(t *testing.T) {
	for code, ends := range map[string]bool{
		"refresh_token_not_found": true, "refresh_token_already_used": true, "session_not_found": true,
		"session_expired": true, "user_banned": true,
		"validation_failed": false, "over_request_rate_limit": false, "unexpected_failure": false, "bad_jwt": false, "": false,
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, 400, fmt.Sprintf(`{"code":400,"error_code":%q,"msg":"no"}`, code))
		})
		c := signedIn(t, f, withStored(storedFor(aliceID, -time.Second, 1)))
		_, err := c.Datasets(context.Background(), models.ListQuery{})
		if err == nil {
			t.Fatalf("%s: no error", code)
		}
		_, serr := c.opts.Store.Load(context.Background())
		if gone := serr == ErrNoSession; gone != ends { //nolint:errorlint // exact
			t.Errorf("%q: session gone %v, want %v", code, gone, ends)
		}
		if ends {
			if e := wantError(t, err, models.CodeSignIn); e.Hint == "" {
				t.Errorf("%q: no hint", code)
			}
		}
	}
}

func TestSignedOutElsewhere(t *testing.T) {
	f, _ := authServer(t, time.Hour)
	ctx := context.Background()
	store := NewMemoryStore()
	share := func(o *Options) { o.Store = store }
	_ = store.Save(ctx, storedFor(aliceID, time.Hour, 1))
	late := func(o *Options) { o.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } }
	one, two := signedIn(t, f, share), signedIn(t, f, share)
	if _, err := two.Session(ctx); err != nil {
		t.Fatal(err)
	}
	if err := one.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	two.sess.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	_, err := two.Datasets(ctx, models.ListQuery{})
	if e := wantError(t, err, models.CodeSignIn); !strings.Contains(e.Msg, "another window") || e.Hint == "" {
		t.Errorf("%q %q", e.Msg, e.Hint)
	}
	// someone else in the same profile is not silently adopted
	_ = store.Save(ctx, storedFor(aliceID, time.Hour, 1))
	three := signedIn(t, f, share, late)
	if _, err := three.sess.loaded(ctx); err != nil {
		t.Fatal(err)
	}
	_ = store.Save(ctx, storedFor(bobID, time.Hour, 9))
	_, err = three.Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeSignIn)
}

func TestTokenFromTheEnvironment(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`, "Content-Range", "*/0") })
	token := makeToken(bobID, time.Now().Add(time.Minute), 3)
	store, err := NewTokenStore(token)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	c := signedInWith(t, f, store)
	s, err := c.Session(ctx)
	if err != nil || s.UserID != bobID {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := c.Datasets(ctx, models.ListQuery{}); err != nil {
		t.Error(err)
	}
	if r := f.requests(); len(r) != 1 || r[0].header.Get("Authorization") != "Bearer "+token {
		t.Errorf("%+v", r)
	}
	wantError(t, c.SignOut(ctx), models.CodeUsage)
	_, err = c.SignIn(ctx, "a", "b")
	wantError(t, err, models.CodeUsage)
	old, _ := NewTokenStore(makeToken(bobID, time.Now().Add(-time.Minute), 3))
	_, err = signedInWith(t, f, old).Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeSignIn)
	_, err = NewTokenStore("not a token")
	wantError(t, err, models.CodeConfig)
	_, err = NewTokenStore(jwtWithRole("service_role"))
	wantError(t, err, models.CodeConfig)
	if n := len(f.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func signedInWith(t *testing.T, f *fake, store SessionStore) *Client {
	t.Helper()
	c, err := New(Options{URL: f.URL, Key: anonKey, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Eight readers while one refreshes, again and again: run with -race.
func TestReadersAndRefresher(t *testing.T) {
	f, _ := authServer(t, time.Hour)
	c := signedIn(t, f)
	ctx := context.Background()
	if _, err := c.Session(ctx); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := c.Datasets(ctx, models.ListQuery{}); err != nil {
					t.Error(err)
					return
				}
				if _, err := c.folder(ctx, "b", "d"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 30 {
		old := c.sess.cur.Load().AccessToken
		if fresh, err := c.sess.renew(ctx, old); err != nil || fresh == old {
			t.Errorf("renew: %v", err)
		}
	}
	close(stop)
	wg.Wait()
	for _, r := range f.requests() {
		if n := len(r.header["Authorization"]); n > 1 {
			t.Fatalf("%s carries %d tokens", r.path, n)
		}
	}
}

func TestRefreshIsOneFlight(t *testing.T) {
	f, _ := authServer(t, time.Hour)
	c := signedIn(t, f, withStored(storedFor(aliceID, -time.Second, 1)))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.Datasets(context.Background(), models.ListQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := f.count("/token"); n != 1 {
		t.Errorf("%d calls to /token, want 1", n)
	}
}
