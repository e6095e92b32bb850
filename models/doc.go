// Package models is loratop's domain: the rows of FR-1.1, the shapes of their
// JSONB columns as the platform really writes them, and the formulas over
// them. It does no I/O, reads no clock (time is passed in) and imports only
// the standard library and a decimal type for money.
package models
