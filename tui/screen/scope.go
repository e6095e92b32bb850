package screen

import (
	"context"
	"sync"
	"time"
)

// Scope is the life of one screen instance: its context ends when the screen
// leaves, and its id addresses what comes back.
type Scope struct {
	ctx, root context.Context
	id        uint64
	now       func() time.Time
}

// NewScope makes a Scope below parent. Cancel it when the screen leaves.
func NewScope(parent context.Context, id uint64, now func() time.Time) (Scope, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	if now == nil {
		now = time.Now
	}
	return Scope{ctx: ctx, root: parent, id: id, now: now}, cancel
}

// Context ends when the screen leaves or the program quits.
func (s Scope) Context() context.Context {
	if s.ctx == nil {
		return context.Background()
	}
	return s.ctx
}

// Now reads the program's clock.
func (s Scope) Now() time.Time {
	if s.now == nil {
		return time.Now()
	}
	return s.now()
}

// ID tells screen instances apart.
func (s Scope) ID() uint64 { return s.id }

// Group counts the commands that run below a context, so that quitting can
// wait for them. The zero Group is ready.
type Group struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n falls to 0; nil while nobody waits
}

type groupKey struct{}

// WithGroup makes every command of every Scope below the context count in g.
func WithGroup(ctx context.Context, g *Group) context.Context {
	return context.WithValue(ctx, groupKey{}, g)
}

// enter counts one command in and returns how to count it out.
func enter(ctx context.Context) (leave func()) {
	g, ok := ctx.Value(groupKey{}).(*Group)
	if !ok {
		return func() {}
	}
	g.mu.Lock()
	g.n++
	g.mu.Unlock()
	return g.leave
}

func (g *Group) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.n == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// Wait returns when no command runs, or when ctx ends; it reports which.
func (g *Group) Wait(ctx context.Context) bool {
	g.mu.Lock()
	if g.n == 0 {
		g.mu.Unlock()
		return true
	}
	if g.idle == nil {
		g.idle = make(chan struct{})
	}
	idle := g.idle
	g.mu.Unlock()
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		return false
	}
}
