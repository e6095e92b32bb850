package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/models"
)

const (
	requestTime = 30 * time.Second // for a whole request, when its context sets no deadline
	attemptTime = 15 * time.Second // for one try of a request that may be tried again
	replyCap    = 64 << 20
	userAgent   = "loratop"
)

// transport is the http.RoundTripper under all libraries. It reads replies
// whole and returns only 2xx; every other outcome is an error that holds a
// *models.Error, so that no library gets to garble it.
type transport struct {
	base     http.RoundTripper
	origin   *url.URL
	key      string
	readOnly bool
	limit    int64 // bytes of one buffered reply, after decompression
	log      *slog.Logger
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error

	// renew exchanges an access token that the server calls expired.
	renew func(ctx context.Context, stale string) (fresh string, err error)
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := withDeadline(req.Context(), requestTime)
	defer cancel()
	body, err := drain(req)
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	if err := t.permit(req); err != nil {
		return nil, err
	}
	res, err := t.persist(ctx, req, body)
	if err != nil && ctx.Err() != nil && req.Context().Err() == nil {
		err = &models.Error{Code: models.CodeTimeout, Retry: true, Err: err,
			Msg: fmt.Sprintf("no answer within %s", requestTime), Hint: "try again; if it stays so, check the network"}
	}
	return res, err
}

// persist tries until there is an answer that trying again cannot better.
func (t *transport) persist(ctx context.Context, req *http.Request, body []byte) (*http.Response, error) {
	bearer := bearerOf(req)
	renewed := false
	for try := 0; ; try++ {
		res, f := t.once(ctx, req, body, bearer)
		if f == nil {
			return res, nil
		}
		if f.expired && !renewed && bearer != "" && bearer != t.key {
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

// once sends the request one time and reads the whole reply.
func (t *transport) once(ctx context.Context, req *http.Request, body []byte, bearer string) (*http.Response, *failure) {
	if idempotent(req.Method) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, attemptTime)
		defer cancel()
	}
	out := t.prepare(ctx, req, body, bearer)
	start := t.now()
	res, err := t.base.RoundTrip(out)
	if err != nil {
		t.trace(out, 0, 0, start, err)
		return nil, broken(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := readCapped(res, t.limit)
	t.trace(out, res.StatusCode, len(data), start, err)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, refused(out.URL.Path, res.StatusCode, res.Header, data)
	}
	if err != nil && !keepsPart(ctx, data) {
		return nil, broken(err)
	}
	res.Body = io.NopCloser(bytes.NewReader(data))
	res.ContentLength = int64(len(data))
	res.Request = req
	return res, nil
}

// prepare is the request as it goes out: real scheme, and one value for every
// header that matters, whatever the libraries added and however often.
func (t *transport) prepare(ctx context.Context, req *http.Request, body []byte, bearer string) *http.Request {
	out := req.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host = t.origin.Scheme, t.origin.Host, ""
	out.Body, out.GetBody, out.ContentLength = nil, nil, 0
	if len(body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.ContentLength = int64(len(body))
	} else {
		out.Header.Del("Content-Type") // Storage refuses it without a body
	}
	for name, values := range out.Header {
		if len(values) > 1 {
			out.Header[name] = values[:1]
		}
	}
	t.identify(out.Header, bearer)
	return out
}

// identify sets who asks.
func (t *transport) identify(h http.Header, bearer string) {
	h.Set("apikey", t.key)
	h.Del("Authorization")
	if bearer != "" && bearer != t.key {
		h.Set("Authorization", "Bearer "+bearer)
	}
	h.Set("User-Agent", userAgent)
	h.Set("X-Request-Id", uuid.NewString())
}

// permit is the read-only switch: the one door that every change goes through.
// Signing in and out is no change of data, and neither is a listing or a
// signature that Storage wants asked for by POST.
func (t *transport) permit(req *http.Request) error {
	if !t.readOnly || idempotent(req.Method) || strings.Contains(req.URL.Path, "/auth/v1/") ||
		strings.Contains(req.URL.Path, "/storage/v1/object/list/") || strings.Contains(req.URL.Path, "/storage/v1/object/sign/") {
		return nil
	}
	return readOnlyError()
}

func readOnlyError() *models.Error {
	return &models.Error{Code: models.CodeForbidden, Msg: "this session is read-only: nothing was changed",
		Hint: "start without --read-only, or take read_only out of the profile"}
}

// bearerOf is the token that the library put in, "" for nobody.
func bearerOf(req *http.Request) string {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

// drain reads and closes a request's body, as RoundTrip must.
func drain(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer func() { _ = req.Body.Close() }()
	return io.ReadAll(req.Body)
}

var errTooLarge = errors.New("the reply is too large")

// readCapped reads a reply to its end and notices when it was cut off.
func readCapped(res *http.Response, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return data, err
	}
	if int64(len(data)) > limit {
		return nil, errTooLarge
	}
	return data, nil
}

// withDeadline gives ctx a deadline if it has none.
func withDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

// contentRangeTotal is N of "…/N", -1 when the server did not count.
func contentRangeTotal(h http.Header) int64 {
	_, total, ok := strings.Cut(h.Get("Content-Range"), "/")
	if !ok {
		return -1
	}
	n, err := strconv.ParseInt(total, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
