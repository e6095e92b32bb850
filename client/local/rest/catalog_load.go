package rest

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// loadCatalog reads the catalogue in one read-only transaction with an empty search path, so that names
// outside pg_catalog come qualified.
func loadCatalog(ctx context.Context, pool *pgxpool.Pool, schemas []string) (*catalog, error) {
	c := &catalog{
		schemas: schemas, tables: map[qual]*table{}, relations: map[qual][]*relation{},
		functions: map[qual][]*function{}, types: map[string]string{}, superusers: map[string]bool{},
		ofRows: map[string]bool{},
	}
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, opts, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('search_path', '', true)"); err != nil {
			return err
		}
		l := &loader{c: c, tx: tx, byOID: map[uint32]*table{}, byRow: map[uint32]*table{}}
		for _, step := range []func(context.Context) error{
			l.tables, l.columns, l.keys, l.views, l.routines, l.types, l.roles, l.rowFunctions,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		l.finish()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rest: reading the catalogue: %w", err)
	}
	return c, nil
}

type loader struct {
	c       *catalog
	tx      pgx.Tx
	byOID   map[uint32]*table
	byRow   map[uint32]*table
	fks     []*fkey
	rels    []*relation
	deps    []viewColumn
	pending []*relation // computed relationships
}

// fkey is a foreign key by column numbers.
type fkey struct {
	name      string
	from, to  uint32
	cols, ref []int16
}

