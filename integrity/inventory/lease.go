package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// KeptUnreadRule is that of KeptUnread, of one check.
func KeptUnreadRule(check string) report.Rule {
	return report.Rule{
		ID: check + ".kept-unread", Kind: report.Condition, Severity: report.Warning, Since: "0.1.0",
		Title:   "A user keeps a file from being read",
		Explain: "A program that has a lease on a file holds up whoever opens it, and so many files hide one. What such files hold now is not known, and what they held is not compared.",
		Remedy:  "Ask the user what the program, or what so many files, are for.",
	}
}

// KeptUnread makes an error of reading a file of a user a finding about that user, where a
// program has a lease on it, as F_SETLEASE of fcntl(2) gives it: that is no fault of the
// check. It is false for any other error.
func KeptUnread(ctx context.Context, h host.Host, check, user, file string, err error) (report.Finding, bool) {
	if !errors.Is(err, syscall.EAGAIN) {
		return report.Finding{}, false
	}
	f := KeptFinding(check, user, file)
	holder := "a program"
	if pid := leaseHolder(ctx, h, file); pid > 0 {
		name, _ := h.ReadFile(ctx, "/proc/"+strconv.Itoa(pid)+"/comm", 64) // it may be over by now
		holder = strings.TrimSpace(fmt.Sprintf("process %d %s", pid, prose.Clip(strings.TrimSpace(string(name)), 40)))
		f.Remedy = report.Look([]string{"ps", "-fp", strconv.Itoa(pid)})
	}
	f.Title = fmt.Sprintf("%s of %s cannot be read: %s has a lease on it", prose.Clip(file, 200), prose.Clip(user, 64), holder)
	return f, true
}

// KeptFinding begins the finding that a user keeps something from being looked at.
func KeptFinding(check, user, file string) report.Finding {
	return report.Finding{
		Rule: check + ".kept-unread", Subject: report.User.Of(Word(user)),
		Identity: []report.Attr{report.Path.Of(file)}, Evidence: []report.Attr{report.Path.Of(file)},
	}
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
