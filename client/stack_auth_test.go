package client

import (
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

func TestStackSignIn(t *testing.T) {
	s := newStack(t)
	ctx := t.Context()
	alice, id := s.user(t, "alice@example.com")
	if err := alice.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := alice.Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeSignIn)
	_, err = alice.SignIn(ctx, "alice@example.com", "wrong horse")
	wantError(t, err, models.CodeSignIn)
	_, err = alice.SignUp(ctx, "alice@example.com", "another horse")
	wantError(t, err, models.CodeConflict)
	_, err = alice.SignUp(ctx, "new@example.com", "x")
	wantError(t, err, models.CodeInvalid)

	store, err := OpenStore(t.TempDir(), s.url, false)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Client {
		c, err := New(Options{URL: s.url, Key: s.anon, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := open()
	sess, err := one.SignIn(ctx, "Alice@Example.com", "correct horse alice@example.com")
	if err != nil || sess.UserID != id {
		t.Fatalf("%+v, %v", sess, err)
	}
	// a second process on the same store, and rotation back and forth
	two := open()
	for range 3 {
		for _, c := range []*Client{one, two} {
			l, err := c.sess.loaded(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.sess.renew(ctx, l.AccessToken); err != nil {
				t.Fatalf("renew: %v", err)
			}
			if _, err := c.Datasets(ctx, models.ListQuery{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// signed out elsewhere: the server has ended the session
	s.exec(t, `DELETE FROM auth.sessions WHERE user_id = $1`, id)
	_, err = one.sess.renew(ctx, one.sess.cur.Load().AccessToken)
	wantError(t, fail("x", err), models.CodeSignIn)
	two.sess.now = func() time.Time { return time.Now().Add(3 * time.Hour) }
	_, err = two.Datasets(ctx, models.ListQuery{})
	wantError(t, err, models.CodeSignIn)
	_, err = open().Session(ctx)
	wantError(t, err, models.CodeSignIn)
}
