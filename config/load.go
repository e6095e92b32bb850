package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

// maxFile is the largest configuration file that is read, in bytes.
const maxFile = 1 << 20

// Options is what a load starts from.
type Options struct {
	File  string            // the file; "" = Paths.File()
	Env   Getenv            // environment
	Flags map[string]string // flags that were given, by setting name
}

// Value is one setting as it was resolved.
type Value struct {
	Name   string
	Text   string // "" = unset
	Source string // "flag --theme", "env LORATOP_URL", "config.toml:3 [profiles.work]", "default"
	Secret bool
}

// Shown is Text, or for a secret only that there is one.
func (v Value) Shown() string {
	if !v.Secret || v.Text == "" {
		return models.Clean(v.Text)
	}
	return "(set)"
}

// Config is everything loratop runs with.
type Config struct {
	Paths    Paths
	File     string // the configuration file, whether or not it exists
	Exists   bool   // File was there
	Profile  string // name of the profile in use
	Named    bool   // the profile was named by flag or environment
	Profiles []Profile
	Warnings []Warning
	Values   []Value // every setting in the order of Settings

	URL, Key, AccessToken string
	AllowHTTP, ReadOnly   bool
	Keyring, ASCII, Mouse bool
	Theme, Notify, Chart  string
	Refresh               time.Duration
	Budget                *models.Money // a month; nil = none
	DownloadDir, Log      string        // absolute, or ""
	GPUs                  []models.GPU
	Presets               []models.Preset
	home                  string
	broken                bool // the file holds lines that could not be read
}

// Profile is a named connection.
type Profile struct {
	Name string
	URL  string
	Line int
}

// HasProfile reports whether the file defines the profile in use.
func (c *Config) HasProfile() bool {
	return slices.ContainsFunc(c.Profiles, func(p Profile) bool { return p.Name == c.Profile })
}

// Load resolves every setting. A bad flag or variable is an error (CodeUsage,
// CodeConfig); whatever is wrong in the file is only a warning.
func Load(o Options) (*Config, error) {
	paths, err := FindPaths(o.Env)
	if err != nil {
		return nil, &models.Error{Code: models.CodeConfig, Msg: err.Error()}
	}
	c := &Config{Paths: paths, File: o.File, home: o.Env("HOME")}
	if c.File == "" {
		c.File = paths.File()
	}
	doc := c.read(o.File != "")
	r := &resolver{cfg: c, opts: o, doc: doc}
	if err := r.resolve(); err != nil {
		return nil, err
	}
	r.catalogue()
	slices.SortStableFunc(c.Warnings, func(a, b Warning) int { return a.Line - b.Line })
	return c, nil
}

// read loads the file; a file that cannot be read is a warning.
func (c *Config) read(asked bool) document {
	empty := document{tree: map[string]any{}, spots: map[string]spot{}}
	data, err := readLimited(c.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if asked {
			c.warn(0, "there is no such file")
		}
		return empty
	case err != nil:
		c.Exists, c.broken = true, true
		c.warn(0, "cannot be read: "+models.Clean(err.Error()))
		return empty
	}
	c.Exists = true
	doc, warns := parse(c.File, data)
	c.broken = len(warns) > 0
	c.Warnings = append(c.Warnings, warns...)
	return doc
}

func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("not a file of at most %d bytes", maxFile)
	}
	return os.ReadFile(path)
}

func (c *Config) warn(line int, text string) {
	c.Warnings = append(c.Warnings, Warning{c.File, line, text})
}

// resolver applies the precedence.
type resolver struct {
	cfg  *Config
	opts Options
	doc  document
}

func (r *resolver) resolve() error {
	r.profiles()
	if err := r.pickProfile(); err != nil {
		return err
	}
	r.unknownKeys()
	values := map[string]Value{}
	for _, s := range Settings() {
		v, err := r.value(s)
		if err != nil {
			return err
		}
		values[s.Name] = v
	}
	values["key"] = r.pair(values["url"], values["key"])
	for _, s := range Settings() {
		r.cfg.Values = append(r.cfg.Values, values[s.Name])
	}
	r.assign(values)
	return nil
}

// profiles lists the named connections of the file.
func (r *resolver) profiles() {
	all, ok := r.doc.tree["profiles"].(map[string]any)
	if !ok && r.doc.tree["profiles"] != nil {
		r.cfg.warn(r.doc.line("profiles"), "profiles must be sections such as [profiles.work]")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		section, ok := all[name].(map[string]any)
		if !ok {
			r.cfg.warn(r.doc.line("profiles", name), "profile "+quote(name)+" must be a section [profiles."+models.Clean(name)+"]")
			continue
		}
		url, _ := section["url"].(string)
		r.cfg.Profiles = append(r.cfg.Profiles, Profile{Name: name, URL: url, Line: r.sectionOf([]string{"profiles", name})})
	}
}

