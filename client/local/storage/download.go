package storage

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func (s *Server) download(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	o, err := s.find(r.Context(), c, r.bucket, r.key)
	if err != nil {
		return err
	}
	return s.send(w, r, o)
}

// downloadPublic serves public buckets to everyone and looks at no token.
func (s *Server) downloadPublic(w http.ResponseWriter, r request) error {
	l, err := s.limitsOf(r.Context(), r.bucket)
	if err != nil {
		return err
	}
	if !l.public {
		return noSuchBucket()
	}
	o, err := s.find(r.Context(), service(), r.bucket, r.key)
	if err != nil {
		return err
	}
	return s.send(w, r, o)
}

// send answers with the content. As the real server, it knows If-None-Match
// and one range, and neither If-Match nor If-Range.
func (s *Server) send(w http.ResponseWriter, r request, o object) error {
	f, err := s.disk.open(o.Version)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	size := st.Size()
	h := w.Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("Etag", o.Metadata.ETag)
	h.Set("Last-Modified", o.modified().Format(http.TimeFormat))
	h.Set("Cache-Control", o.Metadata.CacheControl)
	if unchanged(r, o) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	start, length, partial, ok := parseRange(r.Header.Get("Range"), size)
	if !ok {
		return badRange()
	}
	disposition(h, r.URL.Query())
	h.Set("Content-Type", o.Metadata.MIME)
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", "bytes "+strconv.FormatInt(start, 10)+"-"+strconv.FormatInt(start+length-1, 10)+"/"+strconv.FormatInt(size, 10))
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return err
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, f, length) // an error here is the reader's going away
	}
	return nil
}

func unchanged(r request, o object) bool {
	if tags := r.Header.Get("If-None-Match"); tags != "" {
		for t := range strings.SplitSeq(tags, ",") {
			if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == o.Metadata.ETag || t == "*" {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !o.modified().Truncate(time.Second).After(since)
}

// disposition honours ?download and ?download=name.
func disposition(h http.Header, q url.Values) {
	if !q.Has("download") {
		return
	}
	name := q.Get("download")
	if name == "" {
		h.Set("Content-Disposition", "attachment;")
		return
	}
	esc := url.PathEscape(name)
	h.Set("Content-Disposition", "attachment; filename="+esc+"; filename*=UTF-8''"+esc+";")
}

// parseRange reads "bytes=a-b", "a-" and "-n". An end behind the content is
// cut; no header is the whole; ok is false for anything else.
func parseRange(h string, size int64) (start, length int64, partial, ok bool) {
	if h == "" {
		return 0, size, false, true
	}
	spec, found := strings.CutPrefix(h, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !found || !dash {
		return 0, 0, false, false
	}
	if from == "" {
		n, err := strconv.ParseInt(to, 10, 64)
		if err != nil || n <= 0 || size == 0 {
			return 0, 0, false, false
		}
		n = min(n, size)
		return size - n, n, true, true
	}
	start, err := strconv.ParseInt(from, 10, 64)
	if err != nil || start < 0 || start >= size {
		return 0, 0, false, false
	}
	end := size - 1
	if to != "" {
		if end, err = strconv.ParseInt(to, 10, 64); err != nil || end < start {
			return 0, 0, false, false
		}
		end = min(end, size-1)
	}
	return start, end - start + 1, true, true
}

func (s *Server) info(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	o, err := s.find(r.Context(), c, r.bucket, r.key)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": o.ID, "name": o.Name, "version": o.Version, "bucket_id": o.Bucket,
		"size": o.Metadata.Size, "content_type": o.Metadata.MIME, "cache_control": o.Metadata.CacheControl, "etag": o.Metadata.ETag,
		"metadata": o.UserMetadata, "last_modified": o.modified(), "created_at": o.CreatedAt})
	return nil
}
