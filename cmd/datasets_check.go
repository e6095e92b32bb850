package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/bpe"
	"github.com/loratop/loratop/models/jsonl"
)

// stdinName is the FILE that stands for standard input.
const stdinName = "-"

// checkFlags are what datasets check is told.
type checkFlags struct {
	seqLen    int
	noTokens  bool
	tokenizer string
	fix       string
}

func (a *app) datasetsCheck() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check FILE…",
		Short: "Say what is in local dataset files and what is wrong with them",
		Long: "Reads each FILE once, as a stream, and says whether the platform's validator and its\n" +
			"trainer would accept it, what is wrong and where, and what is in it. - is standard input.\n" +
			"Exit 65 when any file has errors. With --json one document: {\"reports\": [one a file]}.\n" +
			"Token counts are those of " + bpe.Default + ", an approximation of the base model's own.",
		Example: "  loratop datasets check train.jsonl --seq-len 2048\n" +
			"  loratop datasets check *.jsonl --no-tokens --json=file,error_count\n" +
			"  loratop datasets check train.jsonl --fix train.fixed.jsonl",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("see: "+c.CommandPath()+" --help", "missing FILE")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(reportJSON(jsonl.Report{})); done || err != nil {
				return err
			}
			return a.check(c.Context(), args, f)
		},
	}
	c.Flags().IntVar(&f.seqLen, "seq-len", 0, "tokens an example may have: says what is cut")
	c.Flags().BoolVar(&f.noTokens, "no-tokens", false, "no tokenizer: estimate words × 1.3, many times faster")
	c.Flags().StringVar(&f.tokenizer, "tokenizer", "", "vocabulary to count with: "+strings.Join(bpe.Names(), " or "))
	c.Flags().StringVar(&f.fix, "fix", "", "write a file that validator and trainer both accept (never FILE itself)")
	c.MarkFlagsMutuallyExclusive("no-tokens", "tokenizer")
	return c
}

// options are the flags as a check takes them.
func (f checkFlags) options() (jsonl.Options, error) {
	o := jsonl.Options{SeqLen: f.seqLen}
	if f.seqLen < 0 {
		return o, usagef("for example --seq-len 2048", "--seq-len must not be negative")
	}
	if f.noTokens {
		return o, nil
	}
	t, err := bpe.New(f.tokenizer)
	if err != nil {
		return o, err
	}
	o.Tokens = t
	return o, nil
}

// check reads all files and prints what it found; it goes on after a file that
// cannot be read.
func (a *app) check(ctx context.Context, files []string, f checkFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if f.fix != "" {
		if len(files) > 1 {
			return usagef("one FILE at a time", "--fix writes one file")
		}
		return a.fix(ctx, files[0], f.fix, o)
	}
	var docs []object
	var failed error
	bad := false
	for i, name := range files {
		r, err := a.checkFile(ctx, name, o)
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		bad = bad || r.ErrorCount > 0
		docs = append(docs, reportJSON(r))
		if err := a.printReport(r, i > 0); err != nil {
			return err
		}
	}
	if a.flags.json.on && len(docs) > 0 {
		if err := a.writeDocument("reports", docs, nil); err != nil {
			return err
		}
	}
	switch {
	case failed != nil:
		return firstOf(failed)
	case bad:
		return exitError{exitBadData}
	}
	return nil
}

// firstOf is the first of joined errors, with how many there are.
func firstOf(err error) error {
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return err
	}
	all := many.Unwrap()
	for len(all) > 0 {
		var inner interface{ Unwrap() []error }
		if !errors.As(all[0], &inner) {
			return all[0]
		}
		all = inner.Unwrap()
	}
	return err
}

// printReport is one report in the form that the flags want, but for JSON.
func (a *app) printReport(r jsonl.Report, more bool) error {
	switch {
	case a.flags.json.on:
		return nil
	case a.flags.quiet && r.ErrorCount == 0:
		return nil
	case a.flags.quiet:
		return writeIDs(a.sys.Out, []string{models.Clean(r.File)})
	case more:
		if _, err := fmt.Fprintln(a.sys.Out); err != nil {
			return err
		}
	}
	return writeReport(a.sys.Out, r, a.flags.ascii)
}

