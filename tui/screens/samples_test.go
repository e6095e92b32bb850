package screens

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// longFile is n conversations of two turns; the last says "needle".
func longFile(n int) []byte {
	var b strings.Builder
	for i := range n {
		word := "hay"
		if i == n-1 {
			word = "Needle"
		}
		fmt.Fprintf(&b, `{"conversation_id":"c%d","turns":[{"role":"user","content":"question %d %s"},{"role":"assistant","content":"answer %d %s"}]}`+"\n",
			i, i, strings.Repeat("stack ", 60), i, word)
	}
	return []byte(b.String())
}

// filePage opens the page of a dataset whose stored file is data.
func openFile(t *testing.T, data []byte) *rig {
	t.Helper()
	d := sampleDataset()
	d.FileSize = models.Int(len(data))
	b := &fakeBackend{dataset: func(string) (models.Dataset, error) { return d, nil }}
	b.part = shelfPart(data)
	r := newRig(t, newDataset(b, Options{}), "ds1")
	r.h = 30
	r.see("support chats")
	r.press("tab")
	return r
}

func shelfPart(data []byte) func(context.Context, models.Dataset, int64, int64) (models.FilePart, error) {
	fetch := shelfFile(data, 1<<40, true)
	return func(ctx context.Context, _ models.Dataset, from, n int64) (models.FilePart, error) {
		return fetch(ctx, from, n)
	}
}

func TestSamplesOfAStoredFileAreReadInParts(t *testing.T) {
	data := longFile(5000)
	r := openFile(t, data)
	r.see("Line 1 ")
	w := r.s.(*dataset).samples
	if got := w.tally.bytes; got > 2*partSize {
		t.Fatalf("%d bytes were read to show the first line of %d", got, len(data))
	}
	r.press("]", "]")
	r.see("Line 3 ")
	r.press("[")
	r.see("Line 2 ")
	r.see("question 1 stack")
	for range 60 { // to the end of the window and on, part by part
		r.press(">")
		r.until("the part", func() bool { return w.reading == readNothing })
	}
	if len(w.pages) > samplePages {
		t.Fatalf("%d parts are kept", len(w.pages))
	}
	r.press("G")
	r.see("answer 4999 Needle")
	r.press("g")
	r.see("Line 1 ")
	r.see("answer 0 hay")
}

func TestSamplesJumpToAPlace(t *testing.T) {
	r := openFile(t, longFile(5000))
	r.see("Line 1 ")
	place := func(text, see string) {
		t.Helper()
		r.press("%")
		if !r.s.(screen.Capturer).Capturing() {
			t.Fatal("the place is not typed in")
		}
		r.typing(text)
		r.press("enter")
		r.see(see)
	}
	place("1200", "Line 1,200 ")
	r.see("answer 1199 hay")
	place("50%", "Line at 50.0%")
	place("end", "Needle")
	place("99999", "the file has 5000 lines")
	place("start", "Line 1 ")
	place("nowhere", "is no place")
	r.press("%", "esc")
	r.never("go to")
}

func TestSamplesSearchWindowAndFile(t *testing.T) {
	r := openFile(t, longFile(5000))
	r.see("Line 1 ")
	f := r.s.(screen.Filterer)
	r.run(f.Filter("question 7 STACK"))
	r.see("Line 8 ")
	r.see("hit 1 of 1")
	r.run(f.Filter("needle"))
	r.see("n searches on in the file")
	r.press("n")
	r.see("answer 4999 Needle")
	r.press("n")
	r.see("no further hit")
	r.run(f.Filter("question 3 "))
	r.press("N")
	r.see("question 3 stack")
	r.run(f.Filter(""))
	if r.action("dataset.nextHit").Why() == "" {
		t.Fatal("n without a search")
	}
}

func TestSearchOfAFileIsStopped(t *testing.T) {
	data := longFile(3000)
	hold := make(chan struct{})
	b := &fakeBackend{dataset: func(string) (models.Dataset, error) { return sampleDataset(), nil }}
	fetch := shelfPart(data)
	b.part = func(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
		if from > partSize {
			select {
			case <-hold:
			case <-ctx.Done():
				return models.FilePart{}, ctx.Err()
			}
		}
		return fetch(ctx, d, from, n)
	}
	r := newRig(t, newDataset(b, Options{}), "ds1")
	r.see("support chats")
	r.press("tab")
	r.see("Line 1 ")
	r.run(r.s.(screen.Filterer).Filter("needle"))
	r.press("n")
	r.see("esc stops")
	if r.action("dataset.stop").Why() != "" {
		t.Fatal("nothing can be stopped")
	}
	r.press("esc")
	r.never("esc stops")
	close(hold)
	r.press("n")
	r.see("Needle")
}

