package apt

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// live is the manager of this machine, which must be Debian's.
func live(t testing.TB) *Manager {
	t.Helper()
	need.Program(t, "dpkg-query")
	need.Program(t, "apt-get")
	m := &Manager{Host: host.Local()}
	need.That(t, "dpkg database", !errors.Is(m.Installed(t.Context()).Reason, pkgupdate.ErrAbsent))
	return m
}

// keeping is the same with what apt said to an earlier test.
func keeping(t testing.TB) *Manager {
	t.Helper()
	need.Long(t) // apt reads all its lists, twice
	m := live(t)
	m.Kept = askedOnce().kept
	return m
}

// asked is what this machine's apt said when it was asked for the first time.
type asked struct {
	kept      *memory
	installed []pkgupdate.Package
	pending   pkgupdate.Answer[pkgupdate.Pending]
	orphans   pkgupdate.Answer[[]pkgupdate.Package]
}

var askedOnce = sync.OnceValue(func() asked {
	ctx, a := context.Background(), asked{kept: &memory{}}
	m := &Manager{Host: host.Local(), Kept: a.kept}
	a.pending, a.installed = m.Pending(ctx), m.Installed(ctx).Value
	a.orphans = m.Orphans(ctx, a.installed)
	return a
})

func TestThisMachinePassesTheConformanceKit(t *testing.T) {
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), keeping(t)))
}

func TestInventoryOfThisMachineAgreesWithDpkgQuery(t *testing.T) {
	m := live(t)
	a, want := inventoryAtRest(t, m)
	require.NoError(t, a.Reason)
	require.NotEmpty(t, want)
	for _, p := range a.Value {
		line := strings.Join([]string{p.Name, p.Arch, p.Version.String(), p.SourceName()}, "\t")
		assert.True(t, want[line] || p.Fault != "", line)
		delete(want, line)
	}
	assert.Empty(t, want)
}

// inventoryAtRest reads the inventory and asks dpkg-query for it while nothing
// is written to the database.
func inventoryAtRest(t *testing.T, m *Manager) (pkgupdate.Answer[[]pkgupdate.Package], map[string]bool) {
	t.Helper()
	for range 20 {
		a := m.Installed(t.Context())
		out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\n").Output()
		require.NoError(t, err)
		if !m.Installed(t.Context()).AsOf.Equal(a.AsOf) {
			continue
		}
		want := map[string]bool{}
		for line := range strings.Lines(string(out)) {
			if rest, ok := strings.CutPrefix(line, "installed\t"); ok {
				want[strings.TrimSpace(rest)] = true
			}
		}
		return a, want
	}
	t.Fatal("the package database is never at rest")
	return pkgupdate.Answer[[]pkgupdate.Package]{}, nil
}

func TestClaimsOfThisMachineAgreeWithDpkgAndTheFiles(t *testing.T) {
	m := live(t)
	var paths []string
	for _, dir := range []string{"/usr/bin", "/usr/sbin", "/etc", "/etc/apt", "/usr/lib/apt/methods"} {
		entries, err := m.Host.ReadDir(t.Context(), dir)
		require.NoError(t, err)
		for _, e := range entries {
			paths = append(paths, path.Join(dir, e.Name))
		}
	}
	claims, err := m.Attest(t.Context(), paths)
	require.NoError(t, err)
	assert.Len(t, claims, len(paths))
	require.Contains(t, claims, "/usr/bin/apt-get")
	assert.Equal(t, "deb:apt", claims["/usr/bin/apt-get"].Package)
	checked, wrong := 0, 0
	for p, c := range claims {
		st, err := os.Stat(p)
		if err != nil || c.Digest == nil || st.Size() > 1<<20 || strings.HasPrefix(p, "/etc") {
			continue
		}
		data, err := os.ReadFile(p)
		require.NoError(t, err)
		checked++
		if sum := md5.Sum(data); !bytes.Equal(sum[:], c.Digest) {
			wrong++
			t.Logf("%s of %s is %s on disk and %s in the database", p, c.Package, hex.EncodeToString(sum[:]), hex.EncodeToString(c.Digest))
		}
	}
	assert.Greater(t, checked, 50)
	assert.Less(t, wrong, checked/20)
	agreeOwners(t, claims)
}

