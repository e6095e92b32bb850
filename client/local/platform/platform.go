// Package platform is the SQL of what a Supabase project has before any
// migration of ours: roles, grants, claim helpers, and the schemas of Auth and
// Storage.
package platform

import (
	_ "embed" // for platform.sql

	"github.com/loratop/loratop/client/local/auth"
	"github.com/loratop/loratop/client/local/storage"
)

//go:embed platform.sql
var sql string

// SQL is the whole script, safe to run again. The roles in it belong to the
// cluster: run it in one database at a time.
func SQL() string { return sql + "\n" + auth.Schema() + "\n" + storage.Schema() }
