//go:build unix

package pgproc

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Place returns where a server that belongs to dir keeps its files. It is dir
// itself, except for root when the unprivileged user who has to run
// PostgreSQL cannot get there (root's home is closed to others): then it is a
// folder below /var/lib/loratop, or below /var/tmp, that is derived from dir.
func Place(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	who, err := runner(abs)
	if err != nil {
		return "", err
	}
	if who == nil || who.reaches(filepath.Dir(abs)) {
		return abs, nil
	}
	sum := sha256.Sum256([]byte(abs))
	name := filepath.Base(abs) + "-" + hex.EncodeToString(sum[:6])
	for _, base := range []string{"/var/lib/loratop", "/var/tmp/loratop-root"} {
		if err := ownFolder(base); err == nil && who.reaches(base) {
			return filepath.Join(base, name), nil
		}
	}
	return "", fmt.Errorf("the user %s, who has to run PostgreSQL, cannot reach %s: choose another folder", who.name, abs)
}

// ownFolder makes a folder of ours that others may pass through but not list.
// One that somebody else put there is refused.
func ownFolder(path string) error {
	if err := os.MkdirAll(path, 0o711); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() || ownerOf(info) != os.Geteuid() {
		return fmt.Errorf("%s: %w", path, fs.ErrPermission)
	}
	return os.Chmod(path, 0o711) // whatever the umask is
}

// Remove deletes the files of a server that is not running.
func Remove(dir string) error {
	place, err := Place(dir)
	if err != nil {
		return err
	}
	if err := stopOrphan(dataDir(place)); err != nil {
		return err
	}
	if err := os.RemoveAll(place); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove PostgreSQL's files: %w", err)
	}
	return nil
}

func dataDir(dir string) string { return filepath.Join(dir, "data") }
