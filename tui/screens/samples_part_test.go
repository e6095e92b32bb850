package screens

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

// shelfFile serves parts of data, at most most bytes at a time.
func shelfFile(data []byte, most int64, sizeKnown bool) fetchPart {
	return func(_ context.Context, from, n int64) (models.FilePart, error) {
		size := int64(len(data))
		if from > size {
			return models.FilePart{}, fmt.Errorf("asked for %d behind the end", from)
		}
		p := models.FilePart{From: from, Size: -1, ETag: "1", Data: data[from:min(size, from+min(n, most))]}
		if sizeKnown {
			p.Size = size
		}
		return p, nil
	}
}

// Whatever the lines and wherever the parts are cut, reading forward from the
// start and backward from the end both give every line, once and whole.
func TestPartsJoinToTheLinesOfTheFile(t *testing.T) {
	const part, most = 16, 64
	rapid.Check(t, func(t *rapid.T) {
		var want []string
		for range rapid.IntRange(0, 40).Draw(t, "lines") {
			n := rapid.SampledFrom([]int{0, 1, 5, part - 1, part, part + 1, 2 * part, most - 1}).Draw(t, "length")
			want = append(want, strings.Repeat(string(rune('a'+len(want)%26)), n))
		}
		data := strings.Join(want, "\n")
		if len(want) > 0 && (rapid.Bool().Draw(t, "last break") || want[len(want)-1] == "") {
			data += "\n"
		}
		atOnce := rapid.SampledFrom([]int64{1 << 30, part, 3}).Draw(t, "at once")
		r := &partReader{fetch: shelfFile([]byte(data), atOnce, atOnce < part || rapid.Bool().Draw(t, "size known")), part: part, most: most, size: -1}
		var got []string
		for at, p := int64(0), (filePage{size: -1}); p.size < 0 || at < p.size; at = p.to {
			var err error
			if p, err = r.forward(t.Context(), at, false); err != nil || p.from != at || p.mid {
				t.Fatalf("%+v, %v", p, err)
			}
			if p.to == at {
				break
			}
			for _, l := range p.lines {
				got = append(got, string(l.text))
				if !bytes.HasPrefix([]byte(data)[l.at:], l.text) {
					t.Fatalf("a line is not at %d", l.at)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("forward: %d lines of %d", len(got), len(want))
		}
		got = nil
		for at := int64(len(data)); at > 0; {
			p, err := r.backward(t.Context(), at)
			if err != nil || p.to != at || p.from >= at {
				t.Fatalf("%+v, %v", p, err)
			}
			for i := range p.lines {
				got = append(got, string(p.lines[len(p.lines)-1-i].text))
			}
			at = p.from
		}
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Fatalf("backward: %d lines of %d", len(got), len(want))
		}
	})
}

// A jump lands on the first line that begins at or behind the offset.
func TestAroundLandsOnALine(t *testing.T) {
	data := []byte("aaa\nbb\n\ncccc\nlast")
	for at, want := range map[int64]string{-5: "aaa", 0: "aaa", 1: "bb", 4: "bb", 5: "", 7: "", 8: "cccc", 9: "last", 13: "last"} {
		r := newPartReader(shelfFile(data, 1<<20, true))
		p, err := r.around(t.Context(), at)
		if err != nil || len(p.lines) == 0 || string(p.lines[0].text) != want {
			t.Errorf("%d: %+v, %v", at, p, err)
		}
	}
	for _, at := range []int64{14, 17, 100} { // behind the last beginning: the end of the file
		r := newPartReader(shelfFile(data, 1<<20, true))
		r.size = int64(len(data))
		p, err := r.around(t.Context(), at)
		if err != nil || len(p.lines) == 0 || string(p.lines[len(p.lines)-1].text) != "last" {
			t.Errorf("%d: %+v, %v", at, p, err)
		}
	}
}

// A line of 40 MB costs one window: its beginning is shown, and what follows it
// is found in steps.
func TestALineLargerThanTheWindow(t *testing.T) {
	data := append(append([]byte("first\n"), bytes.Repeat([]byte("x"), 40<<20)...), "\nlast\n"...)
	r := newPartReader(shelfFile(data, 1<<30, true))
	p, err := r.forward(t.Context(), 0, false)
	if err != nil || len(p.lines) != 2 || !p.lines[1].cut || len(p.lines[1].text) != lineKept || !p.mid || p.read > 3*lineMost {
		t.Fatalf("%d lines, mid %v, read %d, %v", len(p.lines), p.mid, p.read, err)
	}
	steps := 0
	for p.mid {
		if p, err = r.forward(t.Context(), p.to, true); err != nil {
			t.Fatal(err)
		}
		steps++
	}
	if len(p.lines) != 1 || string(p.lines[0].text) != "last" || steps < 2 {
		t.Fatalf("after %d steps: %+v", steps, p.lines)
	}
	if p, err = r.backward(t.Context(), p.from); err != nil || len(p.lines) != 1 || !p.lines[0].headless || !p.headMid || len(p.lines[0].text) != lineKept {
		t.Fatalf("%d lines, %v", len(p.lines), err)
	}
}

func TestAReplacedFileIsNoticed(t *testing.T) {
	n := 0
	r := newPartReader(func(_ context.Context, from, n2 int64) (models.FilePart, error) {
		n++
		return models.FilePart{From: from, Size: 10 * partSize, ETag: fmt.Sprint(n), Data: bytes.Repeat([]byte("a\n"), int(n2/2))}, nil
	})
	if _, err := r.forward(t.Context(), 0, false); err != nil {
		t.Fatal(err)
	}
	if _, err := r.forward(t.Context(), partSize, false); models.CodeOf(err) != models.CodeConflict {
		t.Fatalf("%v", err)
	}
}
