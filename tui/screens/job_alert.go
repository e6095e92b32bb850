package screens

import (
	"sort"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

// oddity is the first value of a metric that is no number.
type oddity struct {
	m    metric
	kind string
	step int64
}

func (o oddity) text() string {
	return metricNames(o.m) + " is " + o.kind + " at step " + chart.XText(chart.XWhole, float64(o.step))
}

// metricNames are the names of the metrics for people.
func metricNames(m metric) string {
	return [metricCount]string{"training loss", "validation loss", "learning rate", "gradient norm", "throughput", "GPU use"}[m]
}

// firstOdd finds the first value of a track that is no number.
func firstOdd(t *track) (o oddity, ok bool) {
	n := t.Len()
	if n == 0 || t.Extent(0, n).Odd == 0 {
		return o, false
	}
	i := sort.Search(n, func(i int) bool { return t.Extent(0, i+1).Odd != 0 })
	kind := t.Extent(i, i+1).Odd
	o.step, o.kind = int64(t.X(i)), "NaN"
	switch kind {
	case chart.OddPosInf:
		o.kind = "+Inf"
	case chart.OddNegInf:
		o.kind = "-Inf"
	}
	return o, true
}

// watchdog notices values that are no numbers, each metric once.
type watchdog struct {
	found []oddity
	told  [metricCount]bool
}

// look searches the metrics that were sound before; it gives what is new.
func (w *watchdog) look(s *series) (news []oddity) {
	for m := range metricCount {
		if w.told[m] {
			continue
		}
		if o, ok := firstOdd(s.track(m)); ok {
			o.m = m
			w.told[m] = true
			news = append(news, o)
		}
	}
	w.found = append(w.found, news...)
	return news
}

// mark is a word for the header line of the page, "" while all is sound.
func (w *watchdog) mark(th theme.Theme) string {
	if len(w.found) == 0 {
		return ""
	}
	return th.Bad.Render(th.Glyph("⚠ ", "! ") + w.found[0].text())
}

// alarm has the shell look at once at what a live job has just shown, which it
// tells of if it is news; of silence only this page knows.
func (s *job) alarm() tea.Cmd {
	j, ok := s.current()
	if !ok {
		return nil
	}
	news := s.dog.look(&s.stream.series)
	if !j.Status.Live() {
		return nil
	}
	var cmds []tea.Cmd
	if d := s.silence(j, s.now(s.sc)); d != nil {
		last := s.stream.series.when(s.stream.series.length() - 1)
		cmds = append(cmds, screen.Notify("silent/"+s.id+"/"+last.String(), screen.LevelWarn, "%s: no point since %s", jobLabel(j), kit.Clock(last, s.now(s.sc))))
	}
	if len(news) > 0 {
		cmds = append(cmds, screen.Changed("metrics"))
	}
	return tea.Batch(cmds...)
}

// jobLabel names a job to people: by its dataset, else by its id.
func jobLabel(j models.Job) string {
	if j.Dataset != nil && j.Dataset.Name != "" {
		return models.Clean(j.Dataset.Name)
	}
	return "job " + shortID(j.ID)
}

func shortID(id string) string { return models.Clean(id[:min(len(id), 8)]) }
