//go:build unix

package pgproc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// prepare makes the folders and, the first time, the cluster. It returns the
// binaries that fit the data.
func prepare(ctx context.Context, o Options, who *account) (Binaries, error) {
	if err := os.MkdirAll(o.Dir, 0o711); err != nil {
		return Binaries{}, fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	if err := openFolder(o.Dir, who); err != nil {
		return Binaries{}, err
	}
	if who != nil && !who.reaches(o.Dir) {
		return Binaries{}, fmt.Errorf("the user %s, who has to run PostgreSQL, cannot reach %s: use pgproc.Place", who.name, o.Dir)
	}
	major, err := dataVersion(o.Dir)
	if err != nil {
		return Binaries{}, err
	}
	bin, err := locate(ctx, major, o.Notify)
	if err != nil {
		return Binaries{}, err
	}
	if major == 0 {
		err = initialize(ctx, o, bin, who)
	}
	return bin, err
}

// openFolder lets the account through a folder of ours whatever the umask is.
func openFolder(dir string, who *account) error {
	if who == nil {
		return nil
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	return nil
}

// locate finds binaries or fetches them.
func locate(ctx context.Context, major int, notify func(string)) (Binaries, error) {
	bin, err := Find(ctx, major)
	if !errors.Is(err, ErrNoBinaries) || os.Getenv(EnvBin) != "" {
		return bin, err
	}
	if major != 0 {
		return Binaries{}, fmt.Errorf("the data was made by PostgreSQL %d, which is no longer installed: install it again, or start over with --reset: %w", major, ErrNoBinaries)
	}
	return fetch(ctx, cacheDir(), notify)
}

// dataVersion is the major version of an existing cluster, 0 without one. A
// cluster that was never finished counts as none.
func dataVersion(dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initialized")); err != nil {
		return 0, nil
	}
	b, err := os.ReadFile(filepath.Join(dataDir(dir), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("version of the data in %s: %w", dir, err)
	}
	return major, nil
}

// initialize runs initdb. Only when all of it is done is the cluster marked
// as usable: an interrupted one is thrown away by the next run.
func initialize(ctx context.Context, o Options, bin Binaries, who *account) error {
	data := dataDir(o.Dir)
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("clear unfinished data: %w", err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return fmt.Errorf("folder of the data: %w", err)
	}
	if err := who.give(data); err != nil {
		return err
	}
	pw, pwFile, err := writePassword(o.Dir, who)
	if err != nil {
		return err
	}
	defer os.Remove(pwFile)
	if out, err := initdb(ctx, o, bin, who, pwFile, locale(bin.Major)); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "password"), []byte(pw), 0o600); err != nil {
		return fmt.Errorf("password of the database: %w", err)
	}
	return os.WriteFile(filepath.Join(o.Dir, "initialized"), []byte(strconv.Itoa(bin.Major)+"\n"), 0o600)
}

func initdb(ctx context.Context, o Options, bin Binaries, who *account, pwFile string, loc []string) ([]byte, error) {
	local := "scram-sha-256"
	if o.Throwaway {
		local = "trust" // the socket's folder is closed to others
	}
	args := append([]string{
		"-D", dataDir(o.Dir), "-U", Superuser, "-E", "UTF8", "--pwfile", pwFile,
		"--auth-local", local, "--auth-host", "scram-sha-256", "--no-sync", "--no-instructions",
	}, loc...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin.Dir, "initdb"), args...)
	cmd.SysProcAttr, cmd.Env, cmd.Dir = who.attributes(), who.environment(), "/"
	return cmd.CombinedOutput()
}

// locale knows all of Unicode's letters and orders by code point, as far as
// the system offers that.
func locale(major int) []string {
	switch {
	case major >= 17:
		return []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	case runtime.GOOS == "linux":
		return []string{"--locale=C.UTF-8"}
	default:
		return []string{"--locale=en_US.UTF-8"}
	}
}

// writePassword makes a random password and puts it where initdb can read it.
func writePassword(dir string, who *account) (password, file string, err error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", "", fmt.Errorf("password of the database: %w", err)
	}
	password, file = hex.EncodeToString(b), filepath.Join(dir, "initdb.password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		return "", "", fmt.Errorf("password of the database: %w", err)
	}
	return password, file, who.give(file)
}
