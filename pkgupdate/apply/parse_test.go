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
