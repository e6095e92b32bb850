package models

import "time"

// Cursor is an opaque keyset position; "" is the first page.
type Cursor string

// Page is one keyset page.
type Page[T any] struct {
	Items []T
	Next  Cursor // "" at the end
	Total *int64 // exact count when it was asked for
}

// ListQuery selects and orders a list. Every list is the owner's own: the
// client adds the user id itself.
type ListQuery struct {
	Search  string   // substring of the name, on the server
	Status  []string // any of; empty = all
	Sort    string   // a column the list offers; "" = created_at
	Asc     bool     // default is newest or largest first
	Limit   int      // 1..1000; 0 = 50
	After   Cursor
	Count   bool // also count exactly
	Deleted bool // datasets, artifacts: the trash instead of the living

	DatasetID string    // jobs, artifacts: of this dataset
	Unread    bool      // notifications: unread only
	Since     time.Time // created at or after
}

// MetricCursor is the position behind the last point read: keyset over
// (timestamp, id), which is unique where (epoch, step) is not.
type MetricCursor struct {
	Time time.Time
	ID   string
}

// IsZero reports the start.
func (c MetricCursor) IsZero() bool { return c.ID == "" && c.Time.IsZero() }

// LiveRequest asks for what is new about one job.
type LiveRequest struct {
	JobID string
	After MetricCursor // zero: the newest Tail points
	// Seen are ids of points within LookBack up to After that the asker has.
	// They are not sent again; others are, for an asker to skip.
	Seen []string
}

// LookBack is how far before the cursor every answer starts, because a point
// that was committed late lies there.
const LookBack = 10 * time.Second

// LiveJob is the answer to one LiveRequest: the volatile columns and new points.
type LiveJob struct {
	Job    Job            // only id and the columns that move are set
	Points []MetricsPoint // ascending (timestamp, id), already after the cursor
	Gap    bool           // more points than fit: page from the cursor with Metrics
}

// Session is a signed-in user as the screens see it; tokens stay in the client.
type Session struct {
	UserID    string
	Email     string
	ExpiresAt time.Time
	AAL       string // "aal1" or "aal2"
}

// SignUpResult tells whether the account is usable at once.
type SignUpResult struct {
	Session      *Session // nil: confirm the e-mail first
	Confirmation bool
}

// Overview is what the header shows.
type Overview struct {
	Unread     int64
	Live       int64 // queued, initializing and running jobs
	MonthSpend Money // this UTC month: recorded, and derived for jobs without a record
	Derived    bool  // part of MonthSpend is derived
}

// Connection names where the client talks to.
type Connection struct {
	Profile string
	URL     string
	Demo    bool
	// Accounts are the demo's sign-ins, which are no secret: "e-mail / password".
	Accounts []string
}

// NewJob is what a launch inserts. ID is made by the caller, so that a retried
// or doubled submit makes one row.
type NewJob struct {
	ID                 string
	DatasetID          string
	PresetID           string
	Hyperparameters    Hyperparameters
	GPU                GPUConfig
	TotalSteps         int64
	EstimatedTotalCost Money
}

// Download is one stored file to fetch.
type Download struct {
	Bucket string
	Path   string
	Dest   string // local file; written beside as .part, then renamed
}

// Progress of a transfer in bytes; Total is -1 when unknown.
type Progress struct{ Done, Total int64 }

// Downloaded is a finished transfer.
type Downloaded struct {
	Path   string
	Bytes  int64
	SHA256 string
}
