package screens

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// samplePages is how many parts of a stored file are in memory at a time.
const samplePages = 3

// sample is one line of a dataset, read.
type sample struct {
	fileLine
	no     int64 // physical line from 1; 0 unknown
	format models.LineFormat
	conv   models.Conversation
	err    string // why it is no JSON
	tokens int    // as counted by the browser's counter
	about  sampleAbout
}

// sampleAbout is what a v4 pair says of its conversation.
type sampleAbout struct{ persona, arc, topic string }

// samplePage is a run of samples that lie behind each other in the file.
type samplePage struct {
	filePage
	samples []sample
}

// readSamples reads the lines of a page. no is the number of its first line, 0
// when it is not known.
func readSamples(p filePage, no int64, c models.TokenCounter) samplePage {
	out := samplePage{filePage: p, samples: make([]sample, 0, len(p.lines))}
	for _, l := range p.lines {
		s := readSample(l, c)
		if s.no = no; no > 0 {
			no++
		}
		out.samples = append(out.samples, s)
	}
	out.lines = nil
	return out
}

// readSample reads one line; what is no JSON is kept as text.
func readSample(l fileLine, c models.TokenCounter) sample {
	s := sample{fileLine: l, format: models.LineUnknown}
	text := bytes.TrimSpace(bytes.TrimPrefix(l.text, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		s.err = "an empty line"
		return s
	case l.cut || l.headless:
		s.err = "longer than " + kit.Bytes(lineMost)
		return s
	}
	line, err := models.ParseLine(text)
	if err != nil {
		s.err = models.Clean(err.Error())
		return s
	}
	s.format, s.conv, s.tokens = line.Format, line.Conversation, countTokens(line.Conversation, c)
	if s.format == models.LinePair {
		s.about = aboutOf(text)
	}
	return s
}

// countTokens counts with a vocabulary, or without one by the platform's rule:
// words × 1.3.
func countTokens(c models.Conversation, by models.TokenCounter) int {
	n, words := 0, 0
	for _, t := range c.Turns {
		if by.Count != nil {
			n += by.Count([]byte(t.Content))
			continue
		}
		words += strings.Count(t.Content, " ") + 1
	}
	return n + int(math.Round(float64(words)*1.3))
}

func aboutOf(line []byte) sampleAbout {
	var v struct {
		About struct {
			Persona   string `json:"client_persona"`
			Archetype string `json:"persona_archetype"`
			Arc       string `json:"emotional_arc"`
			ArcKey    string `json:"emotional_arc_key"`
			Topic     string `json:"training_topic"`
			TopicKey  string `json:"training_topic_key"`
		} `json:"conversation_metadata"`
	}
	if json.Unmarshal(line, &v) != nil {
		return sampleAbout{}
	}
	a := v.About
	return sampleAbout{
		persona: models.Clean(orElse(a.Persona, a.Archetype)), arc: models.Clean(orElse(a.Arc, a.ArcKey)),
		topic: models.Clean(orElse(a.Topic, a.TopicKey)),
	}
}

// id names a sample in the list.
func (s *sample) id() string { return strconv.FormatInt(s.at, 10) }

// turns is what is drawn of a sample: its messages, or the line as it is.
func (s *sample) turns(raw bool) []models.Turn {
	if raw || len(s.conv.Turns) == 0 {
		return []models.Turn{{Role: "line", Content: string(s.text)}}
	}
	return s.conv.Turns
}

// matches reports that the text, in lower case, is in a sample.
func (s *sample) matches(lower string, raw bool) bool {
	for _, t := range s.turns(raw) {
		if strings.Contains(strings.ToLower(t.Content), lower) {
			return true
		}
	}
	return !raw && strings.Contains(strings.ToLower(s.conv.Title), lower)
}

// keptSamples are the conversations that a row keeps in sample_data.
func keptSamples(d models.Dataset, by models.TokenCounter) []sample {
	var out []sample
	for i, c := range d.Samples() {
		out = append(out, sample{fileLine: fileLine{at: int64(i)}, no: int64(i + 1), format: models.LineTurns, conv: c, tokens: countTokens(c, by)})
	}
	return out
}

// browser shows the samples of a dataset: of the stored file a window of parts,
// or, without a file, what the row keeps. It belongs to the Update goroutine.
type browser struct {
	sc   screen.Scope
	b    DatasetFiles
	by   func() models.TokenCounter // a new one each call; nil: the platform's rule
	data models.Dataset
	kept []sample
	took bool // data is set

	pages []samplePage
	size  int64 // of the file; -1 unknown
	etag  string
	marks []lineMark
	err   error // why the file, or its last part, could not be read

	reading reading
	stop    func()
	gen     uint64 // counts reads; an answer to an older one is dropped
	passed  int64  // bytes that a search has passed
	note    string // what the last search or jump found

	flat   []*sample // of pages, else of kept
	cursor int
	turn   int
	folded bool
	raw    bool
	needle string // what is searched for
	hit    int    // the hit line that is shown; see lastHit
	prompt *kit.Input

	list  *kit.Table
	doc   *kit.Scroller
	rowed string // theme of the rows; "" when they are not those of flat
	shown drawnSample
	tally tally
	room  browserRoom
}

// lineMark is a line of which number and offset are known.
type lineMark struct{ no, at int64 }

// reading is what is being read.
type reading int

const (
	readNothing reading = iota
	readFirst           // the window anew
	readNext            // the part behind it
	readPrev            // the part before it
	readJump            // the window at another place
	readFind            // the next part with a hit
)

func newBrowser(sc screen.Scope, b DatasetFiles) *browser {
	return &browser{sc: sc, b: b, size: -1, folded: true, doc: kit.NewScroller(true), list: kit.NewTable(
		kit.Column{Title: "Line", Min: 5, Max: 10, Right: true},
		kit.Column{Title: "Turns", Min: 5, Max: 5, Right: true, Drop: 2},
		kit.Column{Title: "Tokens", Min: 6, Max: 7, Right: true, Drop: 1},
		kit.Column{Title: "What", Min: 8},
	)}
}

// take sets the dataset; another file of the same dataset is read anew.
func (w *browser) take(d models.Dataset) {
	other := w.data.StoragePath != d.StoragePath || w.data.StorageBucket != d.StorageBucket
	if w.data.Status != d.Status {
		w.err = nil // its file may be there now
	}
	w.data, w.took = d, true
	w.kept = keptSamples(d, models.TokenCounter{})
	if other {
		w.pages, w.err, w.size, w.etag, w.marks = nil, nil, -1, "", nil
	}
	if len(w.pages) == 0 {
		w.refill()
	}
}

// fromFile reports that the stored file is shown.
func (w *browser) fromFile() bool { return len(w.pages) > 0 }

// refill makes flat anew and keeps the cursor on its sample.
func (w *browser) refill() {
	at, had := int64(0), false
	if c := w.current(); c != nil {
		at, had = c.at, true
	}
	w.flat = w.flat[:0]
	if !w.fromFile() {
		for i := range w.kept {
			w.flat = append(w.flat, &w.kept[i])
		}
	}
	for i := range w.pages {
		for k := range w.pages[i].samples {
			w.flat = append(w.flat, &w.pages[i].samples[k])
		}
	}
	w.rowed, w.shown.valid = "", false
	w.cursor = max(0, min(w.cursor, len(w.flat)-1))
	if had {
		w.selectAt(at)
	}
}

// selectAt moves to the sample at an offset, or the first behind it.
func (w *browser) selectAt(at int64) {
	for i, s := range w.flat {
		if s.at >= at {
			w.cursor = i
			return
		}
	}
}

// current is the sample under the cursor; nil without one.
func (w *browser) current() *sample {
	if w.cursor < 0 || w.cursor >= len(w.flat) {
		return nil
	}
	return w.flat[w.cursor]
}

// goTo moves to a sample of the window and shows its beginning.
func (w *browser) goTo(i int) {
	i = max(0, min(i, len(w.flat)-1))
	if i != w.cursor {
		w.cursor, w.turn, w.hit = i, 0, firstHit
		w.doc.Top()
	}
	w.shown.valid = false
}

// step moves by n samples and reads on near the ends of the window.
func (w *browser) step(n int) tea.Cmd {
	w.goTo(w.cursor + n)
	return w.ahead()
}

// ahead reads the part behind, or before, the window when the cursor is close.
func (w *browser) ahead() tea.Cmd {
	const close = 5
	switch {
	case !w.fromFile() || w.reading != readNothing || w.err != nil:
		return nil
	case w.cursor >= len(w.flat)-close && w.more():
		return w.readNext()
	case w.cursor < close && w.pages[0].from > 0:
		return w.readPrev()
	}
	return nil
}

// more reports that the file goes on behind the window.
func (w *browser) more() bool {
	last := w.pages[len(w.pages)-1]
	return w.size < 0 || last.to < w.size
}

// page moves to the first sample of the next part, or of the one before.
func (w *browser) page(n int) tea.Cmd {
	c := w.current()
	if c == nil || !w.fromFile() {
		w.goTo(w.cursor + n*10)
		return nil
	}
	first := 0
	for i := range w.pages {
		size := len(w.pages[i].samples)
		if w.cursor < first+size {
			if n < 0 && w.cursor > first {
				w.goTo(first)
				return w.ahead()
			}
			break
		}
		first += size
	}
	i := w.pageOf(w.cursor) + n
	switch {
	case i >= 0 && i < len(w.pages):
		w.goTo(w.firstOf(i))
		return w.ahead()
	case n > 0 && w.more():
		return w.jump(w.pages[len(w.pages)-1].to, 0)
	case n < 0 && w.pages[0].from > 0:
		return w.readPrev()
	}
	return nil
}

// pageOf is the page of the i-th sample.
func (w *browser) pageOf(i int) int {
	for p := range w.pages {
		if i -= len(w.pages[p].samples); i < 0 {
			return p
		}
	}
	return len(w.pages) - 1
}

// firstOf is the first sample of a page.
func (w *browser) firstOf(page int) (i int) {
	for p := range page {
		i += len(w.pages[p].samples)
	}
	return i
}
