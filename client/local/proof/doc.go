// Package proof holds no code but tests: the official clients of Supabase
// (supabase-js, tus-js-client, the command line tool), psql and the database
// driver are pointed at the local stack, and what they find is asserted one
// statement at a time. README.md in the folder above says how to run the same
// against a real project.
package proof
