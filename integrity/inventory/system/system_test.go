package system_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/system"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// days gives the findings of a second run on a machine that changed, and accepts
// them: a third run has none.
func days(t *testing.T, was, now inventory.Question) report.Result {
	t.Helper()
	check := inventory.Check{Question: was, Dir: t.TempDir()}
	first := integritytest.Collect(t, check)
	require.Empty(t, first.Findings)
	require.Equal(t, report.OK, first.Status, first.Problems)
	check.Question = now
	res := integritytest.Collect(t, check)
	done, err := check.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	assert.Len(t, done, len(res.Findings))
	assert.Empty(t, integritytest.Collect(t, check).Findings)
	return res
}

// mounts are lines of mountinfo as Linux 6.1 prints them.
const mounts = `-- /proc/self/mountinfo --
20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
21 20 0:20 / /tmp rw,nosuid,nodev - tmpfs tmpfs rw,size=100k
22 20 0:21 / /run/user/1000 rw,nosuid - tmpfs tmpfs rw
`

// bare is no container.
const bare = "-- /proc/self/ns/pid link=\"pid:[4026531836]\" --\n"

func TestAMountThatHidesIsToldFromTheFirstRun(t *testing.T) {
	for line, told := range map[string]bool{
		"8:1 /home/eve/cron /etc/cron.d rw - ext4 /dev/sda1 rw":       true,
		"7:0 / /etc/cron.d rw - ext4 /dev/loop0 rw":                   true,
		"0:30 / /usr rw - tmpfs tmpfs rw":                             true,
		"8:1 /tmp/ls /usr/bin/ls rw - ext4 /dev/sda1 rw":              true,
		"8:1 /tmp/x /proc/modules rw - ext4 /dev/sda1 rw":             true,
		"0:40 /@/home/eve /usr/bin rw - btrfs /dev/sdb1 rw,subvol=/@": true,
		"0:50 / /proc rw - tmpfs tmpfs rw":                            true,
		"0:50 / /proc rw - proc proc rw":                              false,
		"8:2 / /usr rw - ext4 /dev/sda2 rw":                           false,
		"8:3 / /boot/efi rw - vfat /dev/sda3 rw":                      false,
		"8:1 /etc /etc ro - ext4 /dev/sda1 rw":                        false, // itself, as systemd makes it
		"8:1 /home/eve/hosts /etc/hosts rw - ext4 /dev/sda1 rw":       true,
		"0:40 /@usr /usr rw - btrfs /dev/sdb1 rw,subvol=/@usr":        false,
		"0:41 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw":         true, // of an intruder: here is no container
		"0:42 / /proc/keys rw - tmpfs tmpfs rw":                       true,
		"8:17 / /srv rw - xfs /dev/sdb1 rw":                           false,
	} {
		check := inventory.Check{Question: system.Mounts{Host: hosttest.New(bare + mounts + "30 20 " + line + "\n").Host()}, Dir: t.TempDir()}
		for range 2 {
			assert.Len(t, integritytest.Collect(t, check).Findings, map[bool]int{true: 1}[told], line)
		}
		later := inventory.Check{Question: system.Mounts{Host: hosttest.New(mounts).Host()}, Dir: t.TempDir()}
		assert.Empty(t, integritytest.Collect(t, later).Findings)
		later.Question = check.Question
		if told {
			assert.Len(t, integritytest.Collect(t, later).Findings, 1, line)
		}
	}
}

// in a container, by the kernel's own number of its namespace.
const inContainer = `-- /proc/self/ns/pid link="pid:[4026532187]" --
-- /proc/keys char rdev=259 --
-- /proc/kcore mode=0000 --
-- /proc/acpi/ dir complete --
-- /proc/scsi/ dir complete --
-- /proc/scsi/scsi --
-- /proc/kallsyms --
ffffffff81000000 T startup_64
`

func TestWhatRunsContainersMountsIsExcusedByWhatItIs(t *testing.T) {
	for line, told := range map[string]bool{
		"0:41 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw":                     false,
		"0:41 /proc/stat /proc/stat rw - fuse.lxcfs eve rw":                       true,
		"0:41 /x /proc/stat rw - fuse.lxcfs lxcfs rw":                             true,
		"0:41 /proc/stat /proc/loadavg rw - fuse.lxcfs lxcfs rw":                  true,
		"8:1 /tmp/stat /proc/stat rw - ext4 /dev/sda1 rw":                         true,
		"0:41 /proc/stat /etc/pam.d rw - fuse.lxcfs lxcfs rw":                     true,
		"0:5 /null /proc/keys rw - devtmpfs udev rw":                              false,
		"0:24 /systemd/inaccessible/reg /proc/kcore ro - tmpfs tmpfs rw":          false,
		"0:44 / /proc/acpi ro - tmpfs tmpfs ro":                                   false,
		"0:44 / /proc/scsi ro - tmpfs tmpfs ro":                                   true, // something is in it
		"0:44 /k /proc/kallsyms ro - tmpfs tmpfs ro":                              true,
		"0:44 / /proc/sys ro - tmpfs tmpfs ro":                                    true,
		"8:1 /var/lib/docker/containers/a/hosts /etc/hosts rw - ext4 /dev/sda rw": false,
		"8:1 /tmp/x /proc/7/exe rw - ext4 /dev/sda1 rw":                           false, // package listeners tells it
	} {
		check := inventory.Check{Question: system.Mounts{Host: hosttest.New(inContainer + mounts + "30 20 " + line + "\n").Host()}, Dir: t.TempDir()}
		assert.Len(t, integritytest.Collect(t, check).Findings, map[bool]int{true: 1}[told], line)
	}
}

