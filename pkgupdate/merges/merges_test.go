package merges_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/merges"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// machine is after documentation: rpm(8), pacman(8), apk(8), etcupdate(8),
// pkg-upgrade(8), ucf(1).
const machine = `Each manager's own.
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /etc/os-release --
ID=odd
-- /etc/a.conf --
one
mine
three
-- /etc/a.conf.rpmnew mtime=2026-11-20T00:00:00Z --
one
two
drei
-- /etc/b.conf --
theirs
-- /etc/b.conf.rpmsave --
mine
-- /etc/c.conf --
same
-- /etc/c.conf.ucf-dist --
same
-- /etc/shadow mode=0640 --
root:x
-- /etc/shadow.pacnew mode=0600 --
root:y
-- /etc/gone.conf.apk-new --
1
-- /usr/local/etc/d.conf --
1
-- /usr/local/etc/d.conf.pkgnew --
2
-- /etc/plain.new --
not Slackware's
-- /etc/link.rpmnew link=/etc/shadow --
-- /var/db/etcupdate/conflicts/etc/rc.conf --
<<<<<<<
-- /etc/rc.conf --
a=mine
b=1
c=1
-- /var/db/etcupdate/current/etc/rc.conf --
a=1
b=1
c=2
-- /var/db/etcupdate/old/etc/rc.conf --
a=1
b=1
c=1
`

func TestEachManagersLeftOverIsTold(t *testing.T) {
	h := hosttest.New(machine).Host()
	res, err := suite.Collect(t.Context(), merges.Files{Host: h})
	require.NoError(t, err)
	var titles []string
	for _, f := range res.Findings {
		titles = append(titles, f.Title)
	}
	assert.ElementsMatch(t, []string{
		"The maker's new version of /etc/a.conf waits beside it to be merged",
		"The maker's version replaced /etc/b.conf, and what was edited here waits beside it",
		"/etc/c.conf.ucf-dist is the same as the file beside it, and is left over",
		"The maker's new version of /etc/gone.conf waits beside it to be merged",
		"The maker's new version of /etc/rc.conf waits beside it to be merged",
		"The maker's new version of /etc/shadow waits beside it to be merged",
		"The maker's new version of /usr/local/etc/d.conf waits beside it to be merged",
	}, titles)
	assert.True(t, res.Covers("files"))
	var texts strings.Builder
	for _, a := range res.Artifacts {
		texts.Write(a.Data)
	}
	assert.NotContains(t, texts.String(), "root:", "not everybody may read it")
}

// After dpkg's doc/, ucf(1), rpm(8), pacman(8) and pkg-upgrade(8).
func TestEachEndingSaysWhichOfTheTwoIsInUse(t *testing.T) {
	for ending, want := range map[string]struct {
		by   string
		kind merges.Kind
	}{
		".dpkg-dist": {"dpkg", merges.Offered}, ".dpkg-old": {"dpkg", merges.Replaced}, ".dpkg-new": {"dpkg", merges.Unfinished},
		".ucf-dist": {"ucf", merges.Offered}, ".ucf-old": {"ucf", merges.Replaced},
		".rpmnew": {"rpm", merges.Offered}, ".rpmsave": {"rpm", merges.Replaced}, ".rpmorig": {"rpm", merges.Replaced},
		".pacnew": {"pacman", merges.Offered}, ".pacsave": {"pacman", merges.Replaced}, ".pacorig": {"pacman", merges.Replaced},
		".apk-new": {"apk", merges.Offered}, ".pkgnew": {"pkg", merges.Offered}, ".pkgsave": {"pkg", merges.Replaced},
	} {
		m := hosttest.New("after documentation\n-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n-- /etc/x --\n1\n-- /etc/x" + ending + " mtime=2026-11-01T00:00:00Z ctime=2026-11-20T00:00:00Z --\n2\n-- /etc/" + ending + " --\nno name\n")
		list, err := merges.Find(t.Context(), m.Host())
		require.NoError(t, err)
		require.Len(t, list, 1, ending)
		got := list[0]
		assert.Equal(t, "/etc/x", got.Path)
		assert.Equal(t, want.by, got.By, ending)
		assert.Equal(t, want.kind, got.Kind, ending)
		texts, err := got.Read(t.Context(), m.Host(), nil)
		require.NoError(t, err)
		own, maker := "1\n", "2\n"
		if want.kind == merges.Replaced {
			own, maker = maker, own
		}
		assert.Equal(t, own, string(texts.Own), ending)
		assert.Equal(t, maker, string(texts.New), ending)
	}
}

