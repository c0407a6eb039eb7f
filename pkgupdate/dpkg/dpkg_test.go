package dpkg

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// The states are those of dpkg(1).
func TestEachStateOfTheDatabase(t *testing.T) {
	entry := func(name, status string) string {
		return "Package: " + name + "\nStatus: " + status + "\nArchitecture: amd64\nVersion: 1\n\n"
	}
	list, err := ParseStatus([]byte(entry("good", "install ok installed") + entry("gone", "deinstall ok config-files") +
		entry("never", "unknown ok not-installed") + entry("half", "install ok half-installed") + entry("unpacked", "install ok unpacked") +
		entry("waits", "install ok triggers-awaited") + entry("redo", "install reinstreq half-installed") + entry("held", "hold ok installed")))
	require.NoError(t, err)
	got := map[string]string{}
	for _, p := range list {
		got[p.Name] = p.Fault
		assert.Equal(t, p.Name == "held", p.Held)
	}
	assert.Equal(t, map[string]string{
		"good": "", "half": "half-installed", "unpacked": "unpacked", "waits": "triggers-awaited", "redo": "reinstallation required", "held": "",
	}, got)
}

func TestOneBadEntryDoesNotHideTheOthers(t *testing.T) {
	good := "Package: good\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n"
	for _, bad := range []string{
		"Package: ../evil\nStatus: install ok installed\nVersion: 1\n",
		"Package: bad\nStatus: install ok\nVersion: 1\n",
		"Package: bad\nStatus: install ok installed\nVersion: 1 0\n",
		"Package: bad\nStatus: install ok splendid\nVersion: 1\n",
		"Package: bad\nStatus: install ok installed\nVersion: 1\nSource: --evil\n",
		"Package: bad\nStatus: install ok installed\nVersion: 1\nArchitecture: am\td64\n",
	} {
		list, err := ParseStatus([]byte(bad + "\n" + good))
		var record *pkgupdate.RecordError
		assert.ErrorAs(t, err, &record, bad)
		require.NotEmpty(t, list)
		assert.Equal(t, "good", list[len(list)-1].Name)
		for _, p := range list[:len(list)-1] {
			assert.Equal(t, "bad", p.Name, "it is there, whatever is odd about its version")
		}
	}
}

// After databases that osv-scalibr and syft have among the tests of their readers (dpkg/nopackage,
// dpkg/trailingnewlines, status.d/deinstall and corrupt): a record lacks its name or is no record,
// a kernel was removed up to its configuration, empty lines stand at the end.
func TestPublishedDatabasesAreRead(t *testing.T) {
	list, err := ParseStatus([]byte("Package: foo\nStatus: install ok installed\nVersion: 1.0\n\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.3.1-3\nDescription: lists\n This package has\n tools.\n\n" +
		"Pakij: apt\nStratus: install ok installed\nInsterface to the configuration\n  * keys\n\n" +
		"Package: linux-image-6.8.0-1029-aws\nStatus: deinstall ok config-files\nArchitecture: amd64\nSource: linux-signed-aws\nVersion: 6.8.0-1029.31\nConfig-Version: 6.8.0-1029.31\n\n" +
		"Package: linux-image-6.14.0-1012-aws\nStatus: install ok installed\nArchitecture: amd64\nSource: linux-signed-aws-6.14\nVersion: 6.14.0-1012.12~24.04.1\nBuilt-Using: linux-aws-6.14 (= 6.14.0-1012.12~24.04.1)\n\n\n\n\n"))
	var record *pkgupdate.RecordError
	assert.ErrorAs(t, err, &record)
	assert.Equal(t, 2, strings.Count(err.Error(), "is no package name"), err)
	require.Len(t, list, 2)
	assert.Equal(t, "foo linux-image-6.14.0-1012-aws", list[0].Name+" "+list[1].Name)
	assert.Equal(t, "linux-signed-aws-6.14 6.14.0-1012.12~24.04.1", list[1].Source+" "+list[1].Version.String())
}

func TestForeignArchitectureIsPartOfTheIdentity(t *testing.T) {
	list, err := ParseStatus([]byte("Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n" +
		"Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n\n" +
		"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"))
	require.NoError(t, err)
	assert.Equal(t, "deb:dpkg deb:libc6 deb:libc6:i386", list[0].ID()+" "+list[1].ID()+" "+list[2].ID())
}

