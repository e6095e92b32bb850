package screens

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// launchStore is what launching needs of the backend.
type launchStore interface {
	Datasets
	DatasetPart(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error)
	Job(ctx context.Context, id string) (models.Job, error)
	LaunchJob(ctx context.Context, j models.NewJob) (models.Job, error)
	Overview(ctx context.Context) (models.Overview, error)
}

// launchMode is the layer of the launch screen that has the keys.
type launchMode int

const (
	modeForm   launchMode = iota
	modeEdit              // a value is being typed
	modePick              // the dataset list is open
	modeReview            // everything once more, before money is spent
)

// launchTimeout bounds one try to insert the job. A try that was cut may have
// succeeded: the next one carries the same id and finds that row.
const launchTimeout = 30 * time.Second

// launch is the form for a new training job.
type launch struct {
	paint
	sc     screen.Scope
	b      launchStore
	o      Options
	d      *draft
	spent  *screen.Feed[models.Overview] // nil without a budget
	mode   launchMode
	form   *launchForm
	rev    models.LaunchReview // of the frame that is being drawn
	doc    *kit.Scroller       // of the review
	rowsAt int                 // line of the first field in the last frame
	rows   int                 // lines of fields in it
	before draftValues         // while a value is typed: what escape goes back to
	pick   *datasetPicker

	linked  string // dataset id of the link, "" for none
	from    string // id of the job whose values the form takes, "" for none or done
	change  bool   // and changes what made it fail
	loading string // dataset id that is being read
	note    error  // why a dataset could not be taken over
	sending bool
	failed  error // of the last try to launch
	left    bool  // launched: this form is on its way out and launches no more
}

// newLaunch keeps one draft for all its screens, so that a form that was left
// is found again as it was.
func newLaunch(b launchStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	d := newDraft(o)
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		args, query := linkQuery(args)
		d.reopen(args.At(0))
		l := &launch{sc: sc, b: b, o: o, d: d, linked: args.At(0), doc: kit.NewScroller(false), form: newLaunchForm(d, o)}
		l.from, l.change = query.Get("from"), query.Get("change") == "1"
		l.pick = newDatasetPicker(sc, b)
		if o.Budget != nil {
			l.spent = screen.NewFeed(sc, "read the month's spend", screen.Every(time.Minute, 5*time.Minute), b.Overview)
		}
		return l
	}
}

// datasetTaken is the answer to reading the dataset of the form.
type datasetTaken struct {
	id  string
	d   models.Dataset
	err error
}

// Failure lets the shell see that a session has ended.
func (m datasetTaken) Failure() error { return m.err }

// headTaken is what the first part of a dataset's file tells.
type headTaken struct {
	id      string
	lengths models.Lengths
}

// headBytes is how much of a dataset's file is read to tell what is cut off.
const headBytes = 256 << 10

// readHead measures the first examples of the chosen dataset. Without its file
// the figures of its row stay.
func (l *launch) readHead() tea.Cmd {
	if l.d.dataset == nil {
		return nil
	}
	ds := *l.d.dataset
	tokens := l.o.Tokens
	return screen.Do(l.sc, "read the first examples", listTimeout, func(ctx context.Context) tea.Msg {
		part, err := l.b.DatasetPart(ctx, ds, 0, headBytes)
		if err != nil {
			return nil
		}
		var count models.TokenCounter
		if tokens != nil {
			count = tokens()
		}
		return headTaken{ds.ID, models.HeadLengths(part.Data, part.Size, "the first 256 KB of its file", count)}
	})
}

// launched is the outcome of one try.
type launched struct {
	want models.NewJob
	job  models.Job
	err  error
}

// Failure lets the shell see that a session has ended.
func (m launched) Failure() error { return m.err }

const opLaunch = "launch job"

func (l *launch) Init() tea.Cmd {
	var cmds []tea.Cmd
	if l.spent != nil {
		cmds = append(cmds, l.spent.Start())
	}
	return tea.Batch(append(cmds, l.reload(), l.readFrom())...)
}

// reload reads the dataset of the form.
func (l *launch) reload() tea.Cmd {
	id := l.d.wanted
	if id == "" {
		return nil
	}
	l.loading, l.note = id, nil
	return screen.Do(l.sc, "read dataset", listTimeout, func(ctx context.Context) tea.Msg {
		d, err := l.b.Dataset(ctx, id)
		return datasetTaken{id: id, d: d, err: err}
	})
}

func (l *launch) Title() string { return "Launch" }

func (l *launch) Link() string {
	if l.d.dataset == nil {
		return "launch"
	}
	return "launch/" + l.d.dataset.ID
}

func (l *launch) Copy() string {
	if l.d.dataset == nil {
		return ""
	}
	return l.d.dataset.ID
}

// Capturing is true while text is typed: into a value or into the search of
// the dataset list.
func (l *launch) Capturing() bool { return l.mode == modeEdit || l.mode == modePick }

// Busy names what quitting would interrupt.
func (l *launch) Busy() string {
	if l.sending {
		return "a launch"
	}
	return ""
}

