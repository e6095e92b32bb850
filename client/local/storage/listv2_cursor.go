package storage

import (
	"encoding/base64"
	"strings"
	"time"
)

// v2Cursor is where a list goes on, and in which order. In a request it is
// base64 of lines, as the real server writes them; clients must not care.
type v2Cursor struct {
	after  string // the last entry's name
	order  string // "desc", or "asc" or ""
	column string // "created_at", "updated_at", or "name" or ""
	since  string // the last entry's time in that column, to the millisecond
}

func sortable(column string) bool {
	return column == "" || column == "name" || column == "created_at" || column == "updated_at"
}

// timed says whether the order is that of a time.
func (c v2Cursor) timed() bool { return c.column != "" && c.column != "name" }

// next goes on behind an entry.
func (c v2Cursor) next(name string, at *time.Time) v2Cursor {
	c.after, c.since = name, ""
	if c.timed() && at != nil {
		c.since = at.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return c
}

// String is the form that clients send back.
func (c v2Cursor) String() string {
	var lines []string
	for _, part := range []struct{ name, value string }{{"l", c.after}, {"o", c.order}, {"c", c.column}, {"a", c.since}} {
		if part.value != "" {
			lines = append(lines, part.name+":"+part.value)
		}
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.Join(lines, "\n")))
}

func readCursor(text string) (c v2Cursor, err error) {
	bad := badRequest("Invalid Parameter continuation token")
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return c, bad
	}
	parts := map[string]*string{"l": &c.after, "o": &c.order, "c": &c.column, "a": &c.since}
	for line := range strings.SplitSeq(string(b), "\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || parts[name] == nil {
			return c, bad
		}
		*parts[name] = value
	}
	if c.since != "" {
		if _, err := time.Parse(time.RFC3339, c.since); err != nil {
			return c, bad
		}
	}
	if !sortable(c.column) || c.order != "" && c.order != "asc" && c.order != "desc" {
		return c, bad
	}
	return c, nil
}

// sql lists the entries behind the cursor. Column and order are words of ours.
func (c v2Cursor) sql() string {
	direction, beyond := "ASC", ">"
	if c.order == "desc" {
		direction, beyond = "DESC", "<"
	}
	const name = `name COLLATE "C"`
	if !c.timed() {
		return listV2SQL + ` WHERE ($5::text = '' AND $4 = '') OR ` + name + " " + beyond + ` $4 ORDER BY ` + name + " " + direction + ` LIMIT $6`
	}
	at := `coalesce(date_trunc('milliseconds', ` + c.column + `), 'epoch')`
	return listV2SQL + ` WHERE $4 = '' OR (` + at + ", " + name + ") " + beyond + ` (coalesce(nullif($5, '')::timestamptz, 'epoch'), $4)
	  ORDER BY ` + at + " " + direction + ", " + name + " " + direction + ` LIMIT $6`
}

// With a delimiter, all that lies behind the next slash after the prefix is one
// entry, the folder, which is as old as the oldest in it.
const listV2SQL = `WITH found AS (
    SELECT name AS key, strpos(substr(name, length($2) + 1), '/') AS slash, id::text, updated_at, created_at, last_accessed_at, metadata
    FROM storage.objects WHERE bucket_id = $1 AND starts_with(name, $2)
  ), entries AS (
    SELECT left(key, length($2) + slash) AS name, NULL::text AS id, min(created_at) AS updated_at,
      min(created_at) AS created_at, NULL::timestamptz AS last_accessed_at, NULL::jsonb AS metadata
    FROM found WHERE $3 AND slash > 0 GROUP BY 1
    UNION ALL
    SELECT key, id, updated_at, created_at, last_accessed_at, metadata FROM found WHERE NOT ($3 AND slash > 0)
  )
  SELECT name, id, updated_at, created_at, last_accessed_at, metadata FROM entries`
