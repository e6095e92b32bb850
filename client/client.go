package client

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/loratop/loratop/models"
)

// Options of a client.
type Options struct {
	URL     string // of the project, without /rest/v1
	Key     string // anon or publishable key; service keys are refused
	Profile string // name shown to the user
	Demo    bool   // shown to the user; changes nothing here

	Accounts []string // the demo's sign-ins, to be shown; see models.Connection

	AllowHTTP bool // plain http to a host that is not loopback
	ReadOnly  bool // every change of data is refused before it is sent

	Store SessionStore      // nil: in memory only
	State string            // folder where unfinished uploads are noted; "": an upload cannot be continued
	HTTP  http.RoundTripper // the network; nil: http.Transport with the environment's proxy
	Now   func() time.Time  // nil: time.Now
	Log   *slog.Logger      // nil: none; debug level tells every request, without secrets
	GPUs  []models.GPU      // price table for derived costs; nil: models.GPUs
}

// Client is one signed-in (or not yet signed-in) user of one project. It is
// safe for concurrent use.
type Client struct {
	opts Options
	base *url.URL // real address, no trailing slash
	net  *transport
	sess *sessions
	wide [tableCount]atomic.Bool // table lacks a column that we know: ask for *

	whole     atomic.Bool  // the server's row limit is not below pageMax
	rowCap    atomic.Int64 // what it is, once an answer has shown it to be lower; 0: not known
	plain     atomic.Bool  // the database lacks the functions loratop_point and loratop_job
	known     liveRows
	looks     atomic.Uint32 // live requests so far
	noMessage atomic.Bool   // datasets has no column error_message
}

// New checks the address and the key and makes a client. It does not talk to
// the network. Errors have CodeConfig.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	base, err := parseURL(o.URL, o.AllowHTTP)
	if err != nil {
		return nil, err
	}
	key, err := checkKey(o.Key)
	if err != nil {
		return nil, err
	}
	o.URL, o.Key = base.String(), key
	c := &Client{opts: o, base: base}
	c.net = &transport{
		base: o.HTTP, origin: base, key: key, readOnly: o.ReadOnly, limit: replyCap,
		log: o.Log, now: o.Now, sleep: sleep,
	}
	bridge, err := newBridge(base, key, c.net)
	if err != nil {
		return nil, err
	}
	c.sess = newSessions(o.Store, bridge, o.Now, o.Log)
	c.net.renew = c.sess.renew
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.Store == nil {
		o.Store = NewMemoryStore()
	}
	if o.HTTP == nil {
		o.HTTP = newNetwork()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.GPUs == nil {
		o.GPUs = models.GPUs()
	}
	return o
}

// newNetwork is http.DefaultTransport's shape with limits of its own, so that
// a server which accepts and then says nothing cannot hold a request.
//
// Short requests have deadlines of their own; the header may take longer than
// those for a chunk of an upload on a slow link, which is on its way still when
// all of it has been handed over.
func newNetwork() http.RoundTripper {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 15 * time.Second, Control: limitUnsent}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           d.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          16,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute,
		ExpectContinueTimeout: time.Second,
	}
}

// Connection names where the client talks to.
func (c *Client) Connection() models.Connection {
	return models.Connection{Profile: c.opts.Profile, URL: c.opts.URL, Demo: c.opts.Demo, Accounts: c.opts.Accounts}
}

// me returns the live session; CodeSignIn when there is none.
func (c *Client) me(ctx context.Context) (*live, error) {
	return c.sess.current(ctx)
}
