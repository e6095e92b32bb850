package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/loratop/loratop/models"
)

// SaveProfile writes the URL and the public key of a profile into the file and
// leaves everything else, comments too, as it is. A file that is broken is not
// touched (CodeConfig).
func (c *Config) SaveProfile(name, url, key string) error {
	data, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return saveError(err)
	}
	if err := c.CanSave(); err != nil {
		return err
	}
	data, err = setProfile(data, name, [][2]string{{"url", url}, {"key", key}})
	if err != nil {
		return saveError(err)
	}
	if err := writeFile(c.File, data); err != nil {
		return saveError(err)
	}
	return nil
}

// CanSave tells beforehand whether SaveProfile would refuse (CodeConfig).
func (c *Config) CanSave() error {
	if c.broken {
		return saveError(errors.New("the file has lines that cannot be read; mend it first (loratop config show says which)"))
	}
	return nil
}

func saveError(err error) error {
	return &models.Error{Code: models.CodeConfig, Op: "save profile", Msg: models.Clean(err.Error()), Err: err}
}

// setProfile changes or adds the pairs below [profiles.name].
func setProfile(data []byte, name string, pairs [][2]string) ([]byte, error) {
	data = trimBOM(data)                       // positions count from behind it
	for _, p := range slices.Backward(pairs) { // each goes to the front of its section
		if p[1] == "" {
			continue
		}
		d, warns := parse("", data)
		if len(warns) > 0 {
			return nil, errors.New(warns[0].String())
		}
		data = setKey(data, d, name, p[0], p[1])
	}
	var check struct {
		Profiles map[string]map[string]any `toml:"profiles"`
	}
	if err := toml.Unmarshal(data, &check); err != nil {
		return nil, fmt.Errorf("profiles are written in a form that cannot be edited safely: %w", err)
	}
	for _, p := range pairs {
		if p[1] != "" && check.Profiles[name][p[0]] != p[1] {
			return nil, errors.New("profiles are written in a form that cannot be edited safely; edit the file by hand")
		}
	}
	return data, nil
}

func setKey(data []byte, d document, name, key, value string) []byte {
	text := quoteTOML(value)
	if s, ok := d.spots[join("profiles", name, key)]; ok && s.end > s.start && !s.header {
		return splice(data, s.start, s.end, text)
	}
	if s, ok := d.spots[join("profiles", name)]; ok && s.header {
		line := key + " = " + text + "\n"
		if s.end > 0 && data[s.end-1] != '\n' {
			line = "\n" + line
		}
		return splice(data, s.end, s.end, line)
	}
	var b strings.Builder
	if len(data) > 0 {
		if data[len(data)-1] != '\n' {
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "[profiles.%s]\n%s = %s\n", keyTOML(name), key, text)
	return splice(data, len(data), len(data), b.String())
}

func splice(data []byte, from, to int, text string) []byte {
	return bytes.Join([][]byte{data[:from], []byte(text), data[to:]}, nil)
}

// keyTOML is a key, bare where TOML allows it.
func keyTOML(s string) string {
	bare := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	if bare {
		return s
	}
	return quoteTOML(s)
}

// quoteTOML is a basic string.
func quoteTOML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// writeFile replaces a file in one step, keeping its permissions; a link is
// followed, so that managed dotfiles stay linked.
func writeFile(path string, data []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".config-*.toml")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if err := tmp.Chmod(mode); err != nil {
		return err
	}
	if _, err := tmp.Write(data); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
