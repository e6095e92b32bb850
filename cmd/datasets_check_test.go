package cmd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/exp/golden"
)

const (
	supersetLine = `{"conversation_id":"c1","turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}`
	turnsOnly    = `{"conversation_id":"c2","turns":[{"role":"user","content":"why"},{"role":"assistant","content":"because"}]}`
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDatasetsCheck(t *testing.T) {
	dir := t.TempDir() + "/"
	for name, text := range map[string]string{"good.jsonl": supersetLine + "\n", "turns.jsonl": turnsOnly + "\n" + turnsOnly + "\n{broken\n", "gz.jsonl": "\x1f\x8b\x08"} {
		if err := os.WriteFile(dir+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r := invoke(t, nil, world{}, "datasets", "check", dir+"good.jsonl"); r.code != exitOK || !strings.HasPrefix(r.out, dir+"good.jsonl: nothing wrong; validator accepts, trainer accepts\n") || r.err != "" {
		t.Errorf("good: exit %d\n%s%s", r.code, r.out, r.err)
	}
	r := invoke(t, nil, world{}, "datasets", "check", dir+"good.jsonl", dir+"turns.jsonl", "--seq-len", "4", "--ascii")
	if r.code != exitBadData {
		t.Errorf("exit %d", r.code)
	}
	golden.RequireEqual(t, []byte(strings.ReplaceAll(r.out, dir, "")))
	r = invoke(t, nil, world{}, "datasets", "check", dir+"good.jsonl", dir+"turns.jsonl", dir+"gz.jsonl", "--json", "--no-tokens")
	reports := jsonOf(t, r.out)["reports"].([]any)
	if r.code != exitBadData || len(reports) != 3 || r.err != "" {
		t.Fatalf("exit %d, %s %s", r.code, r.out, r.err)
	}
	if m := reports[2].(map[string]any); m["kind"] != "binary" || m["file"] != dir+"gz.jsonl" || m["trainer"].(map[string]any)["accepts"] != false {
		t.Errorf("gzip: %v", m)
	}
	if n := strings.Count(r.out, "null"); n != 2*3 { // declared_pairs and truncation, nothing else
		t.Errorf("%d nulls in %s", n, r.out)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", dir+"turns.jsonl", "--json=file,trainable_pairs"); jsonOf(t, r.out)["reports"].([]any)[0].(map[string]any)["trainable_pairs"] != 2.0 {
		t.Errorf("fields: %s", r.out)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", "x", "--json="); r.code != exitOK || !strings.Contains(r.out, "findings\n") {
		t.Errorf("names of fields: %d %s", r.code, r.out)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", dir+"good.jsonl", dir+"turns.jsonl", "-q"); r.out != dir+"turns.jsonl\n" || r.code != exitBadData {
		t.Errorf("quiet: %d %q", r.code, r.out)
	}
	if r := invoke(t, nil, world{in: supersetLine}, "datasets", "check", "-"); r.code != exitOK || !strings.HasPrefix(r.out, "-: nothing wrong") {
		t.Errorf("stdin: exit %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestDatasetsCheckRefuses is what cannot be read: a clear error, and the others
// are read all the same.
func TestDatasetsCheckRefuses(t *testing.T) {
	dir := t.TempDir()
	fine := writeFile(t, "fine.jsonl", supersetLine)
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"no file":         {[]string{}, exitUsage, "missing FILE"},
		"missing":         {[]string{filepath.Join(dir, "nope"), fine}, exitNotFound, "no such file"},
		"directory":       {[]string{dir}, exitUsage, "is a directory"},
		"tokenizer":       {[]string{fine, "--tokenizer", "nope"}, exitUsage, "one of: cl100k_base"},
		"both":            {[]string{fine, "--tokenizer", "cl100k_base", "--no-tokens"}, exitUsage, "none of the others can be"},
		"length":          {[]string{fine, "--seq-len", "-1"}, exitUsage, "must not be negative"},
		"two to fix":      {[]string{fine, fine, "--fix", filepath.Join(dir, "out")}, exitUsage, "one FILE at a time"},
		"FIFO, no writer": {[]string{fifo}, exitBadData, ""},
	} {
		r := invoke(t, nil, world{}, append([]string{"datasets", "check"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.err) {
			t.Errorf("%s: exit %d, %q", name, r.code, r.err)
		}
		if name == "missing" && !strings.Contains(r.out, "nothing wrong") {
			t.Errorf("the other file was not read: %q", r.out)
		}
	}
}

// TestDatasetsCheckEnds holds that a pipe that says nothing does not outlast
// --timeout.
func TestDatasetsCheckEnds(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if r := invoke(t, nil, world{}, "datasets", "check", fifo, "--timeout", "100ms"); r.code != exitTimeout {
		t.Errorf("FIFO: exit %d %s", r.code, r.err)
	}
	in, hold := io.Pipe()
	defer func() { _ = hold.Close() }()
	var out, errs bytes.Buffer
	a := &app{sys: IO{Args: []string{"datasets", "check", "-", "--timeout", "100ms"}, In: in, Out: &out, Err: &errs, Env: []string{"HOME=" + t.TempDir()}, Now: noon}}
	if code := a.main(t.Context()); code != exitTimeout {
		t.Errorf("stdin: exit %d %s", code, errs.String())
	}
}

func TestDatasetsCheckFix(t *testing.T) {
	in := writeFile(t, "in.jsonl", turnsOnly+"\n{broken\n"+turnsOnly+"\n")
	before, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, link, hard := filepath.Join(dir, "out.jsonl"), filepath.Join(dir, "link"), filepath.Join(dir, "hard")
	if err := os.Symlink(in, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(in, hard); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{"itself": in, "symbolic link": link, "hard link": hard, "another spelling": filepath.Dir(in) + "/./in.jsonl"} {
		r := invoke(t, nil, world{}, "datasets", "check", in, "--fix", bad, "--yes")
		if r.code != exitUsage || !strings.Contains(r.err, "never written to") {
			t.Errorf("%s: exit %d %q", name, r.code, r.err)
		}
	}
	r := invoke(t, nil, world{}, "datasets", "check", in, "--fix", out, "--no-tokens")
	if r.code != exitOK || !strings.Contains(r.out, "2 lines with 2 trainable pairs") || !strings.Contains(r.out, "line 2 dropped: no JSON") {
		t.Errorf("fix: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", out); r.code != exitOK || !strings.Contains(r.out, "validator accepts, trainer accepts") {
		t.Errorf("fixed: exit %d\n%s", r.code, r.out)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", in, "--fix", out); r.code != exitUsage || !strings.Contains(r.err, "--yes overwrites it") {
		t.Errorf("again: exit %d %q", r.code, r.err)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", in, "--fix", out, "--yes", "--json", "--no-tokens"); r.code != exitOK || jsonOf(t, r.out)["fix"].(map[string]any)["pairs"] != 2.0 {
		t.Errorf("again with --yes: exit %d %s%s", r.code, r.out, r.err)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", in, "--fix", filepath.Join(dir, "new"), "--read-only"); r.code != exitForbidden {
		t.Errorf("read-only: exit %d", r.code)
	}
	if r := invoke(t, nil, world{}, "datasets", "check", in, "--fix", filepath.Join(dir, "no", "such", "folder")); r.code != exitNotFound {
		t.Errorf("no folder: exit %d %s", r.code, r.err)
	}
	hopeless := writeFile(t, "none.jsonl", "{}\n")
	if r := invoke(t, nil, world{}, "datasets", "check", hopeless, "--fix", filepath.Join(dir, "none")); r.code != exitBadData || !strings.Contains(r.err, "nothing was written") {
		t.Errorf("nothing to write: exit %d %s", r.code, r.err)
	}
	if after, err := os.ReadFile(in); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the original was touched: %q, %v", after, err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is less private than the original: %v, %v", info, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 { // out.jsonl and the two links
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDatasetsCheckIsPlain holds that no text of a file reaches the terminal raw.
func TestDatasetsCheckIsPlain(t *testing.T) {
	name := "e\x1b[31mvil.jsonl"
	path := filepath.Join(t.TempDir(), name)
	line := `{"id":"EVIL","conversation_metadata":{"client_persona":"EVIL"},"current_user_input":"a","target_response":"b","conversation_history":[{"role":"EVIL","content":"EVIL"}],"training_metadata":{"quality_score":"EVIL"}}` + "\n"
	text := strings.ReplaceAll(line+line, "EVIL", `\u001b]0;x\u0007\u202e\u009b`)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{path}, {path, "--json"}, {path + "x"}, {path, "--fix", path + ".fixed"}} {
		r := invoke(t, nil, world{}, append([]string{"datasets", "check"}, args...)...)
		for _, c := range r.out + r.err {
			if (unicode.IsControl(c) && c != '\n') || c == '\u202e' {
				t.Errorf("%v prints %U", args, c)
				break
			}
		}
	}
}

// TestDatasetsCheckProgress is drawn on a terminal's stderr only, and wiped.
func TestDatasetsCheckProgress(t *testing.T) {
	now := noon()
	for _, tty := range []bool{true, false} {
		var errs bytes.Buffer
		a := &app{sys: IO{Err: &errs, ErrTTY: tty, Now: noon, Env: []string{"TERM=xterm"}}}
		tell, clear := a.checkProgress("big.jsonl", 100e6)
		if !tty && tell != nil {
			t.Error("progress without a terminal")
		}
		if tty {
			now = now.Add(2 * time.Second)
			a.sys.Now = noon
			tell(50e6)
			if errs.Len() > 0 {
				t.Errorf("drawn at once: %q", errs.String())
			}
			a.sys.Now = func() time.Time { return now }
			tell(50e6)
			if !strings.Contains(errs.String(), "50 MB of 100 MB, 50 %, 25 MB/s") {
				t.Errorf("drawn: %q", errs.String())
			}
		}
		clear()
		if text := errs.String(); tty && !strings.HasSuffix(text, "\r") {
			t.Errorf("not wiped: %q", text)
		}
	}
}
