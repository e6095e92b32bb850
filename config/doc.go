// Package config decides what loratop runs with: named connection profiles and
// settings from config.toml, the environment and the command line. Precedence
// is flag > environment > profile > file > default, and every value knows where
// it came from. A broken file never stops the program: what can be read is
// read, the rest is said as a Warning with its line.
package config
