package proof_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/client/local/platform"
)

// shared is the stack of all tests of this package: it starts with the first
// that asks and ends with the last. Tests that disturb others are not parallel
// and leave it as they found it.
var shared = &stackOnce{}

type stackOnce struct {
	once  sync.Once
	mu    sync.Mutex // of platform.SQL, which is for one database at a time
	stack *local.Stack
	dir   string
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func (s *stackOnce) close() error {
	var err error
	if s.stack != nil {
		err = s.stack.Close()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func (s *stackOnce) start() {
	if s.dir, s.err = os.MkdirTemp("", "loratop-proof-"); s.err != nil {
		return
	}
	if s.err = os.Chmod(s.dir, 0o711); s.err != nil { // the user who runs PostgreSQL has to pass
		return
	}
	ctx := context.Background()
	s.stack, s.err = local.Start(ctx, local.Options{Dir: s.dir + "/stack", Seed: true, Faults: true, PasswordCost: bcrypt.MinCost})
	if s.err == nil {
		s.err = s.cheaper(ctx)
	}
}

// cheaper makes the seeded passwords as quick to check as new ones: the race
// detector needs a second for each otherwise.
func (s *stackOnce) cheaper(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.stack.DatabaseURL)
	if err != nil {
		return err
	}
	for _, u := range s.stack.Users {
		hash, err := bcrypt.GenerateFromPassword([]byte(u.Password), bcrypt.MinCost)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `UPDATE auth.users SET encrypted_password = $2 WHERE id = $1`, u.ID, string(hash)); err != nil {
			return err
		}
	}
	return conn.Close(ctx)
}

func stack(t *testing.T) *local.Stack {
	t.Helper()
	shared.once.Do(shared.start)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.stack
}

// emptyDatabase is a new database beside the stack's own, with what a project
// has before any migration.
func emptyDatabase(t *testing.T) (databaseURL string, conn *pgx.Conn) {
	t.Helper()
	owner := connect(t, stack(t).DatabaseURL)
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails: crypto/rand aborts the program instead
	name := "empty_" + hex.EncodeToString(b)
	if _, err := owner.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(stack(t).DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	conn = connect(t, u.String())
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if _, err := conn.Exec(t.Context(), platform.SQL()); err != nil {
		t.Fatal(err)
	}
	return u.String(), conn
}

func connect(t *testing.T, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server ends soon anyway
	return conn
}
