package client

import (
	"crypto/md5" //nolint:gosec // what Storage's ETag is made of
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/loratop/loratop/models"
)

// part is an unfinished file beside its destination, with a note of what it is
// the beginning of.
type part struct {
	f    *os.File
	lock *flock.Flock // two downloads must not write one part
	path string
	src  source
	of   version
	size int64
	sum  hash.Hash

	reported time.Time
}

// partNote is the content of the note.
type partNote struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	version
}

func notePath(partPath string) string { return partPath + ".json" }

// destination settles where the file goes. name is the server's: only a plain
// file name of it may be used.
func destination(dest, name string) (string, error) {
	if dest == "" {
		return "", usage("where should the file go?", "give a path")
	}
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		clean := models.Clean(name)
		if clean != name || strings.ContainsAny(name, `/\`) || !filepath.IsLocal(name) {
			return "", &models.Error{Code: models.CodeInvalid, Msg: "the stored name is no safe file name: " + quote(name), Hint: "give a file name yourself"}
		}
		dest = filepath.Join(dest, name)
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil { //nolint:gosec // an ordinary folder
		return "", localError(err)
	}
	return dest, nil
}

// oldFile is what lies at the destination already.
type oldFile struct {
	bytes int64
	sha   string
	same  bool // certainly the stored content
}

// existing looks at the destination: nil when it is free, CodeConflict when
// something else is there. An ETag that is the content's md5 settles it; where
// the sizes agree and it is not, only downloading tells (see part.finish).
func existing(dest string, want version) (*oldFile, error) {
	f, err := os.Open(dest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing is there, and that is fine
	}
	if err != nil {
		return nil, localError(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != want.Total {
		return nil, occupied(dest)
	}
	sha, m := sha256.New(), md5.New() //nolint:gosec // comparison only
	n, err := io.Copy(io.MultiWriter(sha, m), f)
	if err != nil {
		return nil, localError(err)
	}
	if n != want.Total {
		return nil, occupied(dest)
	}
	tag := strings.Trim(want.ETag, `"`)
	return &oldFile{bytes: n, sha: hex.EncodeToString(sha.Sum(nil)), same: strings.EqualFold(tag, hex.EncodeToString(m.Sum(nil)))}, nil
}

func occupied(dest string) error {
	return &models.Error{Code: models.CodeConflict, Msg: "another file is there already: " + quote(dest), Hint: "move it away, or choose another name"}
}

// openPart continues an earlier part of the same file in the same version, or
// begins anew.
func openPart(dest string, src source, of version) (*part, error) {
	p := &part{path: dest + ".part", src: src, of: of, sum: sha256.New()}
	f, err := os.OpenFile(p.path, os.O_RDWR|os.O_CREATE, 0o666) //nolint:gosec // see Download
	if err != nil {
		return nil, localError(err)
	}
	p.f, p.lock = f, flock.New(p.path)
	if ok, err := p.lock.TryLock(); err == nil && !ok {
		p.close()
		return nil, &models.Error{Code: models.CodeConflict, Msg: "this file is being downloaded already", Hint: "wait for the other download"}
	}
	if note, ok := readNote(p.path); ok && note == (partNote{src.bucket, src.key, of}) && of.ETag != "" {
		if p.size, err = io.Copy(p.sum, f); err != nil {
			p.close()
			return nil, localError(err)
		}
		if of.Total < 0 || p.size <= of.Total {
			return p, nil
		}
	}
	if err := p.restart(of); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func readNote(partPath string) (partNote, bool) {
	b, err := os.ReadFile(notePath(partPath))
	if err != nil {
		return partNote{}, false
	}
	var n partNote
	return n, json.Unmarshal(b, &n) == nil
}

// restart empties the part and notes what it will hold.
func (p *part) restart(of version) error {
	p.of, p.size = of, 0
	p.sum.Reset()
	b, err := json.Marshal(partNote{p.src.bucket, p.src.key, of})
	if err != nil {
		return err
	}
	_, serr := p.f.Seek(0, io.SeekStart)
	if err := errors.Join(p.f.Truncate(0), serr, writeFile(notePath(p.path), b, 0o600)); err != nil {
		return localError(err)
	}
	return nil
}

// whole reports that nothing is missing; with an unknown length, that one
// reply was read to its end.
func (p *part) whole() bool { return p.of.Total >= 0 && p.size == p.of.Total }

// copy appends r, calling beat for every piece.
func (p *part) copy(r io.Reader, beat func(), progress func(models.Progress)) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			beat()
			if _, werr := p.f.Write(buf[:n]); werr != nil {
				return localError(werr)
			}
			_, _ = p.sum.Write(buf[:n]) // a hash never fails
			p.size += int64(n)
			p.report(progress)
		}
		switch {
		case errors.Is(err, io.EOF):
			if p.of.Total < 0 {
				p.of.Total = p.size
			}
			return p.fits()
		case err != nil:
			return fmt.Errorf("read file: %w", err)
		}
	}
}

func (p *part) fits() error {
	if p.size <= p.of.Total {
		return nil
	}
	return &models.Error{Code: models.CodeServer, Msg: "the server sent more than the file has"}
}

func (p *part) report(progress func(models.Progress)) {
	if now := time.Now(); now.Sub(p.reported) >= progressEvery {
		p.reported = now
		progress(models.Progress{Done: p.size, Total: p.of.Total})
	}
}

// finish makes the part the file. A file that came to lie there is compared.
func (p *part) finish(dest string, old *oldFile) (models.Downloaded, error) {
	out := models.Downloaded{Path: dest, Bytes: p.size, SHA256: hex.EncodeToString(p.sum.Sum(nil))}
	if err := p.f.Sync(); err != nil {
		return models.Downloaded{}, localError(err)
	}
	if old != nil {
		p.drop()
		if old.sha != out.SHA256 {
			return models.Downloaded{}, occupied(dest)
		}
		return out, nil
	}
	// Link refuses where something appeared meanwhile; rename would replace it.
	if err := os.Link(p.path, dest); err == nil {
		p.drop()
		return out, syncDir(filepath.Dir(dest))
	} else if errors.Is(err, fs.ErrExist) {
		return models.Downloaded{}, occupied(dest)
	}
	if err := os.Rename(p.path, dest); err != nil { // a file system without links
		return models.Downloaded{}, localError(err)
	}
	p.drop()
	return out, syncDir(filepath.Dir(dest))
}

func (p *part) drop() {
	_ = os.Remove(p.path)
	_ = os.Remove(notePath(p.path))
}

func (p *part) close() {
	_ = p.f.Close()
	_ = p.lock.Close()
}

func localError(err error) error {
	return &models.Error{Code: models.CodeUnknown, Msg: clip(err.Error(), 300), Hint: "check the disk and the permissions of the folder", Err: err}
}