// dpkg unpacks a configuration file under this name, with the time that the package
// gives it, and puts it in place or asks when it configures the package.
func TestAnInstallationThatWasCutOffIsToldAndOneUnderWayIsNot(t *testing.T) {
	const left = "after the source of dpkg, src/main/unpack.c\n-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n-- /etc/toy.conf.dpkg-new mtime=2020-01-01T00:00:00Z ctime=2026-11-28T04:59:00Z --\n2\n"
	res, err := suite.Collect(t.Context(), merges.Files{Host: hosttest.New(left).Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	f := res.Findings[0]
	assert.Equal(t, "pkgupdate.merges.unfinished", f.Rule)
	assert.Equal(t, "An installation that was cut off left the maker's new version of /etc/toy.conf beside it", f.Title)
	assert.Equal(t, "dpkg left /etc/toy.conf.dpkg-new. There is no such file in use.", f.Detail)
	assert.Equal(t, [][]string{{"dpkg", "--configure", "-a"}}, f.Remedy.Do)
	assert.Contains(t, f.Fix, "remove it")

	res, err = suite.Collect(t.Context(), merges.Files{Host: hosttest.New(strings.Replace(left, "04:59", "05:01", 1)).Host()})
	require.NoError(t, err)
	assert.Empty(t, res.Findings)
	assert.True(t, res.Covers("files"))
}

func TestWhatWasCutIsNotFixed(t *testing.T) {
	text := machine
	for i := range 60 {
		text += fmt.Sprintf("-- /etc/more%02d --\n1\n-- /etc/more%02d.rpmnew --\n2\n", i, i)
	}
	res, err := suite.Collect(t.Context(), merges.Files{Host: hosttest.New(text).Host()})
	require.NoError(t, err)
	assert.Len(t, res.Findings, 60)
	assert.False(t, res.Covers("files"))
}

func TestSlackwareHasAnEndingThatOthersUseFreely(t *testing.T) {
	text := strings.Replace(machine, "-- /etc/os-release --\nID=odd", "-- /etc/slackware-version --\nSlackware 15.0", 1)
	list, err := merges.Find(t.Context(), hosttest.New(text).Host())
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(list, func(m merges.Merge) bool { return m.Path == "/etc/plain" && m.By == "pkgtools" }))
}

func TestACopyThatAScriptKeepsOfItsOwnFileIsNoMerge(t *testing.T) {
	m := hosttest.New("-- / dir complete=tree --\n-- /etc/ca-certificates.conf --\na\n-- /etc/ca-certificates.conf.dpkg-old --\nb\n")
	list, err := merges.Find(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestWhatBothChangedIsProposedOnlyWhereItDoesNotMeet(t *testing.T) {
	find := func(text string) (merges.Texts, merges.Merge) {
		h := hosttest.New(text).Host()
		list, err := merges.Find(t.Context(), h)
		require.NoError(t, err)
		for _, m := range list {
			if m.By == "etcupdate" {
				texts, err := m.Read(t.Context(), h, nil)
				require.NoError(t, err)
				return texts, m
			}
		}
		return merges.Texts{}, merges.Merge{}
	}
	texts, _ := find(machine)
	merged, _, ok := texts.Merged()
	assert.True(t, ok)
	assert.Equal(t, "a=mine\nb=1\nc=2\n", string(merged))
	assert.Contains(t, texts.Diffs(), "Proposed")

	texts, _ = find(strings.Replace(machine, "a=1\nb=1\nc=2\n", "a=2\nb=1\nc=2\n", 1))
	_, meet, ok := texts.Merged()
	assert.False(t, ok)
	assert.Equal(t, 1, meet)
	assert.NotContains(t, texts.Diffs(), "Proposed")

	texts, _ = find(strings.Replace(machine, "-- /var/db/etcupdate/old/etc/rc.conf --", "-- /var/db/etcupdate/older/etc/rc.conf --", 1))
	_, _, ok = texts.Merged()
	assert.False(t, ok, "without the former version nobody knows who changed what")
	assert.Error(t, texts.Why)
}

// What cannot be looked at is never "nothing waits".
func TestAFolderThatCannotBeReadIsNotCovered(t *testing.T) {
	for _, text := range []string{
		strings.Replace(machine, "-- /etc/os-release --", "-- /etc/secret/ dir error=permission --\n-- /etc/os-release --", 1),
		"-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n",
	} {
		res, err := suite.Collect(t.Context(), merges.Files{Host: hosttest.New(text).Host()})
		require.NoError(t, err)
		assert.False(t, res.Covers("files"))
		assert.NotEqual(t, report.OK, res.Status)
	}
}

func TestCheckerPassesTheConformanceKit(t *testing.T) {
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return merges.Files{Host: hosttest.New(machine).Host()} }, reporttest.Options{}))
	_, err := suite.Collect(t.Context(), merges.Files{})
	require.NoError(t, err)
}

