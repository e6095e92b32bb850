package cmd

import (
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Platform)
	w := world{env: []string{"DATABASE_URL=" + db.URL}}
	list := func(key string, args ...string) []any {
		t.Helper()
		r := invoke(t, nil, w, append([]string{"migrate", "--json"}, args...)...)
		if r.code != 0 {
			t.Fatalf("%v: exit %d %s", args, r.code, r.err)
		}
		return jsonOf(t, r.out)[key].([]any)
	}
	pending := list("pending", "plan")
	if len(pending) < 2 || pending[0].(map[string]any)["version"] != "20241223000000" {
		t.Errorf("pending %v", pending)
	}
	if again := list("pending", "plan"); len(again) != len(pending) {
		t.Error("plan changed something")
	}
	if r := invoke(t, nil, w, "migrate", "up", "--read-only"); r.code != exitForbidden {
		t.Errorf("--read-only: exit %d", r.code)
	}
	if applied := list("applied", "up"); len(applied) != len(pending) {
		t.Errorf("applied %v", applied)
	}
	if again := list("applied", "up"); len(again) != 0 {
		t.Errorf("applied twice: %v", again)
	}
	for _, m := range list("migrations", "status") {
		if m.(map[string]any)["applied"] != true {
			t.Errorf("not applied: %v", m)
		}
	}
	if r := invoke(t, nil, w, "migrate", "plan"); r.out != "nothing to do: every migration is applied\n" {
		t.Errorf("%q", r.out)
	}
}

func TestMigrateFailureNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Bare)
	r := invoke(t, nil, world{env: []string{"LORATOP_DB_URL=" + db.URL}}, "migrate", "up")
	if r.code != exitFailure || !strings.Contains(r.err, "auth") {
		t.Errorf("a database without the platform: exit %d %q", r.code, r.err)
	}
	if r := invoke(t, nil, world{env: []string{"LORATOP_DB_URL=" + db.URL}}, "migrate", "status", "--json"); r.code != 0 || strings.Contains(r.out, `"applied":true`) {
		t.Errorf("something was left half done: exit %d %s", r.code, r.out)
	}
}
