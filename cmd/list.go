package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// lister is what the ls commands differ in: one kind of rows, how each is
// written, and where it is read.
type lister[T any] struct {
	noun     string // key of the JSON document
	sortable string // columns of --sort, for the help
	head     []string
	doc      func(T) object
	row      func(T, time.Time) []string // as head says; the id comes first
	read     func(screens.Backend) func(context.Context, models.ListQuery) (models.Page[T], error)
	narrow   func(*models.ListQuery) // applies the command's own flags
}

// command makes c list rows; c brings its words and its own flags.
func (s lister[T]) command(a *app, c *cobra.Command) *cobra.Command {
	var l listFlags
	c.Args = exactArgs()
	c.RunE = func(c *cobra.Command, _ []string) error {
		var none T
		if done, err := a.fields(s.doc(none)); done || err != nil {
			return err
		}
		b, err := a.open(c.Context())
		if err != nil {
			return err
		}
		q, err := l.query(a.sys.Now())
		if err != nil {
			return err
		}
		s.narrow(&q)
		items, next, err := collect(c.Context(), &l, q, s.read(b))
		if err != nil {
			return err
		}
		return a.printList(s.noun, s.listing(items, next, a.sys.Now()))
	}
	l.add(c, s.sortable)
	return c
}

func (s lister[T]) listing(items []T, next models.Cursor, now time.Time) listing {
	out := listing{make([]string, 0, len(items)), make([]object, 0, len(items)), s.head, make([][]string, 0, len(items)), next}
	for _, it := range items {
		row := s.row(it, now)
		out.ids = append(out.ids, row[0])
		out.docs = append(out.docs, s.doc(it))
		out.rows = append(out.rows, row)
	}
	return out
}
