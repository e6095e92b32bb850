package screens

import (
	"bytes"
	"context"

	"github.com/loratop/loratop/models"
)

// Sizes of reading a stored file in parts. A screen keeps samplePages pages of
// some partSize bytes each, whatever the size of the file.
const (
	partSize = 256 << 10
	lineMost = 1 << 20   // a longer line is shown by its beginning
	lineKept = 128 << 10 // what is kept of it
	skipMost = 16 << 20  // bytes that one read passes over in search of its end
)

// fetchPart reads up to n bytes of a file from an offset.
type fetchPart func(ctx context.Context, from, n int64) (models.FilePart, error)

// fileLine is one line of a stored file.
type fileLine struct {
	at       int64 // offset of its first byte; of a headless one of its text
	text     []byte
	cut      bool // longer than lineMost: text is its beginning
	headless bool // longer than lineMost: text is its end
}

// filePage is a run of whole lines.
type filePage struct {
	from, to int64 // bytes that its lines cover
	mid      bool  // to is inside a line longer than lineMost
	headMid  bool  // from is
	lines    []fileLine
	size     int64 // of the file
	etag     string
	read     int64 // bytes that it took
}

// partReader reads parts and notices that the file was replaced meanwhile.
type partReader struct {
	fetch fetchPart
	part  int64 // partSize and lineMost but in tests
	most  int
	size  int64 // -1 until known
	etag  string
	read  int64
}

func newPartReader(fetch fetchPart) *partReader {
	return &partReader{fetch: fetch, part: partSize, most: lineMost, size: -1}
}

// kept is how much is kept of a line that is too long.
func (r *partReader) kept() int { return min(lineKept, r.most) }

// at reads up to n bytes; fewer only at the end of the file.
func (r *partReader) at(ctx context.Context, from, n int64) ([]byte, error) {
	if r.size >= 0 {
		n = min(n, r.size-from)
	}
	var out []byte
	for n > 0 {
		p, err := r.fetch(ctx, from, n)
		if err != nil {
			return nil, err
		}
		if r.etag != "" && p.ETag != "" && p.ETag != r.etag {
			return nil, &models.Error{Code: models.CodeConflict, Op: "read dataset file", Msg: "the file was replaced while it was read", Hint: "r reads it from the beginning."}
		}
		if p.ETag != "" {
			r.etag = p.ETag
		}
		if p.Size >= 0 {
			r.size = p.Size
			n = min(n, r.size-from)
		}
		r.read += int64(len(p.Data))
		got := int64(len(p.Data))
		if out = append(out, p.Data...); got == 0 || r.size < 0 && got < n {
			if r.size < 0 {
				r.size = from + got
			}
			break
		}
		from, n = from+got, n-got
	}
	return out, nil
}

// ends reports that a read that stopped at an offset reached the end of the file.
func (r *partReader) ends(at int64) bool { return r.size >= 0 && at >= r.size }

func (r *partReader) page(from, to int64, lines []fileLine) filePage {
	return filePage{from: from, to: to, lines: lines, size: r.size, etag: r.etag, read: r.read}
}

// forward reads the page that begins at an offset; mid says that the offset is
// not known to begin a line.
func (r *partReader) forward(ctx context.Context, pos int64, mid bool) (filePage, error) {
	buf, pos, mid, err := r.enter(ctx, pos, mid)
	if err != nil || mid {
		p := r.page(pos, pos, nil)
		p.mid, p.headMid = mid, mid
		return p, err
	}
	var lines []fileLine
	from, at := pos, pos
	for {
		i := bytes.IndexByte(buf, '\n')
		if i < 0 {
			break
		}
		lines = append(lines, fileLine{at: at, text: buf[:i:i]})
		at, buf = at+int64(i)+1, buf[i+1:]
	}
	if len(buf) == 0 {
		return r.page(from, at, lines), nil
	}
	last, to, mid, err := r.complete(ctx, at, buf)
	if err != nil {
		return filePage{}, err
	}
	p := r.page(from, to, append(lines, last))
	p.mid = mid
	return p, nil
}

