package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

// listing is a list in all its printable forms.
type listing struct {
	ids  []string
	docs []object
	head []string
	rows [][]string
	next models.Cursor
}

// printList prints a list as the flags want it.
func (a *app) printList(key string, l listing) error {
	switch {
	case a.flags.json.on:
		return a.writeDocument(key, l.docs, object{"next": string(l.next)})
	case a.flags.quiet:
		return writeIDs(a.sys.Out, l.ids)
	}
	if err := writeTable(a.sys.Out, l.head, l.rows); err != nil {
		return err
	}
	if len(l.rows) == 0 {
		_, err := fmt.Fprintf(a.sys.Err, "no %s found\n", key)
		return err
	}
	if l.next != "" {
		_, err := fmt.Fprintf(a.sys.Err, "more rows: --all, or --after %s\n", l.next)
		return err
	}
	return nil
}

// pair is one line of a detail view.
type pair struct{ key, value string }

func writePairs(w io.Writer, pairs []pair) error {
	width := 0
	for _, p := range pairs {
		width = max(width, len(p.key))
	}
	for _, p := range pairs {
		value := strings.ReplaceAll(models.CleanLines(p.value), "\n", "\n"+strings.Repeat(" ", width+2))
		if value == "" {
			value = none
		}
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, models.Clean(p.key), value); err != nil {
			return err
		}
	}
	return nil
}

func timeText(t models.Time) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format(time.RFC3339)
}

// verbHint tells how to say what was probably meant: an id after a noun shows that
// thing.
func verbHint(c *cobra.Command, arg string) string {
	if uuid.Validate(arg) != nil {
		return "see: " + c.CommandPath() + " --help"
	}
	get, _, err := c.Find([]string{"get"})
	if err != nil || get == c {
		return "see: " + c.CommandPath() + " --help"
	}
	return fmt.Sprintf("%s %s shows it; loratop %s/%s opens it", get.CommandPath(), arg, strings.TrimSuffix(c.Name(), "s"), arg)
}

// needVerb makes a noun without a verb a usage error instead of silent help.
func needVerb(c *cobra.Command) *cobra.Command {
	c.RunE = func(c *cobra.Command, _ []string) error {
		verbs := []string{}
		for _, s := range c.Commands() {
			if s.IsAvailableCommand() {
				verbs = append(verbs, s.Name())
			}
		}
		hint := "see: " + c.CommandPath() + " --help"
		if slices.Contains(links(), c.Name()) {
			hint += "; loratop /" + c.Name() + " opens the screen"
		}
		return usagef(hint, "%s needs one of: %s", strings.TrimPrefix(c.CommandPath(), "loratop "), strings.Join(verbs, ", "))
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef(verbHint(c, args[0]), "unknown command %q for %q", models.Clean(args[0]), c.CommandPath())
		}
		return nil
	}
	return c
}
