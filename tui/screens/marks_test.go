package screens

import (
	"slices"
	"testing"
)

// A second press takes the mark, and the others keep their order.
func TestToggled(t *testing.T) {
	var marks []string
	for _, id := range []string{"c", "a", "b", "a"} {
		marks = toggled(marks, id)
	}
	if want := []string{"c", "b"}; !slices.Equal(marks, want) {
		t.Errorf("%q, want %q", marks, want)
	}
	if marks = toggled(marks, "a"); !slices.Equal(marks, []string{"c", "b", "a"}) {
		t.Errorf("marked again: %q", marks)
	}
}
