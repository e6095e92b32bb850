package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pair keeps a key from going to a project that it does not belong to: the
// profile's key counts only with the profile's own URL.
func (r *resolver) pair(url, key Value) Value {
	fromProfile := strings.Contains(key.Source, " [profiles.")
	if !fromProfile || strings.Contains(url.Source, " [profiles.") {
		return key
	}
	for _, p := range r.cfg.Profiles {
		if p.Name == r.cfg.Profile && strings.TrimRight(p.URL, "/") == strings.TrimRight(url.Text, "/") {
			return key
		}
	}
	r.cfg.Warnings = append(r.cfg.Warnings, Warning{Text: "the key of profile " + quote(r.cfg.Profile) + " is not used: the URL comes from " + url.Source + ", so set LORATOP_KEY too"})
	return Value{Name: key.Name, Source: sourceDefault, Secret: key.Secret}
}

// assign moves the checked texts into the typed fields.
func (r *resolver) assign(values map[string]Value) {
	c := r.cfg
	text := func(name string) string { return values[name].Text }
	yes := func(name string) bool { b, _ := strconv.ParseBool(text(name)); return b }
	c.URL, c.Key, c.AccessToken = strings.TrimRight(text("url"), "/"), text("key"), text("access_token")
	c.AllowHTTP, c.ReadOnly, c.Keyring = yes("allow_http"), yes("read_only"), yes("keyring")
	c.ASCII, c.Mouse = yes("ascii"), yes("mouse")
	c.Theme, c.Notify, c.Chart = text("theme"), text("notify"), text("chart")
	c.Refresh, _ = time.ParseDuration(text("refresh"))
	if t := text("monthly_budget"); t != "" {
		m, _ := parseAmount(t)
		c.Budget = &m
	}
	c.DownloadDir, c.Log = c.path(text("download_dir")), c.path(text("log"))
}

// path expands ~ and makes the path absolute; "" stays "".
func (c *Config) path(text string) string {
	if text == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(text, "~/"); ok && c.home != "" {
		return filepath.Join(c.home, rest)
	}
	abs, err := filepath.Abs(text)
	if err != nil {
		return text
	}
	return abs
}

// unknownKeys warns of every key that nothing reads.
func (r *resolver) unknownKeys() {
	top, section := []string{"profiles", "gpus", "presets"}, []string{}
	for _, s := range Settings() {
		if !s.Only {
			top = append(top, s.Name)
		}
		if s.Name != "profile" {
			section = append(section, s.Name)
		}
	}
	r.unknownIn(r.doc.tree, top, nil)
	all, _ := r.doc.tree["profiles"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if m, ok := all[name].(map[string]any); ok {
			r.unknownIn(m, section, []string{"profiles", name})
		}
	}
}

func (r *resolver) unknownIn(m map[string]any, known, path []string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		line := r.doc.line(append(slices.Clone(path), k)...)
		s, isSetting := find(k)
		switch {
		case isSetting && s.NoFile:
			r.cfg.warn(line, k+" is a credential and is not read from this file; use "+strings.Join(s.Env, ", ")+" or loratop login")
		case slices.Contains(known, k):
		case isSetting && s.Only:
			r.cfg.warn(line, k+" belongs into a section [profiles.NAME]")
		default:
			text := "unknown key " + quote(k)
			if n := nearest(k, known); n != "" {
				text += ", did you mean " + n + "?"
			}
			r.cfg.warn(line, text)
		}
	}
}
