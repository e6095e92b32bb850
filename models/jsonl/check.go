package jsonl

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/loratop/loratop/models"
)

// chunk is how much is read at once; progress and cancelling work in its steps.
const chunk = 256 << 10

// Check reads a dataset to its end and says what is in it. What is wrong with
// the file is data of the report; err is only the reader's own or the context's.
//
// Memory does not grow with the file: the longest line (at most MaxLine), the
// first KeptFindings findings, three samples, up to 10,000 names of each
// distribution, and what is remembered to find duplicates: 262,144 distinct pairs,
// 65,536 sketches of them for near ones, and 262,144 ids, some 20 MB in all. Pairs
// beyond that are still compared with those; the report's DedupeBounded says so.
func Check(ctx context.Context, r io.Reader, o Options) (Report, error) {
	c := newChecker(o)
	err := c.read(ctx, r)
	return c.report(), err
}

// checker is one check.
type checker struct {
	o     Options
	rep   Report
	found findings
	split splitter
	rec   record
	plat  platform
	train trainer
	stats stats
	pairs dedupe
	ids   seen
	convs seen
	arena []byte
	at    place // of the line at hand
	high  bool  // it is not ASCII throughout
	controls

	inside string // path of the record at hand in a document, "" in JSON Lines
	fix    *fixer // of a repair; nil in a check
}

func newChecker(o Options) *checker {
	c := &checker{o: o}
	c.rep.Schema, c.rep.Kind = Schema, KindJSONL
	c.split.line, c.split.skip = c.line, c.tooLong
	c.stats.begin(o)
	return c
}

// read is the stream's way: its head tells what the file is, then every line is
// taken apart as it comes.
func (c *checker) read(ctx context.Context, r io.Reader) error {
	in := newSource(ctx, r, c.o)
	buf := make([]byte, chunk)
	n, err := fill(in, buf)
	c.rep.Kind = c.sniff(buf[:n])
	switch c.rep.Kind {
	case KindDocument:
		head := begin(buf[:n])
		err = c.document(io.MultiReader(bytes.NewReader(buf[:n]), errReader{err}, settled{in}), head[0], hasKeys(head))
	case KindBinary:
		c.split.line, c.split.skip = c.platformOnly, c.platformSkip
	}
	for c.rep.Kind != KindDocument {
		c.split.feed(buf[:n])
		if err != nil {
			break
		}
		n, err = in.Read(buf)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	c.split.end()
	c.rep.Bytes, c.rep.SHA256 = in.n, in.end()
	return err
}

// fill reads until buf is full or the stream has ended.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}

// errReader gives err, or nothing.
type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) {
	if e.err == nil {
		return 0, io.EOF
	}
	return 0, e.err
}

// report closes the books.
func (c *checker) report() Report {
	r := &c.rep
	r.Lines = c.split.at.line
	r.Platform = c.plat.result()
	r.Conversations = c.stats.conversations + c.convs.n
	r.Duplicates, r.NearDuplicate = c.pairs.exact, c.pairs.near
	r.DedupeBounded = c.pairs.full
	c.stats.fill(r)
	c.verdicts()
	c.found.fill(r)
	if r.Samples == nil {
		r.Samples = []models.Conversation{}
	}
	return *r
}
