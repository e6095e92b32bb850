package rest

import (
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// maxPrepared is how many statements a connection keeps prepared; clients send few different ones.
const maxPrepared = 128

// maxPreparedText is the longest statement worth keeping, in bytes.
const maxPreparedText = 16 << 10

// prepared is what one connection has prepared. It belongs to whoever holds the connection.
type prepared struct {
	catalog *catalog                                // the snapshot it was prepared under: a new one may have other types
	known   map[string]*pgconn.StatementDescription // by their SQL
	serial  int
}

// preparedOf finds, or begins, the record of a connection.
func preparedOf(pg *pgconn.PgConn) *prepared {
	const key = "loratop/rest"
	if p, ok := pg.CustomData()[key].(*prepared); ok {
		return p
	}
	p := &prepared{}
	p.forget()
	pg.CustomData()[key] = p
	return p
}

func (p *prepared) forget() { p.known = map[string]*pgconn.StatementDescription{} }

// sender sends statements in a pipeline, prepared ones by name, and learns which were prepared in it.
type sender struct {
	*prepared
	pipe    *pgconn.Pipeline
	pending []pendingName
	kept    []byte // the values that were read
}

type pendingName struct{ name, sql string }

// renew forgets what was prepared under another catalogue, or is too much.
func (s *sender) renew(c *catalog) {
	if s.catalog == c && len(s.known) < maxPrepared {
		return
	}
	for _, d := range s.known {
		s.pipe.SendDeallocate(d.Name)
	}
	s.catalog = c
	s.forget()
}

func (s *sender) send(w *statement) {
	sql := w.sql()
	if w.once || len(sql) > maxPreparedText {
		s.pipe.SendQueryParams(sql, w.args, nil, nil, nil)
		return
	}
	if d, ok := s.known[sql]; ok {
		s.pipe.SendQueryStatement(d, w.args, nil, nil)
		return
	}
	s.serial++
	name := "loratop_rest_" + strconv.Itoa(s.serial)
	s.pipe.SendPrepare(name, sql, nil)
	s.pending = append(s.pending, pendingName{name, sql})
	s.pipe.SendQueryPrepared(name, w.args, nil, nil)
}

// wasPrepared files the next of the statements that were being prepared. They succeed in order: after a
// failure the server skips the rest.
func (s *sender) wasPrepared(d *pgconn.StatementDescription) {
	if len(s.pending) > 0 {
		d.Name = s.pending[0].name
		s.known[s.pending[0].sql] = d
		s.pending = s.pending[1:]
	}
}

// forgotten says whether the server does not know a statement that was prepared, or no longer as it was.
func forgotten(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	return pg.Code == "26000" || pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
}
