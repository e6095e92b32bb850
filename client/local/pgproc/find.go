package pgproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/adrg/xdg"
)

// EnvBin names a folder with PostgreSQL's binaries; it goes before all others.
const EnvBin = "LORATOP_PG_BIN"

// oldest is the first major version that has all we use.
const oldest = 14

// Binaries is one installation of PostgreSQL.
type Binaries struct {
	Dir   string // holds initdb and postgres
	Major int
}

// ErrNoBinaries tells that no usable PostgreSQL was found or fetched.
var ErrNoBinaries = errors.New("no PostgreSQL server binaries (initdb, postgres) found")

// Find returns the newest installation on this machine of version 14 or
// later, or of exactly the given major version when it is not 0. The folder
// named by LORATOP_PG_BIN wins over all others, then the search path.
func Find(ctx context.Context, major int) (Binaries, error) {
	if dir := os.Getenv(EnvBin); dir != "" {
		b, err := inspect(ctx, dir)
		if err != nil {
			return Binaries{}, fmt.Errorf("%s=%s: %w", EnvBin, dir, err)
		}
		if major != 0 && b.Major != major {
			return Binaries{}, fmt.Errorf("%s has PostgreSQL %d, the data is of version %d: %w", EnvBin, b.Major, major, ErrNoBinaries)
		}
		return b, nil
	}
	for _, dir := range candidates() {
		b, err := inspect(ctx, dir)
		if err == nil && (major == 0 || b.Major == major) {
			return b, nil
		}
		if ctx.Err() != nil {
			return Binaries{}, ctx.Err()
		}
	}
	return Binaries{}, ErrNoBinaries
}

// candidates lists folders that may hold binaries, best first.
func candidates() []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real // a lone link in /usr/local/bin: initdb is beside its target
		}
		dirs = append(dirs, filepath.Dir(p))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                                           // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                                    // RPM packages
		"/usr/libexec/postgresql*",                                            // Alpine
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin", // Homebrew
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/local/pgsql/bin",
		filepath.Join(cacheDir(), "*", "bin"),
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		sort.Slice(found, func(i, j int) bool { return pathVersion(found[i]) > pathVersion(found[j]) })
		dirs = append(dirs, found...)
	}
	return dirs
}

// pathVersion is the last number in a path, 0 without one.
func pathVersion(path string) int {
	m := regexp.MustCompile(`\d+`).FindAllString(path, -1)
	if len(m) == 0 {
		return 0
	}
	n, err := strconv.Atoi(m[len(m)-1])
	if err != nil {
		return 0
	}
	return n
}

// inspect makes sure that dir holds a usable PostgreSQL.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Binaries{}, fmt.Errorf("%s is not there: %w", name, ErrNoBinaries)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	out, err := cmd.Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("postgres --version: %w", err)
	}
	major, err := parseVersion(string(out))
	if err != nil {
		return Binaries{}, err
	}
	if major < oldest {
		return Binaries{}, fmt.Errorf("PostgreSQL %d is too old, %d or later is needed: %w", major, oldest, ErrNoBinaries)
	}
	return Binaries{Dir: dir, Major: major}, nil
}

// parseVersion reads "postgres (PostgreSQL) 15.18 (Debian …)".
func parseVersion(out string) (int, error) {
	m := regexp.MustCompile(`\(PostgreSQL\) (\d+)`).FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("not a PostgreSQL version: %q", strings.TrimSpace(out))
	}
	return strconv.Atoi(m[1])
}

// cacheDir holds fetched binaries, one folder a version.
func cacheDir() string {
	home := filepath.Join(xdg.CacheHome, "loratop", "postgresql")
	if os.Geteuid() != 0 {
		return home
	}
	// Root's cache is usually closed to the user who has to run them.
	return "/var/cache/loratop/postgresql"
}
