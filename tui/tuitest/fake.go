package tuitest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
)

// Fake is a backend in memory. Its data may be set before it is used; each On…
// function, when set, answers in place of the data. Methods may be called from
// any goroutine.
type Fake struct {
	Conn models.Connection
	User *models.Session // nil: signed out

	DatasetRows      []models.Dataset
	JobRows          []models.Job
	Points           map[string][]models.MetricsPoint // by job id, ascending
	ArtifactRows     []models.Artifact
	CostRows         []models.CostRecord
	NotificationRows []models.Notification
	Files            map[string][]byte      // stored files by dataset id
	Pending          []models.PendingUpload // of this machine
	Head             *models.Overview       // nil: counted from the rows

	OnSession       func(context.Context) (models.Session, error)
	OnSignIn        func(ctx context.Context, email, password string) (models.Session, error)
	OnSignUp        func(ctx context.Context, email, password string) (models.SignUpResult, error)
	OnSignOut       func(context.Context) error
	OnDatasets      func(context.Context, models.ListQuery) (models.Page[models.Dataset], error)
	OnDataset       func(context.Context, string) (models.Dataset, error)
	OnJobs          func(context.Context, models.ListQuery) (models.Page[models.Job], error)
	OnJob           func(context.Context, string) (models.Job, error)
	OnLaunchJob     func(context.Context, models.NewJob) (models.Job, error)
	OnCancelJob     func(context.Context, string) (models.Job, error)
	OnLive          func(context.Context, []models.LiveRequest, int) ([]models.LiveJob, error)
	OnMetrics       func(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error)
	OnMetricsBefore func(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error)
	OnMetricsIn     func(ctx context.Context, id string, from, to int64, after models.MetricCursor) ([]models.MetricsPoint, error)
	OnMetricsWindow func(ctx context.Context, id string, from, to int64, buckets int) (models.MetricsWindow, error)
	OnArtifacts     func(context.Context, models.ListQuery) (models.Page[models.Artifact], error)
	OnArtifact      func(context.Context, string) (models.Artifact, error)
	OnArtifactByJob func(context.Context, string) (models.Artifact, error)
	OnDownload      func(context.Context, models.Download, func(models.Progress)) (models.Downloaded, error)
	OnCosts         func(context.Context, models.Time) (models.CostData, error)
	OnNotifications func(context.Context, models.ListQuery) (models.Page[models.Notification], error)
	OnMarkRead      func(context.Context, []string) error
	OnMarkAllRead   func(context.Context) (int, error)
	OnOverview      func(context.Context) (models.Overview, error)
	OnNews          func(context.Context, models.NewsQuery) (models.News, error)
	OnUpdateDataset func(context.Context, string, models.DatasetPatch) (models.Dataset, error)
	OnTrash         func(context.Context, []string) ([]string, error)
	OnRestore       func(context.Context, []string) ([]string, error)
	OnRevalidate    func(context.Context, string, func(models.Progress)) (models.Dataset, error)
	OnDatasetPart   func(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error)
	OnGetDataset    func(ctx context.Context, id, dest string, progress func(models.Progress)) (models.Downloaded, error)
	OnCheckFile     func(context.Context, string, jsonl.Options) (jsonl.Report, error)
	OnUpload        func(context.Context, models.NewUpload, func(models.UploadProgress)) (models.Dataset, error)
	OnDropUpload    func(context.Context, string) error

	mu    sync.Mutex
	calls map[string]int
}

// Calls is how often a method was called ("Datasets").
func (f *Fake) Calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// Change runs a function while no method reads or writes the data.
func (f *Fake) Change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// enter counts the call and locks the data.
func (f *Fake) enter(method string) (leave func()) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[method]++
	return f.mu.Unlock
}

func notFound(what, id string) error {
	return &models.Error{Code: models.CodeNotFound, Op: "get " + what, Msg: "there is no " + what + " " + id}
}

// SignedOutError is what a client without a session answers.
func SignedOutError() error {
	return &models.Error{Code: models.CodeSignIn, Op: "session", Msg: "you are not signed in"}
}

// OfflineError is what a client answers that cannot reach the server.
func OfflineError() error {
	return &models.Error{Code: models.CodeNetwork, Op: "request", Msg: "the server cannot be reached", Retry: true}
}

// Session answers with User.
func (f *Fake) Session(ctx context.Context) (models.Session, error) {
	leave := f.enter("Session")
	on, u := f.OnSession, f.User
	leave()
	switch {
	case on != nil:
		return on(ctx)
	case u == nil:
		return models.Session{}, SignedOutError()
	}
	return *u, nil
}

// SignIn takes the password "secret".
func (f *Fake) SignIn(ctx context.Context, email, password string) (models.Session, error) {
	leave := f.enter("SignIn")
	on := f.OnSignIn
	leave()
	if on != nil {
		return on(ctx, email, password)
	}
	if password != "secret" {
		return models.Session{}, &models.Error{Code: models.CodeForbidden, Op: "sign in", Msg: "the e-mail or the password is wrong", Server: "invalid_credentials"}
	}
	s := models.Session{UserID: "user-" + email, Email: email, AAL: "aal1"}
	f.Change(func() { f.User = &s })
	return s, nil
}

