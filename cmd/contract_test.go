package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/exp/golden"
)

// TestJSONContract pins what every command prints with --json. Fields may only
// be added: a line that disappears from a golden file breaks somebody's script.
func TestJSONContract(t *testing.T) {
	commands := map[string][]string{
		"whoami":        {"whoami"},
		"datasets_ls":   {"datasets", "ls"},
		"datasets_get":  {"datasets", "get", "11111111-1111-4111-8111-111111111112"},
		"jobs_ls":       {"jobs", "ls"},
		"jobs_get":      {"jobs", "get", jobID},
		"jobs_cancel":   {"jobs", "cancel", jobID, "--yes"},
		"jobs_queue":    {"jobs", "queue"},
		"jobs_launch":   {"jobs", "launch", "--dataset", dsID, "--gpu", "H100", "--gpus", "2", "--id", "44444444-4444-4444-8444-444444444444"},
		"jobs_dry_run":  {"jobs", "launch", "--dataset", "support-chats", "--set", "lora_rank=32", "--dry-run", "--id", "44444444-4444-4444-8444-444444444444"},
		"artifacts_ls":  {"artifacts", "ls"},
		"artifacts_get": {"artifacts", "get", artID},
		"download":      {"artifacts", "download", artID, "--dir", "out"},
		"costs":         {"costs"},
		"notifications": {"notifications"},
		"read":          {"notifications", "read", "n1"},
		"logout":        {"logout"},
		"summary":       {},
	}
	for name, args := range commands {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, sample(), world{}, append(args, "--json", "--color=always")...)
			if r.code != 0 || r.err != "" {
				t.Fatalf("exit %d, stderr %q", r.code, r.err)
			}
			if strings.Count(r.out, "\n") != 1 {
				t.Errorf("not one line: %q", r.out)
			}
			doc := jsonOf(t, r.out)
			if doc["schema"] != "loratop/v1" {
				t.Errorf("schema %v", doc["schema"])
			}
			checkValues(t, "", doc)
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(r.out), "", " "); err != nil {
				t.Fatal(err)
			}
			golden.RequireEqual(t, pretty.Bytes())
		})
	}
}

// checkValues holds the general rules of the contract: UTC times, money and ids
// as strings, never null where a list is meant.
func checkValues(t *testing.T, path string, v any) {
	t.Helper()
	money := regexp.MustCompile(`(cost|amount|total|recorded|derived|rate|price|spent|compute|storage|budget)$`)
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			checkValues(t, path+"."+k, e)
		}
	case []any:
		for i, e := range x {
			checkValues(t, fmt.Sprintf("%s[%d]", path, i), e)
		}
	case nil:
		name := path[strings.LastIndex(path, ".")+1:]
		if slices.Contains([]string{"jobs", "datasets", "artifacts", "notifications", "files", "lines", "turns", "samples", "validation_errors", "by_month", "by_type", "by_job"}, name) {
			t.Errorf("%s: a list is null", path)
		}
	case float64:
		if money.MatchString(path) && !strings.Contains(path, "learning_rate") {
			t.Errorf("%s: money is the number %v", path, x)
		}
	case string:
		if strings.HasSuffix(path, "_at") || strings.HasSuffix(path, ".at") || strings.HasSuffix(path, ".since") {
			if at, err := time.Parse(time.RFC3339Nano, x); err != nil || at.Location() != time.UTC {
				t.Errorf("%s: %q is not a UTC time", path, x)
			}
		}
	}
}

func TestJSONFields(t *testing.T) {
	r := invoke(t, sample(), world{}, "jobs", "ls", "--json=id,status")
	jobs := jsonOf(t, r.out)["jobs"].([]any)
	if first := jobs[0].(map[string]any); len(first) != 2 || first["id"] != jobID || first["status"] != "running" {
		t.Errorf("picked %v", first)
	}
	if r := invoke(t, &fake{}, world{}, "jobs", "ls", "--json="); r.code != 0 || !strings.Contains(r.out, "final_cost\n") {
		t.Errorf("fields: exit %d %q", r.code, r.out)
	}
	r = invoke(t, &fake{fail: errNever}, world{}, "datasets", "ls", "--json=id,nope")
	if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, `no field \"nope\"`) {
		t.Errorf("unknown field: exit %d %q %q", r.code, r.out, r.err)
	}
	if r := invoke(t, &fake{}, world{}, "jobs", "ls", "--json"); !strings.Contains(r.out, `"jobs":[]`) {
		t.Errorf("an empty list is %s", r.out)
	}
}

// TestPlainOutputIsPlain holds that no command prints a control character,
// whatever the server says.
func TestPlainOutputIsPlain(t *testing.T) {
	for _, args := range [][]string{
		{"datasets", "ls"}, {"datasets", "get", "11111111-1111-4111-8111-111111111112"}, {"jobs", "ls"}, {"jobs", "get", jobID},
		{"artifacts", "ls"}, {"artifacts", "get", artID}, {"costs", "--by", "line"}, {"costs", "--by", "job"}, {"notifications", "ls"}, {"whoami"}, {},
	} {
		f := sample()
		f.jobs[0].Dataset.Name, f.jobs[0].ErrorMessage, f.artifacts[0].Name = evil, &f.datasets[1].Name, evil
		f.notifications[0].Title, f.session.Email = evil, evil
		r := invoke(t, f, world{}, args...)
		if r.code != 0 || r.out == "" {
			t.Errorf("%v: exit %d, %s", args, r.code, r.err)
		}
		for _, c := range r.out {
			if (unicode.IsControl(c) && c != '\n') || c == '\u202e' {
				t.Errorf("%v prints %U", args, c)
			}
		}
	}
}

func TestQuietPrintsIDs(t *testing.T) {
	for want, args := range map[string][]string{
		dsID + "\n11111111-1111-4111-8111-111111111112\n": {"datasets", "ls", "-q"},
		artID + "\n": {"artifacts", "ls", "-q"},
		"n1\n":       {"notifications", "-q"},
		jobID + "\n": {"jobs", "get", jobID, "-q"},
	} {
		if r := invoke(t, sample(), world{}, args...); r.out != want {
			t.Errorf("%v: %q", args, r.out)
		}
	}
}

func TestPaging(t *testing.T) {
	r := invoke(t, sample(), world{}, "jobs", "ls", "--limit", "2", "--json")
	if doc := jsonOf(t, r.out); doc["next"] != "page2" || len(doc["jobs"].([]any)) != 2 {
		t.Errorf("page 1: %s", r.out)
	}
	r = invoke(t, sample(), world{}, "jobs", "ls", "--limit", "2", "--after", "page2", "-q")
	if r.out != "22222222-2222-4222-8222-222222222224\n" {
		t.Errorf("page 2: %q", r.out)
	}
	if r := invoke(t, sample(), world{}, "jobs", "ls", "--all", "-q"); strings.Count(r.out, "\n") != 3 {
		t.Errorf("all: %q", r.out)
	}
	if r := invoke(t, sample(), world{}, "jobs", "ls", "--limit", "0"); r.code != exitUsage {
		t.Errorf("limit 0: exit %d", r.code)
	}
	f := sample()
	invoke(t, f, world{}, "jobs", "ls", "--since", "2d", "--status", "running,queued", "--dataset", dsID, "--sort", "progress", "--asc")
	if q := f.query; !q.Since.Equal(noon().Add(-48*time.Hour)) || len(q.Status) != 2 || q.DatasetID != dsID || q.Sort != "progress" || !q.Asc {
		t.Errorf("query %+v", q)
	}
}
