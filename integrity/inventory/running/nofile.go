package running

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// anybodys are the folders where anybody may put a program; memory is one of them.
var anybodys = []string{"/tmp/", "/var/tmp/", "/dev/", "/run/", inHome, inMemory}

const (
	inHome   = "/home/"
	inMemory = "/memfd:"
	// settled is how long a program runs that is not one which only copies itself
	// into memory to begin, as runc does for a moment.
	settled = time.Minute
	// firstUser is the least user number of a person, by the custom of Linux.
	firstUser = 1000
)

// noFiles tells of programs that run from a file that is gone, one finding for each file
// and user: whoever runs a program chooses the name of its file, and not who he is.
// Of root's the file may have another in its place; with users that is a program of
// theirs which they built anew.
func (c Replaced) noFiles(ctx context.Context, outdated []sysview.Outdated, processes []sysview.Process, now time.Time) (out []report.Finding) {
	var names map[uint32]string
	for _, f := range outdated {
		if !slices.ContainsFunc(anybodys, func(top string) bool { return strings.HasPrefix(f.Path, top) }) {
			continue
		}
		var of []sysview.Process
		for _, pid := range f.PIDs {
			p, ok := processOf(processes, pid)
			young := strings.HasPrefix(f.Path, inMemory) && !p.Start.IsZero() && now.Sub(p.Start) < settled
			if ok && p.Deleted && p.Exe == f.Path && !young && (f.Now == sysview.PathGone || isRoots(p)) {
				of = append(of, p)
			}
		}
		if len(of) == 0 {
			continue
		}
		if names == nil {
			names = map[uint32]string{}
			if t, err := etc.ReadPasswd(ctx, c.Host, etc.PasswdFile); err == nil { // without it there are numbers
				names = etc.Names(t.Entries)
			}
		}
		guide := howto.Of(ctx, c.Host)
		slices.SortStableFunc(of, func(a, b sysview.Process) int { return cmp.Compare(a.UID, b.UID) })
		for len(of) > 0 {
			n := 1
			for n < len(of) && of[n].UID == of[0].UID && of[n].HasUID == of[0].HasUID {
				n++
			}
			finding := noFile(f, of[:n], names)
			finding.Remedy = report.Look(guide.Command(howto.Process, strconv.Itoa(of[0].PID)), guide.Command(howto.Listeners))
			out = append(out, finding)
			of = of[n:]
		}
	}
	return out
}

func isRoots(p sysview.Process) bool { return p.HasUID && p.UID == 0 }

// noFile tells of one file that processes of one user run.
func noFile(f sysview.Outdated, of []sysview.Process, names map[uint32]string) report.Finding {
	uid := strconv.FormatUint(uint64(of[0].UID), 10)
	user, owner := cmp.Or(prose.Clip(names[of[0].UID], 64), "user "+uid), cmp.Or(names[of[0].UID], uid)
	if !of[0].HasUID {
		user, owner = "an unknown user", "?"
	}
	out := report.Finding{
		Rule: ruleNoFile, Scope: "replaced-code", Subject: report.Path.Of(f.Path),
		Identity: []report.Attr{report.User.Of(inventory.Word(owner))},
	}
	var who []string
	for _, p := range of {
		who = append(who, fmt.Sprintf("%s of %s (process %d)", prose.Clip(p.Name, 40), user, p.PID))
		if len(out.Evidence) < 20 {
			out.Evidence = append(out.Evidence, report.Process.Of(p.Name))
		}
	}
	from := prose.Clip(f.Path, 200) + ", a file that was removed"
	switch {
	case strings.HasPrefix(f.Path, inMemory):
		from = "memory alone (" + prose.Clip(f.Path, 200) + ")"
	case f.Now == sysview.PathReplaced:
		from += "; another has its name"
	}
	out.Title = prose.List(who, 3) + " " + verb(len(of)) + " from " + from
	if strings.HasPrefix(f.Path, inHome) && of[0].HasUID && of[0].UID >= firstUser {
		out.Severity = report.Notice
	}
	return out
}
