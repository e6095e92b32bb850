package tui

import (
	"testing"

	"github.com/loratop/loratop/models"
)

// TestLinkCommand: what Y copies opens the page, and is never a plain command.
func TestLinkCommand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		conn       models.Connection
		link, want string
	}{
		{models.Connection{Profile: "default"}, "job/42", "loratop job/42"},
		{models.Connection{Profile: "default"}, "jobs", "loratop /jobs"},
		{models.Connection{Profile: "my work"}, "costs", "loratop --profile 'my work' /costs"},
		{models.Connection{Profile: "demo", Demo: true}, "jobs", "loratop demo jobs"},
		{models.Connection{Profile: "demo", Demo: true}, "dataset/7", "loratop demo dataset/7"},
	}
	for _, tt := range tests {
		if got := linkCommand(tt.conn, tt.link); got != tt.want {
			t.Errorf("%+v %q: %q, want %q", tt.conn, tt.link, got, tt.want)
		}
	}
}
