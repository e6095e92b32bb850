package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// fix writes a repaired copy of a file beside it and says what became of it. The
// copy appears under its name when it is whole.
func (a *app) fix(ctx context.Context, name, out string, o jsonl.Options) error {
	if err := a.fixAllowed(name, out); err != nil {
		return err
	}
	r, size, done, err := a.openData(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	tell, clear := a.checkProgress(name, size)
	o.Progress = tell
	mode := fs.FileMode(0o600)
	if info, err := a.statData(name); err == nil && info.Mode().IsRegular() {
		mode = info.Mode().Perm() // as private as the original
	}
	rep, err := replaceFile(out, mode, func(w io.Writer) (jsonl.FixReport, error) {
		return jsonl.Fix(ctx, r, w, jsonl.FixOptions{Options: o})
	})
	clear()
	if err != nil {
		return readError(name, err)
	}
	rep.Before.File = name
	if a.flags.json.on {
		err = a.writeDocument("reports", []object{reportJSON(rep.Before)}, object{"fix": fixJSON(rep, out)})
	} else {
		err = a.printFix(rep, out)
	}
	if err != nil {
		return err
	}
	if rep.Written == 0 {
		return &models.Error{Code: models.CodeInvalid, Op: "fix " + models.Clean(name), Msg: "no line has a trainable pair; nothing was written"}
	}
	return nil
}

// fixAllowed refuses to write over the original, under whatever name, and over
// any other file without --yes.
func (a *app) fixAllowed(name, out string) error {
	if out == stdinName {
		return usagef("for example --fix fixed.jsonl", "--fix writes a file, not standard output")
	}
	if a.flags.readOnly {
		return &models.Error{Code: models.CodeForbidden, Op: "fix", Msg: "--read-only refuses every write"}
	}
	there, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return readError(out, err)
	case there.IsDir():
		return usagef("name the file to write", "%s is a directory", models.Clean(out))
	case !there.Mode().IsRegular():
		return usagef("name a file", "%s is no regular file", models.Clean(out))
	}
	original, err := a.statData(name)
	if err == nil && os.SameFile(original, there) {
		return usagef("name another file", "%s is the original; it is never written to", models.Clean(out))
	}
	if !a.flags.yes {
		return usagef("--yes overwrites it", "%s exists", models.Clean(out))
	}
	return nil
}

// statData is what stands behind a FILE; standard input may be a file too.
func (a *app) statData(name string) (fs.FileInfo, error) {
	if name != stdinName {
		return os.Stat(name)
	}
	if f, ok := a.sys.In.(*os.File); ok {
		return f.Stat()
	}
	return nil, fs.ErrNotExist
}

// replaceFile writes a file that appears as a whole or not at all; one without a
// line does not appear. A symbolic link keeps leading to its target.
func replaceFile(path string, mode fs.FileMode, write func(io.Writer) (jsonl.FixReport, error)) (jsonl.FixReport, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return jsonl.FixReport{}, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	rep, err := write(f)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil || rep.Written == 0 {
		return rep, err
	}
	return rep, os.Rename(f.Name(), path)
}

func fixJSON(rep jsonl.FixReport, out string) object {
	return object{
		"file": out, "written": rep.Written, "pairs": rep.Pairs, "bytes": rep.Bytes,
		"dropped": rep.Dropped, "dropped_lines": rep.Lines, "dropped_turns": rep.Turns,
	}
}

func (a *app) printFix(rep jsonl.FixReport, out string) error {
	if a.flags.quiet {
		return writeIDs(a.sys.Out, []string{models.Clean(out)})
	}
	if err := writeReport(a.sys.Out, rep.Before, a.flags.ascii); err != nil || rep.Written == 0 {
		return err
	}
	_, err := fmt.Fprintf(a.sys.Out, "\nfixed\n  %s: %s with %s, %s; %s dropped, %s dropped\n", models.Clean(out),
		plural(rep.Written, "line"), plural(rep.Pairs, "trainable pair"), bytesText(rep.Bytes), plural(rep.Dropped, "line"), plural(rep.Turns, "turn"))
	const shown = 10
	for i, d := range rep.Lines {
		if err != nil || i == shown {
			break
		}
		_, err = fmt.Fprintf(a.sys.Out, "  line %s dropped: %s\n", humanize.Comma(d.Line), models.Clean(d.Why))
	}
	if err == nil && rep.Dropped > shown {
		_, err = fmt.Fprintf(a.sys.Out, "  and %s more\n", humanize.Comma(rep.Dropped-shown))
	}
	return err
}
