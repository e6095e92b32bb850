package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/supabase-community/gotrue-go"
	"github.com/supabase-community/supabase-go"
)

// bridge builds supabase clients whose every request ends in our transport.
//
// supabase-go, postgrest-go and storage-go accept no http.Client: they call
// http.DefaultTransport. What that offers is RegisterProtocol, so each bridge
// registers a URL scheme of its own once and hands the libraries addresses in
// it; the transport puts the real scheme back. Plain http and https of the
// rest of the process are untouched.
type bridge struct {
	url  string // scheme of ours, host and path of the project
	key  string
	next http.RoundTripper
}

// registrar is the part of http.Transport that the bridge needs.
type registrar interface {
	RegisterProtocol(scheme string, rt http.RoundTripper)
}

func newBridge(base *url.URL, key string, next http.RoundTripper) (*bridge, error) {
	reg, ok := http.DefaultTransport.(registrar)
	if !ok {
		return nil, config("http.DefaultTransport was replaced by one that takes no protocols", "")
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	u := *base
	u.Scheme = "loratop-" + hex.EncodeToString(b[:])
	reg.RegisterProtocol(u.Scheme, next)
	return &bridge{url: u.String(), key: key, next: next}, nil
}

// client makes the immutable supabase client of one access token. Nothing
// ever mutates it: a new token gets a new client.
func (b *bridge) client(token string) (*supabase.Client, error) {
	return supabase.NewClient(b.url, b.key, &supabase.ClientOptions{
		Headers: map[string]string{"Authorization": "Bearer " + token},
	})
}

// auth is a GoTrue client for one call: gotrue-go knows no context, so the
// call's context and extra query parameters travel in its http.Client. An
// empty token is nobody.
func (b *bridge) auth(ctx context.Context, token string, query url.Values) (gotrue.Client, error) {
	sb, err := supabase.NewClient(b.url, b.key, nil)
	if err != nil {
		return nil, err
	}
	cl := sb.Auth.WithClient(http.Client{Transport: withContext{ctx, query, b.next}})
	if token != "" {
		cl = cl.WithToken(token)
	}
	return cl, nil
}

// withContext sends a request under a context that its maker did not take.
type withContext struct {
	ctx   context.Context //nolint:containedctx // lives for one call
	query url.Values
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w withContext) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(w.ctx)
	if len(w.query) > 0 {
		q := out.URL.Query()
		for k, v := range w.query {
			q[k] = v
		}
		out.URL.RawQuery = q.Encode()
	}
	return w.next.RoundTrip(out)
}
