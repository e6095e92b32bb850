package faults

import (
	"sync"
	"time"
)

// Clock is a clock that can be stopped and moved.
type Clock struct {
	base func() time.Time

	mu     sync.Mutex
	frozen bool
	at     time.Time     // while frozen
	offset time.Duration // while running
}

// NewClock makes a clock that runs with base; nil = time.Now.
func NewClock(base func() time.Time) *Clock {
	if base == nil {
		base = time.Now
	}
	return &Clock{base: base}
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.frozen {
		return c.at
	}
	return c.base().Add(c.offset)
}

// Freeze stops the clock at a time; the zero time is the present one.
func (c *Clock) Freeze(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.IsZero() {
		at = c.now()
	}
	c.frozen, c.at = true, at
}

// Move turns the clock by d, whether it runs or stands.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.offset = c.at.Add(d), c.offset+d
}

// Reset makes the clock run with its base again.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.at, c.offset = false, time.Time{}, 0
}

// Frozen reports whether the clock stands.
func (c *Clock) Frozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frozen
}
