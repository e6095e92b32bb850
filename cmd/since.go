package cmd

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// sinceFlag is a point in the past: a span (90m, 12h, 30d, 4w), a date or an
// RFC 3339 time.
type sinceFlag struct {
	text string
	span time.Duration
	at   time.Time
}

func (s *sinceFlag) String() string { return s.text }
func (s *sinceFlag) Type() string   { return "span|date" }

func (s *sinceFlag) Set(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			s.text, s.at, s.span = text, at, 0
			return nil
		}
	}
	span, err := parseSpan(text)
	if err != nil || span <= 0 || span > 100*365*24*time.Hour {
		return errors.New("want a span such as 12h, 30d or 4w, or a date such as 2026-01-31")
	}
	s.text, s.at, s.span = text, time.Time{}, span
	return nil
}

func parseSpan(text string) (time.Duration, error) {
	for unit, d := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			count, err := strconv.ParseUint(n, 10, 16)
			return time.Duration(count) * d, err
		}
	}
	return time.ParseDuration(text)
}

// from is the instant, the zero Time when the flag was not given.
func (s *sinceFlag) from(now time.Time) time.Time {
	if s.span > 0 {
		return now.Add(-s.span)
	}
	return s.at
}
