package jsonl

import "io"

// document reads one JSON document; the validator's lines run along.
func (c *checker) document(r io.Reader) error {
	c.split.line, c.split.skip = c.platformOnly, c.platformSkip
	buf := make([]byte, chunk)
	for {
		n, err := r.Read(buf)
		c.split.feed(buf[:n])
		if err != nil {
			return err
		}
	}
}
