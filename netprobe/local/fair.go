package local

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// maxOfUser is how many services of one user who is not root are asked: whoever
// may open sockets may name them as he likes, and let them say nothing.
const maxOfUser = 16

// ownerOf names who is held to the budget.
func ownerOf(s sysview.Socket) string {
	uid, known := s.UID, s.HasUID
	if s.Process.HasUID {
		uid, known = s.Process.UID, true
	}
	switch {
	case s.Local.Port() < 1024 || known && uid == 0:
		return ""
	case known:
		return strconv.FormatUint(uint64(uid), 10)
	case s.User == "root":
		return ""
	case s.User != "":
		return s.User
	}
	return "not known"
}

// fair puts root's services and those on well-known ports first, then those of
// each user in turn, and leaves out what is beyond a user's budget.
func fair(targets []Target) (kept, left []Target) {
	turn := make(map[string]int)
	rank := make(map[string]int, len(targets)) // by URL: its number among the same user's
	for _, t := range targets {
		if t.owner != "" {
			turn[t.owner]++
			rank[t.URL] = turn[t.owner]
		}
		if rank[t.URL] > maxOfUser {
			left = append(left, t)
		} else {
			kept = append(kept, t)
		}
	}
	slices.SortStableFunc(kept, func(a, b Target) int { return cmp.Compare(rank[a.URL], rank[b.URL]) })
	return kept, left
}

// cover says what was looked at: everything, or each service that was asked.
func cover(rec *report.Recorder, kept, left []Target) {
	if len(left) == 0 {
		rec.Covered(scopeRoot)
		return
	}
	users := map[string]int{}
	for _, t := range left {
		users[t.owner]++
	}
	var errs []error
	for user, n := range users {
		errs = append(errs, fmt.Errorf("user %s has %d services more than the %d that are asked", user, n, maxOfUser))
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	rec.Problem(errors.Join(errs...), scopeLeft)
	rec.Covered(scopeGone)
	for _, t := range kept {
		rec.Covered(scopeOf(t.service()))
		if rest, ok := strings.CutPrefix(t.service(), "http://"); ok {
			rec.Covered(scopeOf("https://" + rest))
		}
	}
}
