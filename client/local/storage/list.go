package storage

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// listed is an entry of a folder; folders have only a name.
type listed struct {
	Name           string          `json:"name"`
	ID             *string         `json:"id"`
	UpdatedAt      *time.Time      `json:"updated_at"`
	CreatedAt      *time.Time      `json:"created_at"`
	LastAccessedAt *time.Time      `json:"last_accessed_at"`
	Metadata       json.RawMessage `json:"metadata"`
}

const (
	listDefault = 100
	listMax     = 10_000
)

// list shows one folder, folders before files. What policies hide is absent,
// and a bucket that is missing is an empty one.
func (s *Server) list(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var in struct {
		Prefix *string
		Limit  *int
		Offset int
		Search string
		SortBy struct{ Column, Order string }
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Prefix == nil {
		return badRequest("body must have required property 'prefix'")
	}
	limit := listDefault
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > listMax || in.Offset < 0 {
		return badRequest("body/limit and body/offset are out of range")
	}
	order, err := orderBy(in.SortBy.Column, in.SortBy.Order)
	if err != nil {
		return err
	}
	prefix := *in.Prefix
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	found := []listed{}
	err = s.as(r.Context(), c, func(tx pgx.Tx) error {
		rows, err := tx.Query(r.Context(), listSQL+order+` LIMIT $4 OFFSET $5`, r.bucket, prefix, in.Search, limit, in.Offset)
		if err != nil {
			return fromDB(err)
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l listed, err error) {
			err = row.Scan(&l.Name, &l.ID, &l.UpdatedAt, &l.CreatedAt, &l.LastAccessedAt, &l.Metadata)
			l.utc()
			return l, err
		})
		found = append(found, list...)
		return fromDB(err)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, found)
	return nil
}

func (l *listed) utc() {
	for _, t := range []*time.Time{l.UpdatedAt, l.CreatedAt, l.LastAccessedAt} {
		if t != nil {
			*t = t.UTC()
		}
	}
}

const listSQL = `WITH below AS (
    SELECT substr(name, length($2) + 1) AS rest, id, updated_at, created_at, last_accessed_at, metadata
    FROM storage.objects
    WHERE bucket_id = $1 AND starts_with(name, $2) AND starts_with(lower(substr(name, length($2) + 1)), lower($3))
  ), entries AS (
    SELECT DISTINCT split_part(rest, '/', 1) AS name, true AS folder, NULL::text AS id, NULL::timestamptz AS updated_at,
      NULL::timestamptz AS created_at, NULL::timestamptz AS last_accessed_at, NULL::jsonb AS metadata
    FROM below WHERE strpos(rest, '/') > 0
    UNION ALL
    SELECT rest, false, id::text, updated_at, created_at, last_accessed_at, metadata FROM below WHERE strpos(rest, '/') = 0 AND rest <> ''
  )
  SELECT name, id, updated_at, created_at, last_accessed_at, metadata FROM entries ORDER BY folder DESC, `

// orderBy turns the caller's words into SQL; nothing of them is copied.
func orderBy(column, order string) (string, error) {
	dir := " ASC"
	switch strings.ToLower(order) {
	case "", "asc":
	case "desc":
		dir = " DESC"
	default:
		return "", badRequest("body/sortBy/order must be equal to one of the allowed values")
	}
	switch column {
	case "", "name":
		return `name COLLATE "C"` + dir, nil
	case "updated_at":
		return `updated_at` + dir + `, name COLLATE "C"`, nil
	case "created_at":
		return `created_at` + dir + `, name COLLATE "C"`, nil
	case "last_accessed_at":
		return `last_accessed_at` + dir + `, name COLLATE "C"`, nil
	default:
		return "", badRequest("body/sortBy/column must be equal to one of the allowed values")
	}
}
