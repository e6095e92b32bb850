package proof_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// caller is somebody at a project: an account, or nobody when bearer is empty.
type caller struct {
	t       *testing.T
	url     string
	key     string
	service string
	id      string
	email   string
	bearer  string
	refresh string
}

func (p target) nobody(t *testing.T) *caller {
	return &caller{t: t, url: p.url, key: p.key, service: p.service}
}

func (p target) signIn(t *testing.T, n int) *caller {
	t.Helper()
	c := p.nobody(t)
	c.email = p.accounts[n].email
	var session struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		User    struct{ ID string }
	}
	c.want(200, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": c.email, "password": p.accounts[n].password}, &session)
	c.bearer, c.refresh, c.id = session.Access, session.Refresh, session.User.ID
	return c
}

// signIn is at the stack of these tests, whatever the variables say.
func signIn(t *testing.T, n int) *caller {
	t.Helper()
	s := stack(t)
	p := target{url: s.URL, key: s.AnonKey, service: s.ServiceKey}
	p.accounts[n] = account{s.Users[n].Email, s.Users[n].Password}
	return p.signIn(t, n)
}

// reply is an answer; its status is 0 when there was none, or not a whole one.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends JSON, or a text as it is; a header without a value is left out. It also works while the test cleans up.
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
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, c.url+path, strings.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("apikey", c.key)
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
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
