package auth

import (
	"math"
	"net/http"
	"sync"
	"time"
)

// limiter is a token bucket for each address.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// bucketsKept bounds the memory: past it, the full ones are forgotten.
const bucketsKept = 10_000

// allow takes one token of key's bucket of size burst, which refills within ten seconds.
func (l *limiter) allow(key string, burst int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[string]bucket{}
	}
	size := float64(burst)
	b, ok := l.buckets[key]
	if !ok {
		b = bucket{left: size, at: now}
	}
	b.left = math.Min(size, b.left+now.Sub(b.at).Seconds()*size/10)
	b.at = now
	ok = b.left >= 1
	if ok {
		b.left--
	}
	if len(l.buckets) >= bucketsKept {
		for k, old := range l.buckets {
			if now.Sub(old.at) > 10*time.Second {
				delete(l.buckets, k)
			}
		}
	}
	l.buckets[key] = b
	return ok
}

// limited refuses an address that asks too often. As GoTrue's, the answer does
// not say how long to wait.
func (s *Server) limited(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.o.RateLimit > 0 {
			key := "?"
			if p := peer(r); p != nil {
				key = *p
			}
			if !s.limiter.allow(key, s.o.RateLimit, s.o.Now()) {
				return fault(http.StatusTooManyRequests, "over_request_rate_limit", "Request rate limit reached")
			}
		}
		return next(w, r)
	}
}
