package faults

import (
	"net/http"
	"slices"
	"strings"
)

const (
	objects   = "/storage/v1/object"
	resumable = "/storage/v1/upload/resumable"
)

// bringsContent says whether the request carries what Storage would keep:
// not its JSON, nor a creation of an upload without bytes.
func bringsContent(r *http.Request) bool {
	if r.ContentLength == 0 || !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, r.Method) {
		return false
	}
	if below(r, resumable) {
		return true
	}
	rest, isObject := strings.CutPrefix(r.URL.Path, objects+"/")
	if !isObject {
		return false
	}
	if strings.HasPrefix(rest, "upload/sign/") {
		return r.Method == http.MethodPut
	}
	verb, key, _ := strings.Cut(rest, "/")
	return key != "" && !slices.Contains([]string{"list", "list-v2", "sign", "info", "move", "copy"}, verb)
}

// takes says whether the request's content still fits, and sets it down. A
// length that nobody told does not fit.
func (a *active) takes(r *http.Request) bool {
	if r.ContentLength < 0 || a.taken+r.ContentLength > a.AfterBytes {
		return false
	}
	a.taken += r.ContentLength
	return true
}

// full refuses a content. 413 is Storage's own over a limit of size; a 507
// comes from what stands before it, or beneath, and was measured nowhere.
func full(w http.ResponseWriter, r *http.Request, status int) {
	if status == http.StatusRequestEntityTooLarge {
		if below(r, resumable) {
			w.Header().Set("Tus-Resumable", "1.0.0")
			send(w, status, "text/plain; charset=utf-8", "Maximum size exceeded\n")
			return
		}
		send(w, http.StatusBadRequest, jsonType, `{"statusCode":"413","error":"Payload too large","message":"The object exceeded the maximum allowed size","code":"EntityTooLarge"}`)
		return
	}
	if below(r, resumable) {
		w.Header().Set("Tus-Resumable", "1.0.0")
		send(w, http.StatusInsufficientStorage, "text/plain; charset=utf-8", "Insufficient Storage\n")
		return
	}
	send(w, http.StatusInsufficientStorage, jsonType, `{"statusCode":"507","error":"InsufficientStorage","message":"Insufficient Storage","code":"InsufficientStorage"}`)
}
