package cmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

const (
	rowPart = 256 << 10 // bytes of one range
	rowMax  = 4 << 20   // a longer line is shown by its beginning
)

// rows are the flags of datasets rows.
type rows struct {
	from   int64
	offset int64
	limit  int
}

func (a *app) datasetsRows() *cobra.Command {
	var r rows
	c := &cobra.Command{
		Use: "rows DATASET", Short: "Show lines of a dataset's stored file", Args: exactArgs("DATASET"),
		Long: "Shows conversations of the stored file, which is read in ranges and only as far as it\n" +
			"takes. A line far behind is reached fast by --offset with the \"next_offset\" of the\n" +
			"page before; --from counts lines, blank ones too, from where reading begins.",
		Example: "  loratop datasets rows DATASET --limit 3\n" +
			"  loratop datasets rows DATASET --from 100 --limit 10 --json\n" +
			"  loratop datasets rows DATASET --offset 1048576",
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(rowJSON(datasetRow{})); done || err != nil {
				return err
			}
			if r.from < 1 || r.offset < 0 || r.limit < 1 || r.limit > maxPage {
				return usagef("see: loratop datasets rows --help", "--from counts from 1, --offset from 0, and --limit is 1..%d", maxPage)
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			d, err := datasetRef(c.Context(), b, args[0], false)
			if err != nil {
				return err
			}
			list, next, err := r.read(c.Context(), b, d)
			if err != nil {
				return err
			}
			return a.printRows(list, next)
		},
	}
	f := c.Flags()
	f.Int64Var(&r.from, "from", 1, "first line, counted from where reading begins")
	f.Int64Var(&r.offset, "offset", 0, "byte to begin at; the line that it lies in is left out")
	f.IntVar(&r.limit, "limit", 10, "lines, 1..1000")
	return c
}

// datasetRow is one line of a stored file.
type datasetRow struct {
	line   int64 // from 1; 0 = not known
	offset int64
	bytes  int64
	cut    bool // longer than rowMax
	err    string
	models.Line
}

func rowJSON(r datasetRow) object {
	turns := []object{}
	for _, t := range r.Conversation.Turns {
		turns = append(turns, object{"role": t.Role, "content": t.Content})
	}
	o := object{
		"line": nil, "offset": r.offset, "bytes": r.bytes, "format": string(r.Format), "conversation_id": r.Conversation.ID,
		"title": r.Conversation.Title, "turns": turns, "trainable_pairs": len(r.Pairs), "error": nil,
	}
	if r.line > 0 {
		o["line"] = r.line
	}
	if r.err != "" {
		o["error"] = r.err
	}
	return o
}

// read reads lines until there are enough. next is the offset behind them, -1 at
// the end of the file.
func (r rows) read(ctx context.Context, b screens.Backend, d models.Dataset) (out []datasetRow, next int64, err error) {
	src := &partStream{ctx: ctx, b: b, d: d, at: r.offset}
	in := &lineReader{r: bufio.NewReaderSize(src, rowPart), at: r.offset, line: 1}
	if r.offset > 0 { // begin at a line: the byte before tells whether this is one
		src.at, in.at, in.line = r.offset-1, r.offset-1, 0
		if _, _, _, err := in.next(); err != nil {
			return nil, -1, endOf(err)
		}
	}
	for n := int64(1); len(out) < r.limit; n++ {
		row := datasetRow{offset: in.at, line: in.line}
		text, size, cut, err := in.next()
		if err != nil {
			return out, -1, endOf(err)
		}
		if n < r.from || len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		row.bytes, row.cut = size, cut
		if cut {
			row.err = fmt.Sprintf("the line has %s; it is not shown", bytesText(size))
		} else if row.Line, err = models.ParseLine(text); err != nil {
			row.err = models.Clean(err.Error())
		}
		out = append(out, row)
	}
	if src.end && in.r.Buffered() == 0 {
		return out, -1, nil
	}
	return out, in.at, nil
}

func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// lineReader cuts a stream into lines and knows where they are.
type lineReader struct {
	r    *bufio.Reader
	at   int64
	line int64 // 0 = not known
}

// next reads a line; of one longer than rowMax only its beginning, cut.
func (l *lineReader) next() (text []byte, size int64, cut bool, err error) {
	for {
		part, err := l.r.ReadSlice('\n')
		size += int64(len(part))
		if len(text) < rowMax {
			text = append(text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (size == 0 || !errors.Is(err, io.EOF)) {
			return nil, 0, false, err
		}
		l.at += size
		if l.line > 0 {
			l.line++
		}
		return text, size, size > int64(len(text)), nil
	}
}

// partStream is a stored file as a reader of ranges.
type partStream struct {
	ctx  context.Context //nolint:containedctx // an io.Reader of one command
	b    screens.Backend
	d    models.Dataset
	at   int64
	etag string
	end  bool
}

func (s *partStream) Read(p []byte) (int, error) {
	if s.end {
		return 0, io.EOF
	}
	got, err := s.b.DatasetPart(s.ctx, s.d, s.at, int64(len(p)))
	if err != nil {
		return 0, err
	}
	if s.etag != "" && got.ETag != "" && got.ETag != s.etag {
		return 0, &models.Error{Code: models.CodeConflict, Op: "read rows", Msg: "the stored file changed while it was read", Hint: "run it again"}
	}
	n := copy(p, got.Data)
	s.at, s.etag = s.at+int64(n), got.ETag
	s.end = n == 0 || got.Size >= 0 && s.at >= got.Size
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (a *app) printRows(list []datasetRow, next int64) error {
	if a.flags.json.on {
		docs := []object{}
		for _, r := range list {
			docs = append(docs, rowJSON(r))
		}
		extra := object{"next_offset": nil}
		if next >= 0 {
			extra["next_offset"] = next
		}
		return a.writeDocument("rows", docs, extra)
	}
	for i, r := range list {
		if i > 0 {
			if _, err := fmt.Fprintln(a.sys.Out); err != nil {
				return err
			}
		}
		if err := writePairs(a.sys.Out, rowPairs(r)); err != nil {
			return err
		}
	}
	if next >= 0 && !a.flags.quiet {
		a.say("more lines: --offset %d", next)
	}
	return nil
}

func rowPairs(r datasetRow) []pair {
	where := "at " + strconv.FormatInt(r.offset, 10)
	if r.line > 0 {
		where = strconv.FormatInt(r.line, 10) + ", " + where
	}
	p := []pair{{"line", where + ", " + bytesText(r.bytes)}}
	if r.err != "" {
		return append(p, pair{"error", r.err})
	}
	p = append(p, pair{"format", string(r.Format)})
	if id := r.Conversation.ID; id != "" {
		p = append(p, pair{"id", id})
	}
	if title := r.Conversation.Title; title != "" {
		p = append(p, pair{"title", title})
	}
	for _, t := range r.Conversation.Turns {
		p = append(p, pair{t.Role, t.Content})
	}
	return p
}
