package apt

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

// The lines are of apt 2.6.1, but for those marked.
func TestInstLinesOfEachForm(t *testing.T) {
	for line, want := range map[string]Install{
		"libssl3 [3.0.1] (3.0.2 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []": {
			Name: "libssl3", Arch: "amd64", From: "3.0.1", To: "3.0.2", Origins: []string{"Debian:12.15/oldstable", "Debian-Security:12/oldstable-security"},
		},
		"libpam-modules-bin [1.5] (1.6 Debian:12.15/oldstable [amd64]) [libpam-modules:amd64 on libpam-modules-bin:amd64] [libpam-modules:amd64 ]": {
			Name: "libpam-modules-bin", Arch: "amd64", From: "1.5", To: "1.6", Origins: []string{"Debian:12.15/oldstable"},
		},
		"perl-base (5.36.0-7 Debian-Security:12/oldstable-security [amd64])": {
			Name: "perl-base", Arch: "amd64", To: "5.36.0-7", Origins: []string{"Debian-Security:12/oldstable-security"},
		},
		"libc6:i386 [2.36] (2.37 Debian:12.15/oldstable [i386])": {
			Name: "libc6", Arch: "i386", Foreign: true, From: "2.36", To: "2.37", Origins: []string{"Debian:12.15/oldstable"},
		},
		"toy [1] (2  [all])": {Name: "toy", Arch: "all", From: "1", To: "2"}, // constructed: no origin
		"toy [1] (2 Odd (Label) x:1/y [all])": { // constructed: a label of a hostile repository
			Name: "toy", Arch: "all", From: "1", To: "2", Origins: []string{"Odd (Label) x:1/y"},
		},
	} {
		got, err := parseInst(line)
		require.NoError(t, err, line)
		assert.Empty(t, cmp.Diff(want, got), line)
	}
}

func TestSimulationWithoutAMatchingSummaryIsAnError(t *testing.T) {
	inst := "Inst a1 [1] (2 D:1/s [all])\n"
	for out, want := range map[string]string{
		"":   "no summary line",
		inst: "no summary line",
		"0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n" + inst: "1 upgrades, 0 new and 0 removals were read",
		"1 upgraded, 0 newly installed, 1 to remove and 0 not upgraded.\n" + inst: "0 removals",
		"Inst -evil [1] (2 D:1/s [all])\n":                                        "not in the expected form",
		"Inst a1 [1\n":                                                            "not in the expected form",
		"many upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n":     "not in the expected form",
	} {
		_, err := ParseSimulation([]byte(out))
		require.Error(t, err, out)
		assert.Contains(t, err.Error(), want)
	}
}

