package rest

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/pgtest"
)

// TestKnownTokenExpires: a token whose signature is known to be good is still asked for its times.
func TestKnownTokenExpires(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := New(Options{Pool: pgtest.New(t, pgtest.Conformance).Pool, Secret: []byte(testSecret), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	token := jwt(testSecret, hs256, map[string]any{"sub": alice, "role": "authenticated", "exp": now.Add(time.Hour).Unix()})
	with := func(token string) reply {
		return ask(t, s, "", http.MethodGet, "/training_jobs?limit=1", "", "Authorization", "Bearer "+token)
	}
	for range 2 {
		if r := with(token); r.Status != http.StatusOK {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
	}
	if r := with(token[:strings.LastIndexByte(token, '.')+1] + "AAAA"); r.code() != "PGRST301" {
		t.Errorf("another signature: %d %s", r.Status, r.Body)
	}
	now = now.Add(2 * time.Hour)
	if r := with(token); r.code() != "PGRST303" {
		t.Errorf("expired: %d %s", r.Status, r.Body)
	}
}

func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	var m memo[int]
	for i := range 3 * maxMemo {
		m.put(strconv.Itoa(i), i)
		if v, ok := m.get(strconv.Itoa(i)); !ok || v != i {
			t.Fatalf("%d: %d %v", i, v, ok)
		}
	}
	long := strings.Repeat("x", maxMemoKey+1)
	m.put(long, 1)
	if _, ok := m.get(long); ok || len(m.m) > maxMemo {
		t.Errorf("long key kept: %v; %d entries", ok, len(m.m))
	}
}