func TestConffilesWithFlagsAndBlanks(t *testing.T) {
	list := parseConffiles([]byte("Package: a1\nVersion: 1\nConffiles:\n /etc/a b 0123456789abcdef0123456789abcdef\n" +
		" /etc/old 0123456789abcdef0123456789abcdef obsolete\n /etc/new newconffile\n nonsense\n"))
	require.Len(t, list, 3)
	assert.Equal(t, "/etc/a b", list[0].Path)
	assert.Equal(t, "/etc/old 0123456789abcdef0123456789abcdef", list[1].Path+" "+list[1].MD5)
	assert.Nil(t, owned{}.withDigest(list[2].MD5).claim.Digest)
}

func TestDamagedLogLinesArePassedOver(t *testing.T) {
	text := "2026-11-25 10:00:00 upgrade a1:amd64 1 2\n2026-11-25 10:00 upgrade\n\x00\xff\n2026-99-25 10:00:00 install a1:all <none> 2\n" +
		"2026-11-25 10:00:00 trigproc a1:amd64 1 2\n2026-11-24 10:00:00 install old:all <none> 2\n"
	events := ParseLog([]byte(text), time.UTC, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	require.Len(t, events, 1)
	assert.Equal(t, "a1 amd64 2", events[0].Name+" "+events[0].Arch+" "+events[0].To)
}

func TestOnlyPackageNamesOfDpkgAreValid(t *testing.T) {
	for _, name := range []string{"a1", "libstdc++6", "python3.11", "0ad", "my_tool", "A1"} {
		assert.True(t, ValidName(name), name)
	}
	for _, name := range []string{"", "a", "-a", "_a", "a1/x", "a1=2", "a*", "+a", ".a", "a\n", "a1:amd64", strings.Repeat("a", 300)} {
		assert.False(t, ValidName(name), name)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte("Package: a1\nStatus: install ok installed\nVersion: 1\nSource: b1 (2)\nConffiles:\n /etc/a 00\n\nPackage"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ParseStatus(text)
		for _, p := range list {
			if !ValidName(p.Name) || p.Version.IsZero() && err == nil {
				t.Fatalf("%+v", p)
			}
		}
		for _, c := range parseConffiles(text) {
			if !strings.HasPrefix(c.Path, "/") {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func FuzzDatabase(f *testing.F) {
	f.Add([]byte("/a\n/b\nc\n"), []byte("root root 4755 /usr/bin/x\n"))
	f.Fuzz(func(t *testing.T, diverted, overridden []byte) {
		parseDiversions(diverted)
		if o, ok := parseOverride(string(overridden)); ok && o.mode > 0o7777 {
			t.Fatal(o)
		}
		ParseLog(overridden, time.UTC, time.Time{})
	})
}

// far answers batches alone, and counts them: each is one exchange.
type far struct {
	near      host.Host
	exchanges int
}

var errNear = errors.New("a question of its own")

func (f *far) Open(context.Context, string) (host.File, error)      { return nil, errNear }
func (f *far) Lstat(context.Context, string) (host.Stat, error)     { return host.Stat{}, errNear }
func (f *far) ReadDir(context.Context, string) ([]host.Stat, error) { return nil, errNear }

func (f *far) Batch(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
	f.exchanges++
	return f.near.Batch(ctx, asks, fn)
}

func TestTheInventoryOfAFarSystemIsOneExchange(t *testing.T) {
	f := &far{near: hosttest.New("dpkg: after documentation (dpkg(1))\n-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n-- " + StatusFile +
		" mtime=2026-11-27T20:00:00Z --\nPackage: good\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n").Host()}
	a := Database{Host: host.Host{Files: f}}.Installed(t.Context())
	require.NoError(t, a.Reason)
	assert.Len(t, a.Value, 1)
	assert.Equal(t, time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC), a.AsOf)
	assert.Equal(t, 1, f.exchanges)
	none := &far{near: hosttest.New("x\n-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n").Host()}
	assert.ErrorIs(t, Database{Host: host.Host{Files: none}}.Installed(t.Context()).Reason, pkgupdate.ErrAbsent)
	left := hosttest.New("x\n-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n-- " + StatusFile + " --\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n").Host()
	assert.ErrorIs(t, Database{Host: left}.Installed(t.Context()).Reason, pkgupdate.ErrAbsent, "of a tool that installed nothing")
}
