package screens

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/models/jsonl"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// Bounds of one search or jump over the network.
const (
	findMost  = 64 << 20 // bytes that one search passes
	countMost = 16 << 20 // bytes in which lines are counted for a jump
	marksMost = 8192
)

// partRead is a part that was read, or how far a search is.
type partRead struct {
	to     *browser
	gen    uint64
	why    reading
	page   samplePage
	at     int64 // readJump, readFind: the sample to show
	passed int64
	end    bool   // else it goes on
	none   bool   // readFind: no hit
	note   string // to be shown
	by     string // what counted the tokens, "" for the rule
	err    error
}

// Failure lets the shell see that a session has ended.
func (m partRead) Failure() error { return m.err }

// reader makes a reader that insists on the file that the window is of.
func (w *browser) reader() *partReader {
	d, b := w.data, w.b
	r := newPartReader(func(ctx context.Context, from, n int64) (models.FilePart, error) {
		return b.DatasetPart(ctx, d, from, n)
	})
	r.etag, r.size = w.etag, w.size
	return r
}

// read starts a read; the one that goes on is ended.
func (w *browser) read(why reading, f func(ctx context.Context, by models.TokenCounter, emit func(tea.Msg)) partRead) tea.Cmd {
	w.halt()
	w.gen++
	gen, by := w.gen, w.by
	ctx, cancel := context.WithCancel(w.sc.Context())
	w.reading, w.stop, w.passed, w.note = why, cancel, 0, ""
	return screen.Stream(w.sc, "read dataset file", func(_ context.Context, emit func(tea.Msg)) tea.Msg {
		defer cancel()
		c := counter(by)
		m := f(ctx, c, func(m tea.Msg) {
			if p, ok := m.(partRead); ok {
				p.to, p.gen, p.why = w, gen, why
				emit(p)
			}
		})
		m.to, m.gen, m.why, m.end, m.by = w, gen, why, true, c.Name
		if ctx.Err() != nil {
			m.err = nil // it was stopped, by hand or because the screen left
			m.none = true
		}
		return m
	})
}

// counter makes a counter; it belongs to the goroutine that asks.
func counter(by func() models.TokenCounter) models.TokenCounter {
	if by == nil {
		return models.TokenCounter{}
	}
	return by()
}

// vocabulary is a counter as a check takes it; nil for the platform's rule.
func vocabulary(by func() models.TokenCounter) jsonl.Tokenizer {
	c := counter(by)
	if c.Count == nil {
		return nil
	}
	return counted{c}
}

type counted struct{ c models.TokenCounter }

// Name of the vocabulary.
func (v counted) Name() string { return v.c.Name }

// Count counts the tokens of a text.
func (v counted) Count(text []byte) int { return v.c.Count(text) }

// halt ends the read that goes on.
func (w *browser) halt() {
	if w.stop != nil {
		w.stop()
	}
	w.stop, w.reading = nil, readNothing
	w.gen++
}

// open reads the beginning of the file, once.
func (w *browser) open() tea.Cmd {
	if !w.took || w.fromFile() || w.reading != readNothing || w.err != nil || w.data.StoragePath == "" {
		return nil
	}
	return w.again()
}

// again reads the file from its beginning.
func (w *browser) again() tea.Cmd {
	w.etag, w.size, w.marks, w.err = "", -1, nil, nil
	r := w.reader()
	return w.read(readFirst, func(ctx context.Context, by models.TokenCounter, _ func(tea.Msg)) partRead {
		p, err := r.forward(ctx, 0, false)
		return partRead{page: readSamples(p, 1, by), err: err}
	})
}

func (w *browser) readNext() tea.Cmd {
	last := w.pages[len(w.pages)-1]
	no := int64(0)
	if n := len(last.samples); n > 0 && last.samples[n-1].no > 0 {
		no = last.samples[n-1].no + 1
	}
	r := w.reader()
	return w.read(readNext, func(ctx context.Context, by models.TokenCounter, _ func(tea.Msg)) partRead {
		p, err := r.forward(ctx, last.to, last.mid)
		return partRead{page: readSamples(p, no, by), err: err}
	})
}

