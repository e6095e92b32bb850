package config

import (
	"errors"
	"path/filepath"
)

// Getenv looks a variable up; "" when it is not set.
type Getenv func(name string) string

// appName is the folder below each XDG base.
const appName = "loratop"

// Paths are loratop's folders, the same on every system (XDG, also on macOS).
type Paths struct {
	Config string // config.toml; hand-written, may be published
	State  string // sessions, logs, locks
	Data   string // the databases of demo and local
	Cache  string // safe to delete
}

// File is the configuration file.
func (p Paths) File() string { return filepath.Join(p.Config, "config.toml") }

// Local is the folder of loratop local, beside a demo that may run.
func (p Paths) Local() string { return filepath.Join(p.Data, "local") }

// Demo is the folder of the demo stack.
func (p Paths) Demo() string { return filepath.Join(p.Data, "demo") }

// FindPaths applies LORATOP_CONFIG_DIR and the XDG variables over $HOME. A
// relative XDG path is ignored, as the specification of XDG demands.
func FindPaths(env Getenv) (Paths, error) {
	home := env("HOME")
	if home == "" {
		home = env("USERPROFILE")
	}
	base := func(name string, below ...string) string {
		if dir := env(name); filepath.IsAbs(dir) {
			return filepath.Join(dir, appName)
		}
		if home == "" {
			return ""
		}
		return filepath.Join(append(append([]string{home}, below...), appName)...)
	}
	p := Paths{
		Config: base("XDG_CONFIG_HOME", ".config"),
		State:  base("XDG_STATE_HOME", ".local", "state"),
		Data:   base("XDG_DATA_HOME", ".local", "share"),
		Cache:  base("XDG_CACHE_HOME", ".cache"),
	}
	if dir := env("LORATOP_CONFIG_DIR"); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return Paths{}, err
		}
		p.Config = abs
	}
	if p.Config == "" || p.State == "" || p.Data == "" || p.Cache == "" {
		return Paths{}, errors.New("no home folder: set HOME, or XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME and XDG_CACHE_HOME")
	}
	return p, nil
}
