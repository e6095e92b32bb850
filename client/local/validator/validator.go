// Package validator is the local stack's stand-in for the platform function
// that validates uploaded datasets: rows that are set to validating are read
// and become ready or error, with the counts that the platform would write.
package validator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/models"
)

// Files is the store of datasets, past its policies.
type Files interface {
	Open(ctx context.Context, bucket, key string) (io.ReadCloser, error)
}

// Options configure a Validator. Pool and Files are required.
type Options struct {
	Pool  *pgxpool.Pool // a role that row level security does not bind
	Files Files
	Every time.Duration    // between two looks; 0 = 2 s (the platform's is a minute)
	Now   func() time.Time // of the rows; nil = time.Now
	Log   *slog.Logger     // nil = silent
}

// Validator looks for rows until it is told to stop.
type Validator struct {
	o      Options
	failed map[string]time.Time // rows that could not be read or written, and when
}

// What the platform takes at a time, and where it looks whatever the row says.
const (
	atOnce = 10
	bucket = "lora-datasets"
	every  = 2 * time.Second

	retryAfter = time.Minute // a row that failed
)

// New makes a Validator; Run starts it.
func New(o Options) *Validator {
	if o.Every <= 0 {
		o.Every = every
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Validator{o: o, failed: map[string]time.Time{}}
}

// Run validates until ctx ends. Rows that were set to validating before it
// began, and those without a file, are left alone: on the platform they are
// the stuck ones. The error is nil when ctx ended.
func (v *Validator) Run(ctx context.Context) error {
	var since time.Time // by the database's clock, which dates the rows
	tick := time.NewTicker(v.o.Every)
	defer tick.Stop()
	for {
		if err := v.cycle(ctx, &since); err != nil && ctx.Err() == nil {
			v.o.Log.Warn("validate datasets", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// waiting is a row to be validated.
type waiting struct {
	id, userID, name, path string
	updated                time.Time
}

func (v *Validator) cycle(ctx context.Context, since *time.Time) error {
	if since.IsZero() {
		return v.o.Pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(since)
	}
	rows, err := v.o.Pool.Query(ctx, `SELECT d.id::text, d.user_id::text, d.name, d.storage_path, d.updated_at FROM datasets d
	  JOIN storage.objects o ON o.bucket_id = $2 AND o.name = d.storage_path
	  WHERE d.status = 'validating' AND d.deleted_at IS NULL AND d.updated_at > $1 ORDER BY d.updated_at, d.id LIMIT $3`, *since, bucket, atOnce)
	if err != nil {
		return fmt.Errorf("look for datasets: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w waiting, err error) {
		err = row.Scan(&w.id, &w.userID, &w.name, &w.path, &w.updated)
		return w, err
	})
	if err != nil {
		return fmt.Errorf("look for datasets: %w", err)
	}
	var errs []error
	for _, w := range list {
		if time.Since(v.failed[w.id]) < retryAfter {
			continue
		}
		if err := v.validate(ctx, w); err != nil {
			v.failed[w.id] = time.Now()
			errs = append(errs, fmt.Errorf("dataset %s: %w", w.id, err))
		}
	}
	return errors.Join(errs...)
}

func (v *Validator) validate(ctx context.Context, w waiting) error {
	f, err := v.o.Files.Open(ctx, bucket, w.path)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	result, err := models.ValidateDataset(f)
	_ = f.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // an empty file, or one that cannot be read as lines
		result.Errors, result.ErrorCount = []models.ValidationError{{Error: err.Error()}}, 1
		return v.refuse(ctx, w, result, err.Error())
	}
	if result.ErrorCount > 0 {
		return v.refuse(ctx, w, result, fmt.Sprintf("Found %d validation error(s)", result.ErrorCount))
	}
	return v.accept(ctx, w, result)
}

// unchanged is the condition of every write: who changed the row meanwhile is right.
const unchanged = ` WHERE id = $1 AND status = 'validating' AND updated_at = $2`

func (v *Validator) refuse(ctx context.Context, w waiting, result models.Validation, message string) error {
	list, err := json.Marshal(result.Errors)
	if err != nil {
		return fmt.Errorf("encode errors: %w", err)
	}
	return pgx.BeginFunc(ctx, v.o.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE datasets SET status = 'error', training_ready = false, validated_at = $3, validation_errors = $4`+unchanged,
			w.id, w.updated, v.o.Now().UTC(), list)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return tell(ctx, tx, w.id, &message)
	})
}

func (v *Validator) accept(ctx context.Context, w waiting, result models.Validation) error {
	sample, err := json.Marshal(result.Sample)
	if err != nil {
		return fmt.Errorf("encode sample: %w", err)
	}
	err = v.write(ctx, w, result, sample)
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) && len(pg.SQLState()) == 5 && pg.SQLState()[:2] == "22" {
		err = v.write(ctx, w, result, nil) // text that jsonb does not take, such as \u0000
	}
	return err
}

func (v *Validator) write(ctx context.Context, w waiting, result models.Validation, sample []byte) error {
	now := v.o.Now().UTC()
	return pgx.BeginFunc(ctx, v.o.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE datasets SET status = 'ready', training_ready = true, validated_at = $3, validation_errors = NULL,
		    total_training_pairs = $4, total_tokens = $5, avg_turns_per_conversation = $6::numeric, sample_data = $7`+unchanged,
			w.id, w.updated, now, result.Pairs, result.Tokens, strconv.FormatFloat(result.AvgTurns, 'f', 2, 64), sample)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		if err := tell(ctx, tx, w.id, nil); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO notifications (user_id, type, title, message, priority, action_url, created_at)
		  VALUES ($1, 'dataset_ready', 'Dataset Ready', $2, 'medium', $3, $4)`,
			w.userID, fmt.Sprintf("%s is ready for training.", w.name), "/datasets/"+w.id, now)
		return err
	})
}

// tell writes error_message where the column exists: the platform's own
// migration has none.
func tell(ctx context.Context, tx pgx.Tx, id string, message *string) error {
	var has bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'datasets'::regclass AND attname = 'error_message' AND NOT attisdropped)`).Scan(&has)
	if err != nil || !has {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE datasets SET error_message = $2 WHERE id = $1`, id, message)
	return err
}
