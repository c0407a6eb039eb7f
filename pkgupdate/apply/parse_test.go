package apply

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

// dnfTable4 was recorded live from dnf 4.14 with toy packages; the long name was put in
// by hand, as dnf breaks such a row.
const dnfTable4 = `Dependencies resolved.
================================================================================
 Package            Architecture        Version            Repository      Size
================================================================================
Installing:
 newer              noarch              2-1                t              6.2 k
     replacing  old.noarch 1-1
Upgrading:
 a-package-whose-name-is-longer-than-its-column
                    noarch              2.0-1              t              6.1 k
Installing dependencies:
 dep                noarch              1:1.0-1            t              6.1 k

Transaction Summary
================================================================================
Install  2 Packages
Upgrade  1 Package

Total size: 24 k
`

func TestTheTableOfDnfIsReadWordByWord(t *testing.T) {
	s, err := parseDNF(dnfTable4)
	require.NoError(t, err)
	assert.Equal(t, []Step{
		{Action: Install, Name: "newer", Arch: "noarch", To: "2-1", Origins: []string{"t"}},
		{Action: Remove, Name: "old"},
		{Action: Upgrade, Name: "a-package-whose-name-is-longer-than-its-column", Arch: "noarch", To: "2.0-1", Origins: []string{"t"}},
		{Action: Install, Name: "dep", Arch: "noarch", To: "1:1.0-1", Origins: []string{"t"}},
	}, s.steps)
	assert.Equal(t, int64(24<<10), s.download)
	for name, out := range map[string]string{
		"cut":             dnfTable4[:strings.Index(dnfTable4, "Transaction")],
		"a row is gone":   strings.Replace(dnfTable4, " dep ", " dep x ", 1),
		"one more counts": strings.Replace(dnfTable4, "Upgrade  1 Package", "Upgrade  2 Packages", 1),
		"unknown section": strings.Replace(dnfTable4, "Upgrading:", "Enabling module streams:", 1),
		"empty":           "",
	} {
		_, err := parseDNF(out)
		assert.Error(t, err, name)
	}
}

// The tables of yum are after outputs that others published: of Red Hat Enterprise Linux 7,
// with what others need counted apart and a question at the end (among them the tests of
// Azure/LinuxPatchExtension: src/core/tests/library/LegacyEnvLayerExtensions.py), and of 6.
const (
	yumTable7 = `Loaded plugins: product-id, search-disabled-repos, subscription-
              : manager
Resolving Dependencies
--> Running transaction check
---> Package resolver.x86_64 32:9.1-1.el7 will be updated
--> Finished Dependency Resolution

Dependencies Resolved

================================================================================
 Package              Arch           Version                 Repository    Size
================================================================================
Updating:
 resolver             x86_64         32:9.2-1.el7            updates      203 k
Installing for dependencies:
 places               x86_64         1.5.0-11.el7            base         1.1 M
Updating for dependencies:
 resolver-a-library-with-a-long-name
                      x86_64         32:9.2-1.el7            updates      1.0 M

Transaction Summary
================================================================================
Install             ( 1 Dependent package)
Upgrade  1 Package  (+1 Dependent package)

Total download size: 4.8 M
Exiting on user command
Your transaction was saved, rerun it with:
 yum load-transaction /tmp/yum_save_tx.2026-11-28.05-00.abcdef.yumtx
`
	yumTable6 = `Updating:
 puppets       noarch       3.8.2-1.el6        products       1.6 M
     replacing  marionettes.noarch 2.0-1.el6

Transaction Summary
==============================================================================
Upgrade       1 Package(s)

Total download size: 1.6 M
Exiting on user Command
`
)