func TestClaimsAreTheSameWithAndWithoutCommands(t *testing.T) {
	need.Long(t)
	m := live(t)
	paths := []string{"/", "/.", "/bin", "/bin/sh", "/nowhere", "/etc/new\nline", "/usr/bin/a*", ""}
	for _, dir := range []string{"/usr/bin", "/bin", "/etc", "/usr/sbin", "/usr/share/man/man1", "/lib"} {
		entries, err := m.Host.ReadDir(t.Context(), dir)
		require.NoError(t, err)
		for _, e := range entries {
			paths = append(paths, path.Join(dir, e.Name))
		}
	}
	var few, many hosttest.Counter
	with := &Manager{Host: few.Wrap(m.Host)}
	silent := m.Host
	silent.Exec = nil
	without := &Manager{Host: many.Wrap(silent)}
	got, err := with.Attest(t.Context(), paths)
	require.NoError(t, err)
	want, err := without.Attest(t.Context(), paths)
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(want, got))
	assert.Greater(t, len(got), 1000)
	assert.LessOrEqual(t, few.Files.Load(), int64(8))
	assert.LessOrEqual(t, few.Commands.Load(), int64(4))
	t.Logf("%d paths: %d files and %d commands; without commands %d files", len(paths), few.Files.Load(), few.Commands.Load(), many.Files.Load())
}

// agreeOwners asks dpkg -S for all claims below /etc.
func agreeOwners(t *testing.T, claims map[string]host.Claim) {
	t.Helper()
	args := []string{"-S"}
	for p := range claims {
		if strings.HasPrefix(p, "/etc/") && !strings.ContainsAny(p, "*?[\\") {
			args = append(args, p)
		}
	}
	out, _ := exec.Command("dpkg", args...).Output() // its status is 1 when any is owned by none
	owners := map[string]string{}
	for line := range strings.Lines(string(out)) {
		packages, p, _ := strings.Cut(strings.TrimSpace(line), ": ")
		owners[p] = packages
	}
	require.NotEmpty(t, owners)
	for _, p := range args[1:] {
		want := strings.TrimPrefix(claims[p].Package, "deb:")
		assert.Equal(t, want == "", owners[p] == "", "%s: %q, dpkg says %q", p, want, owners[p])
		assert.Contains(t, owners[p], want, p)
	}
}

func TestCheckOfThisMachineKeepsItsContract(t *testing.T) {
	res, err := suite.Collect(t.Context(), updates.Software{Managers: []pkgupdate.Manager{keeping(t)}})
	require.NoError(t, err)
	for _, p := range res.Problems {
		assert.NotEqual(t, report.CodeContract, p.Code, p.Message)
	}
	assert.True(t, res.Covers("apt/changes"))
	t.Logf("%d findings, covered %v, problems %v, in %v", len(res.Findings), res.Covered, res.Problems, res.Took)
}

func TestRealAptTellsOfEveryInstalledPackage(t *testing.T) {
	keeping(t)
	require.NotEmpty(t, askedOnce().installed)
	require.NoError(t, askedOnce().orphans.Reason)
}

func BenchmarkParseStatus(b *testing.B) {
	text, err := os.ReadFile(dpkg.StatusFile)
	need.That(b, "dpkg database", err == nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := dpkg.ParseStatus(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAttest(b *testing.B) {
	m := live(b)
	entries, err := m.Host.ReadDir(b.Context(), "/usr/bin")
	if err != nil {
		b.Fatal(err)
	}
	paths := make([]string, len(entries))
	for i, e := range entries {
		paths[i] = "/usr/bin/" + e.Name
	}
	for b.Loop() {
		if _, err := m.Attest(b.Context(), paths); err != nil {
			b.Fatal(err)
		}
	}
}