func (w *browser) readPrev() tea.Cmd {
	first := w.pages[0]
	no := int64(0)
	if len(first.samples) > 0 && !first.headMid {
		no = first.samples[0].no
	}
	r := w.reader()
	return w.read(readPrev, func(ctx context.Context, by models.TokenCounter, _ func(tea.Msg)) partRead {
		p, err := r.backward(ctx, first.from)
		if no -= int64(len(p.lines)); no < 0 || p.headMid {
			no = 0
		}
		return partRead{page: readSamples(p, no, by), err: err}
	})
}

// jump shows what begins at an offset, or next behind it. no is the number of
// that line, 0 when it is not known.
func (w *browser) jump(at, no int64) tea.Cmd {
	r := w.reader()
	if at <= 0 {
		no = 1
	}
	return w.read(readJump, func(ctx context.Context, by models.TokenCounter, _ func(tea.Msg)) partRead {
		p, err := r.around(ctx, at)
		if len(p.lines) > 0 && p.lines[0].at < at {
			no = 0 // the end of the file, from somewhere before
		}
		return partRead{page: readSamples(p, no, by), at: at, err: err}
	})
}

// jumpInto shows the line that has a byte, of which the number is known.
func (w *browser) jumpInto(at, no int64) tea.Cmd {
	r := w.reader()
	return w.read(readJump, func(ctx context.Context, by models.TokenCounter, _ func(tea.Msg)) partRead {
		start, ok, err := r.lineStart(ctx, at)
		if err != nil {
			return partRead{err: err}
		}
		if !ok { // the line is too long: what is behind it
			p, err := r.around(ctx, at)
			return partRead{page: readSamples(p, 0, by), at: at, err: err, note: "line " + kit.Exact(no) + " is longer than " + kit.Bytes(lineMost)}
		}
		p, err := r.forward(ctx, start, false)
		return partRead{page: readSamples(p, no, by), at: start, err: err}
	})
}

// jumpLine shows a line by its number: exactly when it can be counted from a
// place that is known, else about there.
func (w *browser) jumpLine(no int64) tea.Cmd {
	for _, s := range w.flat {
		if s.no == no {
			w.selectAt(s.at)
			w.goTo(w.cursor)
			return w.ahead()
		}
	}
	from := lineMark{1, 0}
	for _, m := range w.marks {
		if m.no <= no && m.no > from.no {
			from = m
		}
	}
	r, each := w.reader(), w.tally.lineBytes()
	return w.read(readJump, func(ctx context.Context, by models.TokenCounter, emit func(tea.Msg)) partRead {
		return countTo(ctx, r, from, no, each, by, emit)
	})
}

// countTo counts lines from a mark to a number, or guesses where it is.
func countTo(ctx context.Context, r *partReader, from lineMark, no int64, each float64, by models.TokenCounter, emit func(tea.Msg)) partRead {
	guess := from.at + int64(float64(no-from.no)*max(1, each))
	if r.size >= 0 {
		guess = min(guess, r.size)
	}
	at, mid := from.at, false
	for n := from.no; at-from.at < countMost && guess-from.at < countMost; {
		p, err := r.forward(ctx, at, mid)
		if err != nil {
			return partRead{err: err}
		}
		if k := int64(len(p.lines)); no < n+k {
			return partRead{page: readSamples(p, n, by), at: p.lines[no-n].at}
		} else if n += k; r.ends(p.to) {
			p, err := r.backward(ctx, r.size)
			return partRead{page: readSamples(p, max(0, n-int64(len(p.lines))), by), at: r.size, err: err, note: "the file has " + plural(int(n-1), "line")}
		}
		at, mid = p.to, p.mid
		emit(partRead{passed: at - from.at})
	}
	p, err := r.around(ctx, guess)
	return partRead{page: readSamples(p, 0, by), at: guess, err: err, note: "about line " + kit.Exact(no) + ": line numbers are known only where the file was read from its beginning"}
}

