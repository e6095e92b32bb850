package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// fake is a backend over plain values. Methods that a test does not set panic
// through the nil interface, which is what a test should see.
type fake struct {
	screens.Backend
	session       models.Session
	datasets      []models.Dataset
	jobs          []models.Job
	points        map[string][]models.MetricsPoint
	artifacts     []models.Artifact
	costs         models.CostData
	notifications []models.Notification

	fail         error                        // every call
	failLive     []error                      // of the next Live calls
	onLive       func(call int)               // before each Live
	block        bool                         // every call waits for its context
	launched     []models.NewJob              //
	cancelled    []string                     //
	ignoreCancel bool                         // as policies do
	read         []string                     //
	signIn       func(email, pw string) error //
	download     func(models.Download) error  //
	liveCalls    int                          //
	query        models.ListQuery             // of the last list
	head         []byte                       // of every dataset's file; nil = there is none
	spend        models.Money                 // of the month
}

func (f *fake) DatasetPart(ctx context.Context, _ models.Dataset, _, _ int64) (models.FilePart, error) {
	if f.head == nil {
		return models.FilePart{}, &models.Error{Code: models.CodeNotFound, Msg: "no file"}
	}
	return models.FilePart{Size: int64(len(f.head)), Data: f.head}, f.gate(ctx)
}

func (f *fake) Overview(ctx context.Context) (models.Overview, error) {
	return models.Overview{MonthSpend: f.spend}, f.gate(ctx)
}

