package rest

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// root answers "/" with an OpenAPI 2.0 description of what the caller may see.
func (s *Server) root(ctx context.Context, c *catalog, req *request, host string) (*answer, *apiError) {
	ok := false
	names := []string{}
	for _, m := range req.Accept {
		ok = ok || m.Kind == mediaOpenAPI || m.Kind == mediaJSON || m.Kind == mediaAny
		names = append(names, m.Name)
	}
	if !ok {
		return nil, errMedia(names)
	}
	seen, err := s.visible(ctx, c, req)
	if err != nil {
		return nil, fromPg(err, req.Identity.Role != s.opt.AnonRole)
	}
	body, err := marshal(c.openAPI(req.Target.Schema, host, seen))
	if err != nil {
		return nil, errNoCatalog()
	}
	a := &answer{Status: http.StatusOK, Header: http.Header{}, Body: body}
	a.Header.Set("Content-Type", plainMedia["application/openapi+json"].contentType())
	if req.Profiled {
		a.Header.Set("Content-Profile", req.Target.Schema)
	}
	return a, nil
}

// visible is what a role may use, and what only its description needs.
type visible struct {
	tables    map[uint32]bool
	functions map[string]bool // by name
	enums     map[columnKey][]string
	lengths   map[columnKey]int
	comment   string // of the schema
}

type columnKey struct {
	table uint32
	name  string
}

const sqlVisible = `
SELECT c.oid FROM pg_catalog.pg_class c
WHERE c.oid = ANY($1) AND (pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
   OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))`

const sqlCallable = `
SELECT DISTINCT p.proname::text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = $1 AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')`

const sqlDetails = `
SELECT a.attrelid, a.attname::text, coalesce(information_schema._pg_char_max_length(
         information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)), 0)::int,
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = information_schema._pg_truetypid(a, t) ORDER BY e.enumsortorder)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY($1)`

// visible asks under the caller's role.
func (s *Server) visible(ctx context.Context, c *catalog, req *request) (visible, error) {
	v := visible{tables: map[uint32]bool{}, functions: map[string]bool{}, enums: map[columnKey][]string{}, lengths: map[columnKey]int{}}
	var oids []uint32
	for name, t := range c.tables {
		if name.Schema == req.Target.Schema {
			oids = append(oids, t.oid)
		}
	}
	if c.superusers[req.Identity.Role] {
		return v, nil
	}
	opts := pgx.TxOptions{AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.opt.Pool, opts, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('role', $1, true)", req.Identity.Role); err != nil {
			return err
		}
		return v.read(ctx, tx, req.Target.Schema, oids)
	})
	return v, err
}

func (v *visible) read(ctx context.Context, tx pgx.Tx, schema string, oids []uint32) error {
	const q = `SELECT coalesce(pg_catalog.obj_description(oid, 'pg_namespace'), '') FROM pg_catalog.pg_namespace WHERE nspname = $1`
	if err := tx.QueryRow(ctx, q, schema).Scan(&v.comment); err != nil {
		return err
	}
	var oid uint32
	rows, _ := tx.Query(ctx, sqlVisible, oids) // the error is that of the rows
	if _, err := pgx.ForEachRow(rows, []any{&oid}, func() error { v.tables[oid] = true; return nil }); err != nil {
		return err
	}
	var name string
	rows, _ = tx.Query(ctx, sqlCallable, schema)
	if _, err := pgx.ForEachRow(rows, []any{&name}, func() error { v.functions[name] = true; return nil }); err != nil {
		return err
	}
	var length int
	var labels []string
	rows, _ = tx.Query(ctx, sqlDetails, oids)
	_, err := pgx.ForEachRow(rows, []any{&oid, &name, &length, &labels}, func() error {
		if length > 0 {
			v.lengths[columnKey{oid, name}] = length
		}
		if len(labels) > 0 {
			v.enums[columnKey{oid, name}] = labels
		}
		labels = nil
		return nil
	})
	return err
}
