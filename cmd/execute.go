package cmd

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

// execute runs the command tree. A panic becomes an error after everything that
// was deferred has run, so that a demo's database and the terminal are put back.
func execute(ctx context.Context, root *cobra.Command) (err error) {
	defer func() {
		if p := recover(); p != nil {
			_, _ = fmt.Fprintf(root.ErrOrStderr(), "%s\n", debug.Stack())
			err = &models.Error{Code: models.CodeUnknown, Msg: "internal error: " + models.Clean(fmt.Sprint(p)), Hint: "please report it with the trace above"}
		}
	}()
	return asUsage(root.ExecuteContext(ctx))
}

// asUsage turns what cobra itself finds wrong with a command line into a usage
// error; everything of ours carries a code already.
func asUsage(err error) error {
	if err == nil || models.CodeOf(err) != models.CodeUnknown {
		return err
	}
	for _, lead := range []string{"unknown command", "unknown flag", "unknown shorthand", "required flag", "accepts ", "requires at least", "if any flags in the group"} {
		if strings.HasPrefix(err.Error(), lead) {
			return usagef("see: loratop --help", "%s", models.Clean(err.Error()))
		}
	}
	return err
}
