package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// KeptUnreadRule is that of UserFile.Kept, of one check.
func KeptUnreadRule(check string) report.Rule {
	return report.Rule{
		ID: check + ".kept-unread", Kind: report.Condition, Severity: report.Warning, Since: "0.1.0",
		Title:   "A user keeps a file from being read",
		Explain: "A program that has a lease on a file holds up whoever opens it, a link may lead to what nobody can read, and so many files hide one. What such files hold now is not known, and what they held is not compared.",
		Remedy:  "Look at the file (ls -l), and ask the user what it, the program, or so many files are for. An input/output error may be the disk's: see the kernel's log.",
	}
}

// A UserFile is a file of a user that is read for a section of a check.
type UserFile struct {
	Check, Section string
	User, File     string
}

// Kept is the finding that its user keeps it from being looked at.
func (f UserFile) Kept(title string) report.Finding {
	return report.Finding{
		Rule: f.Check + ".kept-unread", Scope: domain(f.Check) + "/" + f.Section, Subject: report.User.Of(Word(f.User)), Title: title,
		Identity: []report.Attr{report.Path.Of(f.File)}, Evidence: []report.Attr{report.Path.Of(f.File)},
	}
}

// ofUsers are what a user can make of reading a file of his, by what he puts there: a link
// to what cannot be read, a socket, a file system of his own.
var ofUsers = []syscall.Errno{syscall.EIO, syscall.ELOOP, syscall.ENXIO, syscall.ENOTCONN, syscall.EINVAL}

// Unread says that a file of a user could not be read, by which what is below a key of its
// section is unknown. Where its user can bring that about, as by a program that has a lease
// on it (F_SETLEASE of fcntl(2)), that is a finding about that user, and no fault of the check.
func (l *List) Unread(ctx context.Context, h host.Host, f UserFile, err error, below ...string) {
	key := append([]string{f.Section}, below...)
	if at := slices.IndexFunc(ofUsers, func(e syscall.Errno) bool { return errors.Is(err, e) }); at >= 0 {
		l.Keep(f.Kept(fmt.Sprintf("%s of %s cannot be read: %s", prose.Clip(f.File, 200), prose.Clip(f.User, 64), ofUsers[at])), key...)
		return
	}
	if !errors.Is(err, syscall.EAGAIN) {
		l.FailBelow(err, key...)
		return
	}
	holder, look := "a program", (*report.Remedy)(nil)
	if pid := leaseHolder(ctx, h, f.File); pid > 0 {
		name, _ := h.ReadFile(ctx, "/proc/"+strconv.Itoa(pid)+"/comm", 64) // it may be over by now
		holder = strings.TrimSpace(fmt.Sprintf("process %d %s", pid, prose.Clip(strings.TrimSpace(string(name)), 40)))
		look = report.Look([]string{"ps", "-fp", strconv.Itoa(pid)})
	}
	kept := f.Kept(fmt.Sprintf("%s of %s cannot be read: %s has a lease on it", prose.Clip(f.File, 200), prose.Clip(f.User, 64), holder))
	kept.Remedy = look
	l.Keep(kept, key...)
}

// leaseHolder gives the process that has a lease on a file; 0 where nobody tells.
func leaseHolder(ctx context.Context, h host.Host, file string) int {
	leases, err := host.Once(ctx, h, "inventory.leases", func(ctx context.Context) (map[uint64]int, error) {
		data, err := h.ReadFile(ctx, "/proc/locks", 4<<20)
		if errors.Is(err, host.ErrTruncated) {
			err = nil
		}
		return parseLeases(data), err
	})
	st, statErr := h.Lstat(ctx, file)
	if errors.Join(err, statErr) != nil || !st.Known.Has(host.KnownInode) {
		return 0
	}
	return leases[st.Ino]
}

// parseLeases reads /proc/locks, see proc_locks(5), and gives by inode who has a lease; 0
// where several have, as inodes of one number on two disks may be.
//
//	1: LEASE  ACTIVE    READ  1234 08:01:393461 0 EOF
func parseLeases(data []byte) map[uint64]int {
	out := map[uint64]int{}
	for line := range bytes.Lines(data) {
		words := strings.Fields(string(line))
		if len(words) < 8 || words[1] != "LEASE" {
			continue
		}
		pid, err := strconv.Atoi(words[4])
		ino, inoErr := strconv.ParseUint(words[5][strings.LastIndexByte(words[5], ':')+1:], 10, 64)
		if errors.Join(err, inoErr) != nil {
			continue
		}
		if other, there := out[ino]; there && other != pid {
			pid = 0
		}
		out[ino] = pid
	}
	return out
}
