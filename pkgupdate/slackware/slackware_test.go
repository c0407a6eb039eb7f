package slackware_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/slackware"
)

const machine = `slackware: after documentation (the forms of pkgtools(8), slackpkg(8) and of the ChangeLog)
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/pkgtools/packages/aaa_base-15.0-x86_64-4_slack15.0 --
PACKAGE NAME:     aaa_base-15.0-x86_64-4_slack15.0
-- /var/lib/pkgtools/packages/openssl-1.1.1zb-x86_64-1_slack15.0 --
-- /var/lib/pkgtools/packages/xorg-server-xephyr-1.20.14-x86_64-9_slack15.0 --
-- /var/lib/pkgtools/packages/local-tool-1.0-noarch-1_mine --
-- /var/lib/slackpkg/pkglist --
slackware64 aaa_base 15.0 x86_64 3 aaa_base-15.0-x86_64-3 ./slackware64/a txz
patches aaa_base 15.0 x86_64 4_slack15.0 aaa_base-15.0-x86_64-4_slack15.0 ./patches/packages txz
patches openssl 1.1.1zd x86_64 1_slack15.0 openssl-1.1.1zd-x86_64-1_slack15.0 ./patches/packages txz
patches xorg-server-xephyr 1.20.14 x86_64 10_slack15.0 xorg-server-xephyr-1.20.14-x86_64-10_slack15.0 ./patches/packages txz
-- /var/lib/slackpkg/ChangeLog.txt mtime=2026-11-27T20:00:00Z --
Fri Nov 27 19:30:11 UTC 2026
patches/packages/xorg-server-xephyr-1.20.14-x86_64-10_slack15.0.txz:  Rebuilt.
  Nothing of security here.
patches/packages/openssl-1.1.1zd-x86_64-1_slack15.0.txz:  Upgraded.
  Fixed a hole.
  For more information, see:
    https://www.cve.org/CVERecord?id=CVE-2026-1234
  (* Security fix *)
+--------------------------+
`

func names(p pkgupdate.Pending) (out []string) {
	for _, u := range p.Upgrades {
		out = append(out, u.Pkg.Name+" "+u.Pkg.Version.String()+" > "+u.To().String()+" "+u.Class.String())
	}
	return out
}

func TestWhatDiffersFromTheMirrorIsPendingAndTheChangeLogSaysWhatItIsFor(t *testing.T) {
	m := &slackware.Manager{Host: hosttest.New(machine).Host()}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	installed := m.Installed(t.Context())
	require.NoError(t, installed.Reason)
	assert.Len(t, installed.Value, 4)
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{
		"openssl 1.1.1zb-1_slack15.0 > 1.1.1zd-1_slack15.0 security",
		"xorg-server-xephyr 1.20.14-9_slack15.0 > 1.20.14-10_slack15.0 ordinary",
	}, names(a.Value))
}

