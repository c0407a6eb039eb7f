package listeners_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A process of the fake machine, which holds the sockets of row by inode.
type process struct {
	pid    int
	name   string
	ticks  int // between boot and its start
	unit   string
	inodes []int
}

func (p process) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- /proc/%d/stat --\n%d (%s) S 1 1 1 0 -1 0 1 0 0 0 1 2 0 0 20 0 1 0 %d 9 9\n", p.pid, p.pid, p.name, p.ticks)
	fmt.Fprintf(&b, "-- /proc/%d/exe link=/usr/sbin/%s --\n-- /proc/%d/fd/ dir complete --\n", p.pid, p.name, p.pid)
	fmt.Fprintf(&b, "-- /proc/%d/cgroup --\n0::/system.slice/%s\n", p.pid, p.unit)
	for i, ino := range p.inodes {
		fmt.Fprintf(&b, "-- /proc/%d/fd/%d link=\"socket:[%d]\" --\n", p.pid, i+3, ino)
	}
	return b.String()
}

// booted is a machine with these TCP sockets and processes, in its first boot.
func booted(tcp string, processes ...process) *hosttest.Machine {
	var b strings.Builder
	b.WriteString(`A small Linux; the forms are recorded live.
-- $ ["uname", "-snrm"] --
Linux mail 6.1.0-41-amd64 x86_64
-- /etc/passwd --
root:x:0:0:root:/root:/bin/sh
-- /proc/sys/net/ipv4/ip_local_port_range --
32768	60999
-- /proc/sys/kernel/random/boot_id --
4da61937-5e22-4288-bd67-aa911caddb55
-- /proc/ dir complete --
-- /proc/stat --
cpu0 1 2 3
btime 1764000000
-- /proc/net/tcp6 absent --
-- /proc/net/udp6 absent --
-- /proc/net/udp --
` + head + "-- /proc/net/tcp --\n" + head + tcp)
	if !slices.ContainsFunc(processes, func(p process) bool { return p.pid == 1 }) {
		processes = append(processes, process{pid: 1, name: "systemd", ticks: 2, unit: "init.scope"})
	}
	for _, p := range processes {
		b.WriteString(p.text())
	}
	return hosttest.New(b.String())
}

var (
	http  = row("00000000:0050", "0A", 0, 80)
	https = row("0100007F:01BB", "0A", 0, 443)
	sshd  = process{pid: 812, name: "sshd", ticks: 1000, unit: "ssh.service", inodes: []int{4711}}
)

// later is the same program as another process, started so many ticks later.
func (p process) later(pid, ticks int) process {
	p.pid, p.ticks = pid, p.ticks+ticks
	return p
}

func TestARestartIsToldOnce(t *testing.T) {
	before, after := booted(ssh, sshd), booted(ssh, sshd.later(900, 6000))
	res := runs(t, before, before, after, after)
	for i, n := range []int{0, 0, 1, 0} {
		assert.Equal(t, report.OK, res[i].Status, "%v", res[i].Problems)
		assert.Len(t, res[i].Findings, n, "run %d", i)
	}
	start := time.Unix(1764000070, 0).UTC()
	assert.Empty(t, cmp.Diff(report.Finding{
		Rule: "integrity.listeners.restarted", Kind: report.Event, Subject: report.ListenerOf("tcp", netip.MustParseAddrPort("0.0.0.0:22")),
		Scope: "listeners/tcp", Severity: report.Info, First: start, Last: start,
		Title: "sshd on tcp port 22 was restarted",
		Detail: "The process that was there at the last run is gone, and what was connected to it may have been cut off. " +
			"The program is sshd (/usr/sbin/sshd), run by the user root, process 900.",
		Fix: "If no update and no person restarted it, read its log of that time: journalctl -u 'ssh.service' --since '2025-11-24 16:01:10 UTC'.",
		Evidence: []report.Attr{
			{Key: report.Process, Value: "sshd"},
			report.Path.Of("/usr/sbin/sshd"),
			report.Program.Of("/usr/sbin/sshd"),
			report.User.Of("root"),
			report.Service.Of("ssh.service"),
			report.Unit.Of("ssh.service"),
			report.AtTime(start),
		},
	}, res[2].Findings[0], cmp.FilterPath(func(p cmp.Path) bool {
		switch p.Last().String() {
		case ".Count", ".Explain", ".Fingerprint", ".State":
			return true
		}
		return false
	}, cmp.Ignore())))
}

