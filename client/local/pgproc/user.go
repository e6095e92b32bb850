//go:build unix

package pgproc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the unprivileged user who runs PostgreSQL on root's behalf.
type account struct {
	name     string
	uid, gid int
}

// runner tells who has to run the server of dir: nil for an ordinary user
// (who runs it himself); for root the owner of the data that is there
// already, else "postgres", else "nobody". PostgreSQL refuses to run as root.
func runner(dir string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if info, err := os.Stat(dataDir(dir)); err == nil && ownerOf(info) > 0 {
		st := info.Sys().(*syscall.Stat_t) // ownerOf has looked
		name := strconv.Itoa(int(st.Uid))
		if u, err := user.LookupId(name); err == nil {
			name = u.Username
		}
		return &account{name: name, uid: int(st.Uid), gid: int(st.Gid)}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid > 0 {
			return &account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root and there is neither a user postgres nor a user nobody to run it: run loratop as an ordinary user")
}

// ownerOf returns the owner's user id, -1 when it is not known.
func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// reaches reports whether the account may pass through every existing folder
// down to path. Supplementary groups are not counted: it has none.
func (a *account) reaches(path string) bool {
	for p := path; ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err == nil && !a.passes(info) {
			return false
		}
		if p == filepath.Dir(p) {
			return true
		}
	}
}

// passes reports whether the account has the execute bit of a folder.
func (a *account) passes(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return false
	}
	switch mode := info.Mode().Perm(); {
	case int(st.Uid) == a.uid:
		return mode&0o100 != 0
	case int(st.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// give hands a file or folder to the account; nothing for an ordinary user.
func (a *account) give(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("hand %s to user %s: %w", path, a.name, err)
	}
	return nil
}

// attributes of a child process that the account runs in a process group of
// its own, so that a Ctrl-C at the terminal does not reach it before us.
func (a *account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: []uint32{}}
	}
	return attr
}

// environment of a child: ours, with a home that it may read, and without the
// libpq variables that could point it elsewhere.
func (a *account) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if len(kv) >= 2 && kv[:2] == "PG" || len(kv) >= 3 && kv[:3] == "LC_" || len(kv) >= 5 && kv[:5] == "HOME=" {
			continue
		}
		env = append(env, kv)
	}
	home := os.Getenv("HOME")
	if a != nil {
		home = "/"
	}
	return append(env, "HOME="+home, "TZ=UTC")
}
