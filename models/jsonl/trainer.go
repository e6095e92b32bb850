package jsonl

import "bytes"

// Limits of the Python that the trainer reads with.
const (
	pythonDepth  = 900  // nesting that its recursion limit of 1000 surely takes
	pythonDigits = 4300 // digits of an integer
)

// trainer follows the loader of the platform's worker (platform-facts §1.1,
// §1.3): it skips the lines that it does not know, and gives up on the whole
// file where an exception leaves its loop.
type trainer struct {
	loads, skips int64
	fatal        string // the first reason to give up, "" = none
	fatalLine    int64
	loaded       bool // the line at hand
}

func (t *trainer) giveUp(line int64, why string) {
	if t.fatal == "" {
		t.fatal, t.fatalLine = why, line
	}
}

// skip counts a line that is not loaded.
func (t *trainer) skip() {
	t.skips++
	t.loaded = false
}

// line counts a line that is not blank.
func (t *trainer) line(r *record, line int64) {
	loaded := false
	switch {
	case r.fail != "":
	case r.whole.kind != kindObject:
		if r.whole.kind != kindString && r.whole.kind != kindArray {
			t.giveUp(line, "a JSON value that is no object")
		}
	case r.meta.kind != kindNone:
	case r.messages.value.kind != kindNone:
		loaded = r.messages.value.kind == kindArray && r.messages.n > 0
	case r.target.kind != kindNone && r.input.kind != kindNone:
		loaded = r.spoken() >= 2
	}
	if !loaded {
		t.skip()
		return
	}
	t.loads++
	t.loaded = true
}

// spoken is how many user and assistant messages the worker makes of a pair.
func (r *record) spoken() (n int) {
	for i := range r.history.turns {
		h := &r.history.turns[i]
		if h.share || nothing(h.content) {
			continue
		}
		if h.role.kind == kindNone || bytes.Equal(h.role.inner(), []byte("user")) || bytes.Equal(h.role.inner(), []byte("assistant")) {
			n++
		}
	}
	if !nothing(r.input) {
		n++
	}
	if !nothing(r.target) {
		n++
	}
	return n
}

// nothing is Python's idea of an absent value.
func nothing(v value) bool {
	if v.kind == kindArray || v.kind == kindObject {
		return len(bytes.TrimSpace(v.raw[1:len(v.raw)-1])) == 0
	}
	return falsy(v)
}
