package rest

import (
	"context"
	"sort"
	"strings"
)

const sqlRoutines = `
SELECT n.nspname, p.proname, coalesce(p.proargnames, '{}'), p.proargtypes::oid[]::text[],
       (SELECT coalesce(array_agg(format_type(u.t, NULL) ORDER BY u.i), '{}') FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, i)),
       coalesce(p.proargmodes::text[], '{}'), p.pronargs::int, p.pronargdefaults::int, p.provariadic <> 0, p.proretset,
       p.provolatile::text, p.prorows = 1, rt.oid, rt.typtype::text, rt.typname, rn.nspname, coalesce(rt.typrelid, 0),
       p.prokind::text, coalesce(obj_description(p.oid, 'pg_proc'), ''),
       coalesce((SELECT lower(split_part(s, '=', 2)) FROM unnest(p.proconfig) s WHERE s LIKE 'default_transaction_isolation=%'), ''),
       CASE WHEN p.pronargs = 1 THEN p.proargtypes[0] ELSE 0 END
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_type ot ON ot.oid = p.prorettype
JOIN LATERAL (
  WITH RECURSIVE base AS (
    SELECT ot.oid AS oid, ot.typbasetype AS next
    UNION ALL SELECT t.oid, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.next
  ) SELECT b.oid FROM base b WHERE b.next = 0) base ON true
JOIN pg_type rt ON rt.oid = base.oid
JOIN pg_namespace rn ON rn.oid = rt.typnamespace
WHERE n.nspname NOT IN ('pg_catalog','information_schema') AND p.prokind = 'f'
  AND rt.typname NOT IN ('trigger','event_trigger')
ORDER BY n.nspname, p.proname, p.pronargs`

// routine is one row of sqlRoutines.
type routine struct {
	name                     qual
	argNames, argOIDs        []string
	argTypes, modes          []string
	nargs, ndefaults         int
	variadic, setOf          bool
	volatile                 string
	oneRow                   bool
	retOID                   uint32
	retKind, retName, retNsp string
	retRel                   uint32
	kind, comment, iso       string
	onlyArg                  uint32
}

func (l *loader) routines(ctx context.Context) error {
	return l.each(ctx, sqlRoutines, func(scan func(...any) error) error {
		var r routine
		err := scan(&r.name.Schema, &r.name.Name, &r.argNames, &r.argOIDs, &r.argTypes, &r.modes, &r.nargs, &r.ndefaults,
			&r.variadic, &r.setOf, &r.volatile, &r.oneRow, &r.retOID, &r.retKind, &r.retName, &r.retNsp, &r.retRel,
			&r.kind, &r.comment, &r.iso, &r.onlyArg)
		if err != nil {
			return err
		}
		l.rowFunction(&r)
		if contains(l.c.schemas, r.name.Schema) {
			if f := l.function(&r); f != nil {
				l.c.functions[f.Name] = append(l.c.functions[f.Name], f)
			}
		}
		return nil
	})
}

// rowFunction files a function of one row: it reads as a column, and returning rows it is a relationship.
func (l *loader) rowFunction(r *routine) {
	of := l.byRow[r.onlyArg]
	if r.nargs != 1 || of == nil {
		return
	}
	if to := l.byRow[r.retOID]; to != nil {
		name := r.name
		l.pending = append(l.pending, &relation{
			From: of.Name, To: to.Name, Self: of == to, Function: &name, FunctionOne: !r.setOf || r.oneRow,
		})
	}
	if contains(l.c.schemas, r.name.Schema) {
		of.computed[r.name.Name] = true
	}
}

// unnamedOK are the types a single parameter without a name may have: the body is passed to it.
var unnamedOK = map[string]bool{"bytea": true, "json": true, "jsonb": true, "text": true, "xml": true}

// wide are types that would cut a value short.
var wide = map[string]string{
	"bit": "bit varying", "bit[]": "bit varying[]", "character": "character varying", "character[]": "character varying[]",
}

func (l *loader) function(r *routine) *function {
	f := &function{
		Name: r.name, SetOf: r.setOf, Volatile: r.volatile[0], Variadic: r.variadic, Comment: r.comment, Iso: r.iso,
		Void: !r.setOf && r.retNsp == "pg_catalog" && r.retName == "void",
	}
	in, outs := splitModes(r)
	f.OutNames = outs
	unnamed := 0
	for i, t := range r.argTypes {
		p := fnParam{Name: in[i], Type: t, WideType: t, Required: i < r.nargs-r.ndefaults}
		if w := wide[t]; w != "" {
			p.WideType = w
		}
		p.Variadic = r.variadic && i == len(r.argTypes)-1
		if p.Name == "" {
			unnamed++
		}
		f.Params = append(f.Params, p)
	}
	if unnamed > 1 || unnamed == 1 && !unnamedOK[r.argTypes[0]] {
		return nil
	}
	if r.retKind == "c" {
		f.Ret = l.byOID[r.retRel]
	}
	f.Scalar = r.retKind != "c" && len(outs) == 0
	return f
}