// pacman's cache keeps what was installed before.
func TestTheFormerVersionIsReadFromPacmansCache(t *testing.T) {
	text := `arch: after documentation (pacman(8), bsdtar(1))
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /etc/x.conf --
a=mine
b=1
c=1
-- /etc/x.conf.pacnew --
a=1
b=1
c=2
-- /var/lib/pacman/local/x-y-1:2.0-1/ dir --
-- /var/lib/pacman/local/x-y-1:2.0-1/mtree base64 --
` + mtree + `-- /var/cache/pacman/pkg/x-y-1:1.0-1-x86_64.pkg.tar.zst --
-- /var/cache/pacman/pkg/x-y-1:1.5-1-x86_64.pkg.tar.zst --
-- /var/cache/pacman/pkg/x-y-1:1.5-1-x86_64.pkg.tar.zst.sig --
-- /var/cache/pacman/pkg/x-y-1:2.0-1-x86_64.pkg.tar.zst --
-- /var/cache/pacman/pkg/x-1:1.9-1-x86_64.pkg.tar.zst --
-- $ ["bsdtar", "-xOf", "/var/cache/pacman/pkg/x-y-1:1.5-1-x86_64.pkg.tar.zst", "etc/x.conf"] --
a=1
b=1
c=1
-- $ ["bsdtar", "-xOf", "/var/cache/pacman/pkg/x-y-1:1.0-1-x86_64.pkg.tar.zst", "etc/x.conf"] exit=1 --
`
	h := hosttest.New(text).Host()
	list, err := merges.Find(t.Context(), h)
	require.NoError(t, err)
	require.Len(t, list, 1)
	texts, err := list[0].Read(t.Context(), h, &pacman.Manager{Host: h})
	require.NoError(t, err)
	require.NoError(t, texts.Why)
	merged, _, ok := texts.Merged()
	assert.True(t, ok)
	assert.Equal(t, "a=mine\nb=1\nc=2\n", string(merged))

	res, err := suite.Collect(t.Context(), merges.Files{Host: h, Owners: &pacman.Manager{Host: h}})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, [][]string{{"diff", "-u", "--", "/etc/x.conf", "/etc/x.conf.pacnew"}}, res.Findings[0].Remedy.Look)
}

// inside runs what a system's own commands would do to its files.
type inside struct {
	host.Runner
	dir string
}

func (r inside) Run(ctx context.Context, c host.Command) (host.Output, error) {
	for i, a := range c.Args {
		if strings.HasPrefix(a, "/var/") {
			c.Args[i] = r.dir + a
		}
	}
	return r.Runner.Run(ctx, c)
}

// A real dpkg keeps an edited file, and another time replaces it.
func TestDpkgLeavesAVersionAndItsCacheHasTheFormer(t *testing.T) {
	need.Root(t)
	need.Program(t, "dpkg")
	need.Program(t, "dpkg-deb")
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	run := func(args ...string) {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
	}
	deb := func(ver, conf string) string {
		src := "src" + ver
		write(src+"/DEBIAN/control", "Package: toy\nVersion: "+ver+"\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n")
		write(src+"/DEBIAN/conffiles", "/etc/toy.conf\n")
		write(src+"/etc/toy.conf", conf)
		file := filepath.Join(root, "var/cache/apt/archives/toy_"+strings.ReplaceAll(ver, ":", "%3a")+"_all.deb")
		run("dpkg-deb", "--root-owner-group", "-b", filepath.Join(dir, src), file)
		return file
	}
	write("root/var/lib/dpkg/status", "")
	write("root/var/lib/dpkg/updates/x/y", "")
	require.NoError(t, os.RemoveAll(filepath.Join(root, "var/lib/dpkg/updates/x")))
	write("root/var/lib/dpkg/info/format", "1\n")
	write("root/var/log/x", "")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "var/cache/apt/archives"), 0o755))
	first, second := deb("1:1.0", "a=1\nb=1\nc=1\n"), deb("1:2.0", "a=1\nb=1\nc=2\n")
	dpkg := []string{"dpkg", "--root=" + root, "--log=" + dir + "/log", "--force-not-root,confdef,confold", "-i"}
	run(append(dpkg, first)...)
	write("root/etc/toy.conf", "a=mine\nb=1\nc=1\n")
	run(append(dpkg, second)...)

	h := host.Host{Files: host.Root(root).Files, Exec: inside{host.Local().Exec, root}}
	list, err := merges.Find(t.Context(), h)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "/etc/toy.conf.dpkg-dist", list[0].Beside)
	texts, err := list[0].Read(t.Context(), h, &apt.Manager{Host: h})
	require.NoError(t, err)
	require.NoError(t, texts.Why)
	merged, _, ok := texts.Merged()
	assert.True(t, ok)
	assert.Equal(t, "a=mine\nb=1\nc=2\n", string(merged))

	third := deb("1:3.0", "a=1\nb=1\nc=3\n")
	dpkg[3] = "--force-not-root,confnew"
	run(append(dpkg, third)...)
	list, err = merges.Find(t.Context(), h)
	require.NoError(t, err)
	require.Len(t, list, 1, "dpkg takes its former left-over away")
	assert.Equal(t, merges.Replaced, list[0].Kind)
	texts, err = list[0].Read(t.Context(), h, &apt.Manager{Host: h})
	require.NoError(t, err)
	merged, _, ok = texts.Merged()
	assert.True(t, ok)
	assert.Equal(t, "a=mine\nb=1\nc=3\n", string(merged))

	require.NoError(t, errors.Join(os.Remove(first), os.Remove(second)))
	texts, err = list[0].Read(t.Context(), h, &apt.Manager{Host: h})
	require.NoError(t, err)
	assert.ErrorIs(t, texts.Why, merges.ErrNoFormer)
}
