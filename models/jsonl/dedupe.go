package jsonl

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// Shape of a sketch: of the hashes of the 16 bytes that follow a white space, in
// lower case, the smallest of each of sketchBins bins (one-permutation MinHash),
// one byte of each. Only those are hashed that begin with a letter whose code
// leaves 1 when divided by 4 (a e i m q u y and others): a third, which still
// covers most of a text.
const (
	sketchBins = 32
	bands      = 5
	bandSize   = 6   // bins that must agree for two sketches to be compared
	nearBins   = 26  // bins that must agree for two pairs to be near: about 80 %
	minNear    = 128 // bytes; shorter pairs are near only when their letters are the same
)

// maxNear is how many sketches are remembered, 36 bytes each and as much again in
// their table. Beyond it nothing is added, as with maxSeen.
const maxNear = 1 << 16

// sketch is a text's fingerprint.
type sketch [sketchBins]byte

// minima are the smallest hashes by bin.
type minima [sketchBins]uint32

// dedupe finds pairs that stood before. Two are exact duplicates when prompt and
// response are the same to the byte. They are near when about 80 % of their word
// beginnings with what follows are the same, which is estimated with MinHash: of
// 200 words five may be others and it is found nine times in ten, with twenty
// others hardly ever. Short pairs are near when they are the same but for case,
// punctuation and white space.
type dedupe struct {
	exact, near int64
	full        bool
	seed        maphash.Seed
	begun       bool
	pairs       seen // exact
	plain       seen // short ones by their letters
	sketches    []sketch
	lines       []uint32
	bands       []uint32 // hash of a band → the latest sketch that has it, see slot
}

// hash is of one text, for the sets.
func (d *dedupe) hash(b []byte) uint64 {
	if !d.begun {
		d.seed, d.begun = maphash.MakeSeed(), true
	}
	return maphash.Bytes(d.seed, b)
}

// add looks a pair up and remembers it. first is the line of what it repeats, 0
// when it is new; foreign says that the texts have letters that are not Latin.
func (d *dedupe) add(prompt, response []byte, line int64, foreign bool) (first int64, exact bool) {
	first, again := d.pairs.add(bits.RotateLeft64(d.hash(prompt), 21)^d.hash(response), line)
	d.full = d.full || d.pairs.full || d.plain.full
	if again {
		d.exact++
		return first, true
	}
	if len(prompt)+len(response) < minNear {
		h := letters(prompt, 0)
		if h = letters(response, ^h); h == ^uint64(0) {
			return 0, false // no letter in either
		}
		first, again = d.plain.add(h, line)
	} else {
		var m minima
		for i := range m {
			m[i] = 1<<32 - 1
		}
		m.add(prompt, 0, foreign)
		m.add(response, 0x94d049bb133111eb, foreign)
		first = d.similar(m.sketch(), line)
		again = first > 0
	}
	if !again {
		return 0, false
	}
	d.near++
	return first, false
}

// letters goes on with the hash h over the letters and digits of a short text.
func letters(b []byte, h uint64) uint64 {
	for _, c := range b {
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case (c < 'a' || c > 'z') && (c < '0' || c > '9') && c < 0x80:
			continue
		}
		h = (h ^ uint64(c)) * 0x9e3779b97f4a7c15
		h ^= h >> 32
	}
	return h
}

// reach is how many bytes make a shingle.
const reach = 16

// add puts the shingles of a text into the minima. It looks at 64 bytes at a
// time, of which it first marks the white space.
func (m *minima) add(b []byte, salt uint64, foreign bool) {
	if len(b) > 0 {
		var first [reach]byte
		copy(first[:], b)
		m.shingle(first[:], salt)
	}
	for len(b) >= 64+reach {
		m.block(b, spaces(b, foreign), salt)
		b = b[64:]
	}
	for len(b) > 1 {
		var last [64 + reach]byte
		for i := copy(last[:], b); i < len(last); i++ {
			last[i] = 0xff // no white space, and no letter that begins a shingle
		}
		m.block(last[:], spaces(last[:], foreign), salt)
		b = b[min(64, len(b)):]
	}
}

// block puts the shingles behind the marks of 64 bytes into the minima; b has
// reach bytes more.
func (m *minima) block(b []byte, marks, salt uint64) {
	b = b[: 64+reach : 64+reach]
	for ; marks != 0; marks &= marks - 1 {
		bit := bits.TrailingZeros64(marks)
		m.shingle(b[bit&7<<3+bit>>3+1:][:reach], salt)
	}
}

// shingle puts 16 bytes into the minima.
func (m *minima) shingle(b []byte, salt uint64) {
	const lower = 0x2020202020202020
	x, y := binary.LittleEndian.Uint64(b)|lower, binary.LittleEndian.Uint64(b[8:])|lower
	h := (x ^ salt) * 0x9e3779b97f4a7c15
	h = (h ^ h>>29 ^ y) * 0xbf58476d1ce4e5b9
	bin := h >> (64 - 5)
	m[bin] = min(m[bin], uint32(h>>(64-5-32)))
}