func (a *app) checkFile(ctx context.Context, name string, o jsonl.Options) (jsonl.Report, error) {
	r, size, done, err := a.openData(ctx, name)
	if err != nil {
		return jsonl.Report{}, err
	}
	defer done()
	tell, clear := a.checkProgress(name, size)
	o.Progress = tell
	rep, err := jsonl.Check(ctx, r, o)
	clear()
	if err != nil {
		return rep, readError(name, err)
	}
	rep.File = name
	return rep, nil
}

// openData opens a file that may be anything; size is -1 when it is not known.
// Reading ends with the context, also from a pipe that says nothing.
func (a *app) openData(ctx context.Context, name string) (r io.Reader, size int64, done func(), err error) {
	if name == stdinName {
		r, done := untilDone(ctx, a.sys.In)
		return r, -1, done, nil
	}
	// Without O_NONBLOCK a FIFO that nobody writes to would hang here.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, nil, readError(name, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &models.Error{Code: models.CodeUsage, Msg: models.Clean(name) + " is a directory", Hint: "name the file in it"}
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, nil, readError(name, err)
	}
	size = -1
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	stop := context.AfterFunc(ctx, func() { _ = f.Close() })
	return f, size, func() { stop(); _ = f.Close() }, nil
}

// untilDone reads r, which cannot be interrupted, in a goroutine of its own; it
// ends with the process at the latest.
func untilDone(ctx context.Context, r io.Reader) (io.Reader, func()) {
	out, in := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(in, r, make([]byte, 256<<10))
		_ = in.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { _ = out.CloseWithError(context.Cause(ctx)) })
	return out, func() { stop(); _ = out.Close() }
}

func readError(name string, err error) error {
	var own *models.Error
	if errors.As(err, &own) {
		return err
	}
	e := &models.Error{Code: models.CodeUnknown, Op: "read " + models.Clean(name), Msg: models.Clean(err.Error()), Err: err}
	var path *fs.PathError
	if errors.As(err, &path) {
		e.Msg = models.Clean(path.Err.Error())
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Code, e.Hint = models.CodeNotFound, "check the path; - reads standard input"
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Hint = models.CodeForbidden, "you may not read this file"
	}
	return e
}

// checkProgress shows how far a file is read, on a terminal's stderr only.
func (a *app) checkProgress(name string, size int64) (tell func(int64), clear func()) {
	if !a.sys.ErrTTY || a.flags.json.on || a.flags.quiet || a.sys.Getenv("TERM") == "dumb" {
		return nil, func() {}
	}
	start, shown := a.sys.Now(), time.Time{}
	width := 0
	tell = func(n int64) {
		now := a.sys.Now()
		if now.Sub(start) < 500*time.Millisecond || now.Sub(shown) < 100*time.Millisecond {
			return
		}
		shown = now
		line := fmt.Sprintf("%s  %s", models.Clean(name), bytesText(n))
		if size > 0 {
			line += fmt.Sprintf(" of %s, %d %%", bytesText(size), min(100, 100*n/size))
		}
		line += fmt.Sprintf(", %s/s", bytesText(int64(float64(n)/now.Sub(start).Seconds())))
		width = max(width, len(line))
		_, _ = fmt.Fprintf(a.sys.Err, "\r%-*s", width, line)
	}
	return tell, func() {
		if width > 0 {
			_, _ = fmt.Fprintf(a.sys.Err, "\r%*s\r", width, "")
		}
	}
}

// reportJSON is a report as the contract has it: no list is null, numbers that
// are none are left to the report.
func reportJSON(r jsonl.Report) object {
	if r.Platform.Errors == nil {
		r.Platform.Errors = []models.ValidationError{}
	}
	if r.Platform.Sample == nil {
		r.Platform.Sample = []json.RawMessage{}
	}
	out := object{}
	b, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return object{"file": r.File}
	}
	samples := []object{}
	for _, s := range r.Samples {
		turns := []object{}
		for _, t := range s.Turns {
			turns = append(turns, object{"role": t.Role, "content": t.Content})
		}
		samples = append(samples, object{"id": s.ID, "title": s.Title, "turns": turns})
	}
	out["samples"] = samples
	return out
}