func TestTurnsAreChosenAndCopied(t *testing.T) {
	r := openFile(t, longFile(3))
	r.see("Line 1 ")
	r.press("J", "c")
	r.asks(screen.CopyMsg{Label: "turn of assistant", Text: "answer 0 hay"})
	r.press("K", "C")
	r.until("the line", func() bool {
		for _, a := range r.asked {
			if m, ok := a.(screen.CopyMsg); ok && m.Label == "line 1" && strings.HasPrefix(m.Text, `{"conversation_id":"c0"`) {
				return true
			}
		}
		return false
	})
	r.see("z unfolds")
	r.press("z")
	r.never("z unfolds")
	r.press("w")
	r.see(`{"conversation_id":"c0"`)
	r.run(r.s.Update(tea.MouseWheelMsg{X: 5, Y: 3, Button: tea.MouseWheelDown}))
	r.see("Line 3 ")
}

// Without a stored file, the samples of the row are what there is, and it says
// why.
func TestSamplesWithoutAFile(t *testing.T) {
	b := &fakeBackend{dataset: func(string) (models.Dataset, error) { return sampleDataset(), nil }}
	r := newRig(t, newDataset(b, Options{}), "ds1")
	r.see("support chats")
	r.press("tab")
	r.see("no file is stored")
	r.see("With one list.")
	if r.action("dataset.goTo").Why() == "" || r.action("dataset.check").Why() == "" {
		t.Fatal("a file that is not there can be read")
	}
	r.press("tab")
	r.see("of the 1 sample that the row keeps")
	b.part = func(context.Context, models.Dataset, int64, int64) (models.FilePart, error) {
		return models.FilePart{}, errors.New("cut")
	}
	r.press("r")
	r.until("asked again", func() bool { return strings.Contains(fmt.Sprint(r.s.(*dataset).samples.err), "cut") })
}

func TestLinesThatAreNoConversation(t *testing.T) {
	data := []byte("\n{oops\n[1,2]\n{\"_meta\":{\"file_name\":\"x\"}}\n" + strings.Repeat("x", 2<<20) + "\n{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}\n")
	r := openFile(t, data)
	r.w = 140
	r.see("Line 1 ")
	r.see("an empty line")
	r.see("not a JSON object")
	r.see("_meta")
	r.press("]", "]", "]", "]")
	r.see("its first 131 kB are shown")
	r.press("]")
	r.see("hello")
}

func TestContentsSayOfHowMuch(t *testing.T) {
	r := openFile(t, longFile(5000))
	r.see("Line 1 ")
	r.press("tab")
	r.see("lines read, ")
	r.see("no example of ")
	for range 9 {
		r.press("-")
	}
	r.see("is longer than 256 tokens")
	for range 9 {
		r.press("+")
	}
	r.see("longer than 32,768 tokens")
	r.press("a")
	r.see("The platform's validator accepts it")
	r.see("5,000")
}

func TestHitsGoOnOverTheEndOfALine(t *testing.T) {
	got := hitSpans([]string{"one two", "three TWO", "three"}, "Two three")
	if fmt.Sprint(got) != "[[[4 7]] [[0 5] [6 9]] [[0 5]]]" {
		t.Errorf("%v", got)
	}
	if got := hitSpans([]string{"ÄÖ äö"}, "äö"); fmt.Sprint(got) != "[[[0 2] [3 5]]]" {
		t.Errorf("%v", got)
	}
}

// A file that was not there when the page opened is read once the dataset has
// moved on.
func TestSamplesAppearWhenTheUploadIsDone(t *testing.T) {
	d := sampleDataset()
	d.Status, d.CreatedAt = models.DatasetUploading, models.At(clock())
	done := make(chan struct{})
	b := &fakeBackend{}
	b.dataset = func(string) (models.Dataset, error) {
		select {
		case <-done:
			d := d
			d.Status = models.DatasetReady
			return d, nil
		default:
			return d, nil
		}
	}
	fetch := shelfPart(longFile(3))
	b.part = func(ctx context.Context, d models.Dataset, from, n int64) (models.FilePart, error) {
		select {
		case <-done:
			return fetch(ctx, d, from, n)
		default:
			return models.FilePart{}, &models.Error{Code: models.CodeNotFound, Msg: "no file is stored for this dataset"}
		}
	}
	r := newRig(t, newDataset(b, Options{}), "ds1")
	r.see("support chats")
	r.press("tab")
	r.see("no file is stored")
	close(done)
	r.run(r.s.(*dataset).feed.Poke())
	r.see("answer 0 hay")
}
