package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	tusd "github.com/tus/tusd/v2/pkg/handler"
)

// uploadLifetime is how long an unfinished upload can be resumed.
const uploadLifetime = 24 * time.Hour

// tusStore is tusd's file store under hashed names: an upload's id holds the
// whole key, which may be longer than a file's name can be.
type tusStore struct {
	files  filestore.FileStore
	now    func() time.Time
	pieces *pieces
	sums   *sums
}

func newTusStore(dir string, now func() time.Time, p *pieces) tusStore {
	f := filestore.New(dir)
	f.DirModePerm, f.FileModePerm = 0o700, 0o600
	return tusStore{f, now, p, &sums{}}
}

func hashed(id string) string {
	h := sha256.Sum256([]byte(id))
	return hex.EncodeToString(h[:])
}

// tusUpload is an upload that is told by its whole id.
type tusUpload struct {
	tusd.Upload
	id    string
	store tusStore
}

// WriteChunk implements tusd.Upload: as the file store's, but in larger pieces,
// and what is written is summed up on the way.
func (u tusUpload) WriteChunk(_ context.Context, offset int64, src io.Reader) (n int64, err error) {
	f, err := os.OpenFile(u.store.path(u.id), os.O_WRONLY|os.O_APPEND, u.store.files.FileModePerm)
	if err != nil {
		return 0, fmt.Errorf("open upload: %w", err)
	}
	sum := u.store.sums.take(u.id, offset)
	n, err = u.store.pieces.copy(f, sum, src)
	u.store.sums.put(u.id, sum, offset+n)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return n, err
}

// GetInfo implements tusd.Upload.
func (u tusUpload) GetInfo(ctx context.Context) (tusd.FileInfo, error) {
	info, err := u.Upload.GetInfo(ctx)
	info.ID = u.id
	return info, err
}

// NewUpload implements tusd.DataStore.
func (s tusStore) NewUpload(ctx context.Context, info tusd.FileInfo) (tusd.Upload, error) {
	id := info.ID
	info.ID = hashed(id)
	up, err := s.files.NewUpload(ctx, info)
	if err != nil {
		return nil, fmt.Errorf("new upload: %w", err)
	}
	// The file of the facts tells by its time when the upload began.
	if err := os.Chtimes(s.path(id)+infoSuffix, s.now(), s.now()); err != nil {
		return nil, fmt.Errorf("date upload: %w", err)
	}
	return tusUpload{up, id, s}, nil
}

const infoSuffix = ".info"

func (s tusStore) path(id string) string { return filepath.Join(s.files.Path, hashed(id)) }

// expires is when the upload is forgotten; zero when there is none.
func (s tusStore) expires(ctx context.Context, id string) time.Time {
	if id == "" {
		return s.now().Add(uploadLifetime)
	}
	if done, err := s.finished(ctx, id); err != nil || done {
		return time.Time{}
	}
	st, err := os.Stat(s.path(id) + infoSuffix)
	if err != nil {
		return time.Time{}
	}
	return st.ModTime().Add(uploadLifetime)
}

// GetUpload implements tusd.DataStore.
func (s tusStore) GetUpload(ctx context.Context, id string) (tusd.Upload, error) {
	st, err := os.Stat(s.path(id) + infoSuffix)
	if err != nil || s.stale(st.ModTime()) {
		return nil, tusd.ErrNotFound
	}
	up, err := s.files.GetUpload(ctx, hashed(id))
	if err != nil {
		return nil, err
	}
	return tusUpload{up, id, s}, nil
}

// AsTerminatableUpload implements tusd.TerminaterDataStore.
func (s tusStore) AsTerminatableUpload(up tusd.Upload) tusd.TerminatableUpload {
	u := up.(tusUpload)
	s.sums.drop(u.id)
	return s.files.AsTerminatableUpload(u.Upload)
}

// AsLengthDeclarableUpload implements tusd.LengthDeferrerDataStore.
func (s tusStore) AsLengthDeclarableUpload(up tusd.Upload) tusd.LengthDeclarableUpload {
	return s.files.AsLengthDeclarableUpload(up.(tusUpload).Upload)
}

// finished reports whether all bytes are there.
func (s tusStore) finished(ctx context.Context, id string) (bool, error) {
	up, err := s.GetUpload(ctx, id)
	if errors.Is(err, tusd.ErrNotFound) {
		return false, refusal{http.StatusNotFound, "The file for this url was not found\n"}
	}
	if err != nil {
		return false, err
	}
	info, err := up.GetInfo(ctx)
	return !info.SizeIsDeferred && info.Offset == info.Size, err
}

