package storage

import (
	"encoding/json"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// relocation is the body of move and copy.
type relocation struct {
	Bucket      string `json:"bucketId"`
	Source      string `json:"sourceKey"`
	Destination string `json:"destinationKey"`
	Into        string `json:"destinationBucket"` // "" = the same bucket
}

func (s *Server) readRelocation(r request) (in relocation, err error) {
	if err := readJSON(r, &in); err != nil {
		return in, err
	}
	if in.Bucket == "" || in.Source == "" || in.Destination == "" {
		return in, badRequest("body must have required properties 'bucketId', 'sourceKey' and 'destinationKey'")
	}
	if !goodKey(in.Destination) {
		return in, badKey(in.Destination)
	}
	if in.Into == "" {
		in.Into = in.Bucket
	}
	_, err = s.limitsOf(r.Context(), in.Into)
	return in, err
}

// move only renames the row: contents are kept by version, not by key.
func (s *Server) move(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	in, err := s.readRelocation(r)
	if err != nil {
		return err
	}
	if _, err := s.find(r.Context(), c, in.Bucket, in.Source); err != nil {
		return err
	}
	var moved []object
	err = s.as(r.Context(), c, func(tx pgx.Tx) (err error) {
		moved, err = queryObjects(r.Context(), tx, `UPDATE storage.objects SET bucket_id = $3, name = $4
		  WHERE bucket_id = $1 AND name = $2 RETURNING `+objectColumns, in.Bucket, in.Source, in.Into, in.Destination)
		return err
	})
	if isCode(err, "KeyAlreadyExists") {
		return &apiError{409, "ResourceAlreadyExists", "Duplicate", "The resource already exists"}
	}
	if err != nil {
		return err
	}
	if len(moved) == 0 {
		return noSuchKey()
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully moved"})
	return nil
}

func (s *Server) copy(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	in, err := s.readRelocation(r)
	if err != nil {
		return err
	}
	o, err := s.find(r.Context(), c, in.Bucket, in.Source)
	if err != nil {
		return err
	}
	upsert := r.Header.Get("X-Upsert") == "true"
	if err := s.permit(r.Context(), c, in.Into, in.Destination, upsert); err != nil {
		return err
	}
	made, err := s.duplicate(r, c, o, in, upsert)
	if err != nil {
		return err
	}
	b, err := json.Marshal(made)
	if err != nil {
		return err
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		return err
	}
	out["Key"], out["Id"] = made.Bucket+"/"+made.Name, made.ID
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) duplicate(r request, c caller, o object, in relocation, upsert bool) (object, error) {
	l, err := s.limitsOf(r.Context(), in.Into)
	if err != nil {
		return object{}, err
	}
	f, err := s.disk.open(o.Version)
	if err != nil {
		return object{}, err
	}
	defer func() { _ = f.Close() }()
	ct := content{bucket: in.Into, key: in.Destination, mime: o.Metadata.MIME, cacheControl: o.Metadata.CacheControl, userMetadata: o.UserMetadata}
	if err := s.stage(f, incoming{limits: l}, &ct); err != nil {
		return object{}, err
	}
	return s.commit(r.Context(), c, ct, upsert)
}