// systemd-nspawn closes places with files that it removed, under another name at each start.
func TestTheRemovedFilesOfAContainerAreTheSameAtEachStart(t *testing.T) {
	at := func(file string) system.Mounts {
		return system.Mounts{Host: hosttest.New(inContainer + "-- /proc/kmsg fifo --\n" + mounts + "30 20 0:60 " + file + " /proc/kmsg rw - tmpfs tmpfs rw\n").Host()}
	}
	assert.Empty(t, integritytest.Titles(days(t, at("/.#proc-kmsga543//deleted"), at("/.#proc-kmsgc404//deleted"))))
	assert.Len(t, integritytest.Titles(days(t, at("/.#proc-kmsga543//deleted"), at("/kmsg"))), 1)
}

func TestOnePlantedMountIsOneFinding(t *testing.T) {
	for name, c := range map[string]struct{ edit, want string }{
		"elsewhere":           {mounts + "30 20 8:17 / /srv rw - xfs /dev/sdb1 rw\n", "notice: /dev/sdb1 (xfs) is now mounted over /srv"},
		"rights":              {strings.Replace(mounts, "rw,nosuid,nodev", "rw,nodev", 1), `warning: The mount of /tmp changed: options "nodev,nosuid" to "nodev"`},
		"gone":                {strings.Replace(mounts, "21 20 0:20 / /tmp rw,nosuid,nodev - tmpfs tmpfs rw,size=100k\n", "", 1), "notice: tmpfs (tmpfs) is no longer mounted over /tmp"},
		"a size, and a login": {strings.Replace(strings.Replace(mounts, "100k", "200k", 1), "1000", "1001", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := days(t, system.Mounts{Host: hosttest.New(mounts).Host()}, system.Mounts{Host: hosttest.New(c.edit).Host()})
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(res), "\n"))
		})
	}
}

func linux(t *testing.T, pattern string, scope int) system.Sysctl {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"core_pattern": pattern, "yama/ptrace_scope": fmt.Sprint(scope)} {
		full := filepath.Join(root, "proc/sys/kernel", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text+"\n"), 0o644))
	}
	h := host.Root(root)
	h.Exec = hosttest.New(unameLinux).Host().Exec
	return system.Sysctl{Host: h}
}

func TestAPlantedSettingOfTheKernelIsOneFinding(t *testing.T) {
	res := days(t, linux(t, "core", 1), linux(t, "|/tmp/.x %p", 1))
	assert.Equal(t, []string{`critical: The kernel's setting kernel.core_pattern is "|/tmp/.x %p", and was "core"`}, integritytest.Titles(res))
	assert.Equal(t, [][]string{{"sysctl", "-w", "kernel.core_pattern=core"}}, res.Findings[0].Remedy.Do)
	res = days(t, linux(t, "core", 1), linux(t, "core", 0))
	assert.Equal(t, []string{`warning: The kernel's setting kernel.yama.ptrace_scope is "0", and was "1"`}, integritytest.Titles(res))
}

// ruleset is what nft 1.0.6 prints.
const ruleset = `table inet filter {
	set banned {
		type ipv4_addr
		flags dynamic,timeout
		timeout 1h
		elements = { 192.0.2.1 expires 10m,
			     192.0.2.2 expires 11m }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		tcp dport 22 accept
		ip saddr @banned drop
	}
}
`

const unameLinux = "-- $ [\"uname\", \"-snrm\"] --\nLinux web1 6.1.0 x86_64\n"

func firewall(nft string) system.Firewall {
	text := unameLinux + "-- $ [\"nft\", \"-s\", \"list\", \"ruleset\"] --\n" + nft +
		"-- $ [\"iptables-legacy-save\"] notfound --\n-- $ [\"ip6tables-legacy-save\"] notfound --\n"
	return system.Firewall{Host: hosttest.New(text).Host()}
}