func TestTheTableOfYumIsReadAsThatOfDnf(t *testing.T) {
	s, err := parseDNF(yumTable7)
	require.NoError(t, err)
	assert.Equal(t, []Step{
		{Action: Upgrade, Name: "resolver", Arch: "x86_64", To: "32:9.2-1.el7", Origins: []string{"updates"}},
		{Action: Install, Name: "places", Arch: "x86_64", To: "1.5.0-11.el7", Origins: []string{"base"}},
		{Action: Upgrade, Name: "resolver-a-library-with-a-long-name", Arch: "x86_64", To: "32:9.2-1.el7", Origins: []string{"updates"}},
	}, s.steps)
	size := 4.8 * (1 << 20)
	assert.Equal(t, int64(size), s.download)
	s, err = parseDNF(yumTable6)
	require.NoError(t, err)
	assert.Equal(t, []Step{
		{Action: Upgrade, Name: "puppets", Arch: "noarch", To: "3.8.2-1.el6", Origins: []string{"products"}},
		{Action: Remove, Name: "marionettes"},
	}, s.steps)
	for name, out := range map[string]string{
		"one more is counted": strings.Replace(yumTable7, "(+1 Dependent package)", "(+2 Dependent packages)", 1),
		"a row is gone":       strings.Replace(yumTable7, " places               x86_64         1.5.0-11.el7            base         1.1 M\n", "", 1),
		"it has no table":     "Loaded plugins: x\nNo packages marked for update\n",
		"another section":     strings.Replace(yumTable7, "Updating for dependencies:", "Not installed:", 1),
	} {
		_, err := parseDNF(out)
		assert.Error(t, err, name)
	}
}

func TestWhatZypperMayNotDoIsRefused(t *testing.T) {
	const head = "<stream><install-summary download-size=\"1\">"
	for _, out := range []string{
		"", "<stream>", "<stream></stream>", `<stream><message type="error">no</message></stream>`,
		head + `<to-downgrade><solvable type="package" name="a"/></to-downgrade></install-summary></stream>`,
		head + `<to-upgrade-change-vendor><solvable type="package" name="a"/></to-upgrade-change-vendor></install-summary></stream>`,
	} {
		_, err := parseZypper([]byte(out))
		assert.Error(t, err, out)
	}
}

func TestTheHolderOfALockIsFoundByItsFile(t *testing.T) {
	const locks = "1: POSIX  ADVISORY  WRITE 4711 fd:00:1234 0 EOF\n1: -> POSIX  ADVISORY  WRITE 99 fd:00:77 0 EOF\n"
	assert.Equal(t, 4711, lockHolder([]byte(locks), host.Stat{Dev: 0xfd00, Ino: 1234}))
	assert.Zero(t, lockHolder([]byte(locks), host.Stat{Dev: 0xfd01, Ino: 1234}), "of another file system")
	assert.Zero(t, lockHolder([]byte(locks), host.Stat{Dev: 0xfd00, Ino: 77}), "who waits holds nothing")
}

func TestFreeSpaceIsTheColumnBeforeTheShare(t *testing.T) {
	for out, want := range map[string]int64{
		"Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 40 60 40% /\n":  60,
		"Filesystem 1024-blocks Used Available Capacity Mounted on\nmy disk 100 40 60 40% /\n": 60,
		"Filesystem Inodes IUsed IFree IUse% Mounted on\nbtrfs 0 0 0 - /\n":                    -1,
	} {
		n, err := parseFree([]byte(out))
		require.NoError(t, err)
		assert.Equal(t, want, n, out)
	}
	_, err := parseFree([]byte("df: no\n"))
	require.Error(t, err)
}

// Whatever a manager prints, what is read of it can be held against the form of names.
func FuzzWhatManagersSay(f *testing.F) {
	f.Add([]byte(dnfTable4))
	f.Add([]byte(yumTable7))
	f.Add([]byte(`<stream><install-summary><to-remove><solvable name="a" edition="1"/></to-remove></install-summary></stream>`))
	f.Add([]byte("Filesystem\nreplacing  x\n"))
	f.Add([]byte("Upgrading:\n replacing x\n replacing\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		for _, parse := range []func() (simulation, error){
			func() (simulation, error) { return parseDNF(string(out)) },
			func() (simulation, error) { return parseZypper(out) },
		} {
			s, err := parse()
			if err == nil && len(s.steps) > len(out) {
				t.Errorf("%d steps in %d bytes", len(s.steps), len(out))
			}
			for _, step := range s.steps {
				_ = speakable(step)
				_ = step.String()
			}
		}
		parseFree(out)                                //nolint:errcheck // it must not panic
		lockHolder(out, host.Stat{Dev: 1, Ino: 1})    // likewise
		_ = aptRemoved(append([]byte("x\n"), out...)) // likewise
	})
}
