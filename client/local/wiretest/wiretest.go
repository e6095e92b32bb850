// Package wiretest gives a test a project to speak to over HTTP: the real one
// that the LORATOP_TEST_ variables name, or else a stack of ours in a process
// of its own, of which the test knows no more than of a real one.
package wiretest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Project is where requests go.
type Project struct {
	URL        string // of the gateway, without a slash at the end
	Key        string // the anon key
	ServiceKey string // "" = not known
	Secret     string // of tokens; "" = not known, as of any real project
	Accounts   [2]Account
}

// Account can sign in.
type Account struct{ Email, Password string }

// The variables that name a real project.
const (
	envURL      = "LORATOP_TEST_URL"
	envKey      = "LORATOP_TEST_KEY"
	envService  = "LORATOP_TEST_SERVICE_KEY"
	envAccounts = "LORATOP_TEST_ACCOUNT_" // 1 and 2, each "address:password"
)

// Open is the project that the variables name, or a stack that ends with the
// test. The test's binary has to call Main.
func Open(t *testing.T) Project {
	t.Helper()
	if os.Getenv(envURL) != "" {
		return named(t)
	}
	p := start(t, childWhole, "")
	for i := range p.Accounts {
		// Made for the test, so that their passwords are as quick to check as the child's options have it.
		p.Accounts[i] = Account{fmt.Sprintf("account-%d@example.net", i+1), "a password of the test"}
		p.admin(t, "/auth/v1/admin/users", map[string]any{"email": p.Accounts[i].Email, "password": p.Accounts[i].Password, "email_confirm": true})
	}
	return p
}

// Real says whether a real project was named.
func Real() bool { return os.Getenv(envURL) != "" }

func named(t *testing.T) Project {
	t.Helper()
	p := Project{URL: strings.TrimRight(os.Getenv(envURL), "/"), Key: os.Getenv(envKey), ServiceKey: os.Getenv(envService)}
	for i := range p.Accounts {
		name := fmt.Sprint(envAccounts, i+1)
		email, password, ok := strings.Cut(os.Getenv(name), ":")
		if !ok {
			t.Fatalf("%s must be address:password", name)
		}
		p.Accounts[i] = Account{email, password}
	}
	return p
}

// Bare is a gateway over a database that exists, in a process of its own, as
// `loratop local --bare` serves it. Its secret is that of the tokens.
func Bare(t *testing.T, databaseURL, secret string) Project {
	t.Helper()
	p := start(t, childBare, databaseURL, envSecret+"="+secret)
	p.Secret = secret
	return p
}

// SignIn opens a session of an account.
func (p Project) SignIn(t *testing.T, n int) (userID, accessToken string) {
	t.Helper()
	var s struct {
		AccessToken string `json:"access_token"`
		User        struct{ ID string }
	}
	p.post(t, p.Key, "/auth/v1/token?grant_type=password", map[string]any{"email": p.Accounts[n].Email, "password": p.Accounts[n].Password}, &s)
	return s.User.ID, s.AccessToken
}

func (p Project) admin(t *testing.T, path string, body any) {
	t.Helper()
	p.post(t, p.ServiceKey, path, body, nil)
}

// post wants a 200. It also works while the test cleans up.
func (p Project) post(t *testing.T, key, path string, body, out any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.URL+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("apikey", key)
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %d %s %v", path, resp.StatusCode, got, err)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(got, out); err != nil {
		t.Fatalf("POST %s: %s", path, got)
	}
}

// Word is a text that no other run has, for names.
func Word() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b) // never fails: crypto/rand aborts the program instead
	return hex.EncodeToString(b)
}
