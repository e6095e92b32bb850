//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package cmd

import "golang.org/x/sys/unix"

// How a terminal's settings are read and written here.
const (
	readSettings  = unix.TIOCGETA
	writeSettings = unix.TIOCSETA
)
