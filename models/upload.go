package models

import "time"

// DatasetPatch changes what a user may change of a dataset; nil leaves a field.
type DatasetPatch struct {
	Name        *string // 1 to 200 characters
	Description *string // "" clears it
}

// UploadMax is the largest file in bytes that the platform takes as a dataset. A
// project's own limit may be lower.
const UploadMax = 500 << 20

// NewUpload names a local file that becomes a dataset. The same DatasetID, or
// without one the same file to the same project, continues an upload that was
// begun before, also by another process.
type NewUpload struct {
	DatasetID   string // UUID made by the caller; "" = one is made, or that of the pending upload of Path
	Path        string // local file
	Name        string // "" = the file's name without its extension
	Description string
	Unchecked   bool // the platform's validator is to read the file: its row ends as validating
}

// UploadStage is where an upload stands.
type UploadStage string

// The stages in their order; a failed attempt goes back to UploadWaiting.
const (
	UploadChecking   UploadStage = "checking"   // reads, checks and hashes the local file
	UploadCreating   UploadStage = "creating"   // makes the row and the upload
	UploadSending    UploadStage = "sending"    // bytes flow
	UploadWaiting    UploadStage = "waiting"    // the link is cut; see Retry and Note
	UploadVerifying  UploadStage = "verifying"  // compares size and hash with what is stored
	UploadValidating UploadStage = "validating" // writes what was found into the row
	UploadDone       UploadStage = "done"
)

// UploadProgress is one report of an upload.
type UploadProgress struct {
	DatasetID string
	Stage     UploadStage
	Done      int64         // bytes that were sent or, in UploadChecking and UploadVerifying, read
	Total     int64         // bytes
	Rate      float64       // bytes a second over the last seconds; 0 = not known yet
	Left      time.Duration // 0 = not known
	Retry     time.Duration // UploadWaiting: until the next attempt
	Note      string        // UploadWaiting: why, in one line
}

// PendingUpload is an upload that was begun on this machine and not ended.
type PendingUpload struct {
	DatasetID string
	Path      string // local file
	FileName  string
	Name      string
	Size      int64 // bytes when it began
	Sent      int64 // bytes that the server had, as far as it was noted
	Changed   bool  // the local file is not the one that was begun
	Missing   bool  // the local file is gone
	Active    bool  // some process is at it right now
	Updated   time.Time
	LastError string // one line, "" = none
}

// FilePart is a run of bytes of a stored file.
type FilePart struct {
	From int64 // offset of Data in the file
	Size int64 // of the whole file, -1 unknown
	ETag string
	Data []byte
}
