package storage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

type bucket struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Owner     string    `json:"owner"`
	Public    bool      `json:"public"`
	Type      string    `json:"type"`
	SizeLimit *int64    `json:"file_size_limit"`
	MIMEs     []string  `json:"allowed_mime_types"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

const bucketColumns = `id, name, coalesce(owner::text, ''), coalesce(public, false), file_size_limit, allowed_mime_types,
  coalesce(created_at, 'epoch'), coalesce(updated_at, 'epoch')`

func queryBuckets(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]bucket, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fromDB(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (bucket, error) {
		b := bucket{Type: "STANDARD"}
		err := row.Scan(&b.ID, &b.Name, &b.Owner, &b.Public, &b.SizeLimit, &b.MIMEs, &b.CreatedAt, &b.UpdatedAt)
		b.CreatedAt, b.UpdatedAt = b.CreatedAt.UTC(), b.UpdatedAt.UTC()
		return b, err
	})
	return append([]bucket{}, list...), fromDB(err)
}

// asBuckets runs one statement as the request's caller.
func (s *Server) asBuckets(r request, sql string, args ...any) (list []bucket, err error) {
	c, err := s.caller(r)
	if err != nil {
		return nil, err
	}
	err = s.as(r.Context(), c, func(tx pgx.Tx) (err error) {
		list, err = queryBuckets(r.Context(), tx, sql, args...)
		return err
	})
	return list, err
}

func (s *Server) buckets(w http.ResponseWriter, r request) error {
	list, err := s.asBuckets(r, `SELECT `+bucketColumns+` FROM storage.buckets ORDER BY name`)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) bucket(w http.ResponseWriter, r request) error {
	list, err := s.asBuckets(r, `SELECT `+bucketColumns+` FROM storage.buckets WHERE id = $1`, r.bucket)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return noSuchBucket()
	}
	writeJSON(w, http.StatusOK, list[0])
	return nil
}

// bucketChange is the body of creation and change.
type bucketChange struct {
	ID, Name  string
	Public    *bool
	SizeLimit json.RawMessage `json:"file_size_limit"`
	MIMEs     *[]string       `json:"allowed_mime_types"`
}

func (s *Server) makeBucket(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var in bucketChange
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Name == "" {
		in.Name = in.ID
	}
	if in.ID == "" {
		in.ID = in.Name
	}
	if !goodKey(in.ID) || strings.ContainsAny(in.ID, "/?") || len(in.ID) > 100 || in.ID != strings.TrimSpace(in.ID) {
		return &apiError{400, "InvalidBucketName", "InvalidBucketName", "Bucket name invalid"}
	}
	limit, err := parseSize(in.SizeLimit)
	if err != nil {
		return err
	}
	err = s.as(r.Context(), c, func(tx pgx.Tx) error {
		_, err := tx.Exec(r.Context(), `INSERT INTO storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
		  VALUES ($1, $2, $3, $4, coalesce($5, false), $6, $7)`, in.ID, in.Name, c.owner(), c.ownerID(), in.Public, limit, in.MIMEs)
		return err
	})
	if sqlState(err) == "23505" {
		return &apiError{409, "BucketAlreadyExists", "Duplicate", "The resource already exists"}
	}
	if err != nil {
		return fromDB(err)
	}
	writeJSON(w, http.StatusOK, map[string]string{"name": in.ID})
	return nil
}

func (s *Server) changeBucket(w http.ResponseWriter, r request) error {
	var in bucketChange
	if err := readJSON(r, &in); err != nil {
		return err
	}
	limit, err := parseSize(in.SizeLimit)
	if err != nil {
		return err
	}
	list, err := s.asBuckets(r, `UPDATE storage.buckets SET public = coalesce($2, public),
	    file_size_limit = CASE WHEN $3 THEN $4 ELSE file_size_limit END,
	    allowed_mime_types = coalesce($5, allowed_mime_types), updated_at = now()
	  WHERE id = $1 RETURNING `+bucketColumns, r.bucket, in.Public, in.SizeLimit != nil, limit, in.MIMEs)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return noSuchBucket()
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully updated"})
	return nil
}

func (s *Server) removeBucket(w http.ResponseWriter, r request) error {
	list, err := s.asBuckets(r, `DELETE FROM storage.buckets WHERE id = $1 RETURNING `+bucketColumns, r.bucket)
	if sqlState(err) == "23503" || isCode(err, "NoSuchBucket") { // objects point to it
		return &apiError{409, "ResourceNotEmpty", "InvalidRequest", "The bucket you tried to delete is not empty"}
	}
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return noSuchBucket()
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully deleted"})
	return nil
}

func isCode(err error, code string) bool {
	var e *apiError
	return errors.As(err, &e) && e.code == code
}

// emptyBucket deletes all objects of the bucket; it is for the service key only.
func (s *Server) emptyBucket(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	if c.role != "service_role" { // asked before anything else there, and with a status of its own
		writeJSON(w, http.StatusForbidden, map[string]string{"statusCode": "403", "error": "Unauthorized", "message": "Access denied", "code": "AccessDenied"})
		return nil
	}
	var gone []object
	err = s.as(r.Context(), c, func(tx pgx.Tx) (err error) {
		list, err := queryBuckets(r.Context(), tx, `SELECT `+bucketColumns+` FROM storage.buckets WHERE id = $1`, r.bucket)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return noSuchBucket()
		}
		gone, err = queryObjects(r.Context(), tx, `DELETE FROM storage.objects WHERE bucket_id = $1 RETURNING `+objectColumns, r.bucket)
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range gone {
		s.forget(o.Version)
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully emptied"})
	return nil
}

// parseSize reads a limit in bytes: 1024, "1024", "10MB", or null for none.
func parseSize(raw json.RawMessage) (*int64, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	text := strings.ToLower(strings.Trim(string(raw), `"`))
	unit := 1.0
	for suffix, u := range map[string]float64{"kb": 1e3, "mb": 1e6, "gb": 1e9} {
		if t, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = t, u
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "b")), 64)
	if err != nil || !(v >= 0 && v*unit <= 1<<60) { // so that NaN is refused as well
		return nil, badRequest("file_size_limit is not a size")
	}
	n := int64(v * unit)
	return &n, nil
}
