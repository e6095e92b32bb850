package auth

import (
	"math"
	"net/http"
	"sync"
	"time"
)

// The real server's own rates, in requests a second and address. Each kind of
// request has a bucket of its own, and the burst is one for all.
const (
	rateToken  = 150.0 / 300 // grants of all types
	rateMail   = 30.0 / 300  // what may send a mail, and changes of a user
	rateVerify = 30.0 / 300  // codes and links
	rateFactor = 15.0 / 60   // challenges of second factors and their codes
)

// Mails an hour, for all addresses together.
const (
	mailsPerHour = 30
	mailPeriod   = time.Hour
)

// limiter has a token bucket for each kind of request and each address.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]bucket

	mails int       // sent in the period
	since time.Time // its begin
}

type bucket struct {
	left float64
	at   time.Time
	full time.Time // when it is full again and as good as none
}

// bucketsKept bounds the memory: past it, the full ones are forgotten.
const bucketsKept = 10_000

// allow takes one token of key's bucket of size burst, which gets perSecond of them back.
func (l *limiter) allow(key string, burst int, perSecond float64, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[string]bucket{}
	}
	size := float64(burst)
	b, known := l.buckets[key]
	if !known {
		if len(l.buckets) >= bucketsKept {
			l.forget(now)
		}
		b = bucket{left: size, at: now}
	}
	b.left = math.Min(size, b.left+math.Max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
	ok := b.left >= 1
	if ok {
		b.left--
	}
	b.full = now.Add(time.Duration((size - b.left) / perSecond * float64(time.Second)))
	l.buckets[key] = b
	return ok
}

// forget drops the full buckets, or all when there are none: better to let
// somebody ask too often than to grow without end.
func (l *limiter) forget(now time.Time) {
	for k, b := range l.buckets {
		if !b.full.After(now) {
			delete(l.buckets, k)
		}
	}
	if len(l.buckets) >= bucketsKept {
		clear(l.buckets)
	}
}

// allowMail counts a mail that is about to be sent.
func (l *limiter) allowMail(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() || now.Sub(l.since) >= mailPeriod {
		l.since, l.mails = now, 0
	}
	if l.mails >= mailsPerHour {
		return false
	}
	l.mails++
	return true
}

// within refuses an address that asks too often for this kind of thing. As
// GoTrue's, the answer does not say how long to wait.
func (s *Server) within(r *http.Request, kind string, perSecond float64) error {
	if s.o.RateLimit <= 0 {
		return nil
	}
	address := "?"
	if p := peer(r); p != nil {
		address = *p
	}
	if s.limiter.allow(kind+" "+address, s.o.RateLimit, perSecond, s.o.Now()) {
		return nil
	}
	return fault(http.StatusTooManyRequests, "over_request_rate_limit", "Request rate limit reached")
}

// mayMail refuses more mails than the real server sends in an hour. As there,
// nobody counts where sign-ups need no confirmation.
func (s *Server) mayMail() error {
	if s.o.RateLimit <= 0 || s.o.Autoconfirm || s.limiter.allowMail(s.o.Now()) {
		return nil
	}
	return fault(http.StatusTooManyRequests, "over_email_send_rate_limit", "email rate limit exceeded")
}

// limited lets no more of these requests in than perSecond and the burst allow.
func (s *Server) limited(kind string, perSecond float64, next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.within(r, kind, perSecond); err != nil {
			return err
		}
		return next(w, r)
	}
}

// limitedUser is limited, of requests of a user.
func (s *Server) limitedUser(kind string, perSecond float64, next userHandler) userHandler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		if err := s.within(r, kind, perSecond); err != nil {
			return err
		}
		return next(w, r, c)
	}
}
