package system_test

import (
	"context"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/system"
)

// says answers commands by their words; others are not there.
type says map[string]string

func (s says) Run(_ context.Context, c host.Command) (host.Output, error) {
	out, ok := s[strings.Join(c.Args, " ")]
	if !ok {
		return host.Output{}, exec.ErrNotFound
	}
	return host.Output{Stdout: []byte(out)}, nil
}

func (s says) host() host.Host { return host.Host{Exec: s} }

// with is s with other answers, given as command and answer.
func (s says) with(pairs ...string) says {
	out := says{}
	for command, answer := range s {
		out[command] = answer
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// The rules have the shape of openbsd/src : regress/sbin/pfctl/pf1.ok, with a blank at
// the end of lines and labels in quotes; the status that of influxdata/telegraf :
// plugins/inputs/pf/README.md. Both with other values.
var openBSD = says{
	"uname -snrm": "OpenBSD gw 7.6 amd64\n",
	"pfctl -sr": `block return all 
pass in proto tcp from any to any port = smtp flags S/SA 
pass in inet proto tcp from 192.0.2.0/24 port > 1024 to ! 198.51.100.3 port != ssh flags S/SA 
pass in inet proto tcp from 192.0.2.4 to any flags S/SA label "6:tcp:192.0.2.4::any:" 
`,
	"pfctl -si": `Status: Enabled for 3 days 00:26:05             Debug: err

State Table                          Total             Rate
  current entries                       17               
  searches                           11325            7.2/s
Counters
  match                              11226            7.2/s
`,
}

// The rules of ipfw are as a page on jails of the BSD Router Project shows them
// (ipfw show, FreeBSD 12), without the counters, which ipfw list does not print.
var freeBSD = says{
	"uname -snrm": "FreeBSD web 14.1-RELEASE amd64\n",
	"pfctl -sr":   "pass all flags S/SA keep state\n",
	"pfctl -sn":   "nat on em0 inet from 192.0.2.0/24 to any -> (em0) round-robin\n",
	"pfctl -si":   "Status: Enabled for 0 days 00:00:09           Debug: Urgent\n",
	"ipfw list":   "00100 allow ip from any to any via lo0\n00200 allow ip from any to any via vtnet4.1\n00300 nat 1 ip from any to any via epair1b\n65535 deny ip from any to any\n",
}

// What npfctl prints is as Incognito/rumprun_wiki_wiki :
// Howto:-configure-the-npf-packet-filter-with-rumprun.md shows it.
var netBSD = says{
	"uname -snrm": "NetBSD mail 10.0 amd64\n",
	"npfctl show": "Filtering:\tactive\nConfiguration:\tloaded\n\ngroup \n\truleset \"local\" all \n\tpass all \n",
}

func TestPublishedFirewallsOfTheBSDsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		was, now says
		want     string
	}{
		"OpenBSD":      {openBSD, openBSD, ""},
		"time passes":  {openBSD, openBSD.with("pfctl -si", strings.ReplaceAll(openBSD["pfctl -si"], "3 days", "4 days")), ""},
		"pfctl -d":     {openBSD, openBSD.with("pfctl -si", "Status: Disabled for 0 days 00:00:01           Debug: err\n"), "warning: The firewall's status changed: Disabled, and was Enabled"},
		"a rule of pf": {openBSD, openBSD.with("pfctl -sr", "pass in quick all \n"+openBSD["pfctl -sr"]), "warning: The firewall's rules changed: new is pass in quick all"},
		"a redirection of pf": {
			freeBSD, freeBSD.with("pfctl -sn", freeBSD["pfctl -sn"]+"rdr pass on em0 inet proto tcp from any to any port = 4444 -> 127.0.0.1 port 22\n"),
			"warning: The firewall's rules changed: new is rdr pass on em0 inet proto tcp from any to any port = 4444 -> 127.0.0.1 port 22",
		},
		"a rule of ipfw": {freeBSD, freeBSD.with("ipfw list", "00050 allow ip from any to me\n"+freeBSD["ipfw list"]), "warning: The firewall's rules changed: new is 00050 allow ip from any to me"},
		"npf stopped":    {netBSD, netBSD.with("npfctl show", strings.Replace(netBSD["npfctl show"], "active", "inactive", 1)), "warning: The firewall's rules changed: Filtering: inactive, and was Filtering: active"},
	} {
		t.Run(name, func(t *testing.T) {
			res := days(t, system.Firewall{Host: c.was.host()}, system.Firewall{Host: c.now.host()})
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(res), "\n"))
		})
	}
	var keys []string
	for _, r := range (system.Firewall{Host: freeBSD.host()}).Read(t.Context()).Records {
		keys = append(keys, strings.Join(r.Key, " "))
	}
	assert.Equal(t, []string{"pf rules", "pf-nat rules", "pf-status status", "ipfw rules"}, keys)
}

