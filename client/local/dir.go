package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/loratop/loratop/client/local/pgproc"
)

// markFile tells a folder of ours from any other, which is never touched.
const markFile = "loratop-stack"

// owned are the things that a stack makes in its folder, besides mark and lock.
func owned() []string { return []string{"storage", "jwt-secret", "owner.json"} }

// owner is who has the lock, for the message that others get.
type owner struct {
	PID int    `json:"pid"`
	URL string `json:"url,omitempty"`
}

// openDir takes the folder for this stack alone, and clears it when asked to.
func (s *Stack) openDir(o Options) error {
	fresh, err := claimDir(o.Dir)
	if err != nil {
		return err
	}
	lock := flock.New(filepath.Join(o.Dir, "lock"))
	got, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock of %s: %w", o.Dir, err)
	}
	if !got {
		return inUse(o.Dir)
	}
	s.later(func(context.Context) error { return lock.Unlock() })
	if err := writeOwner(o.Dir, owner{PID: os.Getpid()}); err != nil {
		return err
	}
	if !o.Reset && !fresh {
		return nil
	}
	// A fresh folder is cleared too: root's database lies elsewhere, and may be
	// left of a folder of this name that was deleted by hand.
	if err := pgproc.Remove(filepath.Join(o.Dir, "postgres")); err != nil {
		return err
	}
	for _, name := range owned() {
		if err := os.RemoveAll(filepath.Join(o.Dir, name)); err != nil {
			return fmt.Errorf("reset: %w", err)
		}
	}
	return writeOwner(o.Dir, owner{PID: os.Getpid()})
}

// claimDir makes the folder, or makes sure that it is one of ours.
func claimDir(dir string) (fresh bool, err error) {
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // the user who runs PostgreSQL has to pass; the files are closed to him
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return false, fmt.Errorf("folder of the stack: %w", err)
	}
	mark := filepath.Join(dir, markFile)
	if _, err := os.Stat(mark); err == nil {
		return false, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, fmt.Errorf("folder of the stack: %w", err)
	}
	// A log is opened before the stack starts.
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return filepath.Ext(e.Name()) != ".log" }) {
		return false, fmt.Errorf("%s is not empty and not a folder of loratop: choose another one with --dir", dir)
	}
	if err := os.Chmod(dir, mode); err != nil { // whatever the umask is
		return false, fmt.Errorf("folder of the stack: %w", err)
	}
	text := "This folder belongs to `loratop demo`; --reset clears it.\n"
	if err := os.WriteFile(mark, []byte(text), 0o600); err != nil {
		return false, fmt.Errorf("folder of the stack: %w", err)
	}
	return true, nil
}

// inUse says who has the folder, as far as he has said.
func inUse(dir string) error {
	who := "another loratop"
	var o owner
	b, err := os.ReadFile(filepath.Join(dir, "owner.json"))
	if err == nil && json.Unmarshal(b, &o) == nil && o.PID != 0 {
		who += fmt.Sprintf(" (process %d", o.PID)
		if o.URL != "" {
			who += ", " + o.URL
		}
		who += ")"
	}
	return fmt.Errorf("%s is used by %s: quit that one, or choose another folder with --dir", dir, who)
}

// announce leaves the address for who finds the folder locked.
func (s *Stack) announce(dir string) error {
	return writeOwner(dir, owner{PID: os.Getpid(), URL: s.URL})
}

func writeOwner(dir string, o owner) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "owner.json"), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("folder of the stack: %w", err)
	}
	return nil
}

// keptSecret reads a secret or makes one that lasts as long as the folder.
func keptSecret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("secret of the stack: %w", err)
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("secret of the stack: %w", err)
	}
	secret := hex.EncodeToString(raw)
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("secret of the stack: %w", err)
	}
	return secret, nil
}
