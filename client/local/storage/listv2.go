package storage

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// listV2Max is both the default and the most of one page.
const listV2Max = 1000

type listV2Input struct {
	Prefix    string
	Limit     *int
	Cursor    string
	Delimiter bool `json:"with_delimiter"`
	SortBy    struct{ Column, Order string }
}

// v2Folder is what lies behind a slash; v2Object a file. The name is the whole
// key, and the key its last element, as the real server has it.
type v2Folder struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

type v2Object struct {
	v2Folder
	ID             string          `json:"id"`
	UpdatedAt      time.Time       `json:"updated_at"`
	CreatedAt      time.Time       `json:"created_at"`
	LastAccessedAt time.Time       `json:"last_accessed_at"`
	Metadata       json.RawMessage `json:"metadata"`
}

type v2Page struct {
	HasNext       bool       `json:"hasNext"`
	NextCursor    string     `json:"nextCursor,omitempty"`
	NextCursorKey string     `json:"nextCursorKey,omitempty"`
	Folders       []v2Folder `json:"folders"`
	Objects       []v2Object `json:"objects"`
}

// listV2 pages through the keys in order, with a cursor instead of an offset.
func (s *Server) listV2(w http.ResponseWriter, r request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	in, limit, after, err := readListV2(r)
	if err != nil {
		return err
	}
	page := v2Page{Folders: []v2Folder{}, Objects: []v2Object{}}
	err = s.as(r.Context(), c, func(tx pgx.Tx) error {
		rows, err := tx.Query(r.Context(), listV2SQL, r.bucket, in.Prefix, in.Delimiter, after, limit+1)
		if err != nil {
			return fromDB(err)
		}
		_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, page.add(row, limit) })
		return fromDB(err)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, page)
	return nil
}

func readListV2(r request) (in listV2Input, limit int, after string, err error) {
	if err := readJSON(r, &in); err != nil {
		return in, 0, "", err
	}
	limit = listV2Max
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > listV2Max {
		return in, 0, "", badRequest("body/limit must be 1 to 1000")
	}
	if (in.SortBy.Column != "" && in.SortBy.Column != "name") || (in.SortBy.Order != "" && in.SortBy.Order != "asc") {
		return in, 0, "", badRequest("body/sortBy: this stack pages by name, upwards")
	}
	b, err := base64.StdEncoding.DecodeString(in.Cursor)
	if err != nil {
		return in, 0, "", badRequest("body/cursor is not one of ours")
	}
	return in, limit, string(b), nil
}

// add takes a row onto the page; the one past the limit only tells that there is more.
func (p *v2Page) add(row pgx.CollectableRow, limit int) error {
	var name string
	var id *string
	var o v2Object
	var updated, created, accessed *time.Time
	if err := row.Scan(&name, &id, &updated, &created, &accessed, &o.Metadata); err != nil {
		return err
	}
	if len(p.Folders)+len(p.Objects) == limit {
		p.HasNext = true
		p.NextCursor = base64.StdEncoding.EncodeToString([]byte(p.NextCursorKey))
		return nil
	}
	p.NextCursorKey = name
	trimmed := strings.TrimSuffix(name, "/")
	f := v2Folder{Key: trimmed[strings.LastIndex(trimmed, "/")+1:], Name: name}
	if id == nil {
		p.Folders = append(p.Folders, f)
		return nil
	}
	o.v2Folder, o.ID = f, *id
	for to, from := range map[*time.Time]*time.Time{&o.UpdatedAt: updated, &o.CreatedAt: created, &o.LastAccessedAt: accessed} {
		if from != nil {
			*to = from.UTC()
		}
	}
	p.Objects = append(p.Objects, o)
	return nil
}

// With a delimiter, all that lies behind the next slash after the prefix is one
// entry, the folder.
const listV2SQL = `WITH found AS (
    SELECT name AS key, strpos(substr(name, length($2) + 1), '/') AS slash, id::text, updated_at, created_at, last_accessed_at, metadata
    FROM storage.objects WHERE bucket_id = $1 AND starts_with(name, $2)
  ), entries AS (
    SELECT DISTINCT left(key, length($2) + slash) AS name, NULL::text AS id, NULL::timestamptz AS updated_at,
      NULL::timestamptz AS created_at, NULL::timestamptz AS last_accessed_at, NULL::jsonb AS metadata
    FROM found WHERE $3 AND slash > 0
    UNION ALL
    SELECT key, id, updated_at, created_at, last_accessed_at, metadata FROM found WHERE NOT ($3 AND slash > 0)
  )
  SELECT name, id, updated_at, created_at, last_accessed_at, metadata FROM entries
  WHERE name COLLATE "C" > $4 ORDER BY name COLLATE "C" LIMIT $5`
