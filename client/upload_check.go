package client

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what Storage's ETag is made of
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

const (
	fileNameMax = 255     // characters of file_name
	sniffed     = 1 << 20 // bytes that are looked at before anything else
)

// begin opens the file and refuses what can be refused without a server.
func (c *Client) begin(u models.NewUpload) (*os.File, note, error) {
	none := note{}
	if err := c.mayChange(); err != nil {
		return nil, none, err
	}
	if u.DatasetID != "" {
		if err := checkID("dataset", u.DatasetID); err != nil {
			return nil, none, err
		}
	}
	f, path, info, err := openLocal(u.Path)
	if err != nil {
		return nil, none, err
	}
	n := note{
		DatasetID: first(strings.ToLower(u.DatasetID), uuid.NewString()), Path: path, FileName: clip(filepath.Base(path), fileNameMax),
		Unchecked: u.Unchecked, Size: info.Size(), Modified: info.ModTime(), MIME: uploadTypes()[0],
	}
	if n.Name, err = datasetName(first(u.Name, defaultName(n.FileName))); err == nil {
		_, err = description(u.Description)
		n.Description = strings.TrimSpace(u.Description)
	}
	if err == nil {
		err = sniff(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, none, err
	}
	return f, n, nil
}

// openLocal opens a regular file of an allowed size.
func openLocal(path string) (f *os.File, real string, info fs.FileInfo, err error) {
	if path == "" {
		return nil, "", nil, usage("which file should be uploaded?", "give a path")
	}
	if real, err = filepath.Abs(path); err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err == nil {
		info, err = os.Stat(real)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil, noFile(path)
	case err != nil:
		return nil, "", nil, localError(err)
	case !info.Mode().IsRegular():
		return nil, "", nil, notRegular(path, info)
	case info.Size() == 0:
		return nil, "", nil, invalid(quote(path)+" is empty", "")
	case info.Size() > models.UploadMax:
		return nil, "", nil, tooBig(info.Size(), models.UploadMax)
	}
	if f, err = os.Open(real); err != nil {
		return nil, "", nil, localError(err)
	}
	return f, real, info, nil
}

func notRegular(path string, info fs.FileInfo) *models.Error {
	if info.IsDir() {
		return invalid(quote(path)+" is a folder", "give one JSONL file")
	}
	return invalid(quote(path)+" is no ordinary file", "write it to a file first: an upload must be able to go back in it")
}

func noFile(path string) *models.Error {
	return &models.Error{Code: models.CodeNotFound, Msg: "there is no file " + quote(path), Hint: "check the path"}
}

func tooBig(size, limit int64) *models.Error {
	return invalid(fmt.Sprintf("the file has %d bytes; the project takes up to %d (%d MiB)", size, limit, limit>>20), "split it into several datasets")
}

// defaultName is the file's name without its extension.
func defaultName(file string) string {
	name := strings.TrimSpace(strings.TrimSuffix(file, filepath.Ext(file)))
	return first(clip(name, nameMax), file)
}

// objectName is the file's name as Storage takes it: others characters than
// these are refused in a key, whatever the bucket.
func objectName(file string) string {
	s := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.()+,@", r) {
			return r
		}
		return '_'
	}, file)
	s = strings.TrimLeft(s, ".")
	if strings.Trim(s, "_.") == "" {
		return "data.jsonl"
	}
	return s
}

// uploadTypes are the MIME types to try: the line format's own, and what older
// buckets take.
func uploadTypes() []string { return []string{"application/x-jsonlines", "application/json"} }

const whatJSONL = "a dataset is a JSONL file: one JSON object a line"

// sniff refuses what is no JSONL at a glance: somewhere in the first megabyte a
// line must be a JSON object.
func sniff(f *os.File) error {
	head := make([]byte, sniffed)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return localError(err)
	}
	head = bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf"))
	if err := noText(head); err != nil {
		return err
	}
	if hasObject(head, n < sniffed) {
		return nil
	}
	hint := whatJSONL
	if t := bytes.TrimSpace(head); len(t) > 0 && (t[0] == '[' || t[0] == '{') {
		hint += "; this looks like one JSON document: jq -c '.[]' makes lines of an array"
	}
	return invalid("the file is not JSONL: no line of it is a JSON object", hint)
}

// noText refuses archives and UTF-16.
func noText(head []byte) error {
	for _, magic := range []string{"\x1f\x8b", "PK\x03\x04", "\x28\xb5\x2f\xfd"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return invalid("the file is compressed", "unpack it first: the platform reads lines of JSON")
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return invalid("the file is not a text in UTF-8", whatJSONL)
	}
	return nil
}

// hasObject looks for a line that is a JSON object, or for one that is longer
// than what there is and begins like one.
func hasObject(head []byte, all bool) bool {
	for more := true; more; {
		var line []byte
		line, head, more = bytes.Cut(head, []byte("\n"))
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] == '{' && (!more && !all || json.Valid(line)) {
			return true
		}
	}
	return false
}

// print is what the file was when it was read: by these sums it is known again.
type print struct {
	sha256, md5 string
	found       findings
	kind        jsonl.Kind // "" = not looked at
}

// fingerprint reads the whole file once: sums, and with check what the
// platform's validator would find.
func fingerprint(ctx context.Context, f *os.File, size int64, check bool, progress func(int64)) (print, error) {
	var p print
	m := md5.New() //nolint:gosec // comparison with an ETag
	r := io.TeeReader(&watched{ctx: ctx, r: io.NewSectionReader(f, 0, size), progress: progress}, m)
	var err error
	if check {
		var rep jsonl.Report
		rep, err = jsonl.Validate(ctx, r, nil)
		p.sha256, p.found, p.kind = rep.SHA256, findingsOf(rep), rep.Kind
	} else {
		sha := sha256.New()
		_, err = io.Copy(sha, r)
		p.sha256 = hex.EncodeToString(sha.Sum(nil))
	}
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	if err != nil {
		return p, localError(err)
	}
	p.md5 = hex.EncodeToString(m.Sum(nil))
	return p, nil
}

// wrongKind refuses a file that is no JSONL on a closer look.
func (p print) wrongKind() error {
	switch p.kind {
	case jsonl.KindDocument:
		return invalid("the file is one JSON document, not JSONL: one JSON object a line", "jq -c '.[]' FILE > FILE.jsonl makes lines of an array")
	case jsonl.KindBinary:
		return invalid("the file is no text", "a dataset is a JSONL file: one JSON object a line")
	case jsonl.KindEmpty:
		return invalid("the file has no line that is not blank", "")
	}
	return nil
}

// watched is a reader that ends with its context and tells how far it is.
type watched struct {
	ctx      context.Context //nolint:containedctx // an io.Reader of one call
	r        io.Reader
	done     int64
	reported time.Time
	progress func(int64)
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.done += int64(n)
	if now := time.Now(); now.Sub(w.reported) >= progressEvery {
		w.reported = now
		w.progress(w.done)
	}
	return n, err
}
