package storage

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/uuid"
	tusd "github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"
)

// resumable serves /upload/resumable: tusd speaks the protocol, and this type
// adds what Supabase Storage checks before and does after.
type resumable struct {
	s     *Server
	store tusStore
	own   http.Handler // Location says /upload/resumable/ID
	sign  http.Handler // /upload/resumable/sign/ID
}

const (
	tusPath    = "upload/resumable"
	signWord   = "sign" // begins no id: it is no base64url of bucket/key/version
	tusVersion = "1.0.0"
	uploadsDir = "uploads"
	chunkType  = "application/offset+octet-stream"
)

func newResumable(s *Server) (*resumable, error) {
	u := &resumable{s: s, store: newTusStore(filepath.Join(s.o.Dir, uploadsDir), s.now, s.disk.pieces)}
	composer := tusd.NewStoreComposer()
	composer.UseCore(u.store)
	composer.UseTerminater(u.store)
	composer.UseLengthDeferrer(u.store)
	memorylocker.New().UseIn(composer)
	var err error
	if u.own, err = u.handler(composer, tusPath); err == nil {
		u.sign, err = u.handler(composer, tusPath+"/"+signWord)
	}
	return u, err
}

func (u *resumable) handler(composer *tusd.StoreComposer, path string) (http.Handler, error) {
	h, err := tusd.NewHandler(tusd.Config{StoreComposer: composer, BasePath: "/storage/v1/" + path + "/", MaxSize: u.s.o.SizeLimit,
		DisableDownload: true, DisableConcatenation: true, RespectForwardedHeaders: true, Cors: &tusd.CorsConfig{Disable: true},
		Logger: slog.New(silent{}), PreUploadCreateCallback: u.create, PreFinishResponseCallback: u.finish})
	if err != nil {
		return nil, fmt.Errorf("tus handler: %w", err)
	}
	return h, nil
}

// silent is the logger of tusd: the gateway logs requests, and tusd would log
// metadata.
type silent struct{}

func (silent) Enabled(context.Context, slog.Level) bool  { return false }
func (silent) Handle(context.Context, slog.Record) error { return nil }
func (s silent) WithAttrs([]slog.Attr) slog.Handler      { return s }
func (s silent) WithGroup(string) slog.Handler           { return s }

// refusal is a plain-text answer: here statuses are real ones.
type refusal struct {
	status int
	text   string
}

func (e refusal) Error() string { return e.text }

// plain gives a failure of this package the form that TUS clients get.
func plain(err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return err
	}
	text := e.msg
	if e.code == "EntityTooLarge" {
		text = "Maximum size exceeded"
	}
	return refusal{e.status, text}
}

type tusKey struct{}

// session is what a request's checks have found out for the hooks of tusd.
type session struct {
	caller caller
	upsert bool
	only   string // bucket/key that a signature is for; "" = any
}

// signed reports whether a token of /object/upload/sign speaks for the caller.
func (ss session) signed() bool { return ss.only != "" }

func (ss session) covers(bucket, key string) error {
	if ss.signed() && ss.only != bucket+"/"+key {
		return plain(badSignature())
	}
	return nil
}

func (u *resumable) serve(w http.ResponseWriter, r request) error {
	id, signed := uploadOf(r.URL.Path)
	if r.Method == http.MethodOptions {
		u.options(w)
		return nil
	}
	ss, err := u.session(r, signed)
	var e refusal
	if err != nil && !errors.As(err, &e) {
		return err // the JSON shape: it comes from before the protocol
	}
	if err == nil {
		err = u.check(r, ss, id)
	}
	if err != nil {
		refuse(w, r.Request, err)
		return nil
	}
	inner := r.WithContext(context.WithValue(r.Context(), tusKey{}, ss))
	inner.URL = cloneURL(r.URL)
	inner.URL.Path, inner.URL.RawPath = "/"+id, ""
	tw := &tusWriter{ResponseWriter: w, expires: u.store.expires(r.Context(), id)}
	if signed {
		u.sign.ServeHTTP(tw, inner)
	} else {
		u.own.ServeHTTP(tw, inner)
	}
	tw.flush()
	return nil
}

