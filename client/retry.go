package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	maxTries  = 4
	firstWait = 200 * time.Millisecond
	longWait  = 10 * time.Second // a longer Retry-After is the caller's to wait out
)

// failure is one try that did not succeed.
type failure struct {
	err     error // holds a *models.Error
	retry   bool  // a safe request may be sent again
	expired bool  // the access token is too old, says the server
	after   time.Duration
}

// broken is a try that got no whole answer.
func broken(err error) *failure {
	if errors.Is(err, errTooLarge) {
		return &failure{err: &models.Error{Code: models.CodeServer, Msg: err.Error(), Hint: "ask for fewer rows", Err: err}}
	}
	e := classify(err)
	if e.Code == models.CodeUnknown || e.Code == models.CodeServer { // a RoundTripper knows no others
		e = &models.Error{Code: models.CodeNetwork, Msg: networkText(err), Hint: "check the network and the profile's URL", Retry: true, Err: err}
	}
	return &failure{err: e, retry: e.Code == models.CodeNetwork || e.Code == models.CodeTimeout}
}

// backoff says whether a request may be sent again, and when: only what is
// safe to repeat, with full jitter so that many clients do not come back at
// once, and not before the server's Retry-After.
func backoff(method string, try int, f *failure) (time.Duration, bool) {
	if !f.retry || !idempotent(method) || try+1 >= maxTries || f.after > longWait {
		return 0, false
	}
	if f.after > 0 {
		return f.after, true
	}
	return time.Duration(rand.Int64N(int64(firstWait<<try))) + firstWait/4, true
}

// idempotent reports methods that change nothing, however often they arrive.
func idempotent(method string) bool {
	return method == http.MethodGet || method == http.MethodHead
}

// fits reports whether waiting leaves time before ctx ends.
func fits(ctx context.Context, wait time.Duration) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(end) > wait)
}

// retryable are the statuses that a later try may answer differently.
func retryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter reads the header's seconds or date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if s == "" {
		return 0
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return min(time.Duration(n), 24*3600) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
