package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/loratop/loratop/models"
)

// The TUS 1.0.0 client. What exists for Go (tusgo, go-tus) has releases years
// apart, no word on Storage's own answers, and would want the token before the
// request: here it goes through our transport, which renews it.

const (
	tusPath    = "/storage/v1/upload/resumable"
	tusVersion = "1.0.0"
	chunkSize  = 6 << 20 // what hosted Storage asks for
)

// tusRequest is one request of the protocol.
type tusRequest struct {
	method string
	id     string // of the upload; "" = the collection
	header map[string]string
	body   []byte
	gate   *gate // of the body
}

// tus sends a request, a second time when the token was too old for it. Nothing
// else is tried again here: only the caller knows from where.
func (c *Client) tus(ctx context.Context, r tusRequest) (http.Header, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	bearer := me.AccessToken
	h, expired, err := c.tusOnce(ctx, r, bearer)
	if !expired {
		return h, err
	}
	if bearer, err = c.net.renew(ctx, bearer); err != nil {
		return nil, err
	}
	h, _, err = c.tusOnce(ctx, r, bearer)
	return h, err
}

func (c *Client) tusOnce(ctx context.Context, r tusRequest, bearer string) (h http.Header, expired bool, err error) {
	req, err := c.tusRequest(ctx, r, bearer)
	if err != nil {
		return nil, false, err
	}
	start := c.net.now()
	res, err := c.net.base.RoundTrip(req)
	if err != nil {
		c.net.trace(req, 0, 0, start, err)
		return nil, false, broken(err).err
	}
	defer func() { _ = res.Body.Close() }()
	data, rerr := readCapped(res, 64<<10)
	c.net.trace(req, res.StatusCode, len(data), start, rerr)
	if res.StatusCode >= 200 && res.StatusCode <= 299 {
		return res.Header, false, nil // a TUS reply says all in its header
	}
	if rerr != nil { // a refusal without its reason is none
		return nil, false, broken(rerr).err
	}
	return nil, tusExpired(r.method, res.StatusCode, data), tusRefused(r, res, data)
}

func (c *Client) tusRequest(ctx context.Context, r tusRequest, bearer string) (*http.Request, error) {
	address := c.base.String() + tusPath
	if r.id != "" {
		address += "/" + url.PathEscape(r.id)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, nil)
	if err != nil {
		return nil, fmt.Errorf("upload address: %w", err)
	}
	if err := c.net.permit(req); err != nil {
		return nil, err
	}
	out := c.net.prepare(ctx, req, nil, bearer)
	out.Header.Set("Tus-Resumable", tusVersion)
	for name, value := range r.header {
		out.Header.Set(name, value)
	}
	if r.body != nil {
		out.ContentLength = int64(len(r.body))
		out.GetBody = func() (io.ReadCloser, error) { return r.gate.body(r.body), nil }
		out.Body = r.gate.body(r.body)
	}
	return out, nil
}

// gate lets a request read its body until it is shut: a transport may go on
// reading after it has returned, and the memory is wanted for the next chunk.
type gate struct {
	mu   sync.Mutex
	shut bool
	sent int
	beat func(int) // told of every run of bytes that was taken for sending
}

// body is the body from its begin; what was taken before does not count then.
func (g *gate) body(b []byte) io.ReadCloser {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.beat(-g.sent)
	g.sent = 0
	return &gated{g, bytes.NewReader(b)}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

type gated struct {
	g *gate
	r *bytes.Reader
}

func (b *gated) Close() error { return nil }

func (b *gated) Read(p []byte) (int, error) {
	b.g.mu.Lock()
	defer b.g.mu.Unlock()
	if b.g.shut {
		return 0, io.ErrClosedPipe
	}
	n, err := b.r.Read(p)
	b.g.sent += n
	b.g.beat(n)
	return n, err
}

// tusMetadata writes Upload-Metadata.
func tusMetadata(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(out, ",")
}

// tusCreate makes an upload and returns its id. Only that is taken from the
// Location: the token goes to the project's own address whatever the reply says.
func (c *Client) tusCreate(ctx context.Context, bucket, key, mime string, size int64) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	h, err := c.tus(ctx, tusRequest{method: http.MethodPost, header: map[string]string{
		"Upload-Length":   strconv.FormatInt(size, 10),
		"Upload-Metadata": tusMetadata("bucketName", bucket, "objectName", key, "contentType", mime, "cacheControl", "3600"),
	}})
	if err != nil {
		return "", err
	}
	location, err := url.Parse(h.Get("Location"))
	if err == nil {
		id = location.Path[strings.LastIndexByte(location.Path, '/')+1:]
	}
	if id == "" {
		return "", unclear("it made an upload and did not say where")
	}
	return id, nil
}

// tusOffset asks how much of an upload the server has.
func (c *Client) tusOffset(ctx context.Context, id string, size int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	h, err := c.tus(ctx, tusRequest{method: http.MethodHead, id: id})
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseInt(h.Get("Upload-Length"), 10, 64); err == nil && n != size {
		return 0, &tusError{fate: fateGone, err: unclear("its upload has another length")}
	}
	return offsetOf(h, size)
}

// tusPatch sends bytes and returns the offset behind them.
func (c *Client) tusPatch(ctx context.Context, id string, at, size int64, body []byte, careful bool, beat func(int)) (int64, error) {
	header := map[string]string{"Content-Type": "application/offset+octet-stream", "Upload-Offset": strconv.FormatInt(at, 10)}
	if careful {
		header["Expect"] = "100-continue"
	}
	g := &gate{beat: beat}
	defer g.close()
	h, err := c.tus(ctx, tusRequest{http.MethodPatch, id, header, body, g})
	if err != nil {
		return 0, err
	}
	return offsetOf(h, size)
}

// tusEnd terminates an upload; one that is gone already is fine.
func (c *Client) tusEnd(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := c.tus(ctx, tusRequest{method: http.MethodDelete, id: id})
	if err == nil {
		return nil
	}
	if f, _ := fateOf(err); f == fateGone || f == fateExists {
		return nil
	}
	return err
}

// tusLimit is the largest upload that the project takes, -1 when it does not
// tell (a gateway may answer OPTIONS by itself).
func (c *Client) tusLimit(ctx context.Context) int64 {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	h, err := c.tus(ctx, tusRequest{method: http.MethodOptions})
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(h.Get("Tus-Max-Size"), 10, 64)
	if err != nil || n <= 0 {
		return -1
	}
	return n
}

// offsetOf reads Upload-Offset. A reply without it is none of Storage's: a
// portal of a hotel, say, that answers 200 to everything.
func offsetOf(h http.Header, size int64) (int64, error) {
	n, err := strconv.ParseInt(h.Get("Upload-Offset"), 10, 64)
	if err != nil || n < 0 || n > size {
		return 0, unclear("it did not say how much it has")
	}
	return n, nil
}

func unclear(what string) *models.Error {
	return &models.Error{Code: models.CodeServer, Msg: "the server's answer could not be understood: " + what, Retry: true,
		Hint: "something between here and the server may have answered"}
}
