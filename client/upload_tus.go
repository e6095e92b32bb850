package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

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

// fate is what a refused TUS request means for the upload.
type fate int

const (
	fateFinal   fate = iota // trying again changes nothing
	fateAgain               // later, with the same upload
	fateOffset              // ask for the offset and go on
	fateGone                // the upload has expired or was ended: begin another
	fateExists              // the path has its object
	fateType                // this MIME type is not taken
	fateLarge               // over the limit of the bucket or the project
	fateFull                // no room left: the upload may go on when there is
	fateSession             // sign in, then it may go on
)

// tusError is a refusal with what follows from it. Its text is the server's.
type tusError struct {
	fate  fate
	err   *models.Error
	after time.Duration // the server's Retry-After
}

func (e *tusError) Error() string { return e.err.Error() }
func (e *tusError) Unwrap() error { return e.err }

// fateOf is what an error of any request of an upload means for it.
func fateOf(err error) (fate, time.Duration) {
	var t *tusError
	if errors.As(err, &t) {
		return t.fate, t.after
	}
	var e *models.Error
	if !errors.As(err, &e) {
		e = classify(err)
	}
	switch e.Code {
	case models.CodeNetwork, models.CodeTimeout, models.CodeRate:
		return fateAgain, 0
	case models.CodeServer:
		return fateAgain, 0
	case models.CodeSignIn:
		return fateSession, 0
	}
	if e.Retry {
		return fateAgain, 0
	}
	return fateFinal, 0
}

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

// tusExpired knows the answers to an old token. To HEAD it is a 400 without a
// body, which nothing else gives for an id that the server made itself.
func tusExpired(method string, status int, body []byte) bool {
	if method == http.MethodHead {
		return status == http.StatusBadRequest || status == http.StatusUnauthorized
	}
	return isExpired(serviceStorage, readWire(nil, body))
}

// tusRefused reads a refusal. Those of the protocol are plain text with a real
// status; those about the token are Storage's JSON with a 400 around them.
func tusRefused(r tusRequest, res *http.Response, body []byte) error {
	var e *models.Error
	errors.As(refused(tusPath, res.StatusCode, res.Header, body).err, &e)
	w := readWire(res.Header, body)
	if w.status != 0 {
		res.StatusCode = w.status
	}
	if w.message != "" {
		e.Msg = clip(w.message, 300)
	}
	t := &tusError{err: e, after: retryAfter(res.Header, time.Now())}
	t.fate = tusFate(r, res.StatusCode, strings.ToLower(w.message))
	if e.Code == models.CodeForbidden && w.json { // about the token: what policies refuse is plain text
		e.Code, e.Hint = models.CodeSignIn, signInHint
	}
	if e.Code == models.CodeSignIn && t.fate == fateFinal {
		t.fate = fateSession
	}
	e.Retry = t.fate == fateAgain
	return t
}

// tusFate reads status and text: some of the statuses have two meanings each.
func tusFate(r tusRequest, status int, text string) fate {
	switch status {
	case http.StatusConflict:
		return conflictFate(text)
	case http.StatusRequestEntityTooLarge:
		return largeFate(r, text)
	case http.StatusLocked: // someone holds the upload
		return fateAgain
	case http.StatusGone:
		return fateGone
	case http.StatusUnsupportedMediaType:
		return fateType
	case http.StatusInsufficientStorage, http.StatusPaymentRequired:
		return fateFull
	}
	switch {
	case r.id != "" && lostFate(r.method, status):
		return fateGone
	case strings.Contains(text, "mime type"):
		return fateType
	case strings.Contains(text, "quota"):
		return fateFull
	case passes(status), r.id != "" && status/100 == 3: // it was there before: a portal stands between
		return fateAgain
	}
	return fateFinal
}

// passes reports statuses of a server or a gateway that is in trouble.
func passes(status int) bool {
	return retryable(status) || status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// lostFate tells an upload that the server does not know, or whose id it cannot
// read.
func lostFate(method string, status int) bool {
	return status == http.StatusNotFound || status == http.StatusBadRequest && method == http.MethodHead
}

func conflictFate(text string) fate {
	switch {
	case strings.Contains(text, "offset"):
		return fateOffset
	case strings.Contains(text, "exist"):
		return fateExists
	}
	return fateAgain // the upload's lock again
}

func largeFate(r tusRequest, text string) fate {
	switch {
	case strings.Contains(text, "upload's size"): // more than was left
		return fateOffset
	case r.id == "":
		return fateLarge
	}
	return fateFull // it was not too large when it began
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
