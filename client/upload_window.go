package client

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/loratop/loratop/models"
)

// window is the file as it is sent: chunks that end on multiples of chunkSize,
// each read once, summed up, and sent from memory. So what was summed is what
// was sent, whatever happens to the file meanwhile; and as the sum is complete
// before the last chunk leaves, no object can come to be of a mixed file.
type window struct {
	f    *os.File
	size int64
	want string // SHA-256 of the file that was checked
	sum  hash.Hash
	at   int64 // how much of the file is in sum

	cur, next span
}

// span is a run of the file in memory.
type span struct {
	from int64
	data []byte // nil = none
}

func (s span) end() int64 { return s.from + int64(len(s.data)) }

func newWindow(f *os.File, size int64, want string) *window {
	return &window{f: f, size: size, want: want, sum: sha256.New()}
}

// from gives the bytes from an offset to the end of its chunk.
func (w *window) from(at int64) ([]byte, error) {
	if len(w.next.data) > 0 && w.next.from == at {
		w.cur, w.next = w.next, span{data: w.cur.data[:0]}
	}
	if w.cur.from <= at && at < w.cur.end() {
		return w.cur.data[at-w.cur.from:], nil
	}
	if err := w.seek(at); err != nil {
		return nil, err
	}
	return w.cur.data, nil
}

// ahead reads the chunk behind the one at hand, while that is being sent.
func (w *window) ahead() error {
	end := w.cur.end()
	if end >= w.size || len(w.next.data) > 0 && w.next.from == end {
		return nil
	}
	s, err := w.read(end, w.next.data)
	w.next = s
	return err
}

// seek begins anew at an offset that the server told: what it has is summed up
// from the file first.
func (w *window) seek(at int64) error {
	w.next = span{data: w.next.data[:0]}
	if w.at != at {
		w.sum.Reset()
		w.at = 0
		n, err := io.Copy(w.sum, io.NewSectionReader(w.f, 0, at))
		w.at = n
		if err != nil || n != at {
			return localRead(err)
		}
	}
	s, err := w.read(at, w.cur.data)
	w.cur = s
	return err
}

// read takes the chunk at an offset into memory and into the sum. It fails
// where the file turns out to be another one.
func (w *window) read(at int64, buf []byte) (span, error) {
	n := min((at/chunkSize+1)*chunkSize, w.size) - at
	if int64(cap(buf)) < n {
		buf = make([]byte, chunkSize)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(io.NewSectionReader(w.f, at, n), buf); err != nil {
		return span{}, localRead(err)
	}
	_, _ = w.sum.Write(buf) // a hash never fails
	w.at = at + n
	if w.at == w.size && hex.EncodeToString(w.sum.Sum(nil)) != w.want {
		return span{}, errChanged()
	}
	return span{at, buf}, nil
}

func localRead(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errChanged()
	}
	return localError(fmt.Errorf("read file: %w", err))
}

var errOther = errors.New("another content")

// errChanged is a local file that is no longer the one that was begun; see
// upload.ended for what to do about it.
func errChanged() *models.Error {
	return &models.Error{Code: models.CodeConflict, Msg: "the file has changed since this upload began", Err: errOther}
}
