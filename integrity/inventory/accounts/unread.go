package accounts

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// unread says that a file of a user could not be read. One on which a program of the
// user has a lease, as F_SETLEASE of fcntl(2) gives it, is kept from being read: that
// is said of the user, and is no fault of the check. What it holds stays unknown.
func (l *accountList) unread(u etc.User, file, section string, err error) {
	if !errors.Is(err, syscall.EAGAIN) {
		l.FailBelow(err, section, u.Name)
		return
	}
	holder := "a program"
	var look *report.Remedy
	if pid := l.leaseHolder(file); pid > 0 {
		name, _ := l.h.ReadFile(l.ctx, "/proc/"+strconv.Itoa(pid)+"/comm", 64) // it may be over by now
		holder = strings.TrimSpace(fmt.Sprintf("process %d %s", pid, prose.Clip(strings.TrimSpace(string(name)), 40)))
		look = &report.Remedy{Look: [][]string{{"ps", "-fp", strconv.Itoa(pid)}}}
	}
	l.keep(u, file, section, fmt.Sprintf("%s of %s cannot be read: %s has a lease on it", prose.Clip(file, 200), prose.Clip(u.Name, 64), holder), look)
}

// keep says that a user keeps a file from being looked at.
func (l *accountList) keep(u etc.User, file, section, title string, look *report.Remedy) {
	f := userFinding("integrity.accounts.kept-unread", u.Name, title, "")
	f.Scope, f.Remedy = "accounts/"+section, look
	f.Identity, f.Evidence = []report.Attr{report.Path.Of(file)}, []report.Attr{report.Path.Of(file)}
	l.Keep(f, section, u.Name)
}

// leaseHolder gives the process that has a lease on a file; 0 where nobody tells.
func (l *accountList) leaseHolder(file string) int {
	if l.leases == nil {
		data, err := l.h.ReadFile(l.ctx, "/proc/locks", 4<<20)
		if err != nil && !errors.Is(err, host.ErrTruncated) {
			return 0
		}
		l.leases = parseLeases(data)
	}
	st, err := l.h.Lstat(l.ctx, file)
	if err != nil || !st.Known.Has(host.KnownInode) {
		return 0
	}
	return l.leases[st.Ino]
}

// parseLeases reads /proc/locks, see proc_locks(5), and gives by inode who has a lease.
//
//	1: LEASE  ACTIVE    READ  1234 08:01:393461 0 EOF
func parseLeases(data []byte) map[uint64]int {
	out := map[uint64]int{}
	for line := range bytes.Lines(data) {
		words := strings.Fields(string(line))
		if len(words) < 6 || words[1] != "LEASE" {
			continue
		}
		pid, err := strconv.Atoi(words[4])
		ino, inoErr := strconv.ParseUint(words[5][strings.LastIndexByte(words[5], ':')+1:], 10, 64)
		if err == nil && inoErr == nil {
			out[ino] = pid
		}
	}
	return out
}