func TestSummaryCountsDowngradesAndReinstallations(t *testing.T) {
	s, err := ParseSimulation([]byte("Inst a1 [2] (1 D:1/s [all])\nInst b1 (1 D:1/s [all])\nRemv c1 [1]\nPurg d1 [1]\n" +
		"0 upgraded, 1 newly installed, 1 downgraded, 2 to remove and 7 not upgraded.\n3 not fully installed or removed.\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"c1", "d1"}, s.Removes)
	assert.Equal(t, 7, s.NotUpgraded())
}

// The forms are those that apt's own tests expect of apt-get -s (Debian/apt, test/integration:
// test-phased-updates-upgrade, test-apt-get-upgrade, skip-bug-796070-downgrade). The names are
// others: what is deferred stands before what is kept back, both are counted as one; an origin
// may be a suite alone; a package may be "upgraded" to another build of its version; the one
// that a removal breaks stands behind it.
func TestPublishedSimulationsOfAptAreRead(t *testing.T) {
	const head = "Reading package lists...\nBuilding dependency tree...\nCalculating upgrade...\n"
	s, err := ParseSimulation([]byte(head + "The following NEW packages will be installed:\n  libnew\n" +
		"The following upgrades have been deferred due to phasing:\n  tool tool-data\n  tool-extra\n" +
		"The following packages have been kept back:\n  needs-tool other\n" +
		"The following packages will be upgraded:\n  fixed needs-new same\n3 upgraded, 1 newly installed, 0 to remove and 5 not upgraded.\n" +
		"Inst libnew (3 unstable-updates [all])\nInst needs-new [1] (3 unstable-updates [all]) []\nInst fixed [1] (3 unstable-security, unstable-updates [all])\nInst same [1.0] (1.0 unstable [all])\n" +
		"Conf libnew (3 unstable-updates [all])\nConf needs-new (3 unstable-updates [all])\nConf fixed (3 unstable-security, unstable-updates [all])\nConf same (1.0 unstable [all])\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"tool", "tool-data", "tool-extra"}, s.Phased)
	assert.Equal(t, []string{"needs-tool", "other"}, s.KeptBack)
	assert.Equal(t, len(s.Phased)+len(s.KeptBack), s.NotUpgraded())
	require.Len(t, s.Installs, 4)
	assert.Equal(t, Install{Name: "fixed", Arch: "all", From: "1", To: "3", Origins: []string{"unstable-security", "unstable-updates"}}, s.Installs[2])
	assert.Equal(t, Install{Name: "same", Arch: "all", From: "1.0", To: "1.0", Origins: []string{"unstable"}}, s.Installs[3])

	s, err = ParseSimulation([]byte("Reading package lists...\nBuilding dependency tree...\nThe following packages will be REMOVED:\n  lib5\nThe following packages will be DOWNGRADED:\n  tool\n" +
		"0 upgraded, 0 newly installed, 1 downgraded, 1 to remove and 0 not upgraded.\nRemv lib5 [1.1~exp9] [tool:i386 ]\nInst tool [1.1~exp9] (1.0.10.1 unstable [all])\nConf tool (1.0.10.1 unstable [all])\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"lib5"}, s.Removes)
	require.Len(t, s.Installs, 1)
	assert.Equal(t, "1.0.10.1", s.Installs[0].To)
}

func TestReleaseHeadsWithAndWithoutSignature(t *testing.T) {
	plain := "Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nCodename: bookworm-security\n" +
		"Date: Tue, 24 Nov 2026 00:34:33 UTC\nValid-Until: Tue, 01 Dec 2026 00:34:33 +0000\nSHA256:\n abc 0 x\n"
	for _, text := range []string{plain, "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + plain} {
		r, err := ParseRelease([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, time.Date(2026, 11, 24, 0, 34, 33, 0, time.UTC), r.Date)
		assert.Equal(t, time.Date(2026, 12, 1, 0, 34, 33, 0, time.UTC), r.ValidUntil)
		assert.True(t, isSecurity(r.Label, r.Suite, r.Codename))
	}
	// Debian/apt, test/integration/test-acquire-binary-all: of an architecture that the file does not name, apt skips the list.
	const lists = "SHA256:\n 00 7 main/binary-amd64/Packages\n 00 8 main/binary-i386/Packages\n"
	for text, want := range map[string]map[string]int64{
		plain + lists: {"main/binary-amd64/Packages": 7, "main/binary-i386/Packages": 8},
		plain + "Architectures: amd64 arm64\n" + lists: {"main/binary-amd64/Packages": 7},
	} {
		r, err := ParseRelease([]byte(strings.Replace(text, "SHA256:\n abc 0 x\n", "", 1)))
		require.NoError(t, err)
		assert.Equal(t, want, r.Lists)
	}
	for _, text := range []string{"", "Label: x\n", "Date: soon\n", strings.Repeat("x", 100)} {
		_, err := ParseRelease([]byte(text))
		assert.Error(t, err)
	}
}

func TestSecurityOriginsOfDebianAndUbuntu(t *testing.T) {
	for origin, want := range map[string]bool{
		"Debian-Security:12/oldstable-security": true, "Debian-Security:10/oldstable": true, "Ubuntu:22.04/jammy-security": true,
		"Toy:stable-security": true, "Toy:stable": false,
		"Debian:12.15/oldstable": false, "Ubuntu:22.04/jammy-updates": false, "": false, "security": false,
	} {
		assert.Equal(t, want, securityOrigin(origin), origin)
	}
}

func TestFixesTakesTheNewestWhateverTheWrites(t *testing.T) {
	text := "Package: a1\nVersion: 2\nArchitecture: all\n\nPackage: b1\nVersion: 9\nArchitecture: amd64\n\n" +
		"Package: a1\nVersion: 10\nArchitecture: amd64\n\nPackage: a1\nVersion: bad version\n\nPackage: a1\nVersion: 99\nArchitecture: i386\n\nPackage: a1\nArchitecture: amd64\nVersion: 3"
	installed, err := dpkg.ParseStatus([]byte("Package: a1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"))
	require.NoError(t, err)
	for size := 1; size < len(text); size++ {
		f := newFixes(installed)
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			_, err := f.Write([]byte(rest[:n]))
			require.NoError(t, err)
			rest = rest[n:]
		}
		f.end()
		require.Len(t, f.newest, 1)
		require.Equal(t, "10", f.newest[key{"a1", ""}].String(), "writes of %d bytes", size)
	}
	_, err = newFixes(nil).Write(make([]byte, 2<<20))
	assert.ErrorIs(t, err, errLongLine)
}

func FuzzParseSimulation(f *testing.F) {
	f.Add([]byte("The following packages have been kept back:\n  a1\nInst a1 [1] (2 D:1/s [all]) []\n1 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		s, err := ParseSimulation(out)
		if err == nil && s.Summary == "" {
			t.Fatal("no proof, no error")
		}
	})
}

func FuzzParseRelease(f *testing.F) {
	f.Add([]byte("-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\nDate: Tue, 24 Nov 2026 00:34:33 UTC\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, err := ParseRelease(text); err == nil && r.Date.IsZero() {
			t.Fatal("no date, no error")
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte("/a\tb\tc\td\n"), []byte("'http://x/InRelease' x_InRelease 0 \n"))
	f.Fuzz(func(t *testing.T, targets, uris []byte) {
		list, err := parseTargets(targets)
		for _, x := range list {
			if err == nil && !strings.HasPrefix(x.file, "/") {
				t.Fatal(x)
			}
		}
		parseURIs(uris)
		fx := newFixes(nil)
		fx.Write(targets)
		fx.end()
	})
}