// SignUp makes a session at once.
func (f *Fake) SignUp(ctx context.Context, email, password string) (models.SignUpResult, error) {
	leave := f.enter("SignUp")
	on := f.OnSignUp
	leave()
	if on != nil {
		return on(ctx, email, password)
	}
	s := models.Session{UserID: "user-" + email, Email: email, AAL: "aal1"}
	f.Change(func() { f.User = &s })
	return models.SignUpResult{Session: &s}, nil
}

// SignOut forgets User.
func (f *Fake) SignOut(ctx context.Context) error {
	leave := f.enter("SignOut")
	on := f.OnSignOut
	leave()
	if on != nil {
		return on(ctx)
	}
	f.Change(func() { f.User = nil })
	return nil
}

// page cuts one page out of rows that matched; the cursor is the next index.
func page[T any](rows []T, q models.ListQuery) models.Page[T] {
	from, limit := 0, q.Limit
	if limit <= 0 {
		limit = 50
	}
	for _, c := range q.After {
		from = from*10 + int(c-'0')
	}
	from = min(from, len(rows))
	to := min(from+limit, len(rows))
	p := models.Page[T]{Items: slices.Clone(rows[from:to])}
	if to < len(rows) {
		p.Next = models.Cursor(itoa(to))
	}
	if q.Count {
		n := int64(len(rows))
		p.Total = &n
	}
	return p
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func keep[T any](rows []T, ok func(T) bool) []T {
	var out []T
	for _, r := range rows {
		if ok(r) {
			out = append(out, r)
		}
	}
	return out
}

func has(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func statusIn(q models.ListQuery, s string) bool {
	return len(q.Status) == 0 || slices.Contains(q.Status, s)
}

func datasetName(r *models.DatasetRef) string {
	if r == nil {
		return ""
	}
	return r.Name
}

// Overview counts the rows.
func (f *Fake) Overview(ctx context.Context) (models.Overview, error) {
	leave := f.enter("Overview")
	on := f.OnOverview
	if on != nil {
		leave()
		return on(ctx)
	}
	defer leave()
	if f.Head != nil {
		return *f.Head, nil
	}
	var o models.Overview
	for _, n := range f.NotificationRows {
		if !n.Read {
			o.Unread++
		}
	}
	for _, j := range f.JobRows {
		if j.Status.Live() {
			o.Live++
		}
	}
	for _, c := range f.CostRows {
		if c.Amount != nil {
			o.MonthSpend = o.MonthSpend.Add(*c.Amount)
		}
	}
	return o, nil
}

// Connection gives Conn.
func (f *Fake) Connection() models.Connection {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Conn
}

// Costs gives all rows since from, and all jobs.
func (f *Fake) Costs(ctx context.Context, from models.Time) (models.CostData, error) {
	leave := f.enter("Costs")
	on := f.OnCosts
	if on != nil {
		leave()
		return on(ctx, from)
	}
	defer leave()
	return models.CostData{
		Records: keep(f.CostRows, func(c models.CostRecord) bool { return !c.RecordedAt.Before(from.Time) }),
		Jobs:    slices.Clone(f.JobRows),
	}, nil
}

// Notifications gives the rows that match.
func (f *Fake) Notifications(ctx context.Context, q models.ListQuery) (models.Page[models.Notification], error) {
	leave := f.enter("Notifications")
	on := f.OnNotifications
	if on != nil {
		leave()
		return on(ctx, q)
	}
	defer leave()
	return page(keep(f.NotificationRows, func(n models.Notification) bool {
		return (!q.Unread || !n.Read) && has(n.Title+" "+n.Message, q.Search)
	}), q), nil
}

// MarkRead sets Read.
func (f *Fake) MarkRead(ctx context.Context, ids []string) error {
	leave := f.enter("MarkRead")
	on := f.OnMarkRead
	if on != nil {
		leave()
		return on(ctx, ids)
	}
	defer leave()
	f.NotificationRows = slices.Clone(f.NotificationRows)
	for i := range f.NotificationRows {
		if slices.Contains(ids, f.NotificationRows[i].ID) {
			f.NotificationRows[i].Read = true
		}
	}
	return nil
}

// MarkAllRead sets Read everywhere.
func (f *Fake) MarkAllRead(ctx context.Context) (int, error) {
	leave := f.enter("MarkAllRead")
	on := f.OnMarkAllRead
	if on != nil {
		leave()
		return on(ctx)
	}
	defer leave()
	n := 0
	f.NotificationRows = slices.Clone(f.NotificationRows)
	for i := range f.NotificationRows {
		if !f.NotificationRows[i].Read {
			f.NotificationRows[i].Read = true
			n++
		}
	}
	return n, nil
}

// Download reports progress and writes nothing.
func (f *Fake) Download(ctx context.Context, d models.Download, progress func(models.Progress)) (models.Downloaded, error) {
	leave := f.enter("Download")
	on := f.OnDownload
	leave()
	if on != nil {
		return on(ctx, d, progress)
	}
	const size = 4000
	for done := int64(0); done <= size; done += size / 4 {
		progress(models.Progress{Done: done, Total: size})
		select {
		case <-ctx.Done():
			return models.Downloaded{}, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return models.Downloaded{Path: d.Dest, Bytes: size, SHA256: strings.Repeat("0", 64)}, nil
}
