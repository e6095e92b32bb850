package proof_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local"
)

// caller is somebody signed in at the shared stack.
type caller struct {
	t       *testing.T
	stack   *local.Stack
	user    local.User
	bearer  string
	refresh string
}

func signIn(t *testing.T, n int) *caller {
	t.Helper()
	c := &caller{t: t, stack: stack(t)}
	c.user = c.stack.Users[n]
	var session struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	c.want(200, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": c.user.Email, "password": c.user.Password}, &session)
	c.bearer, c.refresh = session.Access, session.Refresh
	return c
}

// reply is an answer; its status is 0 when there was none, or not a whole one.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends JSON, or a text as it is. It also works while the test cleans up.
func (c *caller) do(method, path string, body any, header ...string) reply {
	c.t.Helper()
	text, isText := body.(string)
	if body != nil && !isText {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(b)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, c.stack.URL+path, strings.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("apikey", c.stack.AnonKey)
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{body: err.Error()}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{body: err.Error()}
	}
	return reply{resp.StatusCode, resp.Header, string(b)}
}

// want is do for an answer of this status, which is read into out.
func (c *caller) want(status int, method, path string, body, out any, header ...string) {
	c.t.Helper()
	got := c.do(method, path, body, header...)
	if got.status != status {
		c.t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(got.body), out); err != nil {
		c.t.Fatalf("%s %s: %v: %s", method, path, err, got.body)
	}
}
