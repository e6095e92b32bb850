package config

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/loratop/loratop/models"
)

// Warning is something in the file that was not taken as written.
type Warning struct {
	File string
	Line int // 1-based; 0 = the file as a whole
	Text string
}

// String is "file:line: text".
func (w Warning) String() string {
	switch {
	case w.File == "":
		return w.Text
	case w.Line == 0:
		return w.File + ": " + w.Text
	}
	return w.File + ":" + strconv.Itoa(w.Line) + ": " + w.Text
}

// maxBroken is how many broken lines are skipped before the rest is given up.
const maxBroken = 50

// document is a parsed file: its values, and where each key and value stands.
type document struct {
	tree  map[string]any
	spots map[string]spot // by joined path; array tables have their index in it
}

// spot is where a key is written.
type spot struct {
	line       int
	start, end int  // bytes of a scalar value; end 0 = none
	header     bool // a [table] line; end is then the end of that line
}

// sep joins the parts of a path; no key contains it unescaped in practice, and
// a key that does only loses its line number.
const sep = "\x1f"

func join(parts ...string) string { return strings.Join(parts, sep) }

// parse reads TOML. A line that breaks the syntax is blanked out, reported and
// the rest read again.
func parse(file string, data []byte) (document, []Warning) {
	var warns []Warning
	data = trimBOM(data)
	for range maxBroken {
		tree := map[string]any{}
		err := toml.Unmarshal(data, &tree)
		if err == nil {
			return document{tree: tree, spots: locate(data)}, warns
		}
		line := errorLine(err)
		text := models.Clean(strings.TrimPrefix(err.Error(), "toml: "))
		warns = append(warns, Warning{file, line, "line ignored: " + text})
		var ok bool
		if data, ok = blank(data, line); !ok {
			break
		}
	}
	return document{tree: map[string]any{}, spots: map[string]spot{}},
		append(warns, Warning{File: file, Text: "too broken to read; it is ignored"})
}

// trimBOM drops the byte order mark that some editors write.
func trimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

func errorLine(err error) int {
	var de *toml.DecodeError
	if errors.As(err, &de) {
		line, _ := de.Position()
		return line
	}
	return 0
}

// blank empties line n; false when there is nothing to empty.
func blank(data []byte, n int) ([]byte, bool) {
	lines := bytes.Split(data, []byte("\n"))
	if n < 1 || n > len(lines) || len(bytes.TrimSpace(lines[n-1])) == 0 {
		return data, false
	}
	lines[n-1] = nil
	return bytes.Join(lines, []byte("\n")), true
}

// locate finds every key of a document that parses.
func locate(data []byte) map[string]spot {
	var p unstable.Parser
	p.Reset(data)
	spots, arrays := map[string]spot{}, map[string]int{}
	prefix := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			prefix = indexed(keyPath("", e), arrays)
			put(spots, prefix, headerSpot(&p, data, e))
		case unstable.ArrayTable:
			path := keyPath("", e)
			prefix = path + sep + strconv.Itoa(arrays[path])
			arrays[path]++
			put(spots, prefix, headerSpot(&p, data, e))
		case unstable.KeyValue:
			locateValue(&p, spots, prefix, e)
		}
	}
	return spots
}

func put(spots map[string]spot, path string, s spot) {
	if _, there := spots[path]; !there {
		spots[path] = s
	}
}

// indexed maps [a.b] below [[a]] to the current element of a.
func indexed(path string, arrays map[string]int) string {
	parts := strings.Split(path, sep)
	if n := arrays[parts[0]]; n > 0 && len(parts) > 1 {
		return join(append([]string{parts[0], strconv.Itoa(n - 1)}, parts[1:]...)...)
	}
	return path
}

func headerSpot(p *unstable.Parser, data []byte, e *unstable.Node) spot {
	it := e.Key()
	if !it.Next() {
		return spot{}
	}
	raw := it.Node().Raw
	end := bytes.IndexByte(data[raw.Offset:], '\n')
	if end < 0 {
		end = len(data)
	} else {
		end += int(raw.Offset) + 1
	}
	return spot{line: p.Shape(raw).Start.Line, end: end, header: true}
}

func keyPath(prefix string, e *unstable.Node) string {
	var parts []string
	if prefix != "" {
		parts = append(parts, prefix)
	}
	it := e.Key()
	for it.Next() {
		parts = append(parts, string(it.Node().Data))
	}
	return join(parts...)
}

// locateValue records a key and, for an inline table, what is in it.
func locateValue(p *unstable.Parser, spots map[string]spot, prefix string, e *unstable.Node) {
	path := keyPath(prefix, e)
	it := e.Key()
	if !it.Next() {
		return
	}
	s := spot{line: p.Shape(it.Node().Raw).Start.Line}
	v := e.Value()
	switch v.Kind {
	case unstable.InlineTable:
		inner := v.Children()
		for inner.Next() {
			locateValue(p, spots, path, inner.Node())
		}
	case unstable.String, unstable.Bool, unstable.Integer, unstable.Float:
		s.start, s.end = int(v.Raw.Offset), int(v.Raw.Offset+v.Raw.Length)
	}
	put(spots, path, s)
}

// line is the line of a path, 0 when unknown.
func (d document) line(path ...string) int { return d.spots[join(path...)].line }

// scalarText is a TOML scalar as text, false for tables, arrays and times.
func scalarText(v any) (string, bool) {
	switch t := v.(type) {
	case string:
		return t, true
	case bool:
		return strconv.FormatBool(t), true
	case int64:
		return strconv.FormatInt(t, 10), true
	case float64:
		return fmt.Sprint(t), true
	}
	return "", false
}

func index(i int) string { return strconv.Itoa(i) }
