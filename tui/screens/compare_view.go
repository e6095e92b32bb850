package screens

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/chart"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

func (s *compare) View(f screen.Frame) string { return s.frame(f, s.draw) }

func (s *compare) draw(f screen.Frame) string {
	head := s.head(f)
	h := f.H - len(head)
	chartH := max(h/2, min(h, 8))
	if s.full {
		chartH = h
	}
	if s.stale {
		s.lines()
		s.stale = false
		s.shown++
	}
	o := &s.chart.Options
	o.Title, o.Empty = metricTitle(s.metric), "no points"
	if !s.complete() {
		o.Empty = "reading"
	}
	s.apply(o)
	o.Summed = s.summed()
	if s.smooth > 0 {
		for _, r := range s.drawn() {
			r.average(s.metric, smoothings()[s.smooth])
		}
	}
	s.cells = rect{0, len(head), f.W, chartH}
	out := []string{kit.Fit(strings.Join(head, "\n"), f.W, len(head)), s.chart.View(f.Theme, f.W, chartH, s.shown)}
	if rest := h - chartH; rest > 0 {
		s.table.SetContent(s.sheet(f, f.W))
		out = append(out, s.table.View(f.Theme, f.W, rest))
	}
	return kit.JoinV(out...)
}

func metricTitle(m metric) string {
	name := metricNames(m)
	return strings.ToUpper(name[:1]) + name[1:]
}

// head is the line of what is switched on, and what is wrong.
func (s *compare) head(f screen.Frame) []string {
	if s.saver.open {
		return []string{s.saver.line(f.Theme, f.W, s.summed())}
	}
	if f.H < 12 {
		return nil
	}
	th := f.Theme
	text := th.Dim.Render("over " + s.axis.String())
	on := s.state()
	if s.chart.Options.LogY {
		on += "  log"
	}
	if s.chart.Options.Robust {
		on += "  without outliers"
	}
	if w := smoothings()[s.smooth]; w > 0 {
		on += "  smoothed " + strconv.FormatFloat(w, 'g', -1, 64)
	}
	on = strings.Replace(on, "  over "+s.axis.String(), "", 1)
	if n := s.saver.running(); n != "" {
		text, on = th.Dim.Render("saving: "+n+"…  esc stops"), ""
	}
	lines := []string{kit.Truncate(text+th.Faint.Render(on), f.W)}
	if err := s.stream.feed.Err(); err != nil {
		lines = append(lines, kit.ErrorLine(th, err, kit.Age(s.stream.feed.State().At, f.Now), f.W))
	} else if len(s.ids) == 1 {
		lines = append(lines, th.Warn.Render(kit.Truncate("Only one job: mark two to five in the list of jobs with space.", f.W)))
	}
	return lines
}

// sheetRow is a row of the table: a value a job, and where less or more is
// better the numbers to find the best of.
type sheetRow struct {
	label  string
	cells  []string
	scores []float64 // nil: nothing is best; NaN: has none. The least is best.
}

// sheet is the table: a column a job.
func (s *compare) sheet(f screen.Frame, w int) string {
	th := f.Theme
	const labelW = 22
	colW := max(10, min(26, (w-labelW)/max(len(s.ids), 1)))
	var b strings.Builder
	write := func(label string, cells []string) {
		b.WriteString(kit.PadRight(label, labelW))
		for _, c := range cells {
			b.WriteString(kit.PadRight(kit.Truncate(c, colW-1), colW))
		}
		b.WriteByte('\n')
	}
	heads := make([]string, len(s.ids))
	for i := range s.ids {
		heads[i] = th.SeriesStyle(i).Render(s.name(i))
		if s.hidden[s.ids[i]] {
			heads[i] = th.Faint.Render(s.name(i) + " hidden")
		}
	}
	write(th.Strong.Render("Job"), heads)
	for _, r := range s.facts(f.Now) {
		write(th.Dim.Render(r.label), r.marked(th))
	}
	write(th.Strong.Render("Results"), nil)
	for _, r := range s.results(f.Now) {
		write(th.Dim.Render(r.label), r.marked(th))
	}
	diff, same := s.parameters()
	write(th.Strong.Render("Hyperparameters"), nil)
	for _, r := range diff {
		write(th.Dim.Render(r.label), r.cells)
	}
	if s.all {
		for _, r := range same {
			write(th.Faint.Render(r.label), r.cells)
		}
	} else if len(same) > 0 {
		b.WriteString(th.Faint.Render(plural(len(same), "value") + " the same in all: d shows them"))
	}
	return strings.TrimRight(b.String(), "\n")
}