func TestAPlantedRuleOfTheFirewallIsOneFinding(t *testing.T) {
	for name, c := range map[string]struct{ now, want string }{
		"a port": {strings.Replace(ruleset, "dport 22 accept\n", "dport 22 accept\n\t\ttcp dport 4444 accept\n", 1), "warning: The firewall's inet filter chain input changed: new is tcp dport 4444 accept"},
		"policy": {strings.Replace(ruleset, "policy drop", "policy accept", 1), "warning: The firewall's inet filter chain input changed: type filter hook input priority filter; policy accept;, and was type filter hook input priority filter; policy drop;"},
		"gone":   {"", "warning: 2 chains of the firewall are gone, of nft"},
		"order":  {strings.Replace(ruleset, "tcp dport 22 accept\n\t\tip saddr @banned drop", "ip saddr @banned drop\n\t\ttcp dport 22 accept", 1), "warning: The firewall's inet filter chain input changed: the order of its rules"},
		"a ban":  {strings.Replace(ruleset, "192.0.2.2", "192.0.2.3", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(days(t, firewall(ruleset), firewall(c.now))), "\n"))
		})
	}
}

func TestRulesThatMayNotBeReadAreUnknown(t *testing.T) {
	h := firewall("").Host
	h.Exec = answer{"", "Operation not permitted (you must be root)\n", 1}
	res := integritytest.Collect(t, inventory.Check{Question: system.Firewall{Host: h}, Dir: t.TempDir()})
	assert.Equal(t, report.Partial, res.Status)
	assert.True(t, res.LacksOnlyRights(), res.Problems)
	assert.False(t, res.Covers("firewall/nft"))
}

// An answer is that of every command but uname.
type answer struct {
	out, err string
	exit     int
}

func (a answer) Run(_ context.Context, c host.Command) (host.Output, error) {
	if c.Args[0] == "uname" {
		return host.Output{Stdout: []byte("Linux web1 6.1.0 x86_64\n")}, nil
	}
	return host.Output{Stdout: []byte(a.out), Stderr: []byte(a.err), Exit: a.exit}, nil
}

// The forms are after the manual pages of iptables-save(8), pfctl(8) and sysctl(8).
func TestOtherFirewallsAndKernelsAreRead(t *testing.T) {
	h := func(uname string, out string) host.Host {
		return host.Host{Exec: bsd{uname, out}}
	}
	for name, c := range map[string]struct {
		q    inventory.Question
		want int
	}{
		"pf":     {system.Firewall{Host: h("OpenBSD web1 7.6 amd64", "block return all\npass out all flags S/SA\n")}, 1}, // and no status
		"sysctl": {system.Sysctl{Host: h("NetBSD web1 10.0 amd64", "1\n")}, 6},
		"nobody": {system.Sysctl{Host: h("Plan9 web1 4 amd64", "")}, 0},
	} {
		assert.Len(t, c.q.Read(t.Context()).Records, c.want, name)
	}
}

type bsd struct{ uname, out string }

func (b bsd) Run(_ context.Context, c host.Command) (host.Output, error) {
	switch c.Args[0] {
	case "uname":
		return host.Output{Stdout: []byte(b.uname + "\n")}, nil
	case "ipfw":
		return host.Output{}, exec.ErrNotFound
	}
	return host.Output{Stdout: []byte(b.out)}, nil
}

func TestTheRulesOfARealFirewallAreRead(t *testing.T) {
	need.Root(t)
	need.Program(t, "nft")
	need.Program(t, "unshare")
	load := filepath.Join(t.TempDir(), "rules")
	require.NoError(t, os.WriteFile(load, []byte(ruleset), 0o600))
	out, err := exec.Command("unshare", "-n", "/bin/sh", "-c", "nft -f "+load+" && nft -s list ruleset").CombinedOutput()
	require.NoError(t, err, "%s", out)
	l := firewall(string(out)).Read(t.Context())
	require.Len(t, l.Records, 2)
	assert.Equal(t, []string{"nft", "inet filter chain input"}, l.Records[1].Key)
	assert.Contains(t, l.Records[1].Get("rules"), "policy drop")
	assert.NotContains(t, l.Records[0].Get("rules"), "192.0.2.1")
}

func TestTheInventoriesKeepTheContractOnThisMachine(t *testing.T) {
	h := host.Local()
	for _, q := range []inventory.Question{system.Mounts{Host: h}, system.Sysctl{Host: h}, system.Firewall{Host: h}} {
		c := inventory.Check{Question: q, Dir: t.TempDir()}
		assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{Changes: true}), c.Name())
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the example is over
	for _, text := range []string{mounts, mounts + "30 20 0:9 / /etc rw - tmpfs none rw\n"} {
		check := inventory.Check{Question: system.Mounts{Host: hosttest.New(text).Host()}, Dir: dir}
		res, err := suite.Collect(context.Background(), check)
		if err != nil {
			fmt.Println(err)
		}
		for _, f := range res.Findings {
			fmt.Println(f.Title)
		}
	}
	// Output: none (tmpfs) is mounted over /etc and hides what is below it
}
