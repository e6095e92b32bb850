package models

import (
	"net/url"
	"strings"
)

// Target is a row that a notification points to.
type Target struct {
	Kind string // "dataset", "job" or "artifact"
	ID   string
}

// ParseActionURL resolves the routes of the web platform: /datasets/{id},
// /training/jobs/{id} and /models/{id}, with or without a host. It is false for
// anything else.
func ParseActionURL(s string) (Target, bool) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return Target{}, false
	}
	path := strings.Trim(u.Path, "/")
	for _, r := range []struct{ prefix, kind string }{
		{"datasets/", "dataset"}, {"training/jobs/", "job"}, {"models/", "artifact"},
	} {
		id, ok := strings.CutPrefix(path, r.prefix)
		if ok && IsUUID(id) {
			return Target{Kind: r.kind, ID: id}, true
		}
	}
	return Target{}, false
}

// IsUUID reports the canonical text form of a UUID, in either case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
