package rest

// field is a column with the JSON path behind it.
type field struct {
	Name string
	Path []jsonStep
}

// jsonStep is one arrow of a JSON path. Index holds a signed number in Key.
type jsonStep struct {
	AsText bool
	Key    string
	Index  bool
}

type joinKind uint8

const (
	joinDefault joinKind = iota
	joinLeft
	joinInner
)

// selectItem is one term of select=: a column (Relation empty) or an embedded relation.
type selectItem struct {
	Field   field
	Agg     string
	AggCast string
	Cast    string
	Alias   string

	Relation string
	Hint     string
	Join     joinKind
	Spread   bool
	Kids     []selectItem
}

type opKind uint8

const (
	opNone     opKind = iota // an RPC argument, not a filter
	opSimple                 // neq cs cd ov sl sr nxr nxl adj
	opQuant                  // eq gt gte lt lte like ilike match imatch, with any/all
	opIn                     //
	opIs                     //
	opDistinct               //
	opFTS                    //
)

// operation is the right side of a filter.
type operation struct {
	Kind  opKind
	Not   bool
	Name  string // the operator, or the keyword of is
	Quant string // "", any or all
	Lang  *string
	Value string
	List  []string
	slot  int // its number among the conditions of the request, from 1
}

type filter struct {
	Field field
	Op    operation
}

// logicNode is a filter, or and/or over kids.
type logicNode struct {
	Filter *filter
	Not    bool
	Or     bool
	Kids   []logicNode
}

type orderTerm struct {
	Relation string // set: order by a column of this embedded relation
	Field    field
	Dir      string // "", ASC, DESC
	Nulls    string // "", NULLS FIRST, NULLS LAST
}

// at couples something with the embed path it applies to; an empty path is the root.
type at[T any] struct {
	Path []string
	What T
}

// query is a parsed query string.
type query struct {
	Canonical  string
	Select     []selectItem
	Filters    []at[filter]
	Logic      []at[logicNode]
	Order      []at[[]orderTerm]
	Ranges     []at[span]
	Top        span // the root's range before the Range header
	Params     []param
	Columns    []string // nil: not given
	HasColumns bool
	OnConflict []string
	HasOnConf  bool
	FilterKeys map[string]bool
}

// param is one argument of a function called by GET.
type param struct{ Name, Value string }
