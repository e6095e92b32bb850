//go:build unix && !linux

package pgproc

import "syscall"

// dieWithParent does nothing here: the next run stops what is left.
func dieWithParent(*syscall.SysProcAttr) {}
