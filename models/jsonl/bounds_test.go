package jsonl

import (
	"encoding/binary"
	"testing"
)

// TestBounds holds that nothing is remembered beyond the bounds, and that what is
// remembered is still found.
func TestBounds(t *testing.T) {
	var s seen
	mix := func(i uint64) uint64 { return (i + 1) * 0x9e3779b97f4a7c15 }
	for i := range uint64(maxSeen + 1000) {
		if _, again := s.add(mix(i), int64(i+1)); again {
			t.Fatalf("%d stood before", i)
		}
	}
	if s.n != maxSeen || !s.full || len(s.key) > 2*maxSeen {
		t.Errorf("%d remembered in %d, full %v", s.n, len(s.key), s.full)
	}
	if first, again := s.add(mix(maxSeen-1), 1<<40); !again || first != maxSeen {
		t.Errorf("the last one that fits: %d, %v", first, again)
	}
	if _, again := s.add(mix(maxSeen+1), 1<<40); again {
		t.Error("one beyond the bound is remembered")
	}

	var d dedupe
	of := func(i uint64) (k sketch) {
		for b := range bands {
			binary.LittleEndian.PutUint32(k[b*bandSize:], uint32(mix(i*8+uint64(b))>>20))
			binary.LittleEndian.PutUint16(k[b*bandSize+4:], uint16(mix(i*8+uint64(b))>>4))
		}
		return k
	}
	for i := range uint64(maxNear + 1000) {
		d.similar(of(i), int64(i+1))
	}
	if len(d.sketches) != maxNear || !d.full {
		t.Errorf("%d sketches, full %v", len(d.sketches), d.full)
	}
	if first := d.similar(of(maxNear-1), 1<<40); first != maxNear {
		t.Errorf("the last sketch that fits is found at %d", first)
	}
}

// TestSpaces compares the marks of shingles with the plain rule.
func TestSpaces(t *testing.T) {
	var b [72]byte
	x := uint32(1)
	for range 2000 {
		for i := range b {
			x = x*1664525 + 1013904223
			b[i] = byte(x >> 24)
			if x>>20&3 == 0 {
				b[i] = ' '
			}
		}
		for _, foreign := range []bool{false, true} {
			marks := spaces(b[:], foreign)
			for i := range 64 {
				begins := b[i] <= ' ' || foreign && b[i] >= 0x80 && b[i] < 0x88
				want := begins && b[i+1]&3 == 1
				if got := marks>>(i%8*8+i/8)&1 == 1; got != want {
					t.Fatalf("byte %d of %q, foreign %v: %v", i, b, foreign, got)
				}
			}
		}
	}
}