// pickProfile decides on the profile: named, the file's, the only one, default.
func (r *resolver) pickProfile() error {
	s, _ := find("profile")
	v, err := r.value(s)
	if err != nil {
		return err
	}
	r.cfg.Named = strings.HasPrefix(v.Source, "flag ") || strings.HasPrefix(v.Source, "env ")
	if v.Source == sourceDefault && len(r.cfg.Profiles) == 1 {
		v.Text = r.cfg.Profiles[0].Name
	}
	r.cfg.Profile = v.Text
	return nil
}

const sourceDefault = "default"

// value resolves one setting.
func (r *resolver) value(s Setting) (Value, error) {
	v := Value{Name: s.Name, Secret: s.Secret}
	if text, ok := r.opts.Flags[s.Name]; ok {
		v.Text, v.Source = text, "flag --"+strings.ReplaceAll(s.Name, "_", "-")
		return v, blame(models.CodeUsage, v.Source, s.check(text))
	}
	if text, name, ok := r.env(s.Env); ok {
		v.Text, v.Source = text, "env "+name
		return v, blame(models.CodeConfig, v.Source, s.check(text))
	}
	if text, name, ok := r.env(s.Fallback); ok && !r.cfg.Named {
		v.Text, v.Source = text, "env "+name
		return v, blame(models.CodeConfig, v.Source, s.check(text))
	}
	if text, source, ok := r.fromFile(s); ok {
		v.Text, v.Source = text, source
		return v, nil
	}
	if text, name, ok := r.env(s.Fallback); ok {
		v.Text, v.Source = text, "env "+name
		return v, blame(models.CodeConfig, v.Source, s.check(text))
	}
	v.Text, v.Source = s.Default, sourceDefault
	if s.Name == "profile" && r.cfg.Profile != "" {
		v.Text = r.cfg.Profile
		if len(r.cfg.Profiles) == 1 && r.cfg.Profiles[0].Name == v.Text {
			v.Source = "the only profile of " + filepath.Base(r.cfg.File)
		}
	}
	return v, nil
}

func blame(code models.Code, source string, err error) error {
	if err == nil {
		return nil
	}
	return &models.Error{Code: code, Msg: source + ": " + err.Error(), Hint: "loratop config where shows every value and its source", Err: err}
}

func (r *resolver) env(names []string) (text, name string, ok bool) {
	for _, n := range names {
		if t := r.opts.Env(n); t != "" {
			return t, n, true
		}
	}
	return "", "", false
}

// fromFile looks into the profile's section, then at the top of the file.
func (r *resolver) fromFile(s Setting) (text, source string, ok bool) {
	if s.NoFile {
		return "", "", false
	}
	base := filepath.Base(r.cfg.File)
	if s.Name != "profile" && r.cfg.Profile != "" {
		if all, is := r.doc.tree["profiles"].(map[string]any); is {
			section, _ := all[r.cfg.Profile].(map[string]any)
			if text, line, ok := r.take(s, section, "profiles", r.cfg.Profile, s.Name); ok {
				return text, base + ":" + strconv.Itoa(line) + " [profiles." + models.Clean(r.cfg.Profile) + "]", true
			}
		}
	}
	if s.Only {
		return "", "", false
	}
	if text, line, ok := r.take(s, r.doc.tree, s.Name); ok {
		return text, base + ":" + strconv.Itoa(line), true
	}
	return "", "", false
}

// take reads one key of a section; a bad value is a warning and counts as absent.
func (r *resolver) take(s Setting, section map[string]any, path ...string) (string, int, bool) {
	raw, there := section[s.Name]
	if !there {
		return "", 0, false
	}
	line := r.doc.line(path...)
	text, ok := scalarText(raw)
	if _, isFloat := raw.(float64); !ok || (s.kind == kindMoney && isFloat) {
		r.cfg.warn(line, s.Name+" has the wrong type; "+wanted(s))
		return "", 0, false
	}
	if err := s.check(text); err != nil {
		r.cfg.warn(line, err.Error())
		return "", 0, false
	}
	return text, line, true
}

func wanted(s Setting) string {
	switch s.kind {
	case kindBool:
		return "write true or false"
	case kindMoney:
		return "write an amount as text, for example \"250.00\""
	}
	return "write text in quotes"
}

func quote(s string) string { return strconv.Quote(models.Clean(s)) }