// enter reads the part at pos and, from within a line, passes over the rest of
// it. mid is still true when its end was not found.
func (r *partReader) enter(ctx context.Context, pos int64, mid bool) ([]byte, int64, bool, error) {
	for stop := pos + skipMost; ; {
		buf, err := r.at(ctx, pos, r.part)
		if err != nil || !mid {
			return buf, pos, false, err
		}
		if i := bytes.IndexByte(buf, '\n'); i >= 0 {
			pos += int64(i) + 1
			if buf = buf[i+1:]; len(buf) == 0 && !r.ends(pos) {
				buf, err = r.at(ctx, pos, r.part)
			}
			return buf, pos, false, err
		}
		pos += int64(len(buf))
		if r.ends(pos) {
			return nil, pos, false, nil
		}
		if pos >= stop {
			return nil, pos, true, nil
		}
	}
}

// complete reads on until the line that begins with buf has its end.
func (r *partReader) complete(ctx context.Context, at int64, buf []byte) (l fileLine, to int64, mid bool, err error) {
	buf = bytes.Clone(buf)
	for !r.ends(at + int64(len(buf))) {
		if len(buf) >= r.most {
			return fileLine{at: at, text: buf[:r.kept():r.kept()], cut: true}, at + int64(len(buf)), true, nil
		}
		more, err := r.at(ctx, at+int64(len(buf)), r.part)
		if err != nil {
			return l, 0, false, err
		}
		if i := bytes.IndexByte(more, '\n'); i >= 0 {
			buf = append(buf, more[:i]...)
			return fileLine{at: at, text: buf}, at + int64(len(buf)) + 1, false, nil
		}
		if len(more) == 0 {
			break
		}
		buf = append(buf, more...)
	}
	return fileLine{at: at, text: buf}, at + int64(len(buf)), false, nil
}

// backward reads the page that ends at an offset.
func (r *partReader) backward(ctx context.Context, pos int64) (filePage, error) {
	var buf []byte
	for lo := pos; ; {
		if lo <= 0 {
			return r.tailPage(0, pos, buf, false), nil
		}
		n := min(lo, r.part)
		more, err := r.at(ctx, lo-n, n)
		if err != nil {
			return filePage{}, err
		}
		lo -= n
		buf = append(more, buf...)
		if lo == 0 {
			continue
		}
		// The first line break begins the page, unless nothing is behind it.
		if i := bytes.IndexByte(buf[:max(0, len(buf)-1)], '\n'); i >= 0 {
			return r.tailPage(lo+int64(i)+1, pos, buf[i+1:], false), nil
		}
		if len(buf) >= r.most+2 { // with the line breaks around it
			return r.tailPage(lo, pos, buf, true), nil
		}
	}
}

// tailPage splits bytes of which the first begins a line, or none when headless.
func (r *partReader) tailPage(from, to int64, buf []byte, headless bool) filePage {
	p := r.page(from, to, nil)
	if headless {
		text := bytes.TrimSuffix(buf, []byte{'\n'})
		text = bytes.Clone(text[max(0, len(text)-r.kept()):])
		p.lines = []fileLine{{at: to - int64(len(text)), text: text, headless: true}}
		p.headMid = true
		return p
	}
	at := from
	for len(buf) > 0 {
		line, rest, _ := bytes.Cut(buf, []byte{'\n'})
		n := int64(len(buf) - len(rest))
		l := fileLine{at: at, text: line}
		if len(line) > r.most {
			l.text, l.cut = line[:r.kept():r.kept()], true
		}
		p.lines = append(p.lines, l)
		at, buf = at+n, rest
	}
	return p
}

// around reads the page at an offset anywhere in the file: the first line is
// the one that begins there, or the next one.
func (r *partReader) around(ctx context.Context, pos int64) (filePage, error) {
	switch {
	case pos <= 0:
		return r.forward(ctx, 0, false)
	case r.ends(pos):
		return r.backward(ctx, r.size)
	}
	p, err := r.forward(ctx, pos-1, true) // a line break right before it is seen
	if err == nil && len(p.lines) == 0 && r.ends(p.to) {
		return r.backward(ctx, r.size)
	}
	return p, err
}

// lineStart finds where the line begins that has a byte; ok is false when that
// is farther away than a line may be long.
func (r *partReader) lineStart(ctx context.Context, pos int64) (start int64, ok bool, err error) {
	for hi := pos; hi > 0 && pos-hi < int64(r.most); {
		n := min(hi, r.part)
		buf, err := r.at(ctx, hi-n, n)
		if err != nil {
			return 0, false, err
		}
		if i := bytes.LastIndexByte(buf, '\n'); i >= 0 {
			return hi - n + int64(i) + 1, true, nil
		}
		if hi -= n; hi == 0 {
			break
		}
	}
	return 0, pos < int64(r.most), nil
}
