package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// sweepBatch is how many contents one question to the database names.
const sweepBatch = 500

// Sweep removes contents that no row names: what a run that was killed between
// the file and the row left, and what deletions in SQL left. It must run while
// nothing is written, before the first request. It returns how many it removed.
func (s *Server) Sweep(ctx context.Context) (removed int, err error) {
	if s.tus != nil {
		s.tus.store.sweep()
	}
	var batch []string
	flush := func() error {
		orphans, err := s.orphans(ctx, batch)
		for _, v := range orphans {
			if err := s.disk.remove(v); err != nil {
				return err
			}
		}
		removed, batch = removed+len(orphans), batch[:0]
		return err
	}
	err = filepath.WalkDir(filepath.Join(s.disk.dir, contentDir), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		if own, err := s.disk.path(d.Name()); err != nil || own != path {
			return nil // not a name that this package gives
		}
		if batch = append(batch, d.Name()); len(batch) == sweepBatch {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return removed, fmt.Errorf("sweep storage: %w", err)
	}
	return removed, nil
}

func (s *Server) orphans(ctx context.Context, versions []string) ([]string, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	rows, err := s.o.Pool.Query(ctx, `SELECT v FROM unnest($1::text[]) AS v WHERE NOT EXISTS (SELECT FROM storage.objects WHERE version = v)`, versions)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
