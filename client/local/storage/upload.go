package storage

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

const defaultMIME = "application/octet-stream"

// incoming is an upload on its way in.
type incoming struct {
	as     caller // who it is for
	bucket string
	key    string
	upsert bool
	limits limits
}

func (s *Server) upload(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	o, err := s.receive(r, incoming{as: c, bucket: r.bucket, key: r.key,
		upsert: r.Method == http.MethodPut || r.Header.Get("X-Upsert") == "true"})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"Key": o.Bucket + "/" + o.Name, "Id": o.ID})
	return nil
}

// receive checks first and reads the body after, so that nobody fills the disk
// with what is refused in the end.
func (s *Server) receive(r request, in incoming) (object, error) {
	if !goodKey(in.key) {
		return object{}, badKey(in.key)
	}
	var err error
	if in.limits, err = s.limitsOf(r.Context(), in.bucket); err != nil {
		return object{}, err
	}
	if err := s.permit(r.Context(), in.as, in.bucket, in.key, in.upsert); err != nil {
		return object{}, err
	}
	ct := content{bucket: in.bucket, key: in.key}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		err = s.readForm(r, in, &ct)
		if err != nil {
			s.forget(ct.version)
			return object{}, err
		}
	} else if err := s.readRaw(r, in, &ct); err != nil {
		return object{}, err
	}
	return s.commit(r.Context(), in.as, ct, in.upsert)
}

func (s *Server) readRaw(r request, in incoming, ct *content) (err error) {
	if r.ContentLength > in.limits.size {
		return tooLarge()
	}
	ct.mime, ct.cacheControl = r.Header.Get("Content-Type"), r.Header.Get("Cache-Control")
	if ct.userMetadata, err = headerMetadata(r.Header.Get("X-Metadata")); err != nil {
		return err
	}
	return s.stage(r.Body, in, ct)
}

// stage checks the type and writes the content.
func (s *Server) stage(body io.Reader, in incoming, ct *content) (err error) {
	ct.fill()
	if !in.limits.accepts(ct.mime) {
		return badMIME(ct.mime)
	}
	ct.staged, err = s.disk.stage(body, in.limits.size)
	if errors.Is(err, errTooLarge) {
		return tooLarge()
	}
	return err
}

// fill puts what holds where nothing was said.
func (ct *content) fill() {
	if ct.mime == "" {
		ct.mime = defaultMIME
	}
	if ct.cacheControl == "" {
		ct.cacheControl = "no-cache"
	}
}

func headerMetadata(h string) (json.RawMessage, error) {
	if h == "" {
		return nil, nil
	}
	b, err := base64.StdEncoding.DecodeString(h)
	if err != nil || !isObject(b) {
		return nil, badRequest("x-metadata must be base64 of a JSON object")
	}
	return b, nil
}

func isObject(b []byte) bool {
	var m map[string]any
	return json.Unmarshal(b, &m) == nil && m != nil
}

// fieldLimit bounds a form field, in bytes.
const fieldLimit = 64 << 10

// readForm takes the file and the fields in any order.
func (s *Server) readForm(r request, in incoming, ct *content) error {
	form, err := r.MultipartReader()
	if err != nil {
		return badRequest("malformed multipart body")
	}
	fields := map[string]string{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return badRequest("malformed multipart body")
		}
		if part.FileName() != "" || part.FormName() == "" {
			if ct.version != "" {
				return badRequest("one file only")
			}
			ct.mime = partType(part)
			if err := s.stage(part, in, ct); err != nil {
				return err
			}
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, fieldLimit))
		if err != nil {
			return badRequest("malformed multipart body")
		}
		fields[part.FormName()] = string(b)
	}
	if ct.version == "" {
		return badRequest("no file in the multipart body")
	}
	return fromFields(fields, ct)
}

func partType(p *multipart.Part) string {
	if t := p.Header.Get("Content-Type"); t != "" {
		return t
	}
	return defaultMIME
}

func fromFields(fields map[string]string, ct *content) error {
	if age := fields["cacheControl"]; age != "" {
		ct.cacheControl = age
		if strings.Trim(age, "0123456789") == "" {
			ct.cacheControl = "max-age=" + age
		}
	}
	if t := fields["contentType"]; t != "" && ct.mime == defaultMIME {
		ct.mime = t
	}
	if m := fields["metadata"]; m != "" {
		if !isObject([]byte(m)) {
			return badRequest("metadata must be a JSON object")
		}
		ct.userMetadata = json.RawMessage(m)
	}
	return nil
}