func TestWhatIsNoRestartIsNotTold(t *testing.T) {
	nginx := process{pid: 700, name: "nginx", ticks: 900, unit: "nginx.service", inodes: []int{80}}
	socket := process{pid: 1, name: "systemd", ticks: 2, unit: "init.scope", inodes: []int{4711}}
	for _, c := range []struct {
		sentence  string
		last, now *hosttest.Machine
	}{
		{
			sentence: "workers that share the socket come and go, also with low numbers",
			last:     booted(http, nginx, nginx.later(701, 5)), now: booted(http, nginx, nginx.later(300, 8000)),
		},
		{
			sentence: "systemd listens, and the service was started by a connection",
			last:     booted(ssh, socket), now: booted(ssh, socket, sshd.later(900, 6000)),
		},
		{
			sentence: "a process of one connection holds that and not the listener",
			last:     booted(ssh, sshd),
			now: booted(ssh+row("00000000:0016", "01", 0, 5000), sshd,
				process{pid: 950, name: "sshd", ticks: 7000, unit: "x", inodes: []int{5000}}),
		},
		{
			sentence: "the system was started again",
			last:     booted(ssh, sshd), now: edited(t, booted(ssh, sshd.later(900, 6000)), "4da61937", "5da61937"),
		},
		{
			sentence: "the container was started again",
			last:     booted(ssh, sshd), now: edited(t, booted(ssh, sshd.later(900, 6000)), "1 0 2 9 9", "1 0 5990 9 9"),
		},
		{
			sentence: "nobody knows whether the system was started again",
			last:     booted(ssh, sshd), now: without(t, booted(ssh, sshd.later(900, 6000)), "/proc/sys/kernel/random/boot_id"),
		},
		{
			sentence: "the clock was set, which moves all times",
			last:     booted(ssh, sshd), now: edited(t, booted(ssh, sshd), "btime 1764000000", "btime 1764003600"),
		},
		{
			sentence: "the time of the start is not known",
			last:     booted(ssh, sshd), now: without(t, booted(ssh, sshd.later(900, 6000)), "/proc/stat"),
		},
		{
			sentence: "an older process may have the socket, but cannot be seen",
			last:     booted(ssh, sshd),
			now:      edited(t, booted(ssh, sshd.later(900, 6000)), "/proc/1/fd/ dir complete", "/proc/1/fd/ dir error=permission"),
		},
		{
			sentence: "the program was not known at the last run",
			last:     without(t, booted(ssh, sshd), "/proc/812/fd"), now: booted(ssh, sshd.later(900, 6000)),
		},
		{
			sentence: "another one with the same name had the place for a time",
			last:     booted(ssh, sshd), now: booted(ssh, sshd.later(600, -500)),
		},
	} {
		res := runs(t, c.last, c.now)
		assert.Equal(t, report.OK, res[1].Status, "%s: %v", c.sentence, res[1].Problems)
		assert.Empty(t, res[1].Findings, c.sentence)
	}
}

// edited is m with one part of its text in another form.
func edited(t *testing.T, m *hosttest.Machine, was, now string) *hosttest.Machine {
	t.Helper()
	text := string(m.Text())
	require.Contains(t, text, was)
	return hosttest.New(strings.ReplaceAll(text, was, now))
}

// without is m in which name is known not to be there.
func without(t *testing.T, m *hosttest.Machine, name string) *hosttest.Machine {
	t.Helper()
	require.NoError(t, m.Remove(name))
	return m
}

func TestAProcessWithManyPlacesIsRestartedOnce(t *testing.T) {
	nginx := process{pid: 700, name: "nginx", ticks: 900, unit: "nginx.service", inodes: []int{80, 443}}
	res := runs(t, booted(ssh+http+https, sshd, nginx), booted(ssh+http+https, sshd.later(900, 50), nginx.later(901, 6000)))
	require.Len(t, res[1].Findings, 2)
	titles := []string{res[1].Findings[0].Title, res[1].Findings[1].Title}
	assert.ElementsMatch(t, []string{
		"sshd on tcp port 22 was restarted",
		"nginx on tcp port 80 and tcp port 443 was restarted",
	}, titles)
	for _, f := range res[1].Findings {
		if f.Subject.Value == "tcp/0.0.0.0:80" {
			assert.Contains(t, f.Evidence, report.Attr{Key: report.Listener, Value: "tcp/127.0.0.1:443"})
		}
	}
}

func TestARestartAfterOneIsToldToo(t *testing.T) {
	store, dir := &reporttest.Store{}, t.TempDir()
	var rep *report.Report
	for i, m := range []*hosttest.Machine{booted(ssh, sshd), booted(ssh, sshd.later(900, 6000)), booted(ssh, sshd.later(950, 9000))} {
		set := suite.Suite{Checks: []report.Checker{kept(dir, listeners.Sockets{Host: m.Host()})}, Store: store}
		var err error
		rep, err = set.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, rep.Results[0].Findings, min(i, 1))
	}
	require.Len(t, rep.Changes, 1)
	assert.Equal(t, report.Updated, rep.Changes[0].Kind, "one line for each listener, not for each restart")
	assert.Equal(t, "sshd on tcp port 22 was restarted", rep.Changes[0].Finding.Title)
}

func ExampleRestarted() {
	at := func(seconds int) []listeners.Listener {
		uptime := time.Duration(seconds) * time.Second
		return []listeners.Listener{{
			Network: "tcp", Addr: netip.MustParseAddrPort("0.0.0.0:22"), Program: "sshd",
			Uptime: uptime, Start: time.Unix(1764000000, 0).Add(uptime),
		}}
	}
	for _, l := range listeners.Restarted(at(10), at(70), listeners.Ports{}) {
		fmt.Println(l.Program, l.Addr, l.Start.UTC().Format(time.TimeOnly))
	}
	// Output: sshd 0.0.0.0:22 16:01:10
}
