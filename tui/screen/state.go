package screen

import (
	"time"

	"github.com/loratop/loratop/models"
)

// Health is how fresh what a screen shows is.
type Health int

// The healths, from no news to bad news.
const (
	HealthNone    Health = iota // nothing was read yet
	HealthLive                  // the last read went well
	HealthStale                 // the last read failed, older data is shown
	HealthOffline               // the server cannot be reached
)

// FeedState is what the header shows of a feed.
type FeedState struct {
	Health Health
	At     time.Time     // of the last good read; zero before it
	Next   time.Time     // of the next try; zero when none is planned
	Every  time.Duration // the present period; 0 when the feed has ended
	Err    error         // of the last read
}

// State tells how fresh the feed is.
func (f *Feed[T]) State() FeedState {
	s := FeedState{At: f.at, Err: f.err}
	if f.phase == waiting {
		s.Next, s.Every = f.next, f.wait
	}
	switch {
	case f.err == nil && f.has:
		s.Health = HealthLive
	case f.err == nil:
		s.Health = HealthNone
	case unreachable(f.err):
		s.Health = HealthOffline
	default:
		s.Health = HealthStale
	}
	return s
}

func unreachable(err error) bool {
	switch models.CodeOf(err) {
	case models.CodeNetwork, models.CodeTimeout:
		return true
	}
	return false
}

// Worst merges the states of several feeds into the one to worry about.
func Worst(states ...FeedState) FeedState {
	var out FeedState
	for i, s := range states {
		switch {
		case i == 0 || s.Health > out.Health:
			out = s
		case s.Health == out.Health && s.At.Before(out.At):
			out = s
		}
	}
	return out
}
