package storage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func FuzzParseRange(f *testing.F) {
	for _, h := range []string{"", "bytes=0-3", "bytes=-2", "bytes=7-", "bytes=9223372036854775807-", "bytes=0-1,2-3", "bytes=--1"} {
		f.Add(h, int64(10))
	}
	f.Fuzz(func(t *testing.T, h string, size int64) {
		size = max(size, 0)
		start, length, partial, ok := parseRange(h, size)
		if !ok {
			return
		}
		if start < 0 || length < 0 || start+length > size || partial == (h == "") || partial && length == 0 {
			t.Errorf("%q of %d: start %d, length %d, partial %v", h, size, start, length, partial)
		}
	})
}

func TestRangesOfAllForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 1<<40).Draw(t, "size")
		a := rapid.Int64Range(0, size-1).Draw(t, "a")
		b := rapid.Int64Range(a, 1<<41).Draw(t, "b")
		if start, n, _, ok := parseRange(fmt.Sprintf("bytes=%d-%d", a, b), size); !ok || start != a || start+n-1 != min(b, size-1) {
			t.Fatalf("%d-%d of %d: %d, %d, %v", a, b, size, start, n, ok)
		}
		if start, n, _, ok := parseRange(fmt.Sprintf("bytes=-%d", b+1), size); !ok || start+n != size || n != min(b+1, size) {
			t.Fatalf("last %d of %d: %d, %d, %v", b+1, size, start, n, ok)
		}
	})
}

func FuzzParseMeta(f *testing.F) {
	f.Add("bucketName Yg==,objectName aw==,contentType dA==")
	f.Add("bucketName %,objectName")
	f.Fuzz(func(t *testing.T, h string) {
		m, err := parseMeta(h)
		if err == nil && (m.bucket == "" || m.key == "" || m.mime == "" || m.user != nil && !json.Valid(m.user)) {
			t.Errorf("%q: %+v", h, m)
		}
	})
}

func TestUploadIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := uploadID{rapid.StringMatching(`[a-z-]{1,20}`).Draw(t, "bucket"), rapid.StringMatching(`[a-z/.]{1,400}`).Draw(t, "key"), uuid.NewString()}
		if got, err := parseUploadID(n.String()); err != nil || got != n {
			t.Fatalf("%+v became %+v, %v", n, got, err)
		}
	})
	for _, bad := range []string{"", "!", "YQ", "YS9i", strings.Repeat("A", 50)} {
		if n, err := parseUploadID(bad); err == nil {
			t.Errorf("%q is %+v", bad, n)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{`1024`: 1024, `"1024"`: 1024, `"1KB"`: 1000, `"1.5MB"`: 1_500_000, `"2gb"`: 2_000_000_000, `"7B"`: 7} {
		if n, err := parseSize(json.RawMessage(text)); err != nil || n == nil || *n != want {
			t.Errorf("%s: %v %v", text, n, err)
		}
	}
	for _, text := range []string{`"x"`, `-1`, `"1e300GB"`, `{}`, `"NaN"`, `"Inf"`} {
		if n, err := parseSize(json.RawMessage(text)); err == nil {
			t.Errorf("%s: %v", text, *n)
		}
	}
	if n, err := parseSize(json.RawMessage("null")); n != nil || err != nil {
		t.Errorf("null: %v %v", n, err)
	}
}
