// Package jsonl reads dataset files line by line, whatever mix of the
// platform's formats they hold, and reports what is in them and what is wrong
// with them. It reads a stream once, in memory that does not grow with it.
package jsonl

import "github.com/loratop/loratop/models"

// Schema names the JSON form of a Report.
const Schema = "loratop/v1"

// KeptFindings is how many findings a report keeps; all are counted.
const KeptFindings = 1000

// LineSuperset is a line that the validator and the trainer both read:
// conversation_id and turns beside messages. models.ParseLine takes it for
// messages, as the trainer does.
const LineSuperset models.LineFormat = "superset"

// Options of a check. The zero value is the platform's rule for tokens and no
// sequence length.
type Options struct {
	SeqLen   int         // tokens a training example may have; 0 = truncation is not computed
	NoHash   bool        // leave SHA256 empty, which saves a quarter of the time on one core
	Tokens   Tokenizer   // nil = the platform's estimate (words × 1.3)
	Progress func(int64) // bytes read so far, called some times a second; may be nil
}

// Estimate is the name of the platform's rule: words × 1.3.
const Estimate = "estimate"

// Tokenizer counts tokens as a named vocabulary does. It is used by one goroutine.
type Tokenizer interface {
	Name() string
	Count(text []byte) int
}

// Severity of a finding.
type Severity string

// An error keeps the file from being trained on or validated; a warning does not.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one thing found in a file.
type Finding struct {
	Severity   Severity `json:"severity"`
	Code       string   `json:"code"`   // stable, for example "json", "turns.empty", "role.order", "utf8"
	Line       int64    `json:"line"`   // physical, from 1; 0 = the whole file
	Offset     int64    `json:"offset"` // byte in the file, from 0
	Path       string   `json:"path"`   // JSON path in the line, "$" = the whole line
	Text       string   `json:"text"`
	Suggestion string   `json:"suggestion"`
}

// Group is all findings of one code.
type Group struct {
	Severity   Severity `json:"severity"`
	Code       string   `json:"code"`
	Count      int64    `json:"count"`
	Text       string   `json:"text"` // of the first
	Suggestion string   `json:"suggestion"`
	Lines      []int64  `json:"lines"` // the first ones, at most GroupLines; [0] = the whole file
}

// GroupLines is how many lines a Group names.
const GroupLines = 5

// Count is a name with how often it occurs.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Tokens is the distribution of token lengths of training examples.
type Tokens struct {
	Tokenizer string  `json:"tokenizer"` // its name; "estimate" = words × 1.3
	Total     int64   `json:"total"`
	Mean      float64 `json:"mean"` // of an example, 0 without one
	Min       int64   `json:"min"`
	P50       int64   `json:"p50"`
	P90       int64   `json:"p90"`
	P99       int64   `json:"p99"`
	Max       int64   `json:"max"`
	Bins      []Bin   `json:"histogram"`  // ascending, without gaps
	Cut       *Cut    `json:"truncation"` // nil without a sequence length
}

// Bin counts the examples with From ≤ tokens < To.
type Bin struct {
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Count int64 `json:"count"`
}

// Cut is what a sequence length costs.
type Cut struct {
	SeqLen   int     `json:"seq_len"`
	Examples int64   `json:"examples"` // longer than SeqLen
	Percent  float64 `json:"percent"`  // of all examples, 0 to 100
	Lost     int64   `json:"lost_tokens"`
}

// Kind is what a file as a whole is.
type Kind string

// The kinds of files.
const (
	KindJSONL    Kind = "jsonl"    // one record a line
	KindDocument Kind = "document" // one JSON document over several lines: v4 full JSON, v3
	KindBinary   Kind = "binary"   // compressed, UTF-16 or no text at all
	KindEmpty    Kind = "empty"    // no line that is not blank
)

// LongLine is the length in bytes from which a line is reported, MaxLine the one
// from which it is not read; what is read is held in memory as a whole.
const (
	LongLine = 10 << 20
	MaxLine  = 64 << 20
)

// Verdict says whether one reader accepts the file.
type Verdict struct {
	Accepts bool   `json:"accepts"`
	Why     string `json:"why"` // one line
}

// Report is what is in a file.
type Report struct {
	Schema string `json:"schema"`
	File   string `json:"file"` // as the caller named it
	Kind   Kind   `json:"kind"`
	SHA256 string `json:"sha256"` // hexadecimal; "" with Options.NoHash
	Bytes  int64  `json:"bytes"`
	Lines  int64  `json:"lines"` // physical
	Blank  int64  `json:"blank_lines"`

	Formats       []Count `json:"formats"` // models.LineFormat, most frequent first
	Conversations int64   `json:"conversations"`
	Turns         int64   `json:"turns"`
	Pairs         int64   `json:"trainable_pairs"`
	Declared      *int64  `json:"declared_pairs"`       // _meta.total_pairs, or the full JSON's; null = not declared
	Duplicates    int64   `json:"duplicate_pairs"`      // the same prompt and response as an earlier pair
	NearDuplicate int64   `json:"near_duplicate_pairs"` // about 80 % the same as an earlier pair; not counted in Duplicates
	DedupeBounded bool    `json:"duplicates_bounded"`   // more pairs than are remembered: both are lower bounds

	CRLF        int64 `json:"crlf_lines"`
	BOM         bool  `json:"byte_order_mark"`
	InvalidUTF8 int64 `json:"invalid_utf8_lines"`
	Control     int64 `json:"control_character_texts"`
	Long        int64 `json:"long_lines"` // over LongLine bytes

	Roles    []Count `json:"roles"`
	Personas []Count `json:"personas"` // at most 100 of each, most frequent first
	Arcs     []Count `json:"arcs"`
	Topics   []Count `json:"topics"`
	Scripts  []Count `json:"scripts"` // Unicode scripts: how many texts have letters of each

	Tokens Tokens `json:"tokens"`

	ErrorCount   int64     `json:"error_count"`
	WarningCount int64     `json:"warning_count"`
	ByCode       []Count   `json:"by_code"`
	Groups       []Group   `json:"groups"`   // errors first, most frequent first
	Findings     []Finding `json:"findings"` // the first KeptFindings, in file order

	Validator Verdict `json:"validator"` // the platform's validate-datasets
	Trainer   Verdict `json:"trainer"`   // the platform's GPU worker

	// Platform is what the platform's validator would write into the row.
	Platform models.Validation `json:"platform"`

	Samples []models.Conversation `json:"samples"` // the first three
}
