package storage

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
)

// disk keeps contents by version, a UUID that is new for each content. No part
// of a key becomes part of a path, so no key can reach outside, and a reader of
// a replaced object finishes with the content it began with.
type disk struct {
	dir    string
	pieces *pieces
}

const (
	tempDir    = "tmp"
	contentDir = "objects"
)

// staged is a content on disk that no row names yet.
type staged struct {
	version string
	size    int64
	md5     string // hex
}

func (d disk) path(version string) (string, error) {
	if _, err := uuid.Parse(version); err != nil {
		return "", fmt.Errorf("version %q: %w", version, err)
	}
	return filepath.Join(d.dir, contentDir, version[:2], version), nil
}

// errTooLarge tells that the reader held more than the limit.
var errTooLarge = errors.New("content exceeds the limit")

// stage writes the content to a temporary file, makes it durable, and moves it
// to its place. After an error nothing is left.
func (d disk) stage(r io.Reader, limit int64) (st staged, err error) {
	tmp := filepath.Join(d.dir, tempDir)
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return st, fmt.Errorf("make folder: %w", err)
	}
	f, err := os.CreateTemp(tmp, "upload-*")
	if err != nil {
		return st, fmt.Errorf("make temporary file: %w", err)
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	h := newSum()
	st.size, err = d.pieces.copy(f, h, io.LimitReader(r, limit+1))
	if err != nil {
		return st, fmt.Errorf("write content: %w", err)
	}
	if st.size > limit {
		return st, errTooLarge
	}
	if err := f.Sync(); err != nil {
		return st, fmt.Errorf("sync content: %w", err)
	}
	st.md5, st.version = hex.EncodeToString(h.Sum(nil)), uuid.NewString()
	return st, d.place(f.Name(), st.version)
}

func (d disk) place(temp, version string) error { return d.put(os.Rename, temp, version) }

// adopt makes a file that is whole a content, under a second name: its own stays
// until the content has a row. sum is nil when the file has to be read for it.
// Where the disk has no second names, the file is copied.
func (d disk) adopt(f *os.File, sum hash.Hash) (st staged, err error) {
	info, err := f.Stat()
	if err != nil {
		return st, fmt.Errorf("look at content: %w", err)
	}
	st.size = info.Size()
	if sum == nil {
		sum = newSum()
		if _, err := d.pieces.copy(sum, nil, f); err != nil {
			return st, fmt.Errorf("read content: %w", err)
		}
	}
	if err := f.Sync(); err != nil {
		return st, fmt.Errorf("sync content: %w", err)
	}
	st.md5, st.version = hex.EncodeToString(sum.Sum(nil)), uuid.NewString()
	err = d.put(os.Link, f.Name(), st.version)
	var link *os.LinkError
	if !errors.As(err, &link) {
		return st, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return st, fmt.Errorf("read content: %w", err)
	}
	return d.stage(f, st.size)
}

// put gives a file its place by a new name.
func (d disk) put(by func(from, to string) error, file, version string) error {
	path, err := d.path(version)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := by(file, path); err != nil {
		return fmt.Errorf("place content: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

func (d disk) open(version string) (*os.File, error) {
	path, err := d.path(version)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSuchKey()
	}
	return f, err
}

// remove forgets a content; one that is gone already is fine.
func (d disk) remove(version string) error {
	path, err := d.path(version)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove content: %w", err)
	}
	return nil
}