// uploadOf is the id of the path, "" at a creation.
func uploadOf(path string) (id string, signed bool) {
	id = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(path, "/"), tusPath), "/")
	first, rest, _ := strings.Cut(id, "/")
	if first == signWord {
		return rest, true
	}
	return id, false
}

func (u *resumable) options(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", "creation,creation-with-upload,creation-defer-length,termination,expiration")
	h.Set("Tus-Max-Size", strconv.FormatInt(u.s.o.SizeLimit, 10))
	w.WriteHeader(http.StatusNoContent)
}

// session tells who is asking: by the bearer token, or by the token of a
// signed upload, which stands for its owner and for one key.
func (u *resumable) session(r request, signed bool) (session, error) {
	if !signed {
		c, err := u.s.caller(r)
		return session{caller: c, upsert: r.Header.Get("X-Upsert") == "true"}, err
	}
	raw := r.Header.Get("X-Signature")
	if raw == "" {
		return session{}, refusal{http.StatusBadRequest, "Missing x-signature header\n"}
	}
	claims, err := u.s.signature(raw)
	if err != nil {
		return session{}, plain(err)
	}
	if claims.Text("scope") != scopeUpload || claims.Text("url") == "" {
		return session{}, plain(badSignature())
	}
	upsert, _ := claims["upsert"].(bool)
	return session{caller: signedCaller(claims), upsert: upsert, only: claims.Text("url")}, nil
}

// check refuses what tusd would answer otherwise, or not know.
func (u *resumable) check(r request, ss session, id string) error {
	switch v := r.Header.Get("Tus-Resumable"); {
	case v == "":
		return refusal{http.StatusPreconditionFailed, "Tus-Resumable Required\n"}
	case v != tusVersion:
		return refusal{http.StatusBadRequest, "Unsupported Tus-Resumable version\n"}
	}
	if id == "" {
		u.store.sweep()
		return nil
	}
	name, err := parseUploadID(id)
	if err != nil {
		return refusal{http.StatusBadRequest, "Invalid upload id\n"}
	}
	if err := ss.covers(name.bucket, name.key); err != nil {
		return err
	}
	done, err := u.store.finished(r.Context(), id)
	if err != nil || r.Method == http.MethodHead {
		return err // HEAD asks no policy, as measured: who knows the URL may look
	}
	if r.Method == http.MethodPatch {
		if err := checkPatch(r); err != nil {
			return err
		}
	}
	if done {
		return plain(keyExists())
	}
	if err := u.checkLength(r, name.bucket); err != nil {
		return err
	}
	return plain(u.s.permit(r.Context(), ss.caller, name.bucket, name.key, ss.upsert))
}

func checkPatch(r request) error {
	if r.Header.Get("Upload-Offset") == "" {
		return refusal{http.StatusForbidden, "Upload-Offset header required\n"}
	}
	if r.Header.Get("Content-Type") != chunkType {
		return refusal{http.StatusBadRequest, "Invalid content-type\n"}
	}
	return nil
}

// checkLength holds a length that is told late to the bucket's limit.
func (u *resumable) checkLength(r request, bucket string) error {
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil {
		return nil // none, or one that tusd refuses
	}
	l, err := u.s.limitsOf(r.Context(), bucket)
	if err == nil && size > l.size {
		err = tooLarge()
	}
	return plain(err)
}

// uploadID names an upload as the real server does: base64url of
// bucket/key/version.
type uploadID struct{ bucket, key, version string }

func (n uploadID) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(n.bucket + "/" + n.key + "/" + n.version))
}

func parseUploadID(s string) (uploadID, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return uploadID{}, err
	}
	bucket, rest, _ := strings.Cut(string(b), "/")
	cut := strings.LastIndex(rest, "/")
	if cut < 1 || bucket == "" {
		return uploadID{}, badKey(s)
	}
	n := uploadID{bucket, rest[:cut], rest[cut+1:]}
	_, err = uuid.Parse(n.version)
	return n, err
}

// tusMeta is the Upload-Metadata of a creation.
type tusMeta struct {
	bucket, key, mime, cacheControl string
	user                            json.RawMessage
}

