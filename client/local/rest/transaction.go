package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// attempts is how often a request is tried on another connection when the one it had turned out dead.
const attempts = 3

// withConn runs f on a connection of the pool, and again when the connection was lost, or somebody threw
// its prepared statements away, before anything could have been committed.
func (s *Server) withConn(ctx context.Context, c *catalog, f func(*transaction) error) error {
	for try := 1; ; try++ {
		conn, err := s.opt.Pool.Acquire(ctx)
		if err != nil {
			return newError(http.StatusServiceUnavailable, "PGRST000", "Database connection error.")
		}
		t := &transaction{ctx: ctx, pg: conn.Conn().PgConn(), c: c}
		err = f(t)
		t.abandon()
		again := t.pg.IsClosed()
		if forgotten(err) {
			preparedOf(t.pg).forget()
			again = true
		}
		conn.Release()
		if err == nil || !again || t.committing || try == attempts || ctx.Err() != nil {
			return err
		}
	}
}

// transaction sends statements in pipelines, so that a read costs one round trip.
type transaction struct {
	ctx  context.Context
	pg   *pgconn.PgConn
	c    *catalog
	buf  *[]byte // where results go
	open bool

	committing bool // from here on a lost connection may have committed
}

// run executes all statements and returns the first row of each. Without a BEGIN among them they are a
// transaction of their own, which ends with them.
func (t *transaction) run(batch []*statement) ([][][]byte, error) {
	pipe := t.pg.StartPipeline(t.ctx)
	t.open = true
	out := &sender{prepared: preparedOf(t.pg), pipe: pipe, kept: (*t.buf)[:0]}
	out.renew(t.c)
	for _, w := range batch {
		out.send(w)
	}
	if err := pipe.Sync(); err != nil {
		_ = pipe.Close() // the first error is the one to report
		return nil, err
	}
	rows, err := out.collect()
	*t.buf = out.kept
	if closed := pipe.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	t.open = t.pg.TxStatus() != 'I'
	return rows, nil
}

// collect reads all results up to the synchronisation; the first error ends the statements.
func (s *sender) collect() ([][][]byte, error) {
	var out [][][]byte
	var first error
	for {
		got, err := s.pipe.GetResults()
		if err != nil {
			if first == nil {
				first = err
			}
			var pg *pgconn.PgError
			if !asPg(err, &pg) {
				return nil, first
			}
			continue
		}
		switch r := got.(type) {
		case *pgconn.ResultReader:
			var row [][]byte
			for r.NextRow() {
				if row == nil {
					row = s.keep(r.Values())
				}
			}
			if _, err := r.Close(); err != nil && first == nil {
				first = err
			}
			out = append(out, row)
		case *pgconn.StatementDescription:
			s.wasPrepared(r)
		case *pgconn.PipelineSync:
			return out, first
		case nil:
			return out, first
		}
	}
}

// keep copies the values of a row, which are gone with the next one.
func (s *sender) keep(values [][]byte) [][]byte {
	row := make([][]byte, 0, len(values))
	for _, v := range values {
		from := len(s.kept)
		s.kept = append(s.kept, v...)
		row = append(row, s.kept[from:len(s.kept):len(s.kept)])
	}
	return row
}

// end commits, or checks the deferred constraints and rolls back. A transaction already committed stays.
func (t *transaction) end(rollback bool) error {
	if !t.open {
		return nil
	}
	if !rollback {
		t.committing = true
		_, err := t.pg.Exec(t.ctx, "COMMIT").ReadAll()
		t.open = t.pg.TxStatus() != 'I'
		return err
	}
	_, err := t.pg.Exec(t.ctx, "SET CONSTRAINTS ALL IMMEDIATE").ReadAll()
	return err
}

// abandon rolls back what is still open, also when the request was given up.
func (t *transaction) abandon() {
	if !t.open || t.pg.IsClosed() || t.pg.TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 2*time.Second)
	defer cancel()
	_, _ = t.pg.Exec(ctx, "ROLLBACK").ReadAll() // failing that, the pool drops the connection
}
