package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// fromPg turns what PostgreSQL or the connection said into an answer. signedIn: the role is not the
// anonymous one, so that a refusal is 403 and not 401.
func fromPg(err error, signedIn bool) *apiError {
	var api *apiError
	if errors.As(err, &api) {
		return api
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return newError(http.StatusServiceUnavailable, "PGRST001", "Database client error. Retrying the connection.").
			withDetails("The database connection failed.")
	}
	if pg.Code == "PGRST" {
		return raised(pg)
	}
	e := newError(sqlStatus(pg, signedIn), pg.Code, pg.Message)
	if pg.Detail != "" {
		e.Details = pg.Detail
	}
	if pg.Hint != "" {
		e.Hint = &pg.Hint
	}
	if e.Status == http.StatusUnauthorized {
		e.Header = http.Header{"Www-Authenticate": {"Bearer"}}
	}
	return e
}

// exactStatus are SQLSTATEs with a status of their own; classStatus the rest by their first two letters.
var exactStatus = map[string]int{
	"23503": http.StatusConflict,
	"23505": http.StatusConflict,
	"25006": http.StatusMethodNotAllowed,
	"57P01": http.StatusServiceUnavailable,
	"P0001": http.StatusBadRequest,
	"42P01": http.StatusNotFound,
	"42P17": http.StatusInternalServerError,
	"53400": http.StatusInternalServerError,
}

var classStatus = map[string]int{
	"08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500,
	"3B": 500, "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500,
	"P0": 500, "XX": 500,
}

func sqlStatus(pg *pgconn.PgError, signedIn bool) int {
	if s, ok := byMessage(pg, signedIn); ok {
		return s
	}
	if s, ok := exactStatus[pg.Code]; ok {
		return s
	}
	if len(pg.Code) != 5 {
		return http.StatusBadRequest
	}
	if strings.HasPrefix(pg.Code, "PT") {
		if n, err := strconv.Atoi(pg.Code[2:]); err == nil && n >= 100 && n <= 599 {
			return n
		}
		return http.StatusInternalServerError
	}
	if s, ok := classStatus[pg.Code[:2]]; ok {
		return s
	}
	return http.StatusBadRequest
}

// byMessage is the status of those SQLSTATEs that mean different things.
func byMessage(pg *pgconn.PgError, signedIn bool) (int, bool) {
	either := func(first bool, a, b int) (int, bool) {
		if first {
			return a, true
		}
		return b, true
	}
	switch pg.Code {
	case "42501":
		return either(signedIn, http.StatusForbidden, http.StatusUnauthorized)
	case "22023":
		noRole := strings.HasPrefix(pg.Message, "role") && strings.HasSuffix(pg.Message, "does not exist")
		return either(noRole, http.StatusUnauthorized, http.StatusBadRequest)
	case "21000":
		return either(strings.HasSuffix(pg.Message, "requires a WHERE clause"), http.StatusBadRequest, http.StatusInternalServerError)
	case "42883":
		return either(strings.HasPrefix(pg.Message, "function xmlagg("), http.StatusNotAcceptable, http.StatusNotFound)
	}
	return 0, false
}

// raised reads RAISE SQLSTATE 'PGRST', whose message and detail are JSON that decide the whole answer.
func raised(pg *pgconn.PgError) *apiError {
	var m struct {
		Code, Message *string
		Details, Hint *string
	}
	bad := func(details, hint string) *apiError {
		return newError(http.StatusInternalServerError, "PGRST121",
			"Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error").withDetails(details).withHint(hint)
	}
	if err := json.Unmarshal([]byte(pg.Message), &m); err != nil || m.Code == nil || m.Message == nil {
		return bad("Invalid JSON value for MESSAGE: '"+pg.Message+"'",
			"MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.")
	}
	const detailHint = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."
	if pg.Detail == "" {
		return bad("DETAIL is missing in the RAISE statement", detailHint)
	}
	var d struct {
		Status  *int
		Headers map[string]string
	}
	if err := json.Unmarshal([]byte(pg.Detail), &d); err != nil || d.Status == nil || d.Headers == nil ||
		*d.Status < 100 || *d.Status > 599 {
		return bad("Invalid JSON value for DETAIL: '"+pg.Detail+"'", detailHint)
	}
	e := newError(*d.Status, *m.Code, *m.Message)
	if m.Details != nil {
		e.Details = *m.Details
	}
	e.Hint = m.Hint
	e.Header = http.Header{}
	for k, v := range d.Headers {
		e.Header.Set(k, v)
	}
	return e
}

func asPg(err error, to **pgconn.PgError) bool { return errors.As(err, to) }
