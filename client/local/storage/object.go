package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// object is a row of storage.objects.
type object struct {
	ID             string          `json:"id"`
	Bucket         string          `json:"bucket_id"`
	Name           string          `json:"name"`
	Owner          *string         `json:"owner"`
	OwnerID        *string         `json:"owner_id"`
	Version        string          `json:"version"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
	LastAccessedAt time.Time       `json:"last_accessed_at"`
	Metadata       metadata        `json:"metadata"`
	UserMetadata   json.RawMessage `json:"user_metadata"`
}

// metadata is what Storage keeps about the content.
type metadata struct {
	ETag           string `json:"eTag"` // quoted
	Size           int64  `json:"size"` // bytes
	MIME           string `json:"mimetype"`
	CacheControl   string `json:"cacheControl"`
	LastModified   string `json:"lastModified"`
	ContentLength  int64  `json:"contentLength"`
	HTTPStatusCode int    `json:"httpStatusCode"`
}

// modified is when the content was written.
func (o object) modified() time.Time {
	if t, err := time.Parse(time.RFC3339Nano, o.Metadata.LastModified); err == nil {
		return t.UTC()
	}
	return o.UpdatedAt
}

const objectColumns = `id::text, bucket_id, name, owner::text, owner_id, coalesce(version, ''), coalesce(created_at, 'epoch'),
  coalesce(updated_at, 'epoch'), coalesce(last_accessed_at, 'epoch'), coalesce(metadata, '{}'), user_metadata`

func scanObject(row pgx.CollectableRow) (object, error) {
	var o object
	err := row.Scan(&o.ID, &o.Bucket, &o.Name, &o.Owner, &o.OwnerID, &o.Version, &o.CreatedAt, &o.UpdatedAt, &o.LastAccessedAt, &o.Metadata, &o.UserMetadata)
	o.CreatedAt, o.UpdatedAt, o.LastAccessedAt = o.CreatedAt.UTC(), o.UpdatedAt.UTC(), o.LastAccessedAt.UTC()
	return o, err
}

// queryObjects collects the rows of a statement that yields objectColumns.
func queryObjects(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]object, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fromDB(err)
	}
	list, err := pgx.CollectRows(rows, scanObject)
	if err != nil {
		return nil, fromDB(err)
	}
	return list, nil
}

// find reads one object as the caller sees it. What policies hide is missing.
func (s *Server) find(ctx context.Context, c caller, bucket, key string) (object, error) {
	var found []object
	err := s.as(ctx, c, func(tx pgx.Tx) (err error) {
		found, err = queryObjects(ctx, tx, `SELECT `+objectColumns+` FROM storage.objects WHERE bucket_id = $1 AND name = $2`, bucket, key)
		return err
	})
	if err != nil {
		return object{}, err
	}
	if len(found) == 0 {
		if _, err := s.limitsOf(ctx, bucket); err != nil {
			return object{}, err
		}
		return object{}, noSuchKey()
	}
	return found[0], nil
}

// limits are what a bucket demands of its objects.
type limits struct {
	public bool
	size   int64 // bytes
	mimes  []string
}

// limitsOf reads a bucket whatever its policies: that a bucket exists is no secret.
func (s *Server) limitsOf(ctx context.Context, bucket string) (limits, error) {
	l := limits{size: s.o.SizeLimit}
	err := s.as(ctx, service(), func(tx pgx.Tx) error {
		var size *int64
		err := tx.QueryRow(ctx, `SELECT coalesce(public, false), file_size_limit, allowed_mime_types FROM storage.buckets WHERE id = $1`, bucket).
			Scan(&l.public, &size, &l.mimes)
		if errors.Is(err, pgx.ErrNoRows) {
			return noSuchBucket()
		}
		if size != nil && *size < l.size {
			l.size = *size
		}
		return err
	})
	return l, err
}

// accepts compares a content type, without its parameters, with the list.
func (l limits) accepts(mime string) bool {
	if len(l.mimes) == 0 {
		return true
	}
	mime, _, _ = strings.Cut(mime, ";")
	mime = strings.ToLower(strings.TrimSpace(mime))
	for _, m := range l.mimes {
		m = strings.ToLower(m)
		if m == mime || m == "*/*" || strings.HasSuffix(m, "/*") && strings.HasPrefix(mime, strings.TrimSuffix(m, "*")) {
			return true
		}
	}
	return false
}

// maxKey is the longest key, in bytes: PostgreSQL must be able to index it.
const maxKey = 1024

// goodKey allows what S3 allows without surprises.
func goodKey(key string) bool {
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) {
		return false
	}
	for _, r := range key {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_/!-.*'() &$@=;:+,?", r)) {
			return false
		}
	}
	return true
}

// permit asks PostgreSQL whether the caller may write the object.
func (s *Server) permit(ctx context.Context, c caller, bucket, key string, upsert bool) error {
	sql := `INSERT INTO storage.objects (id, bucket_id, name, owner, owner_id, version) VALUES ($1, $2, $3, $4, $5, $6)`
	if upsert {
		sql += ` ON CONFLICT (bucket_id, name) DO UPDATE SET version = excluded.version, owner = excluded.owner, owner_id = excluded.owner_id`
	}
	return s.try(ctx, c, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, uuid.NewString(), bucket, key, c.owner(), c.ownerID(), uuid.NewString())
		return fromDB(err)
	})
}

// content is what a row says of a staged file.
type content struct {
	staged
	bucket, key        string
	mime, cacheControl string
	userMetadata       json.RawMessage
}

// commit names a staged content in a row, and forgets the one it replaces. The
// caller was permitted before; the row is written past the policies, as the
// real server does, so that they need not allow what only Storage writes.
func (s *Server) commit(ctx context.Context, c caller, ct content, upsert bool) (object, error) {
	now := s.now()
	meta := metadata{ETag: `"` + ct.md5 + `"`, Size: ct.size, MIME: ct.mime, CacheControl: ct.cacheControl,
		LastModified: now.Format("2006-01-02T15:04:05.000Z"), ContentLength: ct.size, HTTPStatusCode: 200}
	sql := `INSERT INTO storage.objects AS o (bucket_id, name, owner, owner_id, version, metadata, user_metadata, created_at, updated_at, last_accessed_at)
	  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)`
	if upsert {
		sql += ` ON CONFLICT (bucket_id, name) DO UPDATE SET version = excluded.version, metadata = excluded.metadata,
		  user_metadata = excluded.user_metadata, owner = excluded.owner, owner_id = excluded.owner_id`
	}
	var made []object
	var old string
	err := s.as(ctx, service(), func(tx pgx.Tx) error {
		// One writer of a key at a time: each must see whose content it replaces.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, ct.bucket+"/"+ct.key); err != nil {
			return fmt.Errorf("lock key: %w", err)
		}
		err := tx.QueryRow(ctx, `SELECT coalesce(version, '') FROM storage.objects WHERE bucket_id = $1 AND name = $2`, ct.bucket, ct.key).Scan(&old)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read object: %w", err)
		}
		made, err = queryObjects(ctx, tx, sql+` RETURNING `+objectColumns, ct.bucket, ct.key, c.owner(), c.ownerID(), ct.version, meta, ct.userMetadata, now)
		return err
	})
	if err != nil {
		s.forget(ct.version)
		return object{}, err
	}
	s.forget(old)
	return made[0], nil
}

// forget removes contents that no row names any more. What cannot be removed
// only wastes space.
func (s *Server) forget(versions ...string) {
	for _, v := range versions {
		if v == "" {
			continue
		}
		if err := s.disk.remove(v); err != nil {
			s.o.Log.Warn("remove content", slog.String("error", err.Error()))
		}
	}
}