func (l *launch) allowance() allowance {
	a := allowance{budget: l.o.Budget}
	if l.spent != nil {
		if o, ok := l.spent.Value(); ok {
			a.spent = &o.MonthSpend
		}
	}
	return a
}

func (l *launch) review() models.LaunchReview { return l.d.review(l.o.GPUs, l.allowance()) }

func (l *launch) field() string { return l.form.focused().name }

func (l *launch) Update(msg tea.Msg) tea.Cmd {
	l.touch()
	var cmds []tea.Cmd
	if l.spent != nil {
		cmd, _ := l.spent.Update(msg)
		cmds = append(cmds, cmd)
	}
	cmd, fresh := l.pick.update(msg)
	if fresh {
		l.pick.rows(l.last)
	}
	cmds = append(cmds, cmd)
	switch m := msg.(type) {
	case datasetTaken:
		cmds = append(cmds, l.takeDataset(m))
	case headTaken:
		if d := l.d.dataset; d != nil && d.ID == m.id && len(m.lengths.Tokens) > 0 {
			l.d.lengths = m.lengths
		}
	case againTaken:
		cmds = append(cmds, l.takeFrom(m))
	case launched:
		cmds = append(cmds, l.outcome(m))
	case screen.Failed:
		if m.Op == opLaunch {
			l.sending, l.failed = false, m.Err
		}
	case tea.PasteMsg:
		cmds = append(cmds, l.paste(m))
	case tea.KeyPressMsg:
		cmds = append(cmds, l.key(m))
	case tea.MouseClickMsg, tea.MouseWheelMsg:
		cmds = append(cmds, l.mouse(m))
	}
	return tea.Batch(cmds...)
}

func (l *launch) takeDataset(m datasetTaken) tea.Cmd {
	if m.id != l.loading {
		return nil
	}
	l.loading = ""
	switch {
	case m.err == nil:
		l.d.take(m.d)
		return l.readHead()
	case models.CodeOf(m.err) == models.CodeNotFound:
		l.d.dataset, l.d.wanted = nil, ""
		if m.id == l.linked { // one that was only left in the draft is no news
			l.note = m.err
		}
	default:
		l.note = m.err
	}
	return nil
}

// submit sends the job of the form. While a try is under way there is no other,
// and every try carries the draft's id, so one row is made whatever happens.
func (l *launch) submit() tea.Cmd {
	if l.sending || l.left {
		return nil
	}
	if hard := hardProblems(l.d.problems(l.review())); len(hard) > 0 {
		return screen.Toast(screen.LevelWarn, "Not launched: %s", hard[0].Text)
	}
	j, ok := l.d.job(l.o.GPUs)
	if !ok {
		return screen.Toast(screen.LevelWarn, "Not launched: the cost cannot be estimated")
	}
	l.sending, l.failed = true, nil
	l.touch()
	return screen.Do(l.sc, opLaunch, launchTimeout, func(ctx context.Context) tea.Msg {
		job, err := l.b.LaunchJob(ctx, j)
		return launched{want: j, job: job, err: err}
	})
}

func (l *launch) outcome(m launched) tea.Cmd {
	l.sending = false
	if m.err != nil {
		l.failed = m.err
		return nil
	}
	l.d.done()
	l.failed, l.mode, l.left = nil, modeForm, true
	note := screen.Toast(screen.LevelGood, "Launched: the job is queued")
	if !sameSettings(m.want, m.job) {
		note = screen.Toast(screen.LevelWarn, "An earlier try had gone through: this is that job, with the settings it was sent with")
	}
	return tea.Batch(note, screen.Changed("job"), screen.Replace("job/"+m.job.ID))
}

// sameSettings tells whether the row is what this try asked for. A try that was
// cut after the insert leaves a row that a later, edited try finds again.
func sameSettings(w models.NewJob, j models.Job) bool {
	h, g := w.Hyperparameters, j.Hyperparameters
	return w.DatasetID == j.DatasetID && same(h.LearningRate, g.LearningRate) && same(h.BatchSize, g.BatchSize) &&
		same(h.Epochs, g.Epochs) && same(h.Rank, g.Rank) && same(h.Alpha, g.Alpha) && same(h.Dropout, g.Dropout) &&
		same(w.GPU.Count, j.GPU.Count) && w.GPU.Type == j.GPU.Type
}

func same[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// step moves the value of the field by one in a direction, +1 or -1: huh has
// the choices, a number goes to the next sensible one, a model to the next of
// the table.
func (l *launch) step(dir int) {
	switch field := l.field(); field {
	case fieldDataset:
	case fieldPreset, fieldGPU:
		k := tea.KeyRight
		if dir < 0 {
			k = tea.KeyLeft
		}
		l.form.update(tea.KeyPressMsg{Code: k})
	case fieldModel:
		names := modelNames()
		i := slices.Index(names, l.d.model)
		if i < 0 && dir < 0 {
			i = 0
		}
		l.d.set(field, names[(i+dir+len(names))%len(names)])
		l.form.sync()
	default:
		l.d.stepField(field, dir)
		l.form.sync()
	}
}
