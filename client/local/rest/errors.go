package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// apiError is an answer that is an error. Details is null, a text, or (PGRST201) a list.
type apiError struct {
	Status  int
	Code    string
	Message string
	Details any
	Hint    *string
	Header  http.Header // what the error sets beside the usual
}

// Error implements error.
func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// body is the JSON document of the error.
func (e *apiError) body() []byte {
	b, err := marshal(struct {
		Code    string  `json:"code"`
		Details any     `json:"details"`
		Hint    *string `json:"hint"`
		Message string  `json:"message"`
	}{e.Code, e.Details, e.Hint, e.Message})
	if err != nil { // only texts and lists of texts are ever in it
		return []byte(`{"code":"PGRSTX00","details":null,"hint":null,"message":"unencodable error"}`)
	}
	return b
}

// marshal encodes without escaping <, > and &, and without a newline at the end.
func marshal(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return []byte(strings.TrimSuffix(b.String(), "\n")), err
}

func textPtr(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
}

func newError(status int, code, message string) *apiError {
	return &apiError{Status: status, Code: code, Message: message}
}

func (e *apiError) withDetails(d string) *apiError { e.Details = d; return e }
func (e *apiError) withHint(h string) *apiError    { e.Hint = &h; return e }

func errParse(message, details string) *apiError {
	return newError(http.StatusBadRequest, "PGRST100", message).withDetails(details)
}

func errRPCMethod(method string) *apiError {
	return newError(http.StatusMethodNotAllowed, "PGRST101", "Cannot use the "+method+" method on RPC")
}

func errBody(message string) *apiError {
	return newError(http.StatusBadRequest, "PGRST102", message)
}

func errRange(details string) *apiError {
	return newError(http.StatusRequestedRangeNotSatisfiable, "PGRST103", "Requested range not satisfiable").withDetails(details)
}

func errOffset(offset, total int64) *apiError {
	return errRange(fmt.Sprintf("An offset of %d was requested, but there are only %d rows.", offset, max(total, 0)))
}

func errPutFilters() *apiError {
	return newError(http.StatusMethodNotAllowed, "PGRST105",
		"Filters must include all and only primary key columns with 'eq' operators")
}

func errSchema(name string, exposed []string) *apiError {
	return newError(http.StatusNotAcceptable, "PGRST106", "Invalid schema: "+name).
		withHint("Only the following schemas are exposed: " + strings.Join(exposed, ", "))
}

func errMedia(names []string) *apiError {
	return newError(http.StatusNotAcceptable, "PGRST107",
		"None of these media types are available: "+strings.Join(names, ", "))
}

func errNotEmbedded(name string) *apiError {
	return newError(http.StatusBadRequest, "PGRST108", "'"+name+"' is not an embedded resource in this request").
		withHint("Verify that '" + name + "' is included in the 'select' query parameter.")
}

func errGucHeaders() *apiError {
	return newError(http.StatusInternalServerError, "PGRST111",
		"response.headers guc must be a JSON array composed of objects with a single key and a string value")
}

func errGucStatus() *apiError {
	return newError(http.StatusInternalServerError, "PGRST112", "response.status guc must be a valid status code")
}

func errPutLimit() *apiError {
	return newError(http.StatusBadRequest, "PGRST114",
		"limit/offset querystring parameters are not allowed for PUT")
}

func errPutKey() *apiError {
	return newError(http.StatusBadRequest, "PGRST115", "Payload values do not match URL in primary key column(s)")
}

func errNotSingular(rows int64) *apiError {
	return newError(http.StatusNotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object").
		withDetails(fmt.Sprintf("The result contains %d rows", rows))
}

func errMethod(method string) *apiError {
	return newError(http.StatusMethodNotAllowed, "PGRST117", "Unsupported HTTP method: "+method)
}

func errRelatedOrder(origin, target string) *apiError {
	return newError(http.StatusBadRequest, "PGRST118", "A related order on '"+target+"' is not possible").
		withDetails("'" + origin + "' and '" + target + "' do not form a many-to-one or one-to-one relationship")
}

func errPrefer(unknown []string) *apiError {
	return newError(http.StatusBadRequest, "PGRST122", "Invalid preferences given with handling=strict").
		withDetails("Invalid preferences: " + strings.Join(unknown, ", "))
}

func errAggregates() *apiError {
	return newError(http.StatusBadRequest, "PGRST123", "Use of aggregate functions is not allowed")
}

func errMaxAffected(rows int64) *apiError {
	return newError(http.StatusBadRequest, "PGRST124", "Query result exceeds max-affected preference constraint").
		withDetails(fmt.Sprintf("The query affects %d rows", rows))
}

func errPath() *apiError {
	return newError(http.StatusNotFound, "PGRST125", "Invalid path specified in request URL")
}

func errMaxAffectedRPC() *apiError {
	return newError(http.StatusBadRequest, "PGRST128",
		"Function must return SETOF or TABLE when max-affected preference is used with handling=strict")
}

func errNoRelation(parent, child, hint, schema string, suggestion *string) *apiError {
	using := ""
	if hint != "" {
		using = "' using the hint '" + hint
	}
	return &apiError{
		Status: http.StatusBadRequest, Code: "PGRST200",
		Message: "Could not find a relationship between '" + parent + "' and '" + child + "' in the schema cache",
		Details: "Searched for a foreign key relationship between '" + parent + "' and '" + child + using +
			"' in the schema '" + schema + "', but no matches were found.",
		Hint: suggestion,
	}
}

func errNoColumn(table, column string) *apiError {
	return newError(http.StatusBadRequest, "PGRST204",
		"Could not find the '"+column+"' column of '"+table+"' in the schema cache")
}

func errNoTable(schema, table string, suggestion *string) *apiError {
	e := newError(http.StatusNotFound, "PGRST205", "Could not find the table '"+schema+"."+table+"' in the schema cache")
	e.Hint = suggestion
	return e
}

func errNoCatalog() *apiError {
	return newError(http.StatusServiceUnavailable, "PGRST002",
		"Could not query the database for the schema cache. Retrying.")
}

// errToken is a JWT refused: PGRST301 when it cannot be read, PGRST303 when its claims do not hold.
func errToken(code, message string, details any) *apiError {
	e := newError(http.StatusUnauthorized, code, message)
	e.Details = details
	e.Header = http.Header{"Www-Authenticate": {`Bearer error="invalid_token", error_description=` + haskellQuote(message)}}
	return e
}
