package config

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

// minRefresh protects the server from a typing error.
const minRefresh = 100 * time.Millisecond

// check says what is wrong with text as a value of s, nil when nothing is.
func (s Setting) check(text string) error {
	switch s.kind {
	case kindBool:
		if _, err := strconv.ParseBool(text); err != nil {
			return fmt.Errorf("%s must be true or false, not %q", s.Name, models.Clean(text))
		}
	case kindDuration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s must be a duration such as 2s, not %q", s.Name, models.Clean(text))
		}
		if d < minRefresh {
			return fmt.Errorf("%s must be at least %s, not %s", s.Name, minRefresh, d)
		}
	case kindMoney:
		if _, err := parseAmount(text); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	case kindChoice:
		if !slices.Contains(s.Options, text) {
			return fmt.Errorf("%s must be one of %s, not %q", s.Name, strings.Join(s.Options, ", "), models.Clean(text))
		}
	case kindName: // a section, a file name and a line of text
		if text == "" || text != models.Clean(text) || strings.ContainsAny(text, `/\`) {
			return fmt.Errorf("%q cannot be the name of a profile", models.Clean(text))
		}
	case kindURL:
		return checkURL(s.Name, text)
	}
	return nil
}

func checkURL(name, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%s must be a whole URL such as https://abcd.supabase.co", name)
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s must begin with https:// (or http:// on this machine)", name)
	case u.User != nil:
		return fmt.Errorf("%s must not hold a user or password", name)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s must end with the host or a path", name)
	}
	return nil
}

// parseAmount reads a decimal amount that is not negative.
func parseAmount(text string) (models.Money, error) {
	m, err := models.ParseMoney(text)
	if err != nil {
		return m, fmt.Errorf("%q is not an amount; write it as text, for example \"250.00\"", models.Clean(text))
	}
	if m.Cmp(models.Money{}) < 0 {
		return m, fmt.Errorf("an amount must not be negative: %s", m.Decimal())
	}
	return m, nil
}

// nearest is the known word that text was probably meant to be, "" if none is near.
func nearest(text string, known []string) string {
	best, dist := "", 3
	for _, k := range known {
		if d := editDistance(text, k); d < dist {
			best, dist = k, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
