package proof_test

import (
	"os"
	"strings"
	"testing"
)

// target is the project that the suites speak to.
type target struct {
	url, key, service string
	accounts          [2]account
	own               bool // a stack of ours, which has all that the suites need
}

type account struct{ email, password string }

// project is the real project that the variables name (README.md one folder up
// says how), or else the stack of these tests.
func project(t *testing.T) target {
	t.Helper()
	if url := os.Getenv("LORATOP_TEST_URL"); url != "" {
		p := target{url: strings.TrimRight(url, "/"), key: os.Getenv("LORATOP_TEST_KEY"), service: os.Getenv("LORATOP_TEST_SERVICE_KEY")}
		for n, name := range []string{"LORATOP_TEST_ACCOUNT_1", "LORATOP_TEST_ACCOUNT_2"} {
			email, password, ok := strings.Cut(os.Getenv(name), ":")
			if !ok {
				t.Fatalf("%s must be address:password", name)
			}
			p.accounts[n] = account{email, password}
		}
		return p
	}
	s := stack(t)
	p := target{url: s.URL, key: s.AnonKey, service: s.ServiceKey, own: true}
	for n := range p.accounts {
		p.accounts[n] = account{s.Users[n].Email, s.Users[n].Password}
	}
	return p
}

// env is the target as proof.mjs reads it.
func (p target) env() []string {
	return []string{
		"LORATOP_TEST_URL=" + p.url, "LORATOP_TEST_KEY=" + p.key, "LORATOP_TEST_SERVICE_KEY=" + p.service,
		"LORATOP_TEST_ACCOUNT_1=" + p.accounts[0].email + ":" + p.accounts[0].password,
		"LORATOP_TEST_ACCOUNT_2=" + p.accounts[1].email + ":" + p.accounts[1].password,
	}
}
