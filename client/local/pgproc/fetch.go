//go:build unix

package pgproc

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
	"github.com/gofrs/flock"
)

// fetched is the version that is fetched when the system has none.
const (
	fetched      = embedded.V17
	fetchedMajor = "17"
)

// EnvRepository names a Maven repository that has the binaries, for networks
// that reach a mirror only.
const EnvRepository = "LORATOP_PG_REPOSITORY"

const defaultRepository = "https://repo1.maven.org/maven2"

// fetchTimeout bounds the download of about 30 MB.
const fetchTimeout = 10 * time.Minute

// fetch downloads PostgreSQL into the cache, once for all later runs.
func fetch(ctx context.Context, cache string, notify func(string)) (Binaries, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Binaries{}, fmt.Errorf("cache of PostgreSQL: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	lock := flock.New(filepath.Join(cache, "lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return Binaries{}, fmt.Errorf("cache of PostgreSQL: %w", err)
	}
	defer lock.Unlock()
	dir := filepath.Join(cache, fetchedMajor)
	if b, err := inspect(ctx, filepath.Join(dir, "bin")); err == nil {
		return b, nil // another process was faster
	}
	if notify != nil {
		notify("no PostgreSQL found: downloading it once (about 30 MB)")
	}
	if err := download(ctx, cache, dir); err != nil {
		return Binaries{}, fmt.Errorf("%w, and it could not be downloaded (%w): install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17) or name its folder in %s", ErrNoBinaries, err, EnvBin)
	}
	return inspect(ctx, filepath.Join(dir, "bin"))
}

// download has embedded-postgres fetch and unpack the binaries. The library
// offers that only as a part of starting a server. Its start is made to end
// right after the unpacking, by a data folder that is only a version file:
// the server itself is ours to run, also as root, which the library cannot.
func download(ctx context.Context, cache, dir string) error {
	scratch, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	data := filepath.Join(scratch, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(fetchedMajor+"\n"), 0o600); err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	unpacked := filepath.Join(scratch, "unpacked")
	repository := os.Getenv(EnvRepository)
	if repository == "" {
		repository = defaultRepository
	}
	db := embedded.NewDatabase(embedded.DefaultConfig().BinaryRepositoryURL(repository).
		Version(fetched).Port(uint32(port)).Logger(io.Discard).
		CachePath(filepath.Join(scratch, "archive")).BinariesPath(unpacked).
		RuntimePath(filepath.Join(scratch, "run")).DataPath(data))
	done := make(chan error, 1)
	go func() { done <- db.Start() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err() // the library knows no context; its download ends by itself
	}
	if _, broken := inspect(ctx, filepath.Join(unpacked, "bin")); broken != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	return os.Rename(unpacked, dir)
}
