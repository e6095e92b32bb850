package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/term"

	"github.com/loratop/loratop/models"
)

// confirm asks a question whose yes changes something. --yes answers it; where
// nobody can be asked it is an error, never a hang and never a silent yes.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.flags.yes {
		return nil
	}
	answer, err := a.ask(ctx, question+" [y/N]", "answer with --yes")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return &models.Error{Code: models.CodeUnknown, Msg: "not confirmed; nothing was changed"}
}

// ask reads one line from the terminal.
func (a *app) ask(ctx context.Context, question, instead string) (string, error) {
	if err := a.askable(question, instead); err != nil {
		return "", err
	}
	_, _ = fmt.Fprintf(a.sys.Err, "%s ", models.CleanLines(question))
	return await(ctx, a.readLine)
}

// askSecret reads one line without showing it.
func (a *app) askSecret(ctx context.Context, question, instead string) (string, error) {
	if err := a.askable(question, instead); err != nil {
		return "", err
	}
	prompt := models.CleanLines(question) + " "
	file, ok := a.sys.In.(*os.File)
	if !ok {
		_, _ = fmt.Fprint(a.sys.Err, prompt)
		return await(ctx, a.readLine)
	}
	state, err := term.GetState(file.Fd())
	if err != nil {
		return "", err
	}
	// Before the question: an answer may come before ReadPassword is at it.
	if err := muteEcho(file.Fd()); err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(a.sys.Err, prompt)
	text, err := await(ctx, func() (string, error) {
		b, err := term.ReadPassword(file.Fd())
		return string(b), err
	})
	_ = term.Restore(file.Fd(), state) // the echo must come back after a signal too
	_, _ = fmt.Fprintln(a.sys.Err)
	return text, err
}

func (a *app) askable(question, instead string) error {
	if a.flags.noInput || !a.sys.InTTY {
		why := "there is no terminal to ask on"
		if a.flags.noInput {
			why = "--no-input is set"
		}
		return usagef(instead, "would ask %q, but %s", models.Clean(question), why)
	}
	return nil
}

// readLine reads one line of input; later calls go on behind it.
func (a *app) readLine() (string, error) {
	if a.in == nil {
		a.in = bufio.NewReader(io.LimitReader(a.sys.In, 1<<20))
	}
	line, err := a.in.ReadString('\n')
	if err != nil && (!errors.Is(err, io.EOF) || line == "") {
		if errors.Is(err, io.EOF) {
			return "", usagef("", "the input ended before the answer")
		}
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// await runs a read that cannot be cancelled beside the context. A read that is
// left behind ends with the process, which is on its way out then.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	ch := make(chan answer, 1)
	go func() {
		text, err := read()
		ch <- answer{text, err}
	}()
	select {
	case got := <-ch:
		return got.text, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
