package client

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// trace logs one try at debug level: no headers, no bodies, no secrets.
func (t *transport) trace(req *http.Request, status, size int, start time.Time, err error) {
	ctx := context.WithoutCancel(req.Context())
	if !t.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", req.Header.Get("X-Request-Id")),
		slog.String("method", req.Method),
		slog.String("url", redact(req.URL)),
		slog.Int("status", status),
		slog.Int("bytes", size),
		slog.Duration("took", t.now().Sub(start)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", clip(err.Error(), 200)))
	}
	t.log.LogAttrs(ctx, slog.LevelDebug, "http", attrs...)
}

// redact is the path and query without what would let a reader act as the user.
func redact(u *url.URL) string {
	q := u.Query()
	changed := false
	for name := range q {
		if secretParam(name) {
			q.Set(name, "REDACTED")
			changed = true
		}
	}
	if !changed {
		return clip(u.RequestURI(), 2000)
	}
	c := *u
	c.RawQuery = q.Encode()
	return clip(c.RequestURI(), 2000)
}

func secretParam(name string) bool {
	return slices.Contains([]string{"token", "apikey", "access_token", "refresh_token", "code", "token_hash"}, strings.ToLower(name))
}
