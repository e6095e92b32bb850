package wiretest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/loratop/loratop/client/local"
)

// envChild makes a test's binary a stack: one of the child words, or a word and
// a database.
const (
	envChild  = "LORATOP_TEST_WIRE_CHILD"
	envPlace  = "LORATOP_TEST_WIRE_PLACE"
	envSecret = "LORATOP_TEST_WIRE_SECRET"

	childWhole = "whole"
	childBare  = "bare"
)

// Main is for TestMain: it runs the tests, or the stack in a child process.
func Main(m *testing.M) {
	if kind := os.Getenv(envChild); kind != "" {
		if err := child(kind, os.Getenv(envPlace)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child serves until its input ends, which it does with the parent.
func child(kind, place string) (err error) {
	var s *local.Stack
	if kind == childBare {
		s, err = local.Serve(context.Background(), local.ServeOptions{DatabaseURL: place, JWTSecret: os.Getenv(envSecret)})
	} else {
		s, err = local.Start(context.Background(), local.Options{Dir: place, PasswordCost: bcrypt.MinCost})
	}
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// start runs a child and reads what it says of itself.
func start(t *testing.T, kind, place string, env ...string) Project {
	t.Helper()
	if kind == childWhole {
		place = folder(t)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self) // it ends with its input
	cmd.Env = append(append(os.Environ(), envChild+"="+kind, envPlace+"="+place), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the stack: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	var s local.Stack
	if err != nil || json.Unmarshal([]byte(line), &s) != nil {
		t.Fatalf("the stack said %q: %v", line, err)
	}
	return Project{URL: s.URL, Key: s.AnonKey, ServiceKey: s.ServiceKey, Secret: s.JWTSecret}
}

// folder is a place that the user who runs PostgreSQL can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "loratop-wire-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir + "/stack"
}