func (f *fake) gate(ctx context.Context) error {
	if f.block {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.fail
}

func (f *fake) Connection() models.Connection {
	return models.Connection{Profile: "work", URL: "https://work.example.com"}
}

func (f *fake) Session(ctx context.Context) (models.Session, error) { return f.session, f.gate(ctx) }

func (f *fake) SignIn(_ context.Context, email, pw string) (models.Session, error) {
	if f.signIn != nil {
		if err := f.signIn(email, pw); err != nil {
			return models.Session{}, err
		}
	}
	return f.session, f.fail
}

func (f *fake) SignOut(ctx context.Context) error { return f.gate(ctx) }

func (f *fake) Datasets(ctx context.Context, q models.ListQuery) (models.Page[models.Dataset], error) {
	f.query = q
	return models.Page[models.Dataset]{Items: f.datasets}, f.gate(ctx)
}

func byID[T any](list []T, id string, key func(T) string) (T, error) {
	for _, v := range list {
		if key(v) == id {
			return v, nil
		}
	}
	var zero T
	return zero, &models.Error{Code: models.CodeNotFound, Msg: "no such row"}
}

func (f *fake) Dataset(ctx context.Context, id string) (models.Dataset, error) {
	if err := f.gate(ctx); err != nil {
		return models.Dataset{}, err
	}
	return byID(f.datasets, id, func(d models.Dataset) string { return d.ID })
}

func (f *fake) Jobs(ctx context.Context, q models.ListQuery) (models.Page[models.Job], error) {
	f.query = q
	if err := f.gate(ctx); err != nil {
		return models.Page[models.Job]{}, err
	}
	p := models.Page[models.Job]{Items: f.jobs}
	if q.Limit < len(f.jobs) && q.After == "" {
		p.Items, p.Next = f.jobs[:q.Limit], "page2"
	} else if q.After == "page2" {
		p.Items = f.jobs[q.Limit:]
	}
	return p, nil
}

func (f *fake) Job(ctx context.Context, id string) (models.Job, error) {
	if err := f.gate(ctx); err != nil {
		return models.Job{}, err
	}
	return byID(f.jobs, id, func(j models.Job) string { return j.ID })
}

func (f *fake) LaunchJob(ctx context.Context, n models.NewJob) (models.Job, error) {
	f.launched = append(f.launched, n)
	j := models.Job{ID: n.ID, DatasetID: n.DatasetID, PresetID: n.PresetID, Status: models.JobQueued, Stage: models.StageQueued, Hyperparameters: n.Hyperparameters, GPU: n.GPU}
	return j, f.gate(ctx)
}

func (f *fake) CancelJob(ctx context.Context, id string) (models.Job, error) {
	f.cancelled = append(f.cancelled, id)
	j, err := f.Job(ctx, id)
	j.Status = models.JobCancelled
	for i := range f.jobs {
		if f.jobs[i].ID == id && !f.ignoreCancel {
			f.jobs[i].Status = models.JobCancelled
		}
	}
	return j, err
}

func (f *fake) Metrics(ctx context.Context, id string, after models.MetricCursor) ([]models.MetricsPoint, error) {
	out := []models.MetricsPoint{}
	for _, p := range f.points[id] {
		if later(models.MetricCursor{Time: p.Timestamp.Time, ID: p.ID}, after) {
			out = append(out, p)
		}
		if len(out) == maxPage {
			break
		}
	}
	return out, f.gate(ctx)
}

func (f *fake) Live(ctx context.Context, reqs []models.LiveRequest, _ int) ([]models.LiveJob, error) {
	f.liveCalls++
	if f.onLive != nil {
		f.onLive(f.liveCalls)
	}
	if len(f.failLive) > 0 {
		err := f.failLive[0]
		f.failLive = f.failLive[1:]
		return nil, err
	}
	var out []models.LiveJob
	for _, r := range reqs {
		j, err := f.Job(ctx, r.JobID)
		if err != nil {
			continue
		}
		points, err := f.Metrics(ctx, r.JobID, r.After)
		if err != nil {
			return nil, err
		}
		out = append(out, models.LiveJob{Job: j, Points: points})
	}
	return out, nil
}

func (f *fake) Artifacts(ctx context.Context, q models.ListQuery) (models.Page[models.Artifact], error) {
	f.query = q
	return models.Page[models.Artifact]{Items: f.artifacts}, f.gate(ctx)
}

func (f *fake) Artifact(ctx context.Context, id string) (models.Artifact, error) {
	if err := f.gate(ctx); err != nil {
		return models.Artifact{}, err
	}
	return byID(f.artifacts, id, func(m models.Artifact) string { return m.ID })
}

func (f *fake) Download(_ context.Context, d models.Download, progress func(models.Progress)) (models.Downloaded, error) {
	progress(models.Progress{Done: 5, Total: 5})
	if f.download != nil {
		if err := f.download(d); err != nil {
			return models.Downloaded{}, err
		}
	}
	return models.Downloaded{Path: d.Dest, Bytes: 5, SHA256: "abc"}, nil
}

func (f *fake) Costs(ctx context.Context, _ models.Time) (models.CostData, error) {
	return f.costs, f.gate(ctx)
}

func (f *fake) Notifications(ctx context.Context, q models.ListQuery) (models.Page[models.Notification], error) {
	f.query = q
	return models.Page[models.Notification]{Items: f.notifications}, f.gate(ctx)
}

func (f *fake) MarkRead(ctx context.Context, ids []string) error {
	f.read = append(f.read, ids...)
	return f.gate(ctx)
}

func (f *fake) MarkAllRead(ctx context.Context) (int, error) {
	return len(f.notifications), f.gate(ctx)
}

// result is how an invocation ended.
type result struct {
	out, err string
	code     int
}

// world is what an invocation finds around it.
type world struct {
	in   string
	tty  bool
	env  []string
	ctx  context.Context
	out  interface{ Write([]byte) (int, error) }
	home string
}

// noon is the present of every test in this package.
func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

// invoke runs loratop in this process. A nil fake leaves the real client.
func invoke(t *testing.T, b *fake, w world, args ...string) result {
	t.Helper()
	if w.home == "" {
		w.home = t.TempDir()
	}
	if w.ctx == nil {
		w.ctx = t.Context()
	}
	var out, errs bytes.Buffer
	sys := IO{
		Args: args, In: strings.NewReader(w.in), Out: &out, Err: &errs,
		Env: append([]string{"HOME=" + w.home, "TERM=xterm"}, w.env...), Now: noon, InTTY: w.tty,
	}
	if w.out != nil {
		sys.Out = w.out
	}
	a := &app{sys: sys}
	if b != nil {
		a.backend = b
	}
	code := a.main(w.ctx)
	return result{out.String(), errs.String(), code}
}

// jsonOf decodes one document.
func jsonOf(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("not one JSON document: %v\n%s", err, text)
	}
	return doc
}
