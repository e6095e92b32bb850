//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package cmd

import "golang.org/x/sys/unix"

// muteEcho makes a terminal show nothing of what is typed from now on.
func muteEcho(fd uintptr) error {
	t, err := unix.IoctlGetTermios(int(fd), readSettings)
	if err != nil {
		return err
	}
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(int(fd), writeSettings, t)
}
