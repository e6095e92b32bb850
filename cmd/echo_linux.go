package cmd

import "golang.org/x/sys/unix"

// How a terminal's settings are read and written here.
const (
	readSettings  = unix.TCGETS
	writeSettings = unix.TCSETS
)
