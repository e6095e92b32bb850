// Package client talks to a Supabase project: Auth, PostgREST and Storage. It
// imports models only, prints nothing, knows no Bubble Tea and keeps no
// globals of its own.
//
// supabase-go and its family make the requests. Everything that they lack is
// in one place below them, [transport]: contexts and deadlines, headers that
// are set and not added, retries of requests that are safe to repeat, a cap on
// replies, one retry after an expired access token, and typed errors. Every
// exported method returns a *models.Error when it fails.
package client
