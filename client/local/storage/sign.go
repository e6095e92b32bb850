package storage

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/loratop/loratop/client/local/token"
)

// Scopes of signed URLs: a token for reading is none for writing.
const (
	scopeDownload = "download"
	scopeUpload   = "upload"
)

// uploadLife is how long a signed upload URL is good.
const uploadLife = 2 * time.Hour

// signURL is relative to /storage/v1. As the real server's it is not escaped:
// the official clients do that themselves, and would do it twice.
func (s *Server) signURL(bucket, key string, seconds int64) (string, error) {
	now := s.now()
	t, err := token.Sign(s.o.Secret, token.Claims{"url": bucket + "/" + key, "scope": scopeDownload, "iat": now.Unix(), "exp": now.Unix() + seconds})
	if err != nil {
		return "", err
	}
	return "/object/sign/" + bucket + "/" + key + "?token=" + t, nil
}

type signing struct {
	ExpiresIn json.Number `json:"expiresIn"`
	Paths     []string    `json:"paths"`
}

func readSigning(r request) (in signing, seconds int64, err error) {
	if err := readJSON(r, &in); err != nil {
		return in, 0, err
	}
	seconds, err = in.ExpiresIn.Int64()
	if err != nil || seconds < 1 {
		return in, 0, badRequest("body/expiresIn must be >= 1")
	}
	return in, seconds, nil
}

func (s *Server) signOne(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	_, seconds, err := readSigning(r)
	if err != nil {
		return err
	}
	o, err := s.find(r.Context(), c, r.bucket, r.key)
	if err != nil {
		return err
	}
	u, err := s.signURL(o.Bucket, o.Name, seconds)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"signedURL": u})
	return nil
}

// signMany answers for each path in turn, with an error for what the caller
// cannot see.
func (s *Server) signMany(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	in, seconds, err := readSigning(r)
	if err != nil {
		return err
	}
	if len(in.Paths) == 0 {
		return badRequest("body must have required property 'paths'")
	}
	var found []object
	err = s.as(r.Context(), c, func(tx pgx.Tx) (err error) {
		found, err = queryObjects(r.Context(), tx, `SELECT `+objectColumns+` FROM storage.objects WHERE bucket_id = $1 AND name = ANY ($2)`, r.bucket, in.Paths)
		return err
	})
	if err != nil {
		return err
	}
	visible := map[string]bool{}
	for _, o := range found {
		visible[o.Name] = true
	}
	type signed struct {
		Error *string `json:"error"`
		Path  string  `json:"path"`
		URL   *string `json:"signedURL"`
	}
	out := make([]signed, 0, len(in.Paths))
	for _, p := range in.Paths {
		one := signed{Path: p}
		if visible[p] {
			u, err := s.signURL(r.bucket, p, seconds)
			if err != nil {
				return err
			}
			one.URL = &u
		} else {
			missing := "Either the object does not exist or you do not have access to it"
			one.Error = &missing
		}
		out = append(out, one)
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// signedFor checks the token of a signed URL and that it was made for this key.
func (s *Server) signedFor(r request, scope string) (token.Claims, error) {
	raw := r.URL.Query().Get("token")
	if raw == "" {
		return nil, badRequest("querystring must have required property 'token'")
	}
	claims, err := s.signature(raw)
	if err != nil {
		return nil, err
	}
	if claims.Text("url") != r.bucket+"/"+r.key || claims.Text("scope") != scope {
		return nil, badSignature()
	}
	return claims, nil
}

// signature reads a token that this server signed.
func (s *Server) signature(raw string) (token.Claims, error) {
	claims, err := token.Parse(s.o.Secret, raw, s.o.Now())
	if err != nil {
		return nil, &apiError{400, "InvalidJWT", "InvalidJWT", jwtText(err)}
	}
	return claims, nil
}

func badSignature() error {
	return &apiError{400, "InvalidSignature", "InvalidSignature", "Invalid signature"}
}

// signedCaller writes past the policies, which were asked when it was signed,
// and in the owner's name.
func signedCaller(claims token.Claims) caller {
	return caller{role: "service_role", sub: claims.Text("owner"), claims: service().claims}
}

func (s *Server) downloadSigned(w http.ResponseWriter, r request) error {
	if _, err := s.signedFor(r, scopeDownload); err != nil {
		return err
	}
	o, err := s.find(r.Context(), service(), r.bucket, r.key)
	if err != nil {
		return err
	}
	return s.send(w, r, o)
}

func (s *Server) signUpload(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	if !goodKey(r.key) {
		return badKey(r.key)
	}
	if _, err := s.limitsOf(r.Context(), r.bucket); err != nil {
		return err
	}
	upsert := r.Header.Get("X-Upsert") == "true"
	if err := s.permit(r.Context(), c, r.bucket, r.key, upsert); err != nil {
		return err
	}
	now := s.now()
	t, err := token.Sign(s.o.Secret, token.Claims{"url": r.bucket + "/" + r.key, "scope": scopeUpload, "owner": c.sub, "upsert": upsert,
		"iat": now.Unix(), "exp": now.Add(uploadLife).Unix()})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"url": "/object/upload/sign/" + r.bucket + "/" + r.key + "?token=" + t, "token": t})
	return nil
}

func (s *Server) uploadSigned(w http.ResponseWriter, r request) error {
	claims, err := s.signedFor(r, scopeUpload)
	if err != nil {
		return err
	}
	upsert, _ := claims["upsert"].(bool)
	in := incoming{as: signedCaller(claims), bucket: r.bucket, key: r.key, upsert: upsert}
	// As service_role the policies pass, and an object that exists is still told at once.
	o, err := s.receive(r, in)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"Key": o.Bucket + "/" + o.Name})
	return nil
}