func (s tusStore) content(info tusd.FileInfo) (*os.File, error) {
	return os.Open(s.path(info.ID))
}

// hollow leaves a published upload its length, by which HEAD goes on to tell
// that it is complete; the bytes are the object's now. A failure wastes space only.
func (s tusStore) hollow(info tusd.FileInfo) {
	path := s.path(info.ID)
	empty := path + ".empty"
	f, err := os.OpenFile(empty, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, s.files.FileModePerm)
	if err != nil {
		return
	}
	if f.Truncate(info.Size) != nil || f.Close() != nil || os.Rename(empty, path) != nil {
		_ = os.Remove(empty)
	}
}

func (s tusStore) stale(began time.Time) bool { return s.now().Sub(began) > uploadLifetime }

// expireAll makes every upload that exists one that began too long ago.
func (s tusStore) expireAll() (n int, err error) {
	list, err := filepath.Glob(filepath.Join(s.files.Path, "*"+infoSuffix))
	if err != nil {
		return 0, err
	}
	began := s.now().Add(-uploadLifetime - time.Second)
	for _, path := range list {
		if err := os.Chtimes(path, began, began); err == nil {
			n++
		} else if !errors.Is(err, fs.ErrNotExist) { // it ended meanwhile
			return n, fmt.Errorf("date upload: %w", err)
		}
	}
	return n, nil
}

// sweep forgets uploads that began too long ago, and bytes whose facts are
// gone. What cannot be removed now is tried again with the next upload.
func (s tusStore) sweep() {
	list, err := os.ReadDir(s.files.Path)
	if err != nil {
		return
	}
	for _, e := range list {
		st, err := e.Info()
		if err != nil || !s.stale(st.ModTime()) {
			continue
		}
		path := filepath.Join(s.files.Path, e.Name())
		if bytes, isInfo := strings.CutSuffix(path, infoSuffix); isInfo {
			_, _ = os.Remove(path), os.Remove(bytes)
		} else if _, err := os.Stat(path + infoSuffix); err != nil {
			_ = os.Remove(path)
		}
	}
}

// tusError carries a refusal through tusd.
func tusError(err error) error {
	var r refusal
	if !errors.As(err, &r) {
		r = wentWrong()
	}
	return tusd.Error{ErrorCode: "ERR_REFUSED", Message: r.text, HTTPResponse: tusd.HTTPResponse{StatusCode: r.status, Body: r.text,
		Header: tusd.HTTPHeader{"Content-Type": "text/plain; charset=utf-8"}}}
}

// wentWrong does not tell what: the words of the database are no business of clients.
func wentWrong() refusal {
	return refusal{http.StatusInternalServerError, "Something went wrong with that request\n"}
}

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e refusal
	if !errors.As(err, &e) {
		e = wentWrong()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Tus-Resumable", tusVersion)
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(e.text))
	}
}

// tusWriter holds failures back, to give tusd's words those of the real server.
type tusWriter struct {
	http.ResponseWriter
	status  int
	body    strings.Builder
	expires time.Time // of the upload, while it is not finished
}

// Unwrap lets tusd set deadlines.
func (w *tusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *tusWriter) WriteHeader(status int) {
	w.status = status
	if status < http.StatusBadRequest {
		if !w.expires.IsZero() && w.Header().Get("Tus-Complete") == "" {
			w.Header().Set("Upload-Expires", w.expires.UTC().Format(http.TimeFormat))
		}
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *tusWriter) Write(b []byte) (int, error) {
	if w.status >= http.StatusBadRequest {
		return w.body.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *tusWriter) flush() {
	if w.status < http.StatusBadRequest {
		return
	}
	text := w.body.String()
	code, rest, isCode := strings.Cut(text, ": ")
	if isCode && strings.HasPrefix(code, "ERR_") {
		text = rest
		switch code {
		case "ERR_MISMATCHED_OFFSET":
			text = "Upload-Offset conflict\n"
		case "ERR_UPLOAD_NOT_FOUND":
			text = "The file for this url was not found\n"
		case "ERR_MAX_SIZE_EXCEEDED":
			text = "Maximum size exceeded\n"
		}
	}
	if w.Header().Get("Content-Length") != "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	}
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write([]byte(text))
}

func cloneURL(u *url.URL) *url.URL {
	c := *u
	return &c
}