// spaces marks the white space in the first 64 of 65 bytes behind which a shingle
// begins: bit 8 k + i is byte k of the i-th eight bytes. In text that is not Latin
// it also marks an eighth of the bytes that go on with a character, as there are
// scripts without spaces.
func spaces(b []byte, foreign bool) (marks uint64) {
	p := (*[72]byte)(b)
	if foreign {
		for i := range 8 {
			w := binary.LittleEndian.Uint64(p[8*i:])
			inside := ^(w&(0x78*ones) + 0x78*ones) & w & tops // 0x80 to 0x87
			marks |= mark(w&^inside, binary.LittleEndian.Uint64(p[8*i+1:])) >> (7 - i)
		}
		return marks
	}
	return mark(binary.LittleEndian.Uint64(p[0:]), binary.LittleEndian.Uint64(p[1:]))>>7 |
		mark(binary.LittleEndian.Uint64(p[8:]), binary.LittleEndian.Uint64(p[9:]))>>6 |
		mark(binary.LittleEndian.Uint64(p[16:]), binary.LittleEndian.Uint64(p[17:]))>>5 |
		mark(binary.LittleEndian.Uint64(p[24:]), binary.LittleEndian.Uint64(p[25:]))>>4 |
		mark(binary.LittleEndian.Uint64(p[32:]), binary.LittleEndian.Uint64(p[33:]))>>3 |
		mark(binary.LittleEndian.Uint64(p[40:]), binary.LittleEndian.Uint64(p[41:]))>>2 |
		mark(binary.LittleEndian.Uint64(p[48:]), binary.LittleEndian.Uint64(p[49:]))>>1 |
		mark(binary.LittleEndian.Uint64(p[56:]), binary.LittleEndian.Uint64(p[57:]))
}

// A byte of a word of eight, and its highest bit.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// mark sets the highest bit of every white space in w that a beginning letter
// follows; next is the eight bytes that begin one later.
func mark(w, next uint64) uint64 {
	visible := (w&^tops + (0x7f-0x20)*ones) | w
	other := (next^ones)&(3*ones) + 0x7f*ones
	return ^(visible | other) & tops
}

// sketch takes one byte of each minimum; an empty bin borrows from the next.
func (m *minima) sketch() (s sketch) {
	first := 0
	for first < sketchBins-1 && m[first] == 1<<32-1 {
		first++
	}
	last, far := m[first], byte(41*first)
	for i := sketchBins - 1; i >= 0; i-- {
		far += 41
		if v := m[i]; v != 1<<32-1 {
			last, far = v, 0
		}
		s[i] = byte(last) + far
	}
	return s
}

func (s *sketch) like(o *sketch) bool {
	same := 0
	for i := range s {
		if s[i] == o[i] {
			same++
		}
	}
	return same >= nearBins
}

// similar looks for a sketch like s, and remembers it.
func (d *dedupe) similar(s sketch, line int64) (first int64) {
	if len(d.sketches) < maxNear && bands*len(d.sketches) >= len(d.bands) {
		d.rebuild()
	}
	var at, tags, found [bands]uint32
	for b := range bands {
		at[b], tags[b] = d.slot(&s, b)
		found[b] = d.bands[at[b]]
	}
	for b := range bands {
		if found[b] == 0 || found[b]&^indexMask != tags[b] {
			continue
		}
		if other := found[b]&indexMask - 1; s.like(&d.sketches[other]) {
			return int64(d.lines[other])
		}
	}
	if len(d.sketches) >= maxNear {
		d.full = true
		return 0
	}
	d.sketches, d.lines = append(d.sketches, s), append(d.lines, uint32(min(line, 1<<32-1)))
	for b := range bands {
		d.bands[at[b]] = tags[b] | uint32(len(d.sketches))
	}
	return 0
}

// indexMask is the part of a slot that is 1 + the index of a sketch; the other
// part is a tag of the band, which keeps most strangers from being compared.
const indexMask = 1<<17 - 1

// slot is where a band of a sketch has its place in the table, and its tag.
func (d *dedupe) slot(s *sketch, band int) (at, tag uint32) {
	b := s[band*bandSize:][:bandSize]
	h := uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32 | uint64(band+1)<<48
	h *= 0x9e3779b97f4a7c15
	return uint32(h>>40) & uint32(len(d.bands)-1), uint32(h>>8) &^ indexMask
}

// rebuild doubles the table of bands.
func (d *dedupe) rebuild() {
	d.bands = make([]uint32, max(1<<12, 2*len(d.bands)))
	for i := range d.sketches {
		for b := range bands {
			at, tag := d.slot(&d.sketches[i], b)
			d.bands[at] = tag | uint32(i+1)
		}
	}
}
