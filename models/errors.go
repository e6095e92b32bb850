package models

import "errors"

// Code classifies a failure; the exit code and the hint follow from it.
type Code string

// The codes, each with the exit code of the conventions that it maps to in cmd.
const (
	CodeUnknown   Code = "unknown"      // 1
	CodeUsage     Code = "usage"        // 2
	CodeSignIn    Code = "sign_in"      // 4: no session, or it has ended
	CodeNotFound  Code = "not_found"    // 5
	CodeForbidden Code = "forbidden"    // 6: row level security, aal2
	CodeNoRows    Code = "no_rows"      // 6: a write changed nothing: not permitted, or gone
	CodeNetwork   Code = "network"      // 7
	CodeServer    Code = "server"       // 7
	CodeRate      Code = "rate_limited" // 7
	CodeTimeout   Code = "timeout"      // 7 (124 when --timeout was reached)
	CodeConflict  Code = "conflict"     // 1: exists already, or changed meanwhile
	CodeInvalid   Code = "invalid"      // 65: refused before or by the server as bad data
	CodeCanceled  Code = "canceled"     // 130
	CodeConfig    Code = "config"       // 2: bad profile, key or file
)

// Error is a failure that a user can meet: what happened and what to do next.
type Error struct {
	Code   Code
	Op     string // "list jobs": what was tried
	Msg    string // one plain sentence, already free of control characters
	Hint   string // what to do next; may be ""
	Server string // the server's own code: "42501", "PGRST116", "bad_jwt"
	Status int    // HTTP status, 0 when none
	Retry  bool   // trying the same again may help
	Err    error  // cause
}

// Error is "op: msg".
func (e *Error) Error() string {
	if e.Op == "" {
		return e.Msg
	}
	return e.Op + ": " + e.Msg
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf finds the code of err, CodeUnknown if it has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeUnknown
}

// Explain gives the text and the hint to show for err.
func Explain(err error) (text, hint string) {
	var e *Error
	if errors.As(err, &e) {
		return e.Error(), e.Hint
	}
	if err == nil {
		return "", ""
	}
	return Clean(err.Error()), ""
}
