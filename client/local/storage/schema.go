package storage

import _ "embed" // for schema.sql

//go:embed schema.sql
var schemaSQL string

// Schema is the SQL of the storage schema. It is safe to run again and expects
// the roles anon, authenticated and service_role.
func Schema() string { return schemaSQL }
