package screens

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/theme"
)

func TestSignInWords(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&models.Error{Code: models.CodeSignIn, Server: "invalid_credentials", Msg: "Invalid login credentials"}, "Wrong e-mail or password."},
		{&models.Error{Code: models.CodeSignIn, Server: "email_not_confirmed"}, "not confirmed"},
		{&models.Error{Code: models.CodeRate, Msg: "you can only request this after 56 seconds"}, "wait 56 seconds"},
		{&models.Error{Code: models.CodeRate, Msg: "too many", Hint: "Wait 7 s."}, "wait 7 seconds"},
		{&models.Error{Code: models.CodeRate, Msg: "too many"}, "wait a little"},
		{&models.Error{Code: models.CodeNetwork, Msg: "dial tcp: refused"}, "http://x cannot be reached"},
		{&models.Error{Code: models.CodeServer, Msg: "bad gateway"}, "bad gateway."},
		{&models.Error{Code: models.CodeConflict, Server: "user_already_exists"}, "account with this e-mail already"},
		{context.DeadlineExceeded, "did not answer in time"},
	} {
		if text, _ := signInWords(c.err, "http://x"); !strings.Contains(text, c.want) {
			t.Errorf("%v: %q lacks %q", c.err, text, c.want)
		}
	}
}

func TestNotificationTarget(t *testing.T) {
	const id = "1a2b3c4d-0000-4000-8000-000000000001"
	const other = "1a2b3c4d-0000-4000-8000-000000000002"
	for _, c := range []struct{ url, meta, want string }{
		{"/training/jobs/" + id, ``, "job/" + id},
		{"/models/" + id, `{"job_id":"` + other + `"}`, "artifact/" + id},
		{"/nowhere", `{"job_id":"` + other + `"}`, "job/" + other},
		{"", `{"artifact_id":"` + id + `","job_id":"` + other + `"}`, "artifact/" + id},
		{"", `"{\"dataset_id\":\"` + id + `\"}"`, "dataset/" + id},
		{"", `{"job_id":"../../etc"}`, ""},
		{"", `{"job_id":7}`, ""},
		{"", `[1]`, ""},
		{"", `null`, ""},
	} {
		n := models.Notification{Metadata: json.RawMessage(c.meta)}
		if c.url != "" {
			n.ActionURL = &c.url
		}
		got := ""
		if target, ok := notificationTarget(n); ok {
			got = targetLink(target)
		}
		if got != c.want {
			t.Errorf("%q %s: %q, want %q", c.url, c.meta, got, c.want)
		}
	}
}

func TestBudgetText(t *testing.T) {
	for _, c := range []struct {
		spent, budget int64
		want          string
		level         int
	}{
		{5000, 10000, "$50.00 of $100.00 (50%), $50.00 left", 0},
		{8000, 10000, "$20.00 left", 1},
		{10000, 10000, "nothing left", 2},
		{12000, 10000, "$20.00 over", 2},
		{100, 0, "$1.00 over", 2},
	} {
		text, level := budgetText(models.Dollars(c.spent), models.Dollars(c.budget))
		if !strings.Contains(text, c.want) || level != c.level {
			t.Errorf("%+v: %q level %d", c, text, level)
		}
	}
}

func TestCostPeriodsBeginInThePast(t *testing.T) {
	now := time.Date(2026, 3, 31, 23, 59, 59, 0, time.FixedZone("x", 7200))
	for _, p := range costPeriods() {
		from := p.from(now)
		if from.After(now) {
			t.Errorf("%s begins %s", p.label, from)
		}
	}
	if got := costPeriods()[1].from(now); !got.Equal(time.Date(2026, 3, 25, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("seven days begin at %s", got)
	}
}

func TestSampleLinesNeverExceedTheWidth(t *testing.T) {
	th := theme.New("dark", true, false, false)
	rapid.Check(t, func(t *rapid.T) {
		turn := rapid.Custom(func(t *rapid.T) models.Turn {
			return models.Turn{Role: rapid.SampledFrom([]string{"user", "assistant", "system", "", "\x1b[31mtool"}).Draw(t, "role"),
				Content: rapid.String().Draw(t, "content") + rapid.SampledFrom([]string{"", "\x1b]0;x\a", " 世界 \t", "a\nb\r\nc"}).Draw(t, "tail")}
		})
		list := []models.Conversation{{ID: rapid.String().Draw(t, "id"), Turns: rapid.SliceOfN(turn, 0, 5).Draw(t, "turns")}}
		w := rapid.IntRange(0, 120).Draw(t, "w")
		for _, line := range sampleLines(th, list, w, rapid.Bool().Draw(t, "folded")) {
			if got := ansi.StringWidth(line); got > max(w, 2) {
				t.Fatalf("width %d > %d: %q", got, w, line)
			}
			if strings.ContainsAny(ansi.Strip(line), "\x1b\a\r") {
				t.Fatalf("control character in %q", line)
			}
		}
	})
}

func TestSampleFoldSaysWhatIsHidden(t *testing.T) {
	th := theme.New("dark", true, false, false)
	long := strings.Repeat("word ", 400)
	list := []models.Conversation{{ID: "c1", Turns: []models.Turn{{Role: "assistant", Content: long}}}}
	folded := ansi.Strip(strings.Join(sampleLines(th, list, 60, true), "\n"))
	open := ansi.Strip(strings.Join(sampleLines(th, list, 60, false), "\n"))
	if !strings.Contains(folded, "more") || strings.Count(folded, "\n") >= strings.Count(open, "\n") {
		t.Fatalf("folded:\n%s", folded)
	}
	if strings.Contains(open, "more") || strings.Count(open, "word") != 400 {
		t.Fatalf("unfolded loses text:\n%s", open)
	}
}

func TestSampleCutsHugeText(t *testing.T) {
	huge := strings.Repeat("ä", maxTurnBytes)
	got := clipBytes(huge, maxTurnBytes)
	if len(got) > maxTurnBytes+40 || !strings.Contains(got, "more bytes") {
		t.Fatalf("%d bytes left", len(got))
	}
}
