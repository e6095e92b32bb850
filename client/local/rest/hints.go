package rest

import (
	"sort"
	"strings"
	"unicode"
)

// closest is the name most like word, by edit distance over length, if it is at least least alike (0..1),
// and how alike. Names that share three letters in a row come first, as in the fuzzy set of PostgREST,
// then those that share two.
func closest(word string, names []string, least float64) (best string, score float64) {
	key := strings.ToLower(word)
	sorted := append([]string(nil), names...)
	sort.Strings(sorted)
	for _, n := range sorted {
		if strings.ToLower(n) == key {
			return n, 1
		}
	}
	for _, size := range []int{3, 2} {
		for _, n := range sorted {
			low := strings.ToLower(n)
			if !shareGram(low, key, size) {
				continue
			}
			longest := max(len([]rune(low)), len([]rune(key)))
			s := 1 - float64(distance(low, key))/float64(longest)
			if s >= least && s > score {
				best, score = n, s
			}
		}
		if best != "" {
			return best, score
		}
	}
	return "", 0
}

// shareGram says whether two texts, reduced to letters and digits and fenced in, share size runes in a row.
func shareGram(a, b string, size int) bool {
	fence := func(s string) []rune {
		kept := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSpace(r) || r == ',' {
				return r
			}
			return -1
		}, s)
		return []rune("-" + kept + "-")
	}
	x, y := fence(a), string(fence(b))
	for i := 0; i+size <= len(x); i++ {
		if strings.Contains(y, string(x[i:i+size])) {
			return true
		}
	}
	return false
}

// distance is the number of insertions, deletions and replacements between two texts.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 400 || len(y) > 400 { // names are at most 63 bytes; a request's word may be anything
		return len(x) + len(y)
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, c := range x {
		diag := row[0]
		row[0] = i + 1
		for j, d := range y {
			cost := diag
			if c != d {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

// columnHint is the hint PostgreSQL gives for a column that does not exist in a table of these columns:
// a name at most three edits away, and not more than half the word; two equally near are both named,
// more than two none.
func columnHint(word string, sources []columnSource) *string {
	const farthest = 3
	best, found := farthest+1, []string{}
	for _, src := range sources {
		for _, c := range src.columns {
			d := distance(c, word)
			switch {
			case d > len(word)/2 || d > best || d > farthest:
			case d < best:
				best, found = d, []string{src.name + "." + c}
			case len(found) == 2:
				// A third equally near one: PostgreSQL gives up on this distance.
				best, found = d-1, nil
			default:
				found = append(found, src.name+"."+c)
			}
		}
	}
	switch len(found) {
	case 1:
		return textPtr("Perhaps you meant to reference the column \"%s\".", found[0])
	case 2:
		return textPtr("Perhaps you meant to reference the column \"%s\" or the column \"%s\".", found[0], found[1])
	}
	return nil
}

type columnSource struct {
	name    string
	columns []string
}

// errMissingColumn is PostgreSQL's 42703; qualifier is empty for an unqualified name.
func errMissingColumn(qualifier, column string, sources []columnSource) *apiError {
	text := "column \"" + column + "\" does not exist"
	if qualifier != "" {
		text = "column " + qualifier + "." + column + " does not exist"
	}
	e := newError(400, "42703", text)
	e.Hint = columnHint(column, sources)
	return e
}
