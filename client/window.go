package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/loratop/loratop/models"
)

// windowMax is the most buckets that the function makes.
const windowMax = 2000

// MetricsWindow sums up the points of one job with from ≤ step ≤ to (both
// zero: all) in at most buckets (1 to 2000) ranges of steps, on the server: a
// job of a million points is some 100 kB. models.WindowMissing tells of a
// database that lacks the function.
func (c *Client) MetricsWindow(ctx context.Context, jobID string, from, to int64, buckets int) (models.MetricsWindow, error) {
	out, err := c.window(ctx, jobID, from, to, buckets)
	return out, fail("read metrics", err)
}

func (c *Client) window(ctx context.Context, jobID string, from, to int64, buckets int) (models.MetricsWindow, error) {
	var none models.MetricsWindow
	if err := checkID("job", jobID); err != nil {
		return none, err
	}
	if buckets < 1 || buckets > windowMax {
		return none, usage(fmt.Sprintf("a window has 1 to %d buckets", windowMax), "")
	}
	args := url.Values{"p_job_id": {jobID}, "p_buckets": {strconv.Itoa(buckets)}}
	if from != 0 || to != 0 {
		args.Set("p_from_step", strconv.FormatInt(clampInt32(from), 10))
		args.Set("p_to_step", strconv.FormatInt(clampInt32(to), 10))
	}
	data, err := c.call(ctx, "metrics_window", args)
	if err != nil {
		return none, err
	}
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return none, notFound("job", jobID)
	}
	var w models.MetricsWindow
	if err := json.Unmarshal(data, &w); err != nil {
		return none, undecodable(err)
	}
	return w, nil
}

// clampInt32 keeps a step within PostgreSQL's integer.
func clampInt32(v int64) int64 { return max(-1<<31, min(v, 1<<31-1)) }

// call runs a function of the database that changes nothing. It is a GET, so
// that it may be tried again and is allowed to who may only read.
func (c *Client) call(ctx context.Context, function string, args url.Values) ([]byte, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	u := c.base.JoinPath("rest/v1/rpc", function)
	u.RawQuery = args.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+me.AccessToken)
	req.Header.Set("Accept", "application/json")
	res, err := c.net.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	return io.ReadAll(res.Body)
}