// marked are the cells with the best one marked; a tie of all marks none.
func (r sheetRow) marked(th theme.Theme) []string {
	best, worst := math.Inf(1), math.Inf(-1)
	for _, v := range r.scores {
		if v-v == 0 {
			best, worst = min(best, v), max(worst, v)
		}
	}
	if !(best < worst) {
		return r.cells
	}
	out := slices.Clone(r.cells)
	for i, v := range r.scores {
		if v == best {
			out[i] = th.Good.Render(out[i] + th.Glyph(" ◂ best", " < best"))
		}
	}
	return out
}

// eachRun makes a row of what f says about each run that was read.
func (s *compare) eachRun(label string, f func(r *compareRun) (text string, score float64)) sheetRow {
	row := sheetRow{label: label}
	for _, r := range s.stream.runs {
		text, score := "…", math.NaN()
		switch {
		case r.gone != "":
			text = "not there"
		case r.known:
			text, score = f(r)
		}
		row.cells, row.scores = append(row.cells, text), append(row.scores, score)
	}
	return row
}

func (s *compare) facts(now time.Time) []sheetRow {
	none := math.NaN()
	return []sheetRow{
		s.eachRun("dataset", func(r *compareRun) (string, float64) { return jobLabel(r.job), none }),
		s.eachRun("status", func(r *compareRun) (string, float64) { return models.Clean(string(r.job.Status)), none }),
		s.eachRun("created", func(r *compareRun) (string, float64) { return kit.Age(r.job.CreatedAt.Time, now) + " ago", none }),
	}
}

// results are the final metrics, or those of now.
func (s *compare) results(now time.Time) []sheetRow {
	last := func(m metric, sign float64) sheetRow {
		return s.eachRun(metricNames(m), func(r *compareRun) (string, float64) {
			t := r.series.track(m)
			for i := t.Len() - 1; i >= 0 && i > t.Len()-100; i-- {
				if v := t.Y(i); v-v == 0 {
					return chart.Number(v), sign * v
				}
			}
			return kit.None, math.NaN()
		})
	}
	least := func(m metric) sheetRow {
		return s.eachRun("least "+metricNames(m), func(r *compareRun) (string, float64) {
			t := r.series.track(m)
			e := t.Extent(0, t.Len())
			if e.N == 0 {
				return kit.None, math.NaN()
			}
			return chart.Number(e.Min), e.Min
		})
	}
	return []sheetRow{
		last(metricTraining, 1), least(metricTraining), last(metricValidation, 1), least(metricValidation), last(metricThroughput, -1),
		s.eachRun("time", func(r *compareRun) (string, float64) {
			d := r.job.Elapsed(now)
			if d <= 0 {
				return kit.None, math.NaN()
			}
			return kit.Duration(d), d.Seconds()
		}),
		s.eachRun("cost", func(r *compareRun) (string, float64) {
			m, _, ok := models.Spend(r.job, s.o.GPUs, now)
			if !ok {
				return kit.None, math.NaN()
			}
			return jobCost(r.job, s.o, now), m.Ratio(models.Dollars(100))
		}),
	}
}

// parameters are the stored values, those that differ apart from the others.
func (s *compare) parameters() (diff, same []sheetRow) {
	var labels []string
	values := make([]map[string]string, len(s.stream.runs))
	for i, r := range s.stream.runs {
		values[i] = map[string]string{}
		if !r.known {
			continue
		}
		for _, p := range configPairs(r.job, s.o) {
			if slices.Contains([]string{"Job", "Artifact", "External job", "Estimated cost", "Retries"}, p[0]) {
				continue
			}
			if !slices.Contains(labels, p[0]) {
				labels = append(labels, p[0])
			}
			values[i][p[0]] = p[1]
		}
	}
	for _, l := range labels {
		row := sheetRow{label: l}
		differs := false
		for i, r := range s.stream.runs {
			v := values[i][l]
			differs = differs || r.known && s.stream.runs[0].known && v != values[0][l]
			if v == "" {
				v = kit.None
			}
			row.cells = append(row.cells, v)
		}
		if differs {
			diff = append(diff, row)
		} else {
			same = append(same, row)
		}
	}
	return diff, same
}
