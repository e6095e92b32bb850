package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/screens"
)

// push are the flags of datasets push.
type push struct {
	app         *app
	name        string
	description string
	id          string
	noCheck     bool
}

func (a *app) datasetsPush() *cobra.Command {
	p := &push{app: a}
	c := &cobra.Command{
		Use: "push FILE", Short: "Upload a JSONL file as a dataset", Args: exactArgs("FILE"),
		Long: "Makes a dataset of a local JSONL file: checks it, sends it in pieces that survive any\n" +
			"interruption, proves size and hash of what is stored, and writes what the check found\n" +
			"into the dataset, which is then ready or error. On a terminal the check is shown and\n" +
			"asked about first; elsewhere a file that the platform would refuse is not sent without\n" +
			"--yes. Stopped or cut off, the same command goes on where it was: see datasets uploads.\n" +
			"Exit 65 when the file is refused or the dataset ends as error.",
		Example: "  loratop datasets push train.jsonl --name support-chats\n" +
			"  loratop datasets push train.jsonl --yes --json=id,status\n" +
			"  loratop datasets push train.jsonl --no-check",
		RunE: func(c *cobra.Command, args []string) error { return p.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringVar(&p.name, "name", "", "the dataset's name (default: the file's without its extension)")
	f.StringVar(&p.description, "description", "", "what it is, in some words")
	f.StringVar(&p.id, "id", "", "id of the new dataset (a UUID); the same id again continues it")
	f.BoolVar(&p.noCheck, "no-check", false, "leave the check to the platform's validator: the dataset ends as validating")
	return c
}

func (p *push) run(ctx context.Context, file string) error {
	a := p.app
	if done, err := a.fields(a.datasetDetailJSON(models.Dataset{})); done || err != nil {
		return err
	}
	if err := a.write("upload a dataset"); err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	if _, err := b.Session(ctx); err != nil {
		return err
	}
	begun, err := p.pending(ctx, b, file)
	if err != nil {
		return err
	}
	switch {
	case begun != nil:
		a.say("continues the upload of %s: %s of %s are there", begun.FileName, bytesText(begun.Sent), bytesText(begun.Size))
	case !p.noCheck && !a.flags.yes:
		if err := p.review(ctx, b, file); err != nil {
			return err
		}
	}
	bar := a.newUploadLine()
	d, err := b.Upload(ctx, models.NewUpload{DatasetID: p.id, Path: file, Name: p.name, Description: p.description, Unchecked: p.noCheck}, bar.show)
	bar.clear()
	if err != nil {
		return p.parked(err, file)
	}
	if err := a.printDataset(d); err != nil {
		return err
	}
	return datasetExit(d)
}

// datasetExit turns a dataset that came to be an error into the code for bad data.
func datasetExit(d models.Dataset) error {
	if d.Status == models.DatasetError {
		return exitError{exitBadData}
	}
	return nil
}

// pending finds the upload that this push goes on with, nil when it begins.
func (p *push) pending(ctx context.Context, b screens.Backend, file string) (*models.PendingUpload, error) {
	all, err := b.PendingUploads(ctx)
	if err != nil {
		return nil, err
	}
	path := realPath(file)
	for _, u := range all {
		if p.id == u.DatasetID || p.id == "" && u.Path == path {
			return &u, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, and that is fine
}

// realPath is the absolute path without links, as uploads are noted.
func realPath(file string) string {
	path, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// review shows what is in the file and asks, or without anybody to ask refuses
// what the platform would.
func (p *push) review(ctx context.Context, b screens.Backend, file string) error {
	a := p.app
	asks := a.sys.InTTY && !a.flags.noInput
	rep, err := p.check(ctx, b, file, asks)
	switch {
	case err != nil:
		return err
	case rep.Kind != jsonl.KindJSONL:
		return &models.Error{Code: models.CodeInvalid, Op: "push", Msg: "this is not JSONL, one JSON object a line", Hint: "loratop datasets check " + shellWord(file) + " tells what it is"}
	case !asks && rep.Validator.Accepts:
		return nil
	case !asks:
		return &models.Error{Code: models.CodeInvalid, Op: "push", Msg: "the platform's validator refuses this file: it " + models.Clean(rep.Validator.Why),
			Hint: "loratop datasets check " + shellWord(file) + " tells where, and its --fix writes a file that is accepted; --yes uploads this one all the same"}
	}
	if err := writeReport(a.sys.Err, rep, a.flags.ascii); err != nil {
		return err
	}
	question := fmt.Sprintf("\nUpload %s (%s)?", models.Clean(file), bytesText(rep.Bytes))
	if !rep.Validator.Accepts {
		question = fmt.Sprintf("\nThe validator refuses it, so the dataset would be an error. Upload %s (%s) all the same?", models.Clean(file), bytesText(rep.Bytes))
	}
	return a.confirm(ctx, question)
}

// check reads the file: all of what is in it for somebody to look at, else only
// what the platform's validator would say.
func (p *push) check(ctx context.Context, b screens.Backend, file string, all bool) (jsonl.Report, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > models.UploadMax {
		return jsonl.Report{}, &models.Error{Code: models.CodeInvalid, Op: "push", Hint: "split it into several datasets",
			Msg: fmt.Sprintf("the file has %d bytes; the platform takes up to %d", info.Size(), models.UploadMax)}
	}
	var rep jsonl.Report
	tell, clear := p.app.checkProgress(file, -1)
	if all || err != nil || !info.Mode().IsRegular() {
		rep, err = b.CheckFile(ctx, file, jsonl.Options{Progress: tell})
	} else {
		rep, err = validateFile(ctx, file, tell)
	}
	clear()
	if err != nil {
		return rep, readError(file, err)
	}
	return rep, nil
}

func validateFile(ctx context.Context, file string, tell func(int64)) (jsonl.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return jsonl.Report{}, err
	}
	defer func() { _ = f.Close() }()
	return jsonl.Validate(ctx, f, tell)
}

// parked says how to go on with an upload that was stopped. Whoever stopped it by
// a signal gets no other word.
func (p *push) parked(err error, file string) error {
	if models.CodeOf(err) != models.CodeCanceled {
		return err
	}
	text, _ := models.Explain(err)
	again := "loratop datasets push " + shellWord(file)
	if p.noCheck {
		again += " --no-check"
	}
	if p.app.jsonErrors() {
		p.app.warnf("%s; to go on: %s", text, again)
		return err
	}
	_, _ = fmt.Fprintf(p.app.sys.Err, "loratop: %s\n  to go on: %s\n", models.CleanLines(text), again)
	return err
}

// shellWord quotes a word for a POSIX shell where it needs it.
func shellWord(s string) string {
	s = models.Clean(s)
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./+,:@%=", r))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// uploadLine shows an upload's progress in one line of a terminal's stderr.
type uploadLine struct {
	app   *app
	on    bool
	width int
	shown time.Time
	stage models.UploadStage
}

func (a *app) newUploadLine() *uploadLine {
	return &uploadLine{app: a, on: a.sys.ErrTTY && !a.flags.json.on && !a.flags.quiet && a.sys.Getenv("TERM") != "dumb"}
}

func (l *uploadLine) show(p models.UploadProgress) {
	now := l.app.sys.Now()
	if !l.on || p.Stage == l.stage && now.Sub(l.shown) < 100*time.Millisecond {
		return
	}
	l.shown, l.stage = now, p.Stage
	line := uploadText(p)
	l.width = max(l.width, len(line))
	_, _ = fmt.Fprintf(l.app.sys.Err, "\r%-*s", l.width, line)
}

func (l *uploadLine) clear() {
	if l.width > 0 {
		_, _ = fmt.Fprintf(l.app.sys.Err, "\r%*s\r", l.width, "")
	}
}

// uploadText is one report in words.
func uploadText(p models.UploadProgress) string {
	switch p.Stage {
	case models.UploadWaiting:
		return fmt.Sprintf("waiting %s: %s", p.Retry.Round(time.Second), models.Clean(p.Note))
	case models.UploadChecking, models.UploadSending:
	default:
		return string(p.Stage)
	}
	line := fmt.Sprintf("%s  %s of %s, %d %%", p.Stage, bytesText(p.Done), bytesText(p.Total), 100*p.Done/max(1, p.Total))
	if p.Rate > 0 {
		line += fmt.Sprintf(", %s/s, %s left", bytesText(int64(p.Rate)), p.Left.Round(time.Second))
	}
	return line
}