// The newest version may be a mere rebuild of the one that closed the hole; the kernel's
// packages stand there as one folder; and a line may be of any length.
func TestAFixBetweenWhatIsInstalledAndWhatIsOnOfferCounts(t *testing.T) {
	const (
		rebuilt = "patches/packages/xorg-server-xephyr-1.20.14-x86_64-10_slack15.0.txz:  Rebuilt.\n  Nothing of security here.\n"
		earlier = "+--------------------------+\npatches/packages/xorg-server-xephyr-1.20.14-x86_64-%d_slack15.0.txz:  Rebuilt.\n  (* Security fix *)\n"
		kernel  = "patches kernel-generic 5.15.193 x86_64 1 kernel-generic-5.15.193-x86_64-1 ./patches/packages/linux-5.15.193 txz\n"
		was     = "-- /var/lib/pkgtools/packages/kernel-generic-5.15.%d-x86_64-1 --\nPACKAGE NAME:     x\n"
		kernels = "patches/packages/linux-5.15.193/*:  Upgraded.\n  These are bugfixes.\n+---+\npatches/packages/linux-5.15.187/*:  Upgraded.\n  (* Security fix *)\n+---+\n"
	)
	with := func(build int) string { return machine + fmt.Sprintf(earlier, build) }
	kernelOf := func(patch int) string {
		text := strings.Replace(machine, "patches openssl", kernel+"patches openssl", 1)
		text = strings.Replace(text, "-- /var/lib/slackpkg/pkglist", fmt.Sprintf(was, patch)+"-- /var/lib/slackpkg/pkglist", 1)
		return text + kernels
	}
	for text, want := range map[string]string{
		with(10):      "xorg-server-xephyr 1.20.14-9_slack15.0 > 1.20.14-10_slack15.0 security", // the log has it twice
		with(9):       "xorg-server-xephyr 1.20.14-9_slack15.0 > 1.20.14-10_slack15.0 ordinary", // that one is installed
		kernelOf(160): "kernel-generic 5.15.160-1 > 5.15.193-1 security",
		kernelOf(187): "kernel-generic 5.15.187-1 > 5.15.193-1 ordinary",
		strings.Replace(machine, rebuilt, "  "+strings.Repeat("x", 1<<17)+"\n"+rebuilt, 1): "openssl 1.1.1zb-1_slack15.0 > 1.1.1zd-1_slack15.0 security",
	} {
		a := (&slackware.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		require.NoError(t, a.Reason)
		assert.Contains(t, names(a.Value), want)
	}
}

func TestListsThatAreOldMissingOrCutAreNoProof(t *testing.T) {
	for name, text := range map[string]string{
		"old":       strings.NewReplacer("mtime=2026-11-27T20:00:00Z", "mtime=2026-11-20T20:00:00Z", "Fri Nov 27", "Fri Nov 20").Replace(machine),
		"no log":    machine[:strings.Index(machine, "-- /var/lib/slackpkg/ChangeLog.txt")],
		"cut list":  strings.Replace(machine, "patches openssl 1.1.1zd x86_64 1_slack15.0 openssl-1.1.1zd-x86_64-1_slack15.0 ./patches/packages txz", "patches open", 1),
		"empty log": machine[:strings.Index(machine, "Fri Nov 27")],
		"empty":     machine[:strings.Index(machine, "slackware64 aaa_base")] + machine[strings.Index(machine, "-- /var/lib/slackpkg/ChangeLog.txt"):],
		"no list":   machine[:strings.Index(machine, "-- /var/lib/slackpkg/pkglist")] + machine[strings.Index(machine, "-- /var/lib/slackpkg/ChangeLog.txt"):],
	} {
		a := (&slackware.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		assert.Equal(t, pkgupdate.Unknown, a.State, name)
		assert.Error(t, a.Reason, name)
	}
}

func TestWhatTheMirrorDoesNotHaveIsAnOrphan(t *testing.T) {
	for text, want := range map[string]pkgupdate.State{
		machine: pkgupdate.Known,
		strings.Replace(machine, "slackware64 aaa_base", "testing odd.tgz    odd.tgz--- ./testing/packages tgz\nslackware64 aaa_base", 1): pkgupdate.Unknown,
		machine[:strings.Index(machine, "-- /var/lib/slackpkg/pkglist")]:                                                                  pkgupdate.Unknown,
	} {
		m := &slackware.Manager{Host: hosttest.New(text).Host()}
		a := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
		assert.Equal(t, want, a.State, "%v", a.Reason)
		if strings.Contains(text, "pkglist") {
			require.Len(t, a.Value, 1)
			assert.Equal(t, "local-tool", a.Value[0].Name)
		}
	}
}

// After the source of slackpkg (rworkman/slackpkg: core-functions.sh, pkglist.awk, the
// blacklist and the configuration that it ships): an expression is a whole field of a line,
// the parts of the mirror have an order, and a file with a name of another form has fields
// that are empty.
func TestWhatSlackpkgLeavesAloneIsHeld(t *testing.T) {
	const fix = "openssl 1.1.1zb-1_slack15.0 > 1.1.1zd-1_slack15.0 security"
	for list, want := range map[string]string{
		"":                                   "",
		"# openssl\n":                        "",
		"openssl\n":                          "openssl ",
		" openssl.*\t\n\n":                   "openssl ",
		"open\n":                             "",
		"[0-9]+_slack15.0\n":                 "openssl xorg-server-xephyr ",
		"patches/\n":                         "openssl xorg-server-xephyr ",
		"x/\n":                               "xorg-server-xephyr ", // where the main part has it
		"gcc-g\\+\\+\n":                      "",
		"openssl-1.1.1zb-x86_64-1_slack15.0": "openssl ", // as it is installed
	} {
		text := strings.Replace(machine, "slackware64 aaa_base", "slackware64 xorg-server-xephyr 1.20.14 x86_64 8 xorg-server-xephyr-1.20.14-x86_64-8 ./slackware64/x txz\nslackware64 aaa_base", 1)
		m := &slackware.Manager{Host: hosttest.New(text + "-- /etc/slackpkg/blacklist --\n" + list).Host()}
		require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
		a := m.Pending(t.Context())
		require.NoError(t, a.Reason, list)
		assert.Contains(t, names(a.Value), fix)
		got := ""
		for _, u := range a.Value.Upgrades {
			if u.Blocked == pkgupdate.Held && u.Pkg.Held {
				got += u.Pkg.Name + " "
			}
		}
		assert.Equal(t, want, got, "%q", list)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"testing comes after the main part":    {"slackware64 aaa_base", "testing rust 9 x86_64 1 rust-9-x86_64-1 ./testing/packages txz\nslackware64 rust 8 x86_64 1 rust-8-x86_64-1 ./slackware64/d txz\nslackware64 aaa_base", "rust 7-1 > 8-1 ordinary"},
		"extra comes after the patches":        {"slackware64 aaa_base", "extra rust 9 x86_64 1 rust-9-x86_64-1 ./extra/rust txz\npatches rust 8 x86_64 1 rust-8-x86_64-1 ./patches/packages txz\nslackware64 aaa_base", "rust 7-1 > 8-1 ordinary"},
		"a file of another form":               {"slackware64 aaa_base", "testing odd.tgz    odd.tgz--- ./testing/packages tgz\nslackware64 rust 8 x86_64 1 rust-8-x86_64-1 ./slackware64/d txz\nslackware64 aaa_base", "rust 7-1 > 8-1 ordinary"},
		"an expression that is none":           {"-- /var/lib/slackpkg/pkglist", "-- /etc/slackpkg/blacklist --\n(\nopenssl\n-- /var/lib/slackpkg/pkglist", fix},
		"a blacklist that cannot be looked at": {"-- /var/lib/slackpkg/pkglist", "-- /etc/slackpkg/blacklist error=permission --\n-- /var/lib/slackpkg/pkglist", fix},
	} {
		text := strings.Replace(machine, c.from, c.to, 1)
		text = strings.Replace(text, "-- /var/lib/slackpkg/pkglist", "-- /var/lib/pkgtools/packages/rust-7-x86_64-1 --\n-- /var/lib/slackpkg/pkglist", 1)
		a := (&slackware.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		assert.Contains(t, names(a.Value), c.want, name)
		assert.Equal(t, strings.HasPrefix(name, "a"), a.State == pkgupdate.Unknown, "%s: %v", name, a.Reason)
	}
}

func TestAnotherSystemHasNoSuchDatabase(t *testing.T) {
	h := hosttest.New("x: after documentation (none)\n-- / dir complete=tree --\n").Host()
	assert.ErrorIs(t, (&slackware.Manager{Host: h}).Installed(t.Context()).Reason, pkgupdate.ErrAbsent)
}

const kept = machine + `-- /var/lib/pkgtools/packages/zlib-1.3.1-x86_64-1 mtime=2026-11-27T10:00:05Z --
PACKAGE NAME:     zlib-1.3.1-x86_64-1
FILE LIST:
./
etc/
etc/zlib.conf.new
install/
install/doinst.sh
usr/lib64/libz.so.1.3.1
-- /var/lib/pkgtools/scripts/zlib-1.3.1-x86_64-1 --
config etc/zlib.conf.new
( cd usr/lib64 ; rm -rf libz.so.1 )
( cd usr/lib64 ; ln -sf libz.so.1.3.1 libz.so.1 )
-- /var/lib/pkgtools/removed_packages/zlib-1.3.0-x86_64-1-upgraded-2026-11-27,10:00:03 --
-- /var/lib/pkgtools/removed_packages/gone-2.0-noarch-1 mtime=2026-11-27T11:00:00Z --
`

func TestPkgtoolsLeaveWhatTheyDid(t *testing.T) {
	list, err := (&slackware.Manager{Host: hosttest.New(kept).Host()}).History(t.Context(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, []pkgupdate.Event{{At: list[0].Begin, Name: "zlib", Arch: "x86_64", From: "1.3.0-1", To: "1.3.1-1"}}, list[0].Events)
	assert.Equal(t, "2.0-1", list[1].Events[0].From)
	assert.Empty(t, list[1].Events[0].To)
}

func TestPkgtoolsNameFilesFoldersAndLinks(t *testing.T) {
	claims, err := (&slackware.Manager{Host: hosttest.New(kept).Host()}).Attest(t.Context(), []string{"/etc", "/etc/zlib.conf", "/usr/lib64/libz.so.1", "/usr/lib64/libz.so.1.3.1", "/install/doinst.sh", "/opt/x"})
	require.NoError(t, err)
	owned := host.Claim{Package: "slackware:zlib", Version: "1.3.1-1", Strength: host.StrengthOwned}
	dir, link := owned, owned
	dir.Type, dir.Strength = host.ModeDir, host.StrengthDatabase
	link.Type, link.Link, link.Strength = host.ModeSymlink, "libz.so.1.3.1", host.StrengthDatabase
	assert.Equal(t, map[string]host.Claim{"/etc": dir, "/etc/zlib.conf": owned, "/usr/lib64/libz.so.1": link, "/usr/lib64/libz.so.1.3.1": owned, "/install/doinst.sh": {}, "/opt/x": {}}, claims)
}

// After a log that others published (slacklog, of 14.0): the mark closes one package's
// text and not the next line's, the word "security" in a text is no mark, and a patch
// level has an underscore.
func TestAPublishedChangeLogIsRead(t *testing.T) {
	entry := func(name, ver string) string {
		return "patches " + name + " " + ver + " x86_64 1_slack15.0 " + name + "-" + ver + "-x86_64-1_slack15.0 ./patches/packages txz\n"
	}
	lists := entry("vim", "7.4.399") + entry("vim-gvim", "7.4.399") + entry("samba", "4.4.13") + entry("bind", "9.9.9_P6")
	installed := ""
	for _, full := range []string{"vim-7.4.1", "vim-gvim-7.4.1", "samba-4.4.12", "bind-9.9.9_P5"} {
		installed += "-- /var/lib/pkgtools/packages/" + full + "-x86_64-1_slack15.0 --\nPACKAGE NAME:     x\n"
	}
	text := strings.Replace(machine, "patches openssl", lists+"patches openssl", 1)
	text = strings.Replace(text, "-- /var/lib/slackpkg/pkglist", installed+"-- /var/lib/slackpkg/pkglist", 1)
	text += `+--------------------------+
Mon Nov 23 18:08:13 UTC 2026
patches/packages/vim-7.4.399-x86_64-1_slack15.0.txz:  Upgraded.
  Encryption is weak before.
  For more information, see:
    https://example.org/weak
  (* Security fix *)
patches/packages/vim-gvim-7.4.399-x86_64-1_slack15.0.txz:  Upgraded.
+--------------------------+
Sun Nov 22 05:16:59 UTC 2026
patches/packages/samba-4.4.13-x86_64-1_slack15.0.txz:  Upgraded.
  This is a bug fix release to address a regression introduced by the security
  fixes for CVE-2026-2619.
+--------------------------+
Fri Nov 20 21:07:35 UTC 2026
patches/packages/bind-9.9.9_P6-x86_64-1_slack15.0.txz:  Upgraded.
  (* Security fix *)
`
	a := (&slackware.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	got := names(a.Value)
	assert.Contains(t, got, "vim 7.4.1-1_slack15.0 > 7.4.399-1_slack15.0 security")
	assert.Contains(t, got, "vim-gvim 7.4.1-1_slack15.0 > 7.4.399-1_slack15.0 ordinary")
	assert.Contains(t, got, "samba 4.4.12-1_slack15.0 > 4.4.13-1_slack15.0 ordinary")
	assert.Contains(t, got, "bind 9.9.9_P5-1_slack15.0 > 9.9.9_P6-1_slack15.0 security")
}

// After logs of 12.0 and of 14.2 that others published (slacklog, test/changelogs): a text may
// have lines that are not set in, a box may stand between the entries, a kernel is a folder
// whose text shows a list of settings, and a rebuild follows a rebuild.
func TestTextsOfPublishedChangeLogsHideNoMark(t *testing.T) {
	entry := func(name, ver, build string) string {
		return "patches " + name + " " + ver + " x86_64 " + build + " " + name + "-" + ver + "-x86_64-" + build + " ./patches/packages txz\n"
	}
	lists := entry("bind", "9.4_ESV_R5_P1", "1_slack15.0") + entry("php", "5.3.15", "1_slack15.0") + entry("libcgroup", "0.41", "5_slack15.0") +
		"patches kernel-generic 4.4.144 x86_64 1 kernel-generic-4.4.144-x86_64-1 ./patches/packages/linux-4.4.144 txz\n"
	installed := ""
	for _, full := range []string{"bind-9.4_ESV_R4-x86_64-1_slack15.0", "php-5.3.14-x86_64-1_slack15.0", "libcgroup-0.41-x86_64-3_slack15.0", "kernel-generic-4.4.132-x86_64-1"} {
		installed += "-- /var/lib/pkgtools/packages/" + full + " --\nPACKAGE NAME:     x\n"
	}
	text := strings.Replace(machine, "patches openssl", lists+"patches openssl", 1)
	text = strings.Replace(text, "-- /var/lib/slackpkg/pkglist", installed+"-- /var/lib/slackpkg/pkglist", 1)
	text += `Thu Nov 26 02:09:25 UTC 2026
####################################################################
# NOTICE OF IMPENDING END OF LIFE: old versions that will be       #
# more than 5 years old at that time):                             #
####################################################################
patches/packages/bind-9.4_ESV_R5_P1-x86_64-1_slack15.0.tgz:  Upgraded.
        --- 9.4-ESV-R5-P1 released ---
3218.   [security]      Cache lookup could return data associated with
                        nonexistent records: an assertion fails.
  (* Security fix *)
patches/packages/libcgroup-0.41-x86_64-5_slack15.0.txz:  Rebuilt.
  Added "LANG=C" in build script to avoid a bug.
+--------------------------+
Wed Nov 25 21:01:22 UTC 2026
  Enjoy some fresh time.  :)
patches/packages/linux-4.4.144/*:  Upgraded.
  Here's the complete list of kernel config changes from the previous 4.4.132:
    -X86_DEBUG_STATIC_CPU_HAS n
     CIFS_SMB2 n -> y
    +CC_OPTIMIZE_FOR_PERFORMANCE y
  (* Security fix *)
patches/packages/php-5.3.15-x86_64-1_slack15.0.txz:  Upgraded.
  Fixed potential overflow in _php_stream_scandir.
  (Thanks to Jason Powell, Stas)
  (* Security fix *)
+--------------------------+
Tue Nov 24 21:55:19 UTC 2026
patches/packages/libcgroup-0.41-x86_64-4_slack15.0.txz:  Rebuilt.
`
	a := (&slackware.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	got := names(a.Value)
	assert.Contains(t, got, "bind 9.4_ESV_R4-1_slack15.0 > 9.4_ESV_R5_P1-1_slack15.0 security")
	assert.Contains(t, got, "php 5.3.14-1_slack15.0 > 5.3.15-1_slack15.0 security")
	assert.Contains(t, got, "kernel-generic 4.4.132-1 > 4.4.144-1 security")
	assert.Contains(t, got, "libcgroup 0.41-3_slack15.0 > 0.41-5_slack15.0 ordinary")
}
