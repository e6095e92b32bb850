package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/loratop/loratop/models"
)

// Exit codes of the conventions; the README lists them.
const (
	exitOK        = 0
	exitFailure   = 1
	exitUsage     = 2
	exitSignIn    = 4
	exitNotFound  = 5
	exitForbidden = 6
	exitNetwork   = 7
	exitPending   = 8
	exitJobFailed = 10
	exitCancelled = 11
	exitBudget    = 12
	exitBadData   = 65
	exitTimeout   = 124
)

// exitError ends the program with a code of its own, its text already said.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// errTimeout is the cause of a context that --timeout ended.
var errTimeout = errors.New("--timeout reached")

// exitCode maps an error to the code of the conventions.
func exitCode(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	var own exitError
	if errors.As(err, &own) {
		return own.code
	}
	var sig signalError
	if errors.As(context.Cause(ctx), &sig) {
		return 128 + int(sig.sig)
	}
	if errors.Is(err, errTimeout) || errors.Is(context.Cause(ctx), errTimeout) {
		return exitTimeout
	}
	switch models.CodeOf(err) {
	case models.CodeUsage, models.CodeConfig:
		return exitUsage
	case models.CodeSignIn:
		return exitSignIn
	case models.CodeNotFound:
		return exitNotFound
	case models.CodeForbidden, models.CodeNoRows:
		return exitForbidden
	case models.CodeNetwork, models.CodeServer, models.CodeRate, models.CodeTimeout:
		return exitNetwork
	case models.CodeInvalid:
		return exitBadData
	case models.CodeCanceled:
		return 128 + int(syscall.SIGINT)
	}
	return exitFailure
}

// finish says what went wrong, once, in the form that was asked for.
func (a *app) finish(ctx context.Context, err error) int {
	if a.cancel != nil {
		defer a.cancel()
	}
	if a.ctx != nil {
		ctx = a.ctx
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitOK // the reader of our output has seen enough
	}
	code := exitCode(ctx, err)
	var own exitError
	if err == nil || errors.As(err, &own) {
		return code
	}
	var sig signalError
	signalled := errors.As(context.Cause(ctx), &sig)
	if signalled && !a.jsonErrors() {
		return code // whoever sent the signal knows
	}
	text, hint := models.Explain(err)
	if signalled {
		text, hint = sig.Error(), ""
	}
	if code == exitTimeout {
		text, hint = fmt.Sprintf("gave up after %s", a.flags.timeout), "raise --timeout"
	}
	if a.jsonErrors() {
		writeErrorJSON(a.sys.Err, errorCode(err, code), text, hint, code)
		return code
	}
	_, _ = fmt.Fprintf(a.sys.Err, "loratop: %s\n", models.CleanLines(text))
	if hint != "" {
		_, _ = fmt.Fprintf(a.sys.Err, "  hint: %s\n", models.CleanLines(hint))
	}
	return code
}

// jsonErrors reports whether errors are JSON: also when the command line could
// not be read up to its --json.
func (a *app) jsonErrors() bool {
	return a.flags.json.on || slices.ContainsFunc(a.sys.Args, func(s string) bool {
		return s == "--json" || strings.HasPrefix(s, "--json=")
	})
}

// errorCode is the code of the JSON error; the context's end has its own.
func errorCode(err error, exit int) models.Code {
	switch {
	case exit == exitTimeout:
		return models.CodeTimeout
	case exit > 128:
		return models.CodeCanceled
	case exit == exitUsage && models.CodeOf(err) == models.CodeUnknown:
		return models.CodeUsage
	}
	return models.CodeOf(err)
}

func writeErrorJSON(w io.Writer, code models.Code, text, hint string, exit int) {
	type body struct {
		Code    models.Code `json:"code"`
		Message string      `json:"message"`
		Hint    string      `json:"hint"`
		Exit    int         `json:"exit"`
	}
	b, err := json.Marshal(map[string]body{"error": {code, text, hint, exit}})
	if err == nil {
		_, _ = fmt.Fprintf(w, "%s\n", b)
	}
}

// usagef is a mistake in the command line.
func usagef(hint, format string, args ...any) error {
	return &models.Error{Code: models.CodeUsage, Msg: fmt.Sprintf(format, args...), Hint: hint}
}
