package storage

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"
)

const deleteSQL = `DELETE FROM storage.objects WHERE bucket_id = $1 AND name = ANY ($2) RETURNING ` + objectColumns

// removeOne tells a hidden object from a missing one, as the real server does.
func (s *Server) removeOne(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	if _, err := s.find(r.Context(), service(), r.bucket, r.key); err != nil {
		return err
	}
	gone, err := s.erase(r.Context(), c, r.bucket, []string{r.key})
	if err != nil {
		return err
	}
	if len(gone) == 0 {
		return denied("Access denied")
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully deleted"})
	return nil
}

// removeMost is how many keys one request may name.
const removeMost = 1000

func (s *Server) removeMany(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var in struct{ Prefixes []string }
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if len(in.Prefixes) < 1 || len(in.Prefixes) > removeMost {
		return badRequest("body/prefixes must NOT have fewer than 1 or more than %d items", removeMost)
	}
	gone, err := s.erase(r.Context(), c, r.bucket, in.Prefixes)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, append([]object{}, gone...))
	return nil
}

// erase deletes what the policies let the caller delete, and then the files.
func (s *Server) erase(ctx context.Context, c caller, bucket string, keys []string) ([]object, error) {
	var gone []object
	err := s.as(ctx, c, func(tx pgx.Tx) (err error) {
		gone, err = queryObjects(ctx, tx, deleteSQL, bucket, keys)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, o := range gone {
		s.forget(o.Version)
	}
	return gone, nil
}
