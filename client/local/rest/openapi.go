package rest

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// root answers "/" with an OpenAPI 2.0 description of what the caller may see.
func (s *Server) root(ctx context.Context, c *catalog, req *request) (*answer, *apiError) {
	ok := false
	names := []string{}
	for _, m := range req.Accept {
		ok = ok || m.Kind == mediaOpenAPI || m.Kind == mediaJSON || m.Kind == mediaAny
		names = append(names, m.Name)
	}
	if !ok {
		return nil, errMedia(names)
	}
	visible, err := s.visible(ctx, c, req)
	if err != nil {
		return nil, fromPg(err, req.Identity.Role != s.opt.AnonRole)
	}
	body, err := marshal(c.openAPI(req.Target.Schema, visible))
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

const sqlVisible = `
SELECT c.oid FROM pg_catalog.pg_class c
WHERE c.oid = ANY($1) AND (pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
   OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))`

// visible is the tables on which the caller's role has a privilege.
func (s *Server) visible(ctx context.Context, c *catalog, req *request) (map[uint32]bool, error) {
	var oids []uint32
	for name, t := range c.tables {
		if name.Schema == req.Target.Schema {
			oids = append(oids, t.oid)
		}
	}
	seen := map[uint32]bool{}
	if c.superusers[req.Identity.Role] {
		return seen, nil
	}
	opts := pgx.TxOptions{AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.opt.Pool, opts, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('role', $1, true)", req.Identity.Role); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sqlVisible, oids)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var oid uint32
			if err := rows.Scan(&oid); err != nil {
				return err
			}
			seen[oid] = true
		}
		return rows.Err()
	})
	return seen, err
}

type doc map[string]any

func (c *catalog) openAPI(schema string, visible map[uint32]bool) doc {
	paths := doc{"/": doc{"get": doc{
		"summary": "OpenAPI description (this document)", "tags": []string{"Introspection"},
		"produces":  []string{"application/openapi+json", "application/json"},
		"responses": doc{"200": doc{"description": "OK"}},
	}}}
	definitions := doc{}
	for name, t := range c.tables {
		if name.Schema == schema && visible[t.oid] {
			paths["/"+name.Name] = t.operations()
			definitions[name.Name] = t.definition()
		}
	}
	for name := range c.functions {
		if name.Schema == schema {
			paths["/rpc/"+name.Name] = doc{"post": verb("(rpc) "+name.Name, "200")}
		}
	}
	return doc{
		"swagger": "2.0", "basePath": "/", "schemes": []string{"http"},
		"info":        doc{"title": "standard public schema", "description": "", "version": "14"},
		"consumes":    []string{"application/json", "application/vnd.pgrst.object+json", "text/csv"},
		"produces":    []string{"application/json", "application/vnd.pgrst.object+json", "text/csv"},
		"paths":       paths,
		"definitions": definitions,
	}
}

func verb(tag, status string) doc {
	return doc{"tags": []string{tag}, "responses": doc{status: doc{"description": http.StatusText(http.StatusOK)}}}
}

func (t *table) operations() doc {
	out := doc{"get": verb(t.Name.Name, "200")}
	if t.Insertable {
		out["post"] = verb(t.Name.Name, "201")
	}
	if t.Updatable {
		out["patch"] = verb(t.Name.Name, "204")
	}
	if t.Deletable {
		out["delete"] = verb(t.Name.Name, "204")
	}
	return out
}

var jsonTypes = map[string]string{
	"smallint": "integer", "integer": "integer", "bigint": "integer", "real": "number",
	"double precision": "number", "numeric": "number", "boolean": "boolean",
}

func (t *table) definition() doc {
	properties, required := doc{}, []string{}
	for _, c := range t.Columns {
		typ := jsonTypes[c.Base]
		if typ == "" && !c.JSON {
			typ = "string"
		}
		p := doc{"format": c.Type}
		if typ != "" {
			p["type"] = typ
		}
		if c.Default != "" {
			p["default"] = c.Default
		}
		if contains(t.PK, c.Name) {
			p["description"] = "Note:\nThis is a Primary Key.<pk/>"
		}
		properties[c.Name] = p
		if !c.Nullable {
			required = append(required, c.Name)
		}
	}
	return doc{"type": "object", "required": required, "properties": properties}
}
