package tui

import (
	"context"
	"strings"
	"time"

	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/screens"
)

// KeyTable is the key table as Markdown for the README: a row for what works
// everywhere and one for each page. It is made of the same actions that the
// footer, the help and the palette show, so it cannot say anything else.
func KeyTable(b Backend, o screens.Options) string {
	specs := screens.All(b, o)
	s := newShell(context.Background(), Options{Env: []string{}}.withDefaults(), b, specs)
	var out strings.Builder
	out.WriteString("| where | keys |\n|---|---|\n")
	row := func(where string, list []screen.Action) {
		if keys := keyList(list); keys != "" {
			out.WriteString("| " + where + " | " + keys + " |\n")
		}
	}
	row("everywhere", s.globals())
	row("sections", s.tabActions())
	move := make([]string, 0, 4)
	for _, m := range moving() {
		move = append(move, keyWords(m.keys)+" "+m.desc)
	}
	out.WriteString("| lists and texts | " + strings.Join(move, " · ") + " |\n")
	for i, spec := range specs {
		sc, cancel := screen.NewScope(context.Background(), uint64(i+2), func() time.Time { return time.Time{} })
		row(spec.Title, spec.New(sc, screen.Args{"ID"}).Actions())
		cancel()
	}
	return out.String()
}

// keyList is "`enter` open · `x` cancel".
func keyList(list []screen.Action) string {
	var parts []string
	seen := map[string]bool{}
	for _, a := range list {
		h := a.Keys.Help()
		text := keyWords(h.Key) + " " + strings.ReplaceAll(h.Desc, "|", `\|`)
		if h.Key == "" || seen[text] {
			continue
		}
		seen[text] = true
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

func keyWords(k string) string { return "`" + strings.ReplaceAll(k, "|", `\|`) + "`" }
