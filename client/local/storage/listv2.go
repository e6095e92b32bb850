package storage

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// listV2Max is both the default and the most of one page; who asks for more gets it.
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
	from v2Cursor // what the next cursor goes on from
	last *time.Time

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
	in, limit, from, err := readListV2(r)
	if err != nil {
		return err
	}
	page := v2Page{Folders: []v2Folder{}, Objects: []v2Object{}, from: from}
	err = s.as(r.Context(), c, func(tx pgx.Tx) error {
		rows, err := tx.Query(r.Context(), from.sql(), r.bucket, in.Prefix, in.Delimiter, from.after, from.since, limit+1)
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

func readListV2(r request) (in listV2Input, limit int, from v2Cursor, err error) {
	if err := readJSON(r, &in); err != nil {
		return in, 0, from, err
	}
	limit = listV2Max
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 {
		return in, 0, from, badRequest("body/limit must be >= 1")
	}
	by := in.SortBy
	if by.Order != "" && by.Order != "asc" && by.Order != "desc" {
		return in, 0, from, badRequest("body/sortBy/order must be equal to one of the allowed values")
	}
	if !sortable(by.Column) {
		return in, 0, from, badRequest("body/sortBy/column must be equal to one of the allowed values")
	}
	from = v2Cursor{column: by.Column, order: by.Order}
	if in.Cursor != "" {
		from, err = readCursor(in.Cursor)
	}
	return in, min(limit, listV2Max), from, err
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
		p.NextCursor = p.from.next(p.NextCursorKey, p.last).String()
		return nil
	}
	p.NextCursorKey, p.last = name, created
	if p.from.column == "updated_at" {
		p.last = updated
	}
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
