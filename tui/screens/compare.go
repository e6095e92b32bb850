package screens

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// compareMost is how many jobs can be told apart in one chart.
const compareMost = 5

// compare lays one metric of several jobs over each other, and their
// hyperparameters and results beside each other.
type compare struct {
	paint
	plotView
	sc     screen.Scope
	b      pointReader
	o      Options
	ids    []string
	stream *compareStream
	chart  chart.Chart
	cells  rect
	metric metric
	smooth int
	all    bool            // hyperparameters that do not differ as well
	full   bool            // the chart alone
	hidden map[string]bool // jobs without a line
	shown  uint64
	stale  bool // chart.Series has to be made anew
	table  *kit.Scroller
	dragX  int
	saver  saver
}

func newCompare(b jobStore, o Options) func(screen.Scope, screen.Args) screen.Screen {
	return func(sc screen.Scope, args screen.Args) screen.Screen {
		args, q := linkQuery(args)
		s := &compare{hidden: map[string]bool{}, plotView: newPlotView(o), sc: sc, b: b, o: o, stale: true, table: kit.NewScroller(false)}
		for id := range strings.SplitSeq(args.At(0), ",") {
			if id = strings.TrimSpace(id); id != "" && !slices.Contains(s.ids, id) && len(s.ids) < compareMost {
				s.ids = append(s.ids, id)
			}
		}
		s.chart.Options.Marks = true // a letter in the legend is told by more than its colour
		s.stream = newCompareStream(sc, b, s.ids)
		s.takeQuery(q)
		return s
	}
}

// metricKey is a metric's name in links.
func metricKey(m metric) string {
	return [metricCount]string{"loss", "validation", "rate", "gradient", "throughput", "gpu"}[m]
}

func (s *compare) takeQuery(q map[string][]string) {
	get := func(name string) string {
		if v := q[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	for m := range metricCount {
		if metricKey(m) == get("metric") {
			s.metric = m
		}
	}
	s.chart.Options.LogY, s.chart.Options.Robust = get("log") == "1", get("robust") == "1"
	s.all, s.full = get("all") == "1", get("full") == "1"
	for _, letter := range get("hide") {
		s.toggle(string(letter))
	}
	if w, ok := number(q, "smooth"); ok {
		if i := slices.Index(smoothings(), w); i >= 0 {
			s.smooth = i
		}
	}
	s.take(q)
}

func (s *compare) Link() string {
	q := map[string][]string{}
	v := func(name, text string) { q[name] = []string{text} }
	if s.metric != 0 {
		v("metric", metricKey(s.metric))
	}
	putFlag(q, "log", s.chart.Options.LogY)
	putFlag(q, "robust", s.chart.Options.Robust)
	putFlag(q, "all", s.all)
	putFlag(q, "full", s.full)
	if h := s.hiddenLetters(); h != "" {
		v("hide", h)
	}
	if w := smoothings()[s.smooth]; w > 0 {
		putNumber(q, "smooth", w)
	}
	s.put(q)
	return withQuery("compare/"+strings.Join(s.ids, ","), q)
}

func (s *compare) Init() tea.Cmd {
	if len(s.ids) == 0 {
		return screen.Replace("jobs")
	}
	return s.stream.feed.Start()
}

func (s *compare) Title() string { return "Compare " + plural(len(s.ids), "job") }

func (s *compare) Busy() string { return s.saver.busy() }

func (s *compare) Copy() string { return strings.Join(s.ids, ",") }

func (s *compare) FeedState() screen.FeedState { return s.stream.feed.State() }

func (s *compare) Update(msg tea.Msg) tea.Cmd {
	s.touch()
	cmd, fresh := s.stream.update(msg)
	if fresh {
		s.reckon()
	}
	switch m := msg.(type) {
	case saved, saving:
		return tea.Batch(cmd, s.saver.take(m))
	case tea.KeyPressMsg:
		if !s.toggle(m.String()) {
			s.table.Update(m)
		}
	case tea.MouseMsg:
		s.mouse(m)
	}
	return tea.Batch(cmd, s.closer())
}

// reckon measures the axis and the range after something was read.
func (s *compare) reckon() {
	s.shown++
	s.stale = true // a run whose first points came has no line yet
	for _, r := range s.stream.runs {
		r.clock = clockworkOf(r.job, &r.series, s.o)
	}
	if s.complete() && s.axisOff(s.axis) != "" {
		s.turnTo(axisStep)
	}
	s.measure()
}

func (s *compare) measure() {
	e := chart.NoExtent()
	for _, r := range s.drawn() {
		t := r.series.track(s.metric)
		e.Merge(chart.XExtent(r.clock.over(s.axis, t, t)))
	}
	s.grown(e.Min, e.Max)
}

func (s *compare) complete() bool {
	return !slices.ContainsFunc(s.stream.runs, func(r *compareRun) bool { return r.gone == "" && !r.whole })
}

// drawn are the runs that have a place on the axis.
func (s *compare) drawn() (out []*compareRun) {
	for _, r := range s.stream.runs {
		if r.series.length() > 0 && r.clock.off(s.axis) == "" && !s.hidden[r.id] {
			out = append(out, r)
		}
	}
	return out
}

// axisOff says why no job has a place on an axis.
func (s *compare) axisOff(a xAxis) (why string) {
	for _, r := range s.stream.runs {
		if why = r.clock.off(a); why == "" && r.series.length() > 0 {
			return ""
		}
	}
	return why
}

// lines makes the series of the chart.
func (s *compare) lines() {
	s.chart.Series = s.chart.Series[:0]
	w := smoothings()[s.smooth]
	var front []chart.Series
	for i, r := range s.stream.runs {
		if r.series.length() == 0 || r.clock.off(s.axis) != "" || s.hidden[r.id] {
			continue
		}
		t := r.series.track(s.metric)
		line := chart.Series{Name: s.name(i), Points: r.clock.over(s.axis, t, t), Color: i}
		if w > 0 {
			faint := line
			faint.Faint = true
			s.chart.Series = append(s.chart.Series, faint)
			line.Points = r.clock.over(s.axis, r.average(s.metric, w), t)
		}
		front = append(front, line)
	}
	s.chart.Series = append(s.chart.Series, front...)
}

// average is the smoothed metric, kept while it stays the same one.
func (r *compareRun) average(m metric, w float64) *chart.Smoothed {
	t := r.series.track(m)
	if r.avg == nil || r.avgOf != m || r.avgBy != w {
		r.avg, r.avgOf, r.avgBy = chart.Smooth(t, w), m, w
	} else {
		r.avg.Update(t.low)
	}
	t.low = t.Len()
	return r.avg
}

// name tells a job from the others: a letter and the start of its id.
func (s *compare) name(i int) string {
	return string(rune('A'+i)) + " " + models.Clean(s.ids[i][:min(len(s.ids[i]), 4)])
}
