package faults

import (
	"io"
	"net/http"
	"strconv"
)

// finish ends a request that is not let through.
func (r *Rule) finish(w http.ResponseWriter, req *http.Request) {
	switch r.Kind {
	case TooManyRequests:
		if r.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(r.RetryAfter, 10))
		}
		tooMany(w, req)
	case InternalError:
		internal(w, req)
	case BadGateway:
		send(w, http.StatusBadGateway, "text/html", badGatewayPage)
	case SchemaReload:
		send(w, http.StatusServiceUnavailable, jsonType,
			`{"code":"PGRST002","details":null,"hint":null,"message":"Could not query the database for the schema cache. Retrying."}`)
	case StorageFull:
		full(w, req, r.Status)
	default:
		panic(http.ErrAbortHandler) // the server closes the connection without a word
	}
}

const jsonType = "application/json; charset=utf-8"

// badGatewayPage is no JSON, which is the point of it.
const badGatewayPage = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n" +
	"<body><center><h1>502 Bad Gateway</h1></center></body></html>\n"

// tooMany answers as the server of the path does when it has enough.
func tooMany(w http.ResponseWriter, r *http.Request) {
	switch {
	case below(r, "/auth/v1"):
		authError(w, r, http.StatusTooManyRequests, "over_request_rate_limit", "Request rate limit reached")
	case below(r, "/storage/v1"):
		send(w, http.StatusTooManyRequests, jsonType, `{"statusCode":"429","error":"SlowDown","message":"Too many connections issued to the database","code":"SlowDown"}`)
	default:
		send(w, http.StatusTooManyRequests, jsonType, `{"message":"API rate limit exceeded"}`)
	}
}

func internal(w http.ResponseWriter, r *http.Request) {
	switch {
	case below(r, "/auth/v1"):
		authError(w, r, http.StatusInternalServerError, "unexpected_failure", "Database error querying schema")
	case below(r, "/storage/v1"):
		send(w, http.StatusInternalServerError, jsonType, `{"statusCode":"500","error":"internal","message":"Internal Server Error","code":"InternalError"}`)
	default:
		send(w, http.StatusInternalServerError, jsonType, `{"code":"XX000","details":null,"hint":null,"message":"internal error"}`)
	}
}

// authError has the two shapes of Auth, by the version that the client names.
func authError(w http.ResponseWriter, r *http.Request, status int, code, msg string) {
	const version = "X-Supabase-Api-Version"
	if v := r.Header.Get(version); v >= "2024-01-01" {
		w.Header().Set(version, "2024-01-01")
		send(w, status, jsonType, `{"code":"`+code+`","message":"`+msg+`"}`)
		return
	}
	w.Header().Set("X-Sb-Error-Code", code)
	send(w, status, jsonType, `{"code":`+strconv.Itoa(status)+`,"error_code":"`+code+`","msg":"`+msg+`"}`)
}

func send(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that left has nobody to be told
}
