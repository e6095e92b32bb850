package screens

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// modelBucket is where the platform stores artifacts.
const modelBucket = "lora-models"

// progressEvery is the least time between two progress messages.
const progressEvery = 100 * time.Millisecond

// transferState is how far the download of one file is.
type transferState int

const (
	transferNone transferState = iota
	transferWaiting
	transferRunning
	transferDone
	transferFailed
	transferCancelled
)

// transfer is the download of one file. Files are fetched one after the other.
type transfer struct {
	state  transferState
	dest   string
	p      models.Progress
	rate   float64 // bytes a second since it began
	got    models.Downloaded
	err    error
	cancel context.CancelFunc
}

// downloads are the transfers of one artifact page, by path in the bucket.
type downloads struct {
	sc    screen.Scope
	b     Artifacts
	dir   string
	files map[string]*transfer
	queue []string
	now   string // path being fetched, "" for none
}

func newDownloads(sc screen.Scope, b Artifacts, dir string) *downloads {
	return &downloads{sc: sc, b: b, dir: dir, files: map[string]*transfer{}}
}

// transferred is progress of the file being fetched, or its end.
type transferred struct {
	path string
	p    models.Progress
	rate float64
	end  bool
	got  models.Downloaded
	err  error
}

// Failure lets the shell see that a session has ended.
func (m transferred) Failure() error { return m.err }

// add puts a file into the queue unless it is there already.
func (d *downloads) add(path, dest string) {
	if t := d.files[path]; t != nil && (t.state == transferWaiting || t.state == transferRunning) {
		return
	}
	d.files[path] = &transfer{state: transferWaiting, dest: dest, p: models.Progress{Total: -1}}
	d.queue = append(d.queue, path)
}

// start fetches the next file of the queue if none is being fetched.
func (d *downloads) start() tea.Cmd {
	if d.now != "" || len(d.queue) == 0 {
		return nil
	}
	path := d.queue[0]
	d.queue = d.queue[1:]
	t := d.files[path]
	ctx, cancel := context.WithCancel(d.sc.Context())
	t.state, t.cancel = transferRunning, cancel
	d.now = path
	b, want := d.b, models.Download{Bucket: modelBucket, Path: path, Dest: t.dest}
	return screen.Stream(d.sc, "download "+filepath.Base(t.dest), func(_ context.Context, emit func(tea.Msg)) tea.Msg {
		begin := time.Now()
		var last time.Time
		got, err := b.Download(ctx, want, func(p models.Progress) {
			if now := time.Now(); now.Sub(last) >= progressEvery {
				last = now
				emit(transferred{path: path, p: p, rate: float64(p.Done) / max(0.001, now.Sub(begin).Seconds())})
			}
		})
		return transferred{path: path, end: true, got: got, err: err}
	})
}

// update takes progress and ends; done reports a file that has just ended well.
func (d *downloads) update(m transferred) (cmd tea.Cmd, done *transfer) {
	t := d.files[m.path]
	if t == nil {
		return nil, nil
	}
	if !m.end {
		t.p, t.rate = m.p, m.rate
		return nil, nil
	}
	t.cancel()
	d.now = ""
	switch {
	case m.err == nil:
		t.state, t.got, done = transferDone, m.got, t
	case models.CodeOf(m.err) == models.CodeCanceled || errors.Is(m.err, context.Canceled):
		t.state = transferCancelled
	default:
		t.state, t.err = transferFailed, m.err
	}
	return d.start(), done
}

// broken ends the running file after a panic of its command.
func (d *downloads) broken(err error) tea.Cmd {
	if d.now == "" {
		return nil
	}
	cmd, _ := d.update(transferred{path: d.now, end: true, err: err})
	return cmd
}

// stop cancels what runs and what waits.
func (d *downloads) stop() {
	for _, path := range d.queue {
		d.files[path].state = transferCancelled
	}
	d.queue = nil
	if t := d.files[d.now]; t != nil && t.cancel != nil {
		t.cancel()
	}
}

// active is the number of files that run or wait.
func (d *downloads) active() int {
	n := len(d.queue)
	if d.now != "" {
		n++
	}
	return n
}

// percent is the progress of the running file; ok is false while its size is
// unknown or none runs.
func (d *downloads) percent() (int, bool) {
	t := d.files[d.now]
	if t == nil || t.p.Total <= 0 {
		return 0, false
	}
	return int(min(100, max(0, t.p.Done*100/t.p.Total))), true
}

// localNames gives each file of an artifact a name in the download folder: the
// last element of its path without anything that could lead out of the folder,
// made unique by a number.
func localNames(files models.ArtifactFiles) []string {
	out := make([]string, len(files))
	used := map[string]bool{}
	for i, f := range files {
		name := safeName(f.Name())
		if name == "" {
			name = safeName(f.Label)
		}
		if name == "" {
			name = "file"
		}
		unique := name
		for n := 2; used[strings.ToLower(unique)]; n++ {
			unique = fmt.Sprintf("%d-%s", n, name)
		}
		used[strings.ToLower(unique)] = true
		out[i] = unique
	}
	return out
}

// safeName keeps a stored name from being more than one element of a path.
func safeName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, models.Clean(s))
	s = strings.Trim(s, " .")
	for len(s) > 200 {
		s = s[len(s)-200:] // the extension tells more than the beginning
	}
	return strings.ToValidUTF8(s, "_")
}
