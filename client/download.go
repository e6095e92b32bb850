package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

const (
	progressEvery = 50 * time.Millisecond // at most 20 reports a second
	stallTime     = 30 * time.Second      // without a byte: the connection is given up and resumed
	downloadTries = 6                     // in a row without a byte gained
)

// Download fetches one stored file to d.Dest through d.Dest+".part", which a
// later call continues, also one of another process. An empty bucket is
// lora-models; a path that repeats its bucket in front is understood.
//
// The part is written with the mode of any new file (0666 without the umask):
// weights are for other tools to read; what may hold secrets, the session, is
// elsewhere. An existing Dest is never overwritten: if its content is the
// stored file's, that is the answer, else CodeConflict. If Dest is a folder,
// the file gets its stored name in it.
func (c *Client) Download(ctx context.Context, d models.Download, progress func(models.Progress)) (models.Downloaded, error) {
	out, err := c.download(ctx, d, progress)
	return out, fail("download", err)
}

func (c *Client) download(ctx context.Context, d models.Download, progress func(models.Progress)) (models.Downloaded, error) {
	src, err := newSource(d)
	if err != nil {
		return models.Downloaded{}, err
	}
	dest, err := destination(d.Dest, src.name())
	if err != nil {
		return models.Downloaded{}, err
	}
	if progress == nil {
		progress = func(models.Progress) {}
	}
	meta, err := c.stat(ctx, src)
	if err != nil {
		return models.Downloaded{}, err
	}
	old, err := existing(dest, meta)
	if err != nil {
		return models.Downloaded{}, err
	}
	if old != nil && old.same {
		progress(models.Progress{Done: old.bytes, Total: old.bytes})
		return models.Downloaded{Path: dest, Bytes: old.bytes, SHA256: old.sha}, nil
	}
	p, err := openPart(dest, src, meta)
	if err != nil {
		return models.Downloaded{}, err
	}
	defer p.close()
	if err := c.fill(ctx, src, p, progress); err != nil {
		return models.Downloaded{}, err
	}
	return p.finish(dest, old)
}

// source names a stored file.
type source struct{ bucket, key string }

func newSource(d models.Download) (source, error) {
	s := source{first(d.Bucket, modelBucket), strings.TrimLeft(d.Path, "/")}
	s.key = strings.TrimPrefix(s.key, s.bucket+"/")
	if s.key == "" || strings.HasSuffix(s.key, "/") {
		return s, usage("there is no file to download", "")
	}
	for part := range strings.SplitSeq(s.key, "/") {
		if part == "" || part == "." || part == ".." {
			return s, &models.Error{Code: models.CodeInvalid, Msg: "not the path of a stored file: " + quote(d.Path)}
		}
	}
	return s, nil
}

func (s source) name() string { return s.key[strings.LastIndexByte(s.key, '/')+1:] }

// urlPath is the object's address with every segment escaped by itself.
func (s source) urlPath() string {
	parts := strings.Split(s.key, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/storage/v1/object/authenticated/" + url.PathEscape(s.bucket) + "/" + strings.Join(parts, "/")
}

// version is what tells two states of a stored file apart.
type version struct {
	ETag  string `json:"etag"`
	Total int64  `json:"total"` // bytes, -1 unknown
}

// stat asks for the first byte: a HEAD that fails has no body to say why.
func (c *Client) stat(ctx context.Context, src source) (version, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	res, err := c.fetchRange(ctx, src, "bytes=0-0")
	var e *models.Error
	if errors.As(err, &e) && (e.Status == http.StatusRequestedRangeNotSatisfiable || e.Server == "InvalidRange") {
		return version{Total: 0}, nil // an empty file has no first byte
	}
	if err != nil {
		return version{}, err
	}
	defer func() { _ = res.Body.Close() }()
	return versionOf(res), nil
}

func versionOf(res *http.Response) version {
	v := version{ETag: res.Header.Get("Etag"), Total: contentRangeTotal(res.Header)}
	if res.StatusCode == http.StatusOK {
		v.Total = res.ContentLength
	}
	return v
}

// fetchRange opens a stream; transient failures and one expired token are
// tried again before the first byte.
func (c *Client) fetchRange(ctx context.Context, src source, byteRange string) (*http.Response, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+src.urlPath(), nil)
	if err != nil {
		return nil, fmt.Errorf("download address: %w", err)
	}
	req.Header.Set("Accept-Encoding", "identity") // ranges count stored bytes
	if byteRange != "" {
		req.Header.Set("Range", byteRange)
	}
	return c.net.stream(ctx, req, me.AccessToken)
}

// fill reads until the part is whole, resuming where a connection broke off.
func (c *Client) fill(ctx context.Context, src source, p *part, progress func(models.Progress)) error {
	idle := 0
	for !p.whole() {
		before := p.size
		err := c.pour(ctx, src, p, progress)
		if err == nil && p.whole() {
			break
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if p.size > before {
			idle = 0
		}
		var e *models.Error
		if idle++; idle >= downloadTries || errors.As(err, &e) && !e.Retry {
			return err
		}
		if serr := c.net.sleep(ctx, firstWait<<min(idle, 5)); serr != nil {
			return serr
		}
	}
	progress(models.Progress{Done: p.size, Total: p.size})
	return nil
}

// pour makes one request from where the part ends.
func (c *Client) pour(ctx context.Context, src source, p *part, progress func(models.Progress)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallTime, func() { cancel(errStalled) })
	defer stall.Stop()
	byteRange := ""
	if p.size > 0 {
		byteRange = "bytes=" + strconv.FormatInt(p.size, 10) + "-"
	}
	res, err := c.fetchRange(ctx, src, byteRange)
	if err != nil {
		return stalled(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	// If-Range is ignored by Storage: compare what came with what was begun.
	v := versionOf(res)
	if v.Total < 0 {
		v.Total = p.of.Total // not told this time
	}
	if v != p.of || p.size > 0 && res.StatusCode != http.StatusPartialContent {
		if err := p.restart(v); err != nil {
			return err
		}
		if res.StatusCode == http.StatusPartialContent {
			return &models.Error{Code: models.CodeConflict, Msg: "the stored file changed meanwhile", Hint: "it is read again from the start", Retry: true}
		}
	}
	return stalled(ctx, p.copy(res.Body, func() { stall.Reset(stallTime) }, progress))
}

var errStalled = errors.New("no data came for 30 seconds")

// stalled gives a cancelled read its reason.
func stalled(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return &models.Error{Code: models.CodeTimeout, Msg: errStalled.Error(), Hint: "run it again to go on from there", Retry: true, Err: err}
	}
	return err
}
