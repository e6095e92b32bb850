package client

import "context"

// partial lets whoever asks for rows use those of an answer that was cut off,
// instead of reading them again.
type partial struct {
	useful func(data []byte) bool // something in it is whole
	cut    bool                   // the data is the start of an answer only
}

type partialKey struct{}

// withPartial gives a request that takes what there is of its answer.
func withPartial(ctx context.Context, useful func(data []byte) bool) (context.Context, *partial) {
	p := &partial{useful: useful}
	return context.WithValue(ctx, partialKey{}, p), p
}

// keepsPart tells whether the start of an answer will do, and remembers it.
func keepsPart(ctx context.Context, data []byte) bool {
	p, _ := ctx.Value(partialKey{}).(*partial)
	if p == nil || len(data) == 0 || !p.useful(data) {
		return false
	}
	p.cut = true
	return true
}
