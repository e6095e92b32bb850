// Package rest answers HTTP requests as PostgREST 14 does, over PostgreSQL.
//
// A request passes through four steps, each its own small set of files:
//
//	parse_*.go    query string, headers and body become a syntax tree (request)
//	plan_*.go     the tree is matched against the catalogue (relationships, columns, functions)
//	sql_*.go      the plan becomes one SQL statement with bound parameters
//	response.go   PostgreSQL's JSON, the counts and the preferences become status, headers and body
//
// A read whose like was answered before (shape.go) skips the first three: its plan and statement are kept with
// the catalogue (template.go), and only the values of its filters are its own. A shape recognises what it is
// sure of and refuses nothing; everything else takes the long way.
//
// The catalogue (catalog*.go) is read from pg_catalog when the server starts and again on
// NOTIFY pgrst, 'reload schema'; nothing here knows a table by name.
//
// # What reaches SQL
//
// Values, JSON keys, array elements, limits and the body are always bound. Names of schemas, tables,
// columns, functions, parameters and types are written only after the catalogue has been asked for
// them, and then in the catalogue's spelling, quoted. A column that does not exist never reaches
// PostgreSQL: the error it would have raised is composed here. The one thing a request names freely is
// the alias of a selected value; it is written as a double-quoted identifier with its quotes doubled.
//
// # How it is checked
//
// conformance_test.go replays what an unmodified PostgREST 14.17 answered; the other tests run the whole
// grammar against a database with one of every kind of relationship, compare the errors composed here with
// PostgreSQL's own, send hostile texts into every place of a request and demand that no name or value a
// request carries is ever in the SQL. BenchmarkGatewayKeysetPage and BenchmarkGatewayMetricsDelta, one folder
// up, measure both of the requests the client makes most, with 16 clients.
//
// # What is not imitated
//
// Custom media type handlers, domain representations, EXPLAIN output (hosted projects have it off),
// aggregates (off on hosted projects as well: they answer PGRST123) and in-database configuration.
package rest
