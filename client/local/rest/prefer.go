package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// prefs are the preferences of a request; an empty text is one not given.
type prefs struct {
	Resolution, Missing, Return, Count, Tx, Handling string
	Timezone                                         string
	MaxAffected                                      int64
	HasMax                                           bool
	Unknown                                          []string
}

var preferValues = map[string][]string{
	"resolution": {"merge-duplicates", "ignore-duplicates"},
	"missing":    {"default", "null"},
	"return":     {"representation", "minimal", "headers-only"},
	"count":      {"exact", "planned", "estimated"},
	"tx":         {"commit", "rollback"},
	"handling":   {"strict", "lenient"},
}

// readPrefs reads all Prefer headers; the first valid value of each wins. zone tells a time zone's name.
func readPrefs(h http.Header, zone func(string) bool) prefs {
	var p prefs
	into := map[string]*string{
		"resolution": &p.Resolution, "missing": &p.Missing, "return": &p.Return,
		"count": &p.Count, "tx": &p.Tx, "handling": &p.Handling,
	}
	zoneSeen := false
	for _, line := range h.Values("Prefer") {
		for _, item := range strings.Split(line, ",") {
			item = strings.TrimSpace(item)
			k, v, _ := strings.Cut(item, "=")
			switch to := into[k]; {
			case to != nil && contains(preferValues[k], v):
				if *to == "" {
					*to = v
				}
			case k == "timezone" && v != "" && !zoneSeen:
				zoneSeen = true
				if zone(v) {
					p.Timezone = v
				} else {
					p.Unknown = append(p.Unknown, item)
				}
			case k == "max-affected" && strings.Contains(item, "="):
				p.maxAffected(v)
			default:
				p.Unknown = append(p.Unknown, item)
			}
		}
	}
	return p
}

func (p *prefs) maxAffected(v string) {
	if p.HasMax {
		return
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
		p.MaxAffected, p.HasMax = n, true
	}
}

func contains(list []string, v string) bool {
	for _, s := range list {
		if s == v {
			return true
		}
	}
	return false
}

func (p prefs) strict() bool { return p.Handling == "strict" }

// counts says whether the count of all rows is computed by counting.
func (p prefs) counts() bool { return p.Count == "exact" || p.Count == "estimated" }

// explains says whether the planner is asked for its guess.
func (p prefs) explains() bool { return p.Count == "planned" || p.Count == "estimated" }

// applied is the value of Preference-Applied for those of p that the kind of request heeds.
func (p prefs) applied(kind actionKind, hasConflictTarget bool) string {
	var out []string
	add := func(k, v string, when bool) {
		if v != "" && when {
			out = append(out, k+"="+v)
		}
	}
	write := kind == actInsert || kind == actUpdate || kind == actUpsert || kind == actDelete
	add("resolution", p.Resolution, kind == actInsert && hasConflictTarget)
	add("missing", p.Missing, kind == actInsert || kind == actUpdate)
	add("return", p.Return, write)
	add("count", p.Count, true)
	add("tx", p.Tx, true)
	add("handling", p.Handling, true)
	add("timezone", p.Timezone, true)
	if p.HasMax {
		limits := kind == actUpdate || kind == actDelete || kind == actCall
		add("max-affected", strconv.FormatInt(p.MaxAffected, 10), p.strict() && limits)
	}
	return strings.Join(out, ", ")
}
