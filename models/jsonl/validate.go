package jsonl

import (
	"context"
	"io"
)

// Validate is the part of Check that the platform's validator knows: the report
// has Kind, SHA256, Bytes, Lines, Blank, Platform and Validator, nothing else. It
// remembers nothing of the lines, so that it takes a few hundred kilobytes of
// memory and the longest line.
func Validate(ctx context.Context, r io.Reader, progress func(int64)) (Report, error) {
	c := newChecker(Options{Progress: progress})
	c.split.line, c.split.skip = c.platformOnly, c.platformSkip
	err := c.read(ctx, r)
	all := c.report()
	return Report{
		Schema: all.Schema, Kind: all.Kind, SHA256: all.SHA256, Bytes: all.Bytes, Lines: all.Lines, Blank: all.Blank,
		Platform: all.Platform, Validator: all.Validator,
	}, err
}
