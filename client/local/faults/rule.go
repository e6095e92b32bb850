package faults

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is what a rule does to a request.
type Kind string

// The kinds of rules.
const (
	Latency         Kind = "latency"           // waits DelayMS, and up to JitterMS more
	Bandwidth       Kind = "bandwidth"         // bodies pass at BytesPerSecond, each way
	Drop            Kind = "drop"              // cuts the connection, see Part
	TooManyRequests Kind = "too_many_requests" // 429
	InternalError   Kind = "internal_error"    // 500
	BadGateway      Kind = "bad_gateway"       // 502 with a page of HTML
	SchemaReload    Kind = "schema_reload"     // PostgREST's 503 while it has no schema; other paths pass
	StorageFull     Kind = "storage_full"      // Storage takes no more contents than AfterBytes, see Status
	ExpiredToken    Kind = "expired_token"     // the request's access token counts as expired
)

// Part says where a connection is cut.
type Part string

// The parts of an exchange. A body of no more than AfterBytes passes whole.
const (
	Before   Part = "before"   // nothing reaches the server, nothing comes back
	Request  Part = "request"  // after AfterBytes of the request's body
	Response Part = "response" // after AfterBytes of the answer's body
)

// Rule is one fault and the requests that it meets.
type Rule struct {
	Kind   Kind   `json:"kind"`
	Path   string `json:"path,omitempty"`   // a prefix of the path; "" = every request
	Method string `json:"method,omitempty"` // "" = any

	Probability *float64 `json:"probability,omitempty"` // 0 to 1; absent = 1
	Skip        uint64   `json:"skip,omitempty"`        // so many matching requests pass first
	Count       uint64   `json:"count,omitempty"`       // it strikes so often; 0 = without end

	DelayMS        int64 `json:"delay_ms,omitempty"`
	JitterMS       int64 `json:"jitter_ms,omitempty"`
	BytesPerSecond int64 `json:"bytes_per_second,omitempty"`
	Part           Part  `json:"part,omitempty"` // of Drop; "" = before
	AfterBytes     int64 `json:"after_bytes,omitempty"`
	Status         int   `json:"status,omitempty"`      // of StorageFull: 507, or 413 as over a limit of size; 0 = 507
	RetryAfter     int64 `json:"retry_after,omitempty"` // seconds, of 429; 0 = no header, as Auth has it
}

// longest bounds delays, so that a slip of the hand does not hang a test.
const longest = int64(10 * time.Minute / time.Millisecond)

// Check says what is wrong with the rule.
func (r Rule) Check() error {
	if p := r.probability(); !(p >= 0 && p <= 1) {
		return fmt.Errorf("probability %v is not between 0 and 1", p)
	}
	if r.AfterBytes < 0 || r.RetryAfter < 0 {
		return fmt.Errorf("after_bytes and retry_after cannot be below 0")
	}
	return r.checkKind()
}

func (r Rule) checkKind() error {
	switch r.Kind {
	case Latency:
		for _, ms := range []int64{r.DelayMS, r.JitterMS} {
			if ms < 0 || ms > longest {
				return fmt.Errorf("delay_ms and jitter_ms must be 0 to %d", longest)
			}
		}
	case Bandwidth:
		if r.BytesPerSecond < 1 {
			return fmt.Errorf("bytes_per_second must be above 0")
		}
	case Drop:
		if !slices.Contains([]Part{"", Before, Request, Response}, r.Part) {
			return fmt.Errorf("part %q is none of before, request, response", r.Part)
		}
	case StorageFull:
		if !slices.Contains([]int{0, http.StatusInsufficientStorage, http.StatusRequestEntityTooLarge}, r.Status) {
			return fmt.Errorf("status %d of storage_full is neither 507 nor 413", r.Status)
		}
	case TooManyRequests, InternalError, BadGateway, SchemaReload, ExpiredToken:
	default:
		return fmt.Errorf("kind %q is unknown", r.Kind)
	}
	return nil
}

func (r Rule) probability() float64 {
	if r.Probability == nil {
		return 1
	}
	return *r.Probability
}

// covers says whether the rule is meant for the request.
func (r Rule) covers(req *http.Request) bool {
	if r.Kind == SchemaReload && !below(req, "/rest/v1") {
		return false
	}
	if r.Kind == StorageFull && !bringsContent(req) {
		return false
	}
	return strings.HasPrefix(req.URL.Path, r.Path) && (r.Method == "" || strings.EqualFold(r.Method, req.Method))
}

func (r Rule) insideBody() bool {
	return r.Kind == Drop && (r.Part == Request || r.Part == Response)
}

func below(r *http.Request, prefix string) bool {
	return r.URL.Path == prefix || strings.HasPrefix(r.URL.Path, prefix+"/")
}
