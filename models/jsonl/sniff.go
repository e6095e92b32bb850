package jsonl

import (
	"bytes"
	"strconv"
)

const bom = "\ufeff"

// sniff tells from the first bytes what a file is. Damage that is the whole
// file's is found here.
func (c *checker) sniff(head []byte) Kind {
	for _, m := range [...]struct{ magic, what string }{
		{"\x1f\x8b", "gzip-compressed"}, {"\x28\xb5\x2f\xfd", "zstd-compressed"}, {"BZh", "bzip2-compressed"},
		{"\xfd7zXZ\x00", "xz-compressed"}, {"PK\x03\x04", "a ZIP archive"}, {"PAR1", "a Parquet file"},
		{"\xff\xfe", "UTF-16 text"}, {"\xfe\xff", "UTF-16 text"}, {"SQLite format 3\x00", "an SQLite database"},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			c.found.whole(codeBinary, "the file is "+m.what)
			return KindBinary
		}
	}
	if i := bytes.IndexByte(head[:min(len(head), 1024)], 0); i >= 0 {
		what := "the file holds NUL bytes, the first at " + strconv.Itoa(i) + "; it is no text"
		if i <= 1 {
			what = "the file looks like UTF-16 text without a byte order mark"
		}
		c.found.whole(codeBinary, what)
		return KindBinary
	}
	if isDocument(begin(head)) {
		return KindDocument
	}
	return KindJSONL
}

// isDocument tells a JSON document over several lines from JSON Lines: its first
// line is no whole value, and the next one does not begin an object of its own at
// the left margin. A single line is one when it is a list of objects or has the
// full JSON's keys.
func isDocument(head []byte) bool {
	if len(head) == 0 || (head[0] != '{' && head[0] != '[') {
		return false
	}
	first, rest, more := bytes.Cut(head, []byte("\n"))
	var r record
	r.parse(first, true)
	list := head[0] == '[' && bytes.HasPrefix(bytes.TrimLeft(head[1:], " \t\r\n"), []byte("{"))
	if r.fail == "" {
		return (list || r.document && r.conversation.kind == kindNone) && len(bytes.TrimSpace(rest)) == 0
	}
	if r.at < len(bytes.TrimRight(first, " \t\r")) {
		return false // broken inside, not cut by the line's end
	}
	rest = bytes.TrimLeft(rest, "\r\n")
	if !more || len(rest) == 0 {
		return list || hasKeys(head)
	}
	return rest[0] != '{' || first[0] == '['
}

// begin is the head from its first value on.
func begin(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte(bom)), " \t\r\n")
}

// hasKeys reports the full JSON's keys in the beginning of a document.
func hasKeys(head []byte) bool {
	for _, key := range [...]string{`"training_file_metadata"`, `"dataset_metadata"`, `"consultant_profile"`, `"training_pairs"`} {
		if bytes.Contains(head, []byte(key)) {
			return true
		}
	}
	return false
}

// platformOnly takes a line of a file that is no JSON Lines: the validator reads
// it so all the same.
func (c *checker) platformOnly(b []byte, at place) {
	if at.line == 1 {
		b = bytes.TrimPrefix(b, []byte(bom))
	}
	if len(bytes.TrimSpace(b)) == 0 {
		c.rep.Blank++
		return
	}
	ctl, _ := glance(b)
	c.rec.parse(b, ctl)
	c.plat.line(b, &c.rec)
}

func (c *checker) platformSkip(int64, place) {
	c.plat.v.Lines++
	c.plat.unparsed()
}

// tooLong takes a line that was not read.
func (c *checker) tooLong(size int64, at place) {
	c.at = at
	if c.fix != nil {
		c.fix.drop(at.line, "too long to be read")
	}
	c.rep.Long++
	c.platformSkip(size, at)
	c.train.skip()
	c.found.add(codeTooLong, c.spot(0, "$"), func() string {
		return "the line has " + strconv.FormatInt(size>>20, 10) + " MiB; at most " + strconv.Itoa(MaxLine>>20) + " are read"
	})
}