// each runs sql and calls f for every row with its scan function.
func (l *loader) each(ctx context.Context, sql string, f func(scan func(...any) error) error, args ...any) error {
	rows, err := l.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

const sqlTables = `
SELECT c.oid, c.reltype, n.nspname, c.relname, c.relkind::text,
       CASE WHEN c.relkind IN ('r','p') THEN 28 WHEN c.relkind IN ('m','c') THEN 0
            ELSE pg_relation_is_updatable(c.oid, true) END,
       coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r','p','v','m','f','c') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
  AND NOT pg_is_other_temp_schema(n.oid)`

func (l *loader) tables(ctx context.Context) error {
	return l.each(ctx, sqlTables, func(scan func(...any) error) error {
		t := &table{byName: map[string]*column{}, computed: map[string]bool{}}
		var kind string
		var can int
		if err := scan(&t.oid, &t.rowType, &t.Name.Schema, &t.Name.Name, &kind, &can, &t.Comment); err != nil {
			return err
		}
		t.View = kind == "v" || kind == "m"
		t.Insertable, t.Updatable, t.Deletable = can&8 != 0, can&4 != 0, can&16 != 0
		l.byOID[t.oid] = t
		if kind == "c" { // a composite type: functions return it, nothing else
			return nil
		}
		l.c.tables[t.Name] = t
		l.byRow[t.rowType] = t
		return nil
	})
}

const sqlColumns = `
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL),
       (WITH RECURSIVE base AS (SELECT t.oid, t.typbasetype UNION ALL
          SELECT b.oid, b.typbasetype FROM base JOIN pg_type b ON b.oid = base.typbasetype)
        SELECT format_type(base.oid, NULL) FROM base WHERE base.typbasetype = 0),
       NOT a.attnotnull,
       CASE WHEN a.attidentity = 'd' THEN (SELECT format('nextval(%L)', s.objid::regclass) FROM pg_depend s
              WHERE s.classid = 'pg_class'::regclass AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum AND s.deptype = 'i' LIMIT 1)
            WHEN a.attgenerated <> '' THEN ''
            WHEN d.adbin IS NOT NULL THEN pg_get_expr(d.adbin, d.adrelid)
            WHEN t.typtype = 'd' AND t.typdefaultbin IS NOT NULL THEN pg_get_expr(t.typdefaultbin, 0)
            ELSE '' END,
       coalesce(col_description(a.attrelid, a.attnum), '')
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY($1)
ORDER BY a.attrelid, a.attnum`

func (l *loader) columns(ctx context.Context) error {
	return l.each(ctx, sqlColumns, func(scan func(...any) error) error {
		var oid uint32
		c := &column{}
		err := scan(&oid, &c.num, &c.Name, &c.Type, &c.Base, &c.Root, &c.Nullable, &c.Default, &c.Comment)
		if err != nil {
			return err
		}
		c.JSON = c.Base == "json" || c.Base == "jsonb"
		c.TSVector = c.Root == "tsvector"
		t := l.byOID[oid]
		t.Columns = append(t.Columns, c)
		t.byName[c.Name] = c
		return nil
	}, l.oids())
}

func (l *loader) oids() []uint32 {
	out := make([]uint32, 0, len(l.byOID))
	for oid := range l.byOID {
		out = append(out, oid)
	}
	return out
}

const sqlKeys = `
SELECT contype::text, conname, conrelid, confrelid, conkey, coalesce(confkey, '{}')
FROM pg_constraint
WHERE contype IN ('p','u','f') AND conparentid = 0 AND conrelid <> 0
ORDER BY conrelid, conname`

func (l *loader) keys(ctx context.Context) error {
	return l.each(ctx, sqlKeys, func(scan func(...any) error) error {
		var kind, name string
		k := &fkey{}
		if err := scan(&kind, &name, &k.from, &k.to, &k.cols, &k.ref); err != nil {
			return err
		}
		k.name = name
		t := l.byOID[k.from]
		if t == nil {
			return nil
		}
		if kind == "f" {
			l.fks = append(l.fks, k)
			return nil
		}
		cols := sortedUnique(t.namesOf(k.cols))
		t.uniques = append(t.uniques, cols)
		if kind == "p" {
			t.PK = cols
		}
		return nil
	})
}

func (t *table) namesOf(nums []int16) []string {
	var out []string
	for _, n := range nums {
		for _, c := range t.Columns {
			if c.num == n {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

func (l *loader) roles(ctx context.Context) error {
	return l.names(ctx, l.c.superusers, "SELECT rolname FROM pg_roles WHERE rolsuper")
}

// names collects a set of names.
func (l *loader) names(ctx context.Context, into map[string]bool, sql string, args ...any) error {
	return l.each(ctx, sql, func(scan func(...any) error) error {
		var name string
		if err := scan(&name); err != nil {
			return err
		}
		into[name] = true
		return nil
	}, args...)
}

const sqlOfRows = `
SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY($1) AND p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1
  AND p.proargtypes[0] IN ('"any"'::regtype, 'record'::regtype, 'anyelement'::regtype, 'anynonarray'::regtype,
                           'anycompatible'::regtype, 'anycompatiblenonarray'::regtype)`

// rowFunctions reads the functions that PostgreSQL calls for "row.name" when there is no such column.
func (l *loader) rowFunctions(ctx context.Context) error {
	return l.names(ctx, l.c.ofRows, sqlOfRows, append([]string{"pg_catalog"}, l.c.schemas...))
}

const sqlTypes = `
SELECT t.typname, format_type(t.oid, NULL)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typisdefined AND t.typtype IN ('b','d','e','r','m','c') AND (c.oid IS NULL OR c.relkind = 'c')
  AND n.nspname = ANY($1)
ORDER BY (n.nspname = 'pg_catalog')`

// sqlKeywords are type names that are grammar and not catalogue.
var sqlKeywords = map[string]string{
	"int": "integer", "integer": "integer", "bigint": "bigint", "smallint": "smallint", "real": "real",
	"float": "double precision", "double precision": "double precision", "decimal": "numeric", "dec": "numeric",
	"boolean": "boolean", "char": "character", "character": "character", "character varying": "character varying",
	"char varying": "character varying", "bit varying": "bit varying", "nchar": "character",
	"national character": "character", "timestamp with time zone": "timestamp with time zone",
	"timestamp without time zone": "timestamp without time zone", "time with time zone": "time with time zone",
	"time without time zone": "time without time zone",
}

func (l *loader) types(ctx context.Context) error {
	from := append([]string{"pg_catalog"}, l.c.schemas...)
	err := l.each(ctx, sqlTypes, func(scan func(...any) error) error {
		var name, sql string
		if err := scan(&name, &sql); err != nil {
			return err
		}
		l.c.types[name] = sql
		return nil
	}, from)
	for name, sql := range sqlKeywords {
		l.c.types[name] = sql
	}
	return err
}

// castType is the type a cast names, as SQL, or the error PostgreSQL would raise.
func (c *catalog) castType(name string) (string, *apiError) {
	low := strings.Join(strings.Fields(strings.ToLower(name)), " ")
	if sql, ok := c.types[low]; ok {
		return sql, nil
	}
	if first, second, many := strings.Cut(low, " "); many {
		if _, known := c.types[first]; known || second != "" {
			word, _, _ := strings.Cut(second, " ")
			return "", newError(400, "42601", "syntax error at or near \""+word+"\"")
		}
	}
	return "", newError(400, "42704", "type \""+low+"\" does not exist")
}