func parseMeta(header string) (m tusMeta, err error) {
	if header == "" {
		return m, refusal{http.StatusBadRequest, "Upload-Metadata header required\n"}
	}
	values := map[string]string{}
	for pair := range strings.SplitSeq(header, ",") {
		name, enc, _ := strings.Cut(strings.TrimSpace(pair), " ")
		b, err := base64.StdEncoding.DecodeString(enc)
		if err != nil || name == "" {
			return m, refusal{http.StatusBadRequest, "Invalid Upload-Metadata\n"}
		}
		values[name] = string(b)
	}
	m = tusMeta{bucket: values["bucketName"], key: values["objectName"], mime: values["contentType"], cacheControl: "no-cache"}
	if age := values["cacheControl"]; age != "" && strings.Trim(age, "0123456789") == "" {
		m.cacheControl = "max-age=" + age
	}
	if m.mime == "" {
		m.mime = defaultMIME
	}
	if v := values["metadata"]; v != "" {
		if !isObject([]byte(v)) {
			return m, refusal{http.StatusBadRequest, "Invalid metadata\n"}
		}
		m.user = json.RawMessage(v)
	}
	if m.bucket == "" || m.key == "" {
		return m, refusal{http.StatusBadRequest, "bucketName and objectName are required in Upload-Metadata\n"}
	}
	return m, nil
}

// create is tusd's hook before an upload begins.
func (u *resumable) create(hook tusd.HookEvent) (tusd.HTTPResponse, tusd.FileInfoChanges, error) {
	var res tusd.HTTPResponse
	ss, _ := hook.Context.Value(tusKey{}).(session)
	m, err := parseMeta(hook.HTTPRequest.Header.Get("Upload-Metadata"))
	if err == nil {
		err = ss.covers(m.bucket, m.key)
	}
	if err == nil {
		err = u.mayBegin(hook.Context, ss, m, hook.Upload.Size)
	}
	if err != nil {
		return res, tusd.FileInfoChanges{}, tusError(err)
	}
	return res, tusd.FileInfoChanges{ID: uploadID{m.bucket, m.key, uuid.NewString()}.String()}, nil
}

func (u *resumable) mayBegin(ctx context.Context, ss session, m tusMeta, size int64) error {
	if !goodKey(m.key) {
		return plain(badKey(m.key))
	}
	l, err := u.s.limitsOf(ctx, m.bucket)
	if err != nil {
		return plain(err)
	}
	if size > l.size {
		return plain(tooLarge())
	}
	if !l.accepts(m.mime) {
		return plain(badMIME(m.mime))
	}
	return plain(u.s.permit(ctx, ss.caller, m.bucket, m.key, ss.upsert))
}

// finish is tusd's hook after the last byte: only now the object appears.
func (u *resumable) finish(hook tusd.HookEvent) (tusd.HTTPResponse, error) {
	ss, _ := hook.Context.Value(tusKey{}).(session)
	if err := u.publish(hook.Context, ss, hook.Upload); err != nil {
		return tusd.HTTPResponse{}, tusError(plain(err))
	}
	return tusd.HTTPResponse{Header: tusd.HTTPHeader{"Tus-Complete": "1"}}, nil
}

func (u *resumable) publish(ctx context.Context, ss session, info tusd.FileInfo) error {
	name, err := parseUploadID(info.ID)
	if err != nil {
		return badKey(info.ID)
	}
	l, err := u.s.limitsOf(ctx, name.bucket)
	if err != nil {
		return err
	}
	f, err := u.store.content(info)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	ct := content{bucket: name.bucket, key: name.key, mime: info.MetaData["contentType"]}
	if age := info.MetaData["cacheControl"]; age != "" && strings.Trim(age, "0123456789") == "" {
		ct.cacheControl = "max-age=" + age
	}
	if v := info.MetaData["metadata"]; v != "" {
		ct.userMetadata = json.RawMessage(v)
	}
	ct.fill()
	if !l.accepts(ct.mime) {
		return badMIME(ct.mime)
	}
	if info.Size > l.size {
		return tooLarge()
	}
	if ct.staged, err = u.s.disk.adopt(f, u.store.sums.take(info.ID, info.Size)); err != nil {
		return err
	}
	if _, err = u.s.commit(ctx, ss.caller, ct, ss.upsert); err != nil {
		return err
	}
	u.store.hollow(info)
	return nil
}
