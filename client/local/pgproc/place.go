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

// noteFile, in a place that is not the folder it serves, names that folder.
const noteFile = "belongs-to"

// Settle is Place for a server that is about to start: it makes the folder.
// Where that lies elsewhere than dir it does not go away with dir's parent, so
// what is left there of parents that are gone is removed on this occasion.
func Settle(dir string) (string, error) {
	place, err := Place(dir)
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	if err := os.MkdirAll(place, 0o711); err != nil {
		return "", fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	if place == abs {
		return place, nil
	}
	if err := os.WriteFile(filepath.Join(place, noteFile), []byte(abs), 0o600); err != nil {
		return "", fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	return place, sweep(filepath.Dir(place))
}

// sweep removes servers below base that do not run and whose folder's parent
// does not exist any more.
func sweep(base string) error {
	notes, err := filepath.Glob(filepath.Join(base, "*", noteFile))
	if err != nil {
		return err
	}
	for _, note := range notes {
		b, err := os.ReadFile(note)
		if err != nil {
			continue // another process sweeps too
		}
		if _, err := os.Stat(filepath.Dir(string(b))); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		place := filepath.Dir(note)
		if pid := lockedBy(dataDir(place)); alive(pid) && servesData(pid, dataDir(place)) {
			continue
		}
		if err := os.RemoveAll(place); err != nil {
			return fmt.Errorf("remove a left-over database: %w", err)
		}
	}
	return nil
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
