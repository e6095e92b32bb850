//go:build unix

package tui

import (
	"os"

	"golang.org/x/sys/unix"
)

// canSuspend reports whether someone is there to continue a stopped program: a
// parent in the same session but another process group, as a shell with job
// control is. Otherwise (docker run, ssh host loratop) the kernel discards the
// stop, and the program would wait for a continue that never comes.
func canSuspend(in any) bool {
	f, ok := in.(*os.File)
	if !ok || !isTerminal(f) {
		return false
	}
	ppid := os.Getppid()
	mine, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	parent, err := unix.Getsid(ppid)
	if err != nil || parent != mine {
		return false
	}
	group, err := unix.Getpgid(ppid)
	return err == nil && (group != unix.Getpgrp() || groupHasShell(ppid, mine))
}

// groupHasShell looks further up when the parent is of the same group, as "go
// run" is: its own parent may be the shell.
func groupHasShell(pid, sid int) bool {
	group := unix.Getpgrp()
	for range 8 {
		pid = parentOf(pid)
		if pid <= 1 {
			return false
		}
		if s, err := unix.Getsid(pid); err != nil || s != sid {
			return false
		}
		if g, err := unix.Getpgid(pid); err != nil || g != group {
			return err == nil
		}
	}
	return false
}
