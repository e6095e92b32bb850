//go:build linux || darwin

package client

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unsentMax is how many bytes the system takes beyond what is on its way. It
// would swallow megabytes: then nobody can tell a slow link from a dead one, nor
// how much of a chunk has left. At 10 kB/s these pass before a link counts as dead.
const unsentMax = 256 << 10

// limitUnsent is net.Dialer's Control. A system that cannot do it takes more.
func limitUnsent(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentMax)
	})
}
