package apply

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// A lock that a manager keeps as a number of a process, or as a file that is there, is
// named with its holder, and one that was left over is told as what it is.
func TestWhoIsAtWorkIsFoundByTheFilesOfEachManager(t *testing.T) {
	const dnfPID, zyppPID = "/var/lib/dnf/rpmdb_lock.pid", "/run/zypp.pid"
	for name, c := range map[string]struct{ tool, machine, want string }{
		"dnf at work":       {"dnf", "-- " + dnfPID + " --\n4711\n-- /proc/4711/comm --\nyum\n", dnfPID + " is held by process 4711 (yum)"},
		"dnf that died":     {"dnf", "-- " + dnfPID + " --\n4711\n-- /proc/4711/comm absent --\n", ""},
		"no number":         {"dnf", "-- " + dnfPID + " --\n\n", ""},
		"zypper at work":    {"zypper", "-- " + zyppPID + " --\n12\n-- /proc/12/comm --\nZypp-main\n", zyppPID + " is held by process 12 (Zypp-main)"},
		"pacman, or a rest": {"pacman", "-- /var/lib/pacman/db.lck --\n", "if none runs, it was left over: remove it by hand"},
		"nobody":            {"pacman", "", ""},
	} {
		h := hosttest.New("x: after documentation (the manuals)\n-- / dir complete=tree --\n-- /proc/locks --\n" + c.machine).Host()
		var p Plan
		Applier{Host: h}.locks(t.Context(), tools[c.tool], &p)
		if c.want == "" {
			assert.Empty(t, p.Problems, name)
			continue
		}
		assert.Contains(t, strings.Join(p.Problems, "\n"), c.want, name)
	}
}
