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

// alarm tells of what a live job has just shown; of a job that has ended the
// mark in the header says enough.
func (s *job) alarm() tea.Cmd {
	j, ok := s.current()
	if !ok {
		return nil
	}
	news := s.dog.look(&s.stream.series)
	if !j.Status.Live() {
		return nil
	}
	cmds := make([]tea.Cmd, 0, 2*len(news)+1)
	if d := s.silence(j, s.now(s.sc)); d != nil {
		last := s.stream.series.when(s.stream.series.length() - 1)
		cmds = append(cmds, screen.Notify("silent/"+s.id+"/"+last.String(), "%s: no point since %s", jobLabel(j), kit.Clock(last, s.now(s.sc))))
	}
	for _, o := range news {
		text := o.text()
		cmds = append(cmds, screen.Toast(screen.LevelBad, "Alert: %s", text),
			oddNotice(j, o))
	}
	return tea.Batch(cmds...)
}

// oddNotice tells, if nobody looks, of a value that is no number.
func oddNotice(j models.Job, o oddity) tea.Cmd {
	return screen.Notify("alert/"+j.ID+"/"+metricNames(o.m), "%s: %s", jobLabel(j), o.text())
}

// jobLabel names a job to people: by its dataset, else by its id.
func jobLabel(j models.Job) string {
	if j.Dataset != nil && j.Dataset.Name != "" {
		return models.Clean(j.Dataset.Name)
	}
	return "job " + shortID(j.ID)
}

func shortID(id string) string { return models.Clean(id[:min(len(id), 8)]) }

// ending tells, if nobody looks, that a job is over.
func ending(j models.Job) tea.Cmd {
	text := "job on " + jobLabel(j) + ": " + models.Clean(string(j.Status))
	if j.ErrorMessage != nil && *j.ErrorMessage != "" {
		text += " (" + models.Clean(*j.ErrorMessage) + ")"
	}
	return screen.Notify("end/"+j.ID+"/"+string(j.Status), "%s", text)
}
