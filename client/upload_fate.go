package client

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

// fate is what a refused TUS request means for the upload.
type fate int

const (
	fateFinal   fate = iota // trying again changes nothing
	fateAgain               // later, with the same upload
	fateOffset              // ask for the offset and go on
	fateGone                // the upload has expired or was ended: begin another
	fateExists              // the path has its object
	fateType                // this MIME type is not taken
	fateLarge               // over the limit of the bucket or the project
	fateFull                // no room left: the upload may go on when there is
	fateSession             // sign in, then it may go on
)

// tusError is a refusal with what follows from it. Its text is the server's.
type tusError struct {
	fate  fate
	err   *models.Error
	after time.Duration // the server's Retry-After
}

func (e *tusError) Error() string { return e.err.Error() }
func (e *tusError) Unwrap() error { return e.err }

// fateOf is what an error of any request of an upload means for it.
func fateOf(err error) (fate, time.Duration) {
	var t *tusError
	if errors.As(err, &t) {
		return t.fate, t.after
	}
	var e *models.Error
	if !errors.As(err, &e) {
		e = classify(err)
	}
	switch e.Code {
	case models.CodeNetwork, models.CodeTimeout, models.CodeRate:
		return fateAgain, 0
	case models.CodeServer:
		return fateAgain, 0
	case models.CodeSignIn:
		return fateSession, 0
	}
	if e.Retry {
		return fateAgain, 0
	}
	return fateFinal, 0
}

// tusExpired knows the answers to an old token. To HEAD it is a 400 without a
// body, which nothing else gives for an id that the server made itself.
func tusExpired(method string, status int, body []byte) bool {
	if method == http.MethodHead {
		return status == http.StatusBadRequest || status == http.StatusUnauthorized
	}
	return isExpired(serviceStorage, readWire(nil, body))
}

// tusRefused reads a refusal. Those of the protocol are plain text with a real
// status; those about the token are Storage's JSON with a 400 around them.
func tusRefused(r tusRequest, res *http.Response, body []byte) error {
	var e *models.Error
	errors.As(refused(tusPath, res.StatusCode, res.Header, body).err, &e)
	w := readWire(res.Header, body)
	if w.status != 0 {
		res.StatusCode = w.status
	}
	if w.message != "" {
		e.Msg = clip(w.message, 300)
	}
	t := &tusError{err: e, after: retryAfter(res.Header, time.Now())}
	t.fate = tusFate(r, res.StatusCode, strings.ToLower(w.message))
	if e.Code == models.CodeForbidden && w.json { // about the token: what policies refuse is plain text
		e.Code, e.Hint = models.CodeSignIn, signInHint
	}
	if e.Code == models.CodeSignIn && t.fate == fateFinal {
		t.fate = fateSession
	}
	e.Retry = t.fate == fateAgain
	return t
}

// tusFate reads status and text: some of the statuses have two meanings each.
func tusFate(r tusRequest, status int, text string) fate {
	switch status {
	case http.StatusConflict:
		return conflictFate(text)
	case http.StatusRequestEntityTooLarge:
		return largeFate(r, text)
	case http.StatusLocked: // someone holds the upload
		return fateAgain
	case http.StatusGone:
		return fateGone
	case http.StatusUnsupportedMediaType:
		return fateType
	case http.StatusInsufficientStorage, http.StatusPaymentRequired:
		return fateFull
	}
	switch {
	case r.id != "" && lostFate(r.method, status):
		return fateGone
	case strings.Contains(text, "mime type"):
		return fateType
	case strings.Contains(text, "quota"):
		return fateFull
	case passes(status), r.id != "" && status/100 == 3: // it was there before: a portal stands between
		return fateAgain
	}
	return fateFinal
}

// passes reports statuses of a server or a gateway that is in trouble.
func passes(status int) bool {
	return retryable(status) || status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// lostFate tells an upload that the server does not know, or whose id it cannot
// read.
func lostFate(method string, status int) bool {
	return status == http.StatusNotFound || status == http.StatusBadRequest && method == http.MethodHead
}

func conflictFate(text string) fate {
	switch {
	case strings.Contains(text, "offset"):
		return fateOffset
	case strings.Contains(text, "exist"):
		return fateExists
	}
	return fateAgain // the upload's lock again
}

func largeFate(r tusRequest, text string) fate {
	switch {
	case strings.Contains(text, "upload's size"): // more than was left
		return fateOffset
	case r.id == "":
		return fateLarge
	}
	return fateFull // it was not too large when it began
}