// splitModes is the names of the inputs, and those of the OUT, INOUT and TABLE columns.
func splitModes(r *routine) (in, out []string) {
	in = make([]string, len(r.argTypes))
	if len(r.modes) == 0 {
		copy(in, r.argNames)
		return in, nil
	}
	n := 0
	for i, m := range r.modes {
		name := ""
		if i < len(r.argNames) {
			name = r.argNames[i]
		}
		if strings.Contains("ibv", m) && n < len(in) {
			in[n] = name
			n++
		}
		if strings.Contains("bot", m) {
			out = append(out, name)
		}
	}
	return in, out
}

// sortFunctions puts overloads in the order in which errors list them.
func sortFunctions(list []*function) {
	key := func(f *function) string {
		parts := []string{f.Comment}
		for _, p := range f.Params {
			parts = append(parts, p.Name, p.Type)
		}
		return strings.Join(parts, "\x00")
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if len(a.Params) != len(b.Params) {
			return len(a.Params) < len(b.Params)
		}
		return key(a) < key(b)
	})
}

// findFunction picks the function for these argument names, or says why none.
func (c *catalog) findFunction(name qual, args []string, body mediaType, post bool) (*function, *apiError) {
	all := c.functions[name]
	var named, single []*function
	for _, f := range all {
		switch {
		case f.takes(args, body, post):
			named = append(named, f)
		case post && f.takesBody(body):
			single = append(single, f)
		}
	}
	if len(named) == 0 {
		named = single
	}
	switch len(named) {
	case 0:
		return nil, c.errNoFunction(name, args, body, post)
	case 1:
		return named[0], nil
	}
	return nil, errManyFunctions(named)
}

func rawBody(m mediaType) bool {
	return m.Kind == mediaText || m.Kind == mediaXML || m.Kind == mediaBytes
}

func (f *function) takes(args []string, body mediaType, post bool) bool {
	if len(f.Params) == 0 {
		return len(args) == 0 && !(post && rawBody(body))
	}
	known := map[string]bool{}
	for _, p := range f.Params {
		known[p.Name] = true
		if p.Required && !contains(args, p.Name) {
			return false
		}
	}
	for _, a := range args {
		if !known[a] {
			return false
		}
	}
	return true
}

// takesBody says whether the body as a whole is the only argument.
func (f *function) takesBody(body mediaType) bool {
	if len(f.Params) != 1 || f.Params[0].Name != "" {
		return false
	}
	switch f.Params[0].Type {
	case "json", "jsonb":
		return body.Kind == mediaJSON
	case "text":
		return body.Kind == mediaText
	case "xml":
		return body.Kind == mediaXML
	case "bytea":
		return body.Kind == mediaBytes
	}
	return false
}

func (f *function) signature() string {
	var ps []string
	for _, p := range f.Params {
		ps = append(ps, p.Name+" => "+p.Type)
	}
	return f.Name.Schema + "." + f.Name.Name + "(" + strings.Join(ps, ", ") + ")"
}

func errManyFunctions(list []*function) *apiError {
	var sigs []string
	for _, f := range list {
		sigs = append(sigs, f.signature())
	}
	return newError(300, "PGRST203", "Could not choose the best candidate function between: "+strings.Join(sigs, ", ")).
		withHint("Try renaming the parameters or the function itself in the database so function overloading can be resolved")
}

// errNoFunction is PGRST202 with what was looked for and the nearest that exists.
func (c *catalog) errNoFunction(name qual, args []string, body mediaType, post bool) *apiError {
	full := name.Schema + "." + name.Name
	raw := post && rawBody(body)
	list := strings.Join(args, ", ")
	shown, looked := " without parameters", " without parameters"
	if len(args) > 0 {
		shown, looked = "("+list+")", " with parameter "+list
		if len(args) > 1 {
			looked = " with parameters " + list
		}
	}
	switch {
	case raw:
		shown = ""
		kinds := map[mediaKind]string{mediaText: "text", mediaXML: "xml", mediaBytes: "bytea"}
		looked = " with a single unnamed " + kinds[body.Kind] + " parameter"
	case post && body.Kind == mediaJSON:
		looked += " or with a single unnamed json/jsonb parameter"
	}
	e := newError(404, "PGRST202", "Could not find the function "+full+shown+" in the schema cache").
		withDetails("Searched for the function " + full + looked + ", but no matches were found in the schema cache.")
	if !raw {
		e.Hint = c.functionHint(name, args)
	}
	return e
}

func (c *catalog) functionHint(name qual, args []string) *string {
	const meant = "Perhaps you meant to call the function %s.%s"
	overloads := c.functions[name]
	if len(overloads) == 0 {
		var names []string
		for q := range c.functions {
			if q.Schema == name.Schema {
				names = append(names, q.Name)
			}
		}
		if best, _ := closest(name.Name, names, 0.75); best != "" {
			return textPtr(meant, name.Schema, best)
		}
		return nil
	}
	asText := func(names []string) string {
		sorted := append([]string(nil), names...)
		sort.Strings(sorted)
		return "(" + strings.Join(sorted, ", ") + ")"
	}
	var lists []string
	for _, f := range overloads {
		var names []string
		for _, p := range f.Params {
			names = append(names, p.Name)
		}
		lists = append(lists, asText(names))
	}
	if best, _ := closest(asText(args), lists, 0.33); best != "" {
		return textPtr(meant, name.Schema, name.Name+best)
	}
	return nil
}
