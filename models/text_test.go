package models_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/loratop/loratop/models"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, line, lines string }{
		{"plain", "loss 0.5", "loss 0.5", "loss 0.5"},
		{"unicode stays", "naïve-日本語-🦊", "naïve-日本語-🦊", "naïve-日本語-🦊"},
		{"breaks and tabs", "a\tb\nc", "a b c", "a    b\nc"},
		{"carriage return", "ok\rgone", "okgone", "okgone"},
		{"colour", "\x1b[31mred\x1b[0m", "red", "red"},
		{"title", "\x1b]0;evil\x07x", "x", "x"},
		{"string terminator", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link", "link"},
		{"open string hides nothing", "a\x1b]0;rest", "a0;rest", "a0;rest"},
		{"device control", "a\x1bPq#0\x1b\\b", "ab", "ab"},
		{"reset", "a\x1bcb", "ab", "ab"},
		{"charset", "a\x1b(0b", "ab", "ab"},
		{"8-bit CSI", "a\u009b2Jb", "ab", "ab"},
		{"lone escape at the end", "a\x1b", "a", "a"},
		{"bidi override", "user\u202egnp.exe", "usergnp.exe", "usergnp.exe"},
		{"zero width", "a\u200bb\ufeff", "ab", "ab"},
		{"bad UTF-8", "a\xffb", "a\ufffdb", "a\ufffdb"},
		{"line separator", "a\u2028b", "a b", "a b"},
		{"delete and bell", "a\x7f\x07b", "ab", "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := models.Clean(c.in); got != c.line {
				t.Errorf("Clean = %q, want %q", got, c.line)
			}
			if got := models.CleanLines(c.in); got != c.lines {
				t.Errorf("CleanLines = %q, want %q", got, c.lines)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "\x1b[", "\x1b]8;;\x1b\\", "\u009b31m", "\xff\xfe", "a\x1b\x1b[m\u202e", strings.Repeat("\x1b", 9)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, lines := range []bool{false, true} {
			out := models.Clean(s)
			if lines {
				out = models.CleanLines(s)
			}
			if !utf8.ValidString(out) {
				t.Fatalf("not UTF-8: %q from %q", out, s)
			}
			for _, r := range out {
				if unicode.IsControl(r) && (r != '\n' || !lines) || r >= 0x202a && r <= 0x202e {
					t.Fatalf("%q left in %q from %q", r, out, s)
				}
			}
			again := models.Clean(out)
			if lines {
				again = models.CleanLines(out)
			}
			if again != out {
				t.Fatalf("not idempotent: %q then %q", out, again)
			}
		}
	})
}
