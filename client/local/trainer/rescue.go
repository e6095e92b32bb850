package trainer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// guard holds the advisory lock that makes one trainer of a database the one
// who may take over the jobs of a dead one.
type guard struct {
	pool *pgxpool.Pool
	conn *pgxpool.Conn
}

const guardLock int64 = 0x6c6f7261746f70

// hold reports whether the lock is ours, trying for it if not.
func (g *guard) hold(ctx context.Context) (bool, error) {
	if g.conn != nil {
		if err := g.conn.Ping(ctx); err == nil {
			return true, nil
		}
		g.conn.Release() // the connection died, and the lock with it
		g.conn = nil
	}
	conn, err := g.pool.Acquire(ctx)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	var ok bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, guardLock).Scan(&ok); err != nil || !ok {
		conn.Release()
		return false, err
	}
	g.conn = conn
	return true, nil
}

// release closes the connection, which lets the lock go.
func (g *guard) release() {
	if g.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), retryAfter)
	defer cancel()
	_ = g.conn.Hijack().Close(ctx)
	g.conn = nil
}

// rescue queues the jobs of dead trainers again, from their start. A job that
// was begun three times in vain is failed: something about it ends trainers.
func (t *Trainer) rescue(ctx context.Context, g *guard) error {
	if mine, err := g.hold(ctx); err != nil || !mine {
		return err
	}
	const lost = ` external_job_id LIKE 'demo-%' AND status IN ('initializing', 'running') AND NOT external_job_id = ANY ($1)`
	busy := t.atWork()
	return pgx.BeginFunc(ctx, t.o.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE training_jobs SET status = 'failed', completed_at = $2, final_cost = current_cost,
		    error_message = 'Job failed on GPU cluster: the demo trainer ended three times while at it'
		  WHERE coalesce(retry_count, 0) >= 2 AND`+lost, busy, t.now())
		if err != nil {
			return fmt.Errorf("fail lost jobs: %w", err)
		}
		_, err = tx.Exec(ctx, `WITH again AS (
		    UPDATE training_jobs SET status = 'queued', current_stage = 'queued', progress = 0, current_epoch = 0, current_step = 0,
		      current_metrics = '{}', current_cost = 0, started_at = NULL, external_job_id = NULL, retry_count = coalesce(retry_count, 0) + 1
		    WHERE`+lost+` RETURNING id)
		  DELETE FROM metrics_points WHERE job_id IN (SELECT id FROM again)`, busy)
		if err != nil {
			return fmt.Errorf("queue lost jobs: %w", err)
		}
		return nil
	})
}
