package pgproc

import "syscall"

// dieWithParent asks the kernel for PostgreSQL's fast shutdown when the thread
// that started it ends, as it does when we are killed.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