// find reads on, forward or backward, until a part has a hit.
func (w *browser) find(dir int) tea.Cmd {
	r, needle, raw := w.reader(), strings.ToLower(w.needle), w.raw
	last, first := w.pages[len(w.pages)-1], w.pages[0]
	return w.read(readFind, func(ctx context.Context, by models.TokenCounter, emit func(tea.Msg)) partRead {
		at, mid := last.to, last.mid
		if dir < 0 {
			at = first.from
		}
		for begin := at; ; {
			if dir > 0 && r.ends(at) || dir < 0 && at <= 0 {
				return partRead{none: true, passed: abs64(at - begin)}
			}
			if abs64(at-begin) >= findMost {
				return partRead{none: true, passed: abs64(at - begin), note: "no hit in the next " + kit.Bytes(findMost) + "; again searches on from the window's edge"}
			}
			p, err := r.towards(ctx, dir, at, mid)
			if err != nil {
				return partRead{err: err}
			}
			page := readSamples(p, 0, by)
			if i := page.hitIn(needle, raw, dir); i >= 0 {
				return partRead{page: page, at: page.samples[i].at}
			}
			if at, mid = p.to, p.mid; dir < 0 {
				at = p.from
			}
			emit(partRead{passed: abs64(at - begin)})
		}
	})
}

func (r *partReader) towards(ctx context.Context, dir int, at int64, mid bool) (filePage, error) {
	if dir < 0 {
		return r.backward(ctx, at)
	}
	return r.forward(ctx, at, mid)
}

// hitIn is the first sample with a hit, or the last when dir is below 0; -1
// without one.
func (p *samplePage) hitIn(lower string, raw bool, dir int) int {
	for k := range p.samples {
		i := k
		if dir < 0 {
			i = len(p.samples) - 1 - k
		}
		if p.samples[i].matches(lower, raw) {
			return i
		}
	}
	return -1
}

func abs64(n int64) int64 { return max(n, -n) }

// update takes what was read.
func (w *browser) update(m partRead) tea.Cmd {
	if m.to != w || m.gen != w.gen {
		return nil
	}
	w.shown.valid = false
	if !m.end {
		w.passed = m.passed
		return nil
	}
	why := w.reading
	w.reading, w.stop = readNothing, nil
	switch {
	case m.err != nil:
		w.err = m.err
		return nil
	case m.none:
		if w.note = m.note; w.note == "" && why == readFind {
			w.note = "no further hit"
		}
		return nil
	}
	w.err, w.note = nil, m.note
	w.size, w.etag = m.page.size, m.page.etag
	w.tally.by = m.by
	w.tally.number(m.page.samples)
	w.tally.add(m.page.samples)
	w.mark(m.page.samples)
	return w.put(why, m)
}

// put puts a part into the window.
func (w *browser) put(why reading, m partRead) tea.Cmd {
	switch why {
	case readNext:
		w.pages = append(w.pages, m.page)
		if len(w.pages) > samplePages {
			w.pages = append([]samplePage(nil), w.pages[1:]...)
		}
		w.refill()
	case readPrev:
		w.pages = append([]samplePage{m.page}, w.pages...)
		w.pages = w.pages[:min(len(w.pages), samplePages)]
		w.refill()
	default:
		w.pages = []samplePage{m.page}
		w.flat, w.cursor = nil, 0
		w.refill()
		if why == readJump || why == readFind {
			w.selectAt(m.at)
			if c := w.current(); c != nil && c.at < m.at { // the end of the file
				w.cursor = len(w.flat) - 1
			}
		}
		w.turn, w.hit = 0, firstHit
		w.doc.Top()
	}
	if len(w.flat) == 0 && w.fromFile() && w.more() && (why == readFirst || why == readNext || why == readJump) {
		return w.readNext() // nothing but the inside of a long line so far
	}
	return w.ahead()
}

// mark remembers where the first sample of a part with a known number is.
func (w *browser) mark(list []sample) {
	if len(list) == 0 || list[0].no == 0 || len(w.marks) >= marksMost {
		return
	}
	m := lineMark{list[0].no, list[0].at}
	for _, had := range w.marks {
		if had == m {
			return
		}
	}
	w.marks = append(w.marks, m)
}
