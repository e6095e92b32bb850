package local_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local"
)

// folder is a place that the user who runs PostgreSQL can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "loratop-local-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, o local.Options) *local.Stack {
	t.Helper()
	s, err := local.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// call sends a request with a JSON body and reads the JSON answer into out.
func call(t *testing.T, s *local.Stack, method, path, bearer string, in, out any) int {
	t.Helper()
	body := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = string(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("apikey", s.AnonKey)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, b)
		}
	}
	return resp.StatusCode
}

func signIn(t *testing.T, s *local.Stack, u local.User) string {
	t.Helper()
	var session struct {
		AccessToken string `json:"access_token"`
	}
	status := call(t, s, http.MethodPost, "/auth/v1/token?grant_type=password", "", map[string]string{"email": u.Email, "password": u.Password}, &session)
	if status != http.StatusOK || session.AccessToken == "" {
		t.Fatalf("sign in as %s: %d", u.Email, status)
	}
	return session.AccessToken
}

func names(t *testing.T, s *local.Stack, bearer string) []string {
	t.Helper()
	var rows []struct {
		Name string `json:"name"`
	}
	if status := call(t, s, http.MethodGet, "/rest/v1/datasets?select=name&order=name", bearer, nil, &rows); status != http.StatusOK {
		t.Fatalf("datasets: %d", status)
	}
	out := make([]string, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.Name)
	}
	return out
}

func TestStory(t *testing.T) {
	t.Parallel()
	dir := folder(t) + "/demo"
	s := start(t, local.Options{Dir: dir, Seed: true})
	alice, bob := signIn(t, s, s.Users[0]), signIn(t, s, s.Users[1])
	hers, his := names(t, s, alice), names(t, s, bob)
	if len(hers) < 10 || len(his) != 2 {
		t.Fatalf("alice sees %d datasets, bob %d", len(hers), len(his))
	}
	if nobody := names(t, s, ""); len(nobody) != 0 {
		t.Fatalf("nobody sees %v", nobody)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("a second Close: %v", err)
	}
	again := start(t, local.Options{Dir: dir, Seed: true})
	if again.AnonKey != s.AnonKey || again.JWTSecret != s.JWTSecret {
		t.Error("keys changed between two starts of one folder")
	}
	if got := names(t, again, alice); len(got) != len(hers) { // the old token still counts
		t.Errorf("after a restart alice sees %d datasets, before %d", len(got), len(hers))
	}
}
