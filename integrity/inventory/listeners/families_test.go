package listeners_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/report"
)

// activated is a machine whose first process holds the sockets of these lines; the
// tables are written after documentation (proc(5), systemctl(1)).
func activated(units string, first string, names ...string) *hosttest.Machine {
	var table, fds strings.Builder
	for i, name := range names {
		inode := strconv.Itoa(1000 + i)
		table.WriteString("0000000000000000: 00000002 00000000 00010000 0001 01 " + inode + " " + name + "\n")
		fds.WriteString("-- /proc/1/fd/" + inode + " link=\"socket:[" + inode + "]\" --\n")
	}
	return hosttest.New(`-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --
-- $ ["uname", "-snrm"] --
Linux web1 6.1.0 x86_64
-- $ ["ss"] notfound --
-- /etc/passwd --
root:x:0:0::/root:/bin/sh
-- /proc/ dir complete --
-- /proc/net/ dir complete --
-- /proc/net/unix --
Num       RefCount Protocol Flags    Type St Inode Path
` + table.String() + `-- /proc/stat --
btime 1764000000
-- /proc/1/ dir complete --
-- /proc/1/stat --
1 (` + first + `) S 0 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 3 9 9
-- /proc/1/exe link=/usr/lib/systemd/systemd --
-- /proc/1/fd/ dir complete --
` + fds.String() + units)
}

// ofSystemd lists the sockets of units.
func ofSystemd(lines string) string {
	return "-- /run/systemd/system/ dir --\n" + `-- $ ["systemctl", "list-sockets", "--all", "--full", "--no-legend", "--no-pager"] --` + "\n" + lines
}

func TestASocketThatTheFirstProcessHoldsForAServiceIsToldByItsUnit(t *testing.T) {
	const known = "@ISCSI iscsid.socket iscsid.service\nkobject-uevent 1 systemd-udevd-kernel.socket systemd-udevd.service\n"
	check := func(m *hosttest.Machine, dir string) report.Result {
		return integritytest.Collect(t, inventory.Check{Question: listeners.Families{Host: m.Host()}, Dir: dir})
	}
	dir := t.TempDir()
	first := check(activated(ofSystemd(known), "systemd", "@ISCSI"), dir)
	assert.Empty(t, first.Findings)
	assert.Empty(t, first.Problems)
	assert.Empty(t, check(activated(ofSystemd(known), "systemd", "@ISCSI"), dir).Findings)

	res := check(activated(ofSystemd(known+"@eve eve.socket eve.service\n"), "systemd", "@ISCSI", "@eve"), dir)
	assert.Equal(t, []string{"warning: systemd of user ? now listens under the abstract name @eve, which no file shows, for eve.socket"}, integritytest.Titles(res))
	res = check(activated(ofSystemd(strings.ReplaceAll(known, "iscsid", "eve")), "systemd", "@ISCSI"), dir)
	assert.Len(t, res.Findings, 1, "the name is taken by another unit")
	assert.Contains(t, integritytest.Titles(res)[0], "eve.socket")
	res = check(activated(ofSystemd(known), "systemd", "@ISCSI", "@stored"), dir)
	assert.Len(t, res.Findings, 1, "a program gave it to the first process to keep")

	failed := strings.Replace(ofSystemd(known), "no-pager\"]", "no-pager\"] exit=1", 1)
	res = check(activated(failed, "systemd", "@ISCSI", "@eve"), dir)
	assert.Empty(t, res.Findings)
	assert.False(t, res.Covers("families/unix"), "for whom it holds them nobody knows")
}

func TestAFirstProcessThatIsNoSystemdIsAProgramLikeAnyOther(t *testing.T) {
	dir := t.TempDir()
	check := func(names ...string) report.Result {
		m := activated("-- /run/systemd/system absent --\n", "server", names...)
		return integritytest.Collect(t, inventory.Check{Question: listeners.Families{Host: m.Host()}, Dir: dir})
	}
	check()
	assert.Len(t, check("@a", "@b").Findings, 1)
}

// raw is a machine on which process 900 has a raw socket; the table has the form of
// proc(5).
func raw(exe string) *hosttest.Machine {
	m := activated("-- /run/systemd/system absent --\n", "server")
	text := "-- /proc/net/raw --\n  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
	if exe != "" {
		row := "   1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0\n"
		text += row + strings.Replace(row, " 4712 ", " 4713 ", 1) +
			"-- /proc/900/ dir complete --\n-- /proc/900/stat --\n900 (x) S 1 900 900 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 2000 9 9\n-- /proc/900/exe link=\"" + exe + "\" --\n-- /proc/900/fd/ dir complete --\n-- /proc/900/fd/3 link=\"socket:[4712]\" --\n-- /proc/900/fd/4 link=\"socket:[4713]\" --\n"
	}
	if err := m.Add(text); err != nil {
		panic(err)
	}
	return m
}

func TestAProgramOfNoPackageOnAnotherFamilyIsToldOnTheFirstRun(t *testing.T) {
	owners := integritytest.Claims{"/usr/sbin/ping": {Package: "deb:ping"}, "/srv/x": {}}
	check := func(m *hosttest.Machine, dir string) []string {
		return integritytest.Titles(integritytest.Collect(t, inventory.Check{Question: listeners.Families{Host: m.Host(), Attestor: owners}, Dir: dir}))
	}
	const told = "warning: x sees all packets of IP protocol 1, from /srv/x, which no package owns"
	const gone = "critical: x sees all packets of IP protocol 1, from /srv/gone, which is no file any more"
	owners["/srv/gone"] = host.Claim{}
	for exe, want := range map[string][]string{"/usr/sbin/ping": {}, "/srv/x": {told}, "/srv/x (deleted)": {told}, "/srv/gone (deleted)": {gone}} {
		m := raw(exe)
		if err := m.Add("-- /srv/ dir complete --\n"); err != nil {
			t.Fatal(err)
		}
		if exe == "/srv/x (deleted)" { // and another file has its name
			if err := m.Add("-- /srv/x --\n"); err != nil {
				t.Fatal(err)
			}
		}
		assert.Equal(t, want, check(m, t.TempDir()), exe)
		if exe == "/srv/x" {
			dir := t.TempDir()
			assert.Empty(t, check(raw(""), dir))
			assert.Equal(t, want, check(m, dir), "one that comes is one finding")
		}
	}
}
