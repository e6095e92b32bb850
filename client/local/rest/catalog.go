package rest

import "sort"

// catalog is what is known of the database: a snapshot that does not change, replaced as a whole on reload.
type catalog struct {
	schemas    []string // exposed, the first is the default
	tables     map[qual]*table
	relations  map[qual][]*relation // by the table they lead from
	functions  map[qual][]*function
	types      map[string]string // name as a cast writes it → type as SQL
	superusers map[string]bool
	ofRows     map[string]bool // functions of any row, such as count: they read as columns, too
	templates  memo[*template] // of the reads that were asked for, by their shape
}

// qual is a name within a schema.
type qual struct{ Schema, Name string }

func (q qual) sql() string {
	if q.Schema == "" {
		return quoteIdent(q.Name)
	}
	return quoteIdent(q.Schema) + "." + quoteIdent(q.Name)
}

// table is a table, view, materialized view, foreign or partitioned table.
type table struct {
	oid        uint32
	rowType    uint32
	Name       qual
	View       bool
	Insertable bool
	Updatable  bool
	Deletable  bool
	Comment    string
	Columns    []*column
	byName     map[string]*column
	PK         []string        // sorted by name
	computed   map[string]bool // functions of one row of it, which read as columns
	uniques    [][]string      // column sets that are unique, the primary key too; each sorted
}

// column is one column of a table.
type column struct {
	Name     string
	Type     string // as a cast may write it, with length or precision
	Base     string // without them
	Root     string // that of a domain's values, else Base
	Default  string // an SQL expression, or ""
	Nullable bool
	JSON     bool // json or jsonb
	TSVector bool
	Comment  string
	num      int16
}

var systemColumns = map[string]bool{"ctid": true, "xmin": true, "cmin": true, "xmax": true, "cmax": true, "tableoid": true}

// has says whether name can follow the table's name and a dot.
func (t *table) has(name string) bool {
	return t.byName[name] != nil || t.computed[name] || !t.View && systemColumns[name]
}

func (t *table) columnNames() []string {
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Name
	}
	return out
}

type cardinality uint8

const ( // in the order in which relationships are listed
	oneToMany cardinality = iota
	manyToOne
	oneToOne
	manyToMany
)

func (c cardinality) String() string {
	return [...]string{"one-to-many", "many-to-one", "one-to-one", "many-to-many"}[c]
}

// relation leads from one table to another, by a foreign key, a junction or a function.
type relation struct {
	From, To         qual
	Self             bool
	Card             cardinality
	Constraint       string
	Cols             []link // From's column, To's column (not for many-to-many)
	Reverse          bool   // one-to-one, seen from the referenced side
	FromView, ToView bool
	Junction         *junction
	Function         *qual // a computed relationship: a function of a row of From
	FunctionOne      bool
}

// link is a pair of columns that are equal.
type link struct{ From, To string }

// junction is the table in the middle of a many-to-many relationship.
type junction struct {
	Table          qual
	Cons1, Cons2   string
	Source, Target []link // Source: From's column, junction's column. Target: To's column, junction's column.
}

func (r *relation) toOne() bool {
	if r.Function != nil {
		return r.FunctionOne
	}
	return r.Card == manyToOne || r.Card == oneToOne
}

// function is a routine that can be called.
type function struct {
	Name     qual
	Params   []fnParam
	SetOf    bool
	Void     bool
	Scalar   bool   // one value a row; else columns
	Ret      *table // the relation or composite type whose rows it returns
	OutNames []string
	Volatile byte // i, s or v
	Variadic bool
	Comment  string
	Iso      string
}

// fnParam is an input parameter.
type fnParam struct {
	Name, Type, WideType string
	Required, Variadic   bool
}

// table finds an exposed table.
func (c *catalog) table(schema, name string) *table {
	if !contains(c.schemas, schema) {
		return nil
	}
	return c.tables[qual{schema, name}]
}

// tableHint suggests a table with a name much like this one.
func (c *catalog) tableHint(schema, name string) *string {
	var names []string
	for q := range c.tables {
		if q.Schema == schema {
			names = append(names, q.Name)
		}
	}
	if len(names) >= 500 {
		return nil
	}
	if best, _ := closest(name, names, 0.75); best != "" {
		return textPtr("Perhaps you meant the table '%s.%s'", schema, best)
	}
	return nil
}

// relationHint suggests another parent or child when no relationship was found.
func (c *catalog) relationHint(schema, parent, child string) *string {
	rels, related := c.relations[qual{schema, parent}]
	if !related {
		var names []string
		for q := range c.relations {
			if q.Schema == schema {
				names = append(names, q.Name)
			}
		}
		if best, _ := closest(parent, names, 0.33); best != "" {
			return textPtr("Perhaps you meant '%s' instead of '%s'.", best, parent)
		}
		return nil
	}
	var names []string
	for _, r := range rels {
		names = append(names, r.To.Name)
	}
	if best, score := closest(child, names, 0.33); best != "" && score < 1 {
		return textPtr("Perhaps you meant '%s' instead of '%s'.", best, child)
	}
	return nil
}

// sortRelations puts the relationships of a table in the order in which errors list them.
func sortRelations(list []*relation) {
	less := func(a, b qual) (bool, bool) {
		if a.Schema != b.Schema {
			return a.Schema < b.Schema, true
		}
		return a.Name < b.Name, a.Name != b.Name
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if (a.Function == nil) != (b.Function == nil) {
			return a.Function == nil
		}
		if l, differ := less(a.To, b.To); differ {
			return l
		}
		if a.Self != b.Self {
			return b.Self
		}
		if a.Card != b.Card {
			return a.Card < b.Card
		}
		if a.Card == manyToMany {
			if l, differ := less(a.Junction.Table, b.Junction.Table); differ {
				return l
			}
			return a.Junction.Cons1+"\x00"+a.Junction.Cons2 < b.Junction.Cons1+"\x00"+b.Junction.Cons2
		}
		return a.Constraint < b.Constraint
	})
}
