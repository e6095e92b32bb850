package client

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/loratop/loratop/models"
)

// meaning is what a server's code comes to. Empty text keeps the server's own.
type meaning struct {
	code models.Code
	msg  string
	hint string
}

const (
	signInHint  = "sign in again: press L in the TUI, or run `loratop login`"
	schemaHint  = "the database lacks something of loratop's schema: `loratop migrate status` tells what"
	refusedHint = "row level security of this database does not allow it to this user"
)

// explain fills Code, and where they are missing Msg and Hint.
func explain(e *models.Error, s service, w wire) {
	m, ok := meaningOf(s, w)
	if !ok {
		m = byStatus(w)
	}
	e.Code = m.code
	if m.msg != "" {
		e.Msg = m.msg
	}
	if e.Hint == "" {
		e.Hint = m.hint
	}
	if e.Msg == "" {
		e.Msg = fmt.Sprintf("the server answered %d %s", w.status, strings.ToLower(http.StatusText(w.status)))
	}
	if len(w.reasons) > 0 {
		e.Hint = "the server asks for: " + clip(strings.Join(w.reasons, ", "), 200)
	}
}

func meaningOf(s service, w wire) (meaning, bool) {
	if isExpired(s, w) {
		return meaning{models.CodeSignIn, "the session has expired", signInHint}, true
	}
	switch s {
	case serviceAuth:
		return authMeaning(w.code)
	case serviceStorage:
		return storageMeaning(w.code)
	default:
		return restMeaning(w.code)
	}
}

// restMeaning knows PostgREST's codes and PostgreSQL's SQLSTATEs.
func restMeaning(code string) (meaning, bool) {
	switch code {
	case "PGRST301", "PGRST302", "PGRST303":
		return meaning{models.CodeSignIn, "", signInHint}, true
	case "42501":
		return meaning{models.CodeForbidden, "", refusedHint}, true
	case "23505":
		return meaning{models.CodeConflict, "", "it exists already"}, true
	case "23503":
		return meaning{models.CodeConflict, "", "something else still refers to it, or what it refers to is gone"}, true
	case "PGRST116":
		return meaning{models.CodeNotFound, "", ""}, true
	case "57014":
		return meaning{models.CodeTimeout, "the database took too long and stopped the query", "ask for less, or try again"}, true
	case "42P01", "42703", "PGRST200", "PGRST201", "PGRST202", "PGRST204", "PGRST205":
		return meaning{models.CodeConfig, "", schemaHint}, true
	}
	switch {
	case strings.HasPrefix(code, "22"), strings.HasPrefix(code, "23"), strings.HasPrefix(code, "PGRST1"):
		return meaning{models.CodeInvalid, "", ""}, true
	case strings.HasPrefix(code, "PGRST00"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"), strings.HasPrefix(code, "08"):
		return meaning{models.CodeServer, "", "the database is not ready; try again"}, true
	}
	return meaning{}, false
}

// authMeaning knows GoTrue's error codes.
func authMeaning(code string) (meaning, bool) {
	switch code {
	case "invalid_credentials":
		return meaning{models.CodeSignIn, "e-mail or password is wrong", "check both; passwords are case-sensitive"}, true
	case "email_not_confirmed":
		return meaning{models.CodeSignIn, "the e-mail address is not confirmed yet", "open the link in the confirmation mail first"}, true
	case "bad_jwt", "no_authorization", "session_not_found", "session_expired", "user_not_found",
		"refresh_token_not_found", "refresh_token_already_used":
		return meaning{models.CodeSignIn, "the session has ended", signInHint}, true
	case "user_banned":
		return meaning{models.CodeSignIn, "this account is suspended", "ask the project's owner"}, true
	case "user_already_exists", "email_exists":
		return meaning{models.CodeConflict, "this e-mail address has an account already", "sign in instead"}, true
	case "weak_password":
		return meaning{models.CodeInvalid, "", "choose a longer password"}, true
	case "signup_disabled", "email_provider_disabled":
		return meaning{models.CodeForbidden, "", "ask the project's owner for an account"}, true
	case "insufficient_aal", "not_admin":
		return meaning{models.CodeForbidden, "", ""}, true
	case "over_request_rate_limit", "over_email_send_rate_limit":
		return meaning{models.CodeRate, "", "wait a minute and try again"}, true
	}
	return meaning{}, false
}

// storageMeaning knows Storage's codes; its HTTP status is 400 for nearly all.
func storageMeaning(code string) (meaning, bool) {
	switch code {
	case "NoSuchKey", "NoSuchBucket", "NoSuchUpload", "not_found":
		return meaning{models.CodeNotFound, "the file is not there, or not readable for this user", "the bucket's policies may be missing: `loratop migrate status` tells"}, true
	case "AccessDenied":
		return meaning{models.CodeForbidden, "", refusedHint}, true
	case "InvalidJWT", "InvalidSignature":
		return meaning{models.CodeSignIn, "", signInHint}, true
	case "KeyAlreadyExists", "ResourceAlreadyExists", "BucketAlreadyExists":
		return meaning{models.CodeConflict, "", "it exists already"}, true
	case "EntityTooLarge", "InvalidMimeType", "InvalidKey", "InvalidRange":
		return meaning{models.CodeInvalid, "", ""}, true
	case "SlowDown":
		return meaning{models.CodeRate, "", "wait a moment and try again"}, true
	case "InternalError", "DatabaseError":
		return meaning{models.CodeServer, "", "try again"}, true
	}
	return meaning{}, false
}

// byStatus is the last resort, for gateways and for codes nobody knows.
func byStatus(w wire) meaning {
	switch st := w.status; {
	case st == http.StatusUnauthorized && strings.Contains(strings.ToLower(w.message), "api key"):
		return meaning{models.CodeConfig, "", "check the profile's API key"}
	case st == http.StatusUnauthorized:
		return meaning{models.CodeSignIn, "", signInHint}
	case st == http.StatusForbidden:
		return meaning{models.CodeForbidden, "", ""}
	case st == http.StatusNotFound && !w.json:
		return meaning{models.CodeConfig, "there is no Supabase API at this address", "check the profile's URL"}
	case st == http.StatusNotFound, st == http.StatusGone, st == http.StatusNotAcceptable:
		return meaning{models.CodeNotFound, "", ""}
	case st == http.StatusConflict:
		return meaning{models.CodeConflict, "", ""}
	case st == http.StatusRequestTimeout:
		return meaning{models.CodeTimeout, "", "try again"}
	case st == http.StatusTooManyRequests, st == http.StatusTooEarly:
		return meaning{models.CodeRate, "", "wait a moment and try again"}
	case st >= 500:
		return meaning{models.CodeServer, gatewayText(w), "the server or the gateway before it is in trouble; try again"}
	case st >= 300 && st < 400:
		return meaning{models.CodeConfig, "the server sends this address elsewhere", "check the profile's URL: no redirect is followed with a session"}
	default:
		return meaning{models.CodeInvalid, "", ""}
	}
}

// gatewayText replaces pages of HTML, which say nothing to a reader.
func gatewayText(w wire) string {
	if w.json && w.message != "" {
		return ""
	}
	s := fmt.Sprintf("the server answered %d %s", w.status, strings.ToLower(http.StatusText(w.status)))
	if w.message != "" {
		s += ": " + clip(w.message, 120)
	}
	return strings.TrimSpace(s)
}
