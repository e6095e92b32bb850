package client

import (
	"context"
	"net/http"
)

// stream sends a GET and returns a 2xx reply with its body unread. Failures
// are decoded, and tried again, as RoundTrip does.
func (t *transport) stream(ctx context.Context, req *http.Request, bearer string) (*http.Response, error) {
	renewed := false
	for try := 0; ; try++ {
		res, f := t.open(ctx, req, bearer)
		if f == nil {
			return res, nil
		}
		if f.expired && !renewed {
			renewed = true
			fresh, err := t.renew(ctx, bearer)
			if err != nil {
				return nil, err
			}
			bearer = fresh
			continue
		}
		wait, again := backoff(req.Method, try, f)
		if !again || !fits(ctx, wait) {
			return nil, f.err
		}
		if err := t.sleep(ctx, wait); err != nil {
			return nil, f.err
		}
	}
}

func (t *transport) open(ctx context.Context, req *http.Request, bearer string) (*http.Response, *failure) {
	out := t.prepare(ctx, req, nil, bearer)
	start := t.now()
	res, err := t.base.RoundTrip(out)
	if err != nil {
		t.trace(out, 0, 0, start, err)
		return nil, broken(err)
	}
	t.trace(out, res.StatusCode, int(res.ContentLength), start, nil)
	if res.StatusCode == http.StatusOK || res.StatusCode == http.StatusPartialContent {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	data, _ := readCapped(res, t.limit) // the status alone says that it failed
	return nil, refused(out.URL.Path, res.StatusCode, res.Header, data)
}