// The words are those of issues and pages on FreeBSD where neither is loaded.
func TestAKernelWithoutAFirewallHasNoRulesAndAnotherFailureIsUnknown(t *testing.T) {
	h := freeBSD.host()
	for stderr, known := range map[string]bool{
		"pfctl: /dev/pf: No such file or directory\n":              true,
		"ipfw: retrieving config failed: Protocol not available\n": true,
		"pfctl: /dev/pf: Permission denied\n":                      false,
		"":                                                         false,
	} {
		tool := strings.TrimSuffix(strings.Fields(stderr + "pfctl")[0], ":")
		h.Exec = fails{freeBSD, tool, stderr}
		l := system.Firewall{Host: h}.Read(t.Context())
		for section, err := range l.Unknown {
			assert.False(t, known, "%s: %v", section, err)
		}
		assert.Equal(t, known, len(l.Unknown) == 0, stderr)
		assert.Len(t, l.Records, map[string]int{"pfctl": 1, "ipfw": 3}[tool])
	}
}

// fails is a system of which one tool fails.
type fails struct {
	says
	tool, stderr string
}

func (f fails) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if c.Args[0] == f.tool {
		return host.Output{Stderr: []byte(f.stderr), Exit: 1}, nil
	}
	return f.says.Run(ctx, c)
}

// The values are those of ansible/ansible : test/units/module_utils/facts/test_sysctl.py
// (OpenBSD 6.7), without the names, which sysctl -n does not print. What a release does
// not have, it says on its standard error.
func TestPublishedSettingsOfAKernelAreRead(t *testing.T) {
	was := openBSD.with("sysctl -n kern.securelevel", "1\n", "sysctl -n kern.nosuidcoredump", "1\n", "sysctl -n net.inet.ip.forwarding", "0\n")
	for _, name := range []string{"kern.allowkmem", "kern.utc_offset", "kern.wxabort", "net.inet6.ip6.forwarding", "ddb.console"} {
		was["sysctl -n "+name] = ""
	}
	require.Len(t, system.Sysctl{Host: was.host()}.Read(t.Context()).Records, 3)
	res := days(t, system.Sysctl{Host: was.host()}, system.Sysctl{Host: was.with("sysctl -n kern.securelevel", "-1\n").host()})
	assert.Equal(t, []string{`warning: The kernel's setting kern.securelevel is "-1", and was "1"`}, integritytest.Titles(res))
}

// The lines have the shape of chef/ohai : spec/unit/plugins/freebsd/filesystem_spec.rb
// and puppetlabs/puppet : spec/fixtures/unit/provider/mount/parsed/openbsd.mount, with
// other values: an option with a blank in it, and the word type on OpenBSD alone.
func TestPublishedMountsOfTheBSDsAreRead(t *testing.T) {
	const free = "/dev/ada0p2 on / (ufs, local, journaled soft-updates)\ndevfs on /dev (devfs, local, multilabel)\n"
	const open = "/dev/wd0a on / type ffs (local)\n/dev/wd0e on /home type ffs (local, nodev, nosuid)\n/dev/wd0d on /usr type ffs (local, nodev)\n"
	for name, c := range map[string]struct{ was, now, want string }{
		"FreeBSD": {free, free + "tmpfs on /usr/local/etc (tmpfs, local)\n", "warning: tmpfs (tmpfs) is mounted over /usr/local/etc and hides what is below it"},
		"OpenBSD": {open, strings.Replace(open, "nodev, nosuid", "nodev", 1), `warning: The mount of /home changed: options "nodev,nosuid" to "nodev"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := func(text string) system.Mounts {
				h := says{"mount": text}.host()
				h.Files = noFiles{}
				return system.Mounts{Host: h}
			}
			check := inventory.Check{Question: m(c.was), Dir: t.TempDir()}
			require.Empty(t, integritytest.Collect(t, check).Findings)
			check.Question = m(c.now)
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(integritytest.Collect(t, check)), "\n"))
		})
	}
}

// noFiles is a system without /proc.
type noFiles struct{ host.FS }

func (noFiles) Open(_ context.Context, name string) (host.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (noFiles) Lstat(_ context.Context, name string) (host.Stat, error) {
	return host.Stat{}, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

func (noFiles) ReadDir(_ context.Context, name string) ([]host.Stat, error) {
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}
