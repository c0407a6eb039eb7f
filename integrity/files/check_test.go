package files_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A box is a folder that is watched, with all that the check remembers.
type box struct {
	t     *testing.T
	root  string // looked at as /
	check files.System
	suite suite.Suite
}

func newBox(t *testing.T, content map[string]string) *box {
	t.Helper()
	b := &box{t: t, root: t.TempDir()}
	for name, text := range content {
		b.write(name, text)
	}
	b.check = files.System{
		Host: host.Root(b.root), Dir: filepath.Join(t.TempDir(), "integrity"),
		Profile: integrity.Profile{Roots: []string{"/etc", "/bin"}},
	}
	b.suite.Store = memory.FileStore{Dir: t.TempDir()}
	return b
}

func (b *box) write(name, content string) {
	b.t.Helper()
	full := filepath.Join(b.root, name)
	require.NoError(b.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(b.t, os.WriteFile(full, []byte(content), 0o644))
}

func (b *box) do(err error) {
	b.t.Helper()
	require.NoError(b.t, err)
}

// run gives the changes against all runs before, as words.
func (b *box) run() ([]string, report.Result) {
	b.t.Helper()
	b.suite.Checks = []report.Checker{b.check}
	rep, err := b.suite.Run(b.t.Context())
	require.NoError(b.t, err)
	var got []string
	for _, c := range rep.Changes {
		got = append(got, fmt.Sprintf("%v %s", c.Kind, c.Finding.Title))
	}
	return got, rep.Results[0]
}

func metric(t *testing.T, res report.Result, name string) string {
	t.Helper()
	for _, m := range res.Metrics {
		if m.Name == name {
			return m.Value.String()
		}
	}
	t.Fatalf("no metric %s", name)
	return ""
}

func TestADayTellsExactlyWhatChanged(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a", "etc/b": "b", "etc/sub/c": "c", "bin/x": "x"})
	first, res := b.run()
	assert.Empty(t, first)
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, []string{"files/bin", "files/etc"}, res.Covered)
	assert.Equal(t, "7", metric(t, res, "integrity_files"))
	assert.Equal(t, "1", metric(t, res, "integrity_baseline_created"))

	second, res := b.run()
	assert.Empty(t, second)
	assert.Equal(t, "0", metric(t, res, "integrity_baseline_created"))

	b.write("etc/a", "longer")
	b.do(os.Remove(b.root + "/etc/b"))
	b.write("etc/new", "123")
	b.do(os.Chmod(b.root+"/etc/sub", 0o700))
	third, res := b.run()
	owner := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	assert.Empty(t, cmp.Diff([]string{
		"new /etc/new is new: regular file of 3 B, mode 0644, owner " + owner + ", with the line: 123",
		"new /etc/a changed: content, size 1 B to 6 B",
		"new /etc/sub changed: mode 0755 to 0700",
		"new /etc/b was removed: it was a regular file of 1 B, mode 0644, owner " + owner,
	}, third))
	for _, f := range res.Findings {
		assert.True(t, strings.HasPrefix(f.Scope, "files/etc/"), f.Scope)
		assert.Equal(t, report.Notice, f.Severity)
	}

	fourth, _ := b.run()
	for _, line := range fourth {
		assert.True(t, strings.HasPrefix(line, "still "), line)
	}
	assert.Len(t, fourth, 4, "an unmoved baseline goes on telling, but not as new")

	b.write("etc/a", "longest")
	b.write("etc/b", "b")
	fifth, _ := b.run()
	assert.Len(t, fifth, 4)
	assert.Contains(t, fifth, "updated /etc/a changed: content, size 1 B to 7 B")
	assert.Contains(t, fifth, "fixed /etc/b was removed: it was a regular file of 1 B, mode 0644, owner "+owner)
}

func TestEvidenceIsTyped(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.check.Attestor = integritytest.Claims{"/etc/a": md5Of("deb:a", "b")}
	b.run()
	b.write("etc/a", "b")
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	f := res.Findings[0]
	assert.Equal(t, report.Attr{Key: report.Path, Value: "/etc/a"}, f.Subject)
	assert.Equal(t, "files/etc/a", f.Scope)
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Package, Value: "deb:a"})
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Was, Value: "content=sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"})
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Now, Value: "content=sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"})
	st, err := b.check.Host.Lstat(t.Context(), "/etc/a")
	require.NoError(t, err)
	if st.Known.Has(host.KnownCtime) {
		last := f.Evidence[len(f.Evidence)-2]
		assert.Equal(t, report.At, last.Key)
	}
}

func TestWhatGivesPowerIsAWarning(t *testing.T) {
	power := report.Warning
	if os.Getuid() == 0 {
		power = report.Critical
	}
	b := newBox(t, map[string]string{"etc/passwd": "", "bin/x": "x", "bin/y": "y", "etc/open": "", "etc/cron.d/keep": ""})
	b.run()
	b.write("etc/passwd", "eve::0:0")
	b.write("etc/ld.so.preload", "/tmp/evil.so")
	b.write("etc/cron.d/job", "* * * * * root sh")
	b.do(os.Chmod(b.root+"/bin/x", 0o755|os.ModeSetuid))
	b.do(os.Chmod(b.root+"/etc/open", 0o666))
	b.do(os.Mkdir(b.root+"/etc/spool", 0o755))
	b.do(os.Chmod(b.root+"/etc/spool", 0o777))
	b.do(os.Mkdir(b.root+"/etc/tmp", 0o755))
	b.do(os.Chmod(b.root+"/etc/tmp", 0o777|os.ModeSticky))
	b.do(os.Chmod(b.root+"/bin/y", 0o700))
	b.do(os.Symlink("/dev/shm/x", b.root+"/bin/z"))
	_, res := b.run()
	got := map[string]report.Severity{}
	for _, f := range res.Findings {
		got[f.Subject.Value] = f.Severity
	}
	assert.Empty(t, cmp.Diff(map[string]report.Severity{
		"/etc/passwd": report.Warning, "/etc/ld.so.preload": report.Warning, "/etc/cron.d/job": report.Warning,
		"/bin/x": power, "/etc/open": report.Warning, "/etc/spool": report.Warning,
		"/etc/tmp": report.Notice, "/bin/y": report.Notice, "/bin/z": report.Warning,
	}, got))
}

func TestAcceptMovesTheBaselineByTheseChangesOnly(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a", "etc/b": "b", "etc/c": "c", "etc/z": "z"})
	b.run()
	b.write("etc/a", "a2")
	b.write("etc/b", "b2")
	b.write("etc/b-new", "new")
	b.do(os.Remove(b.root + "/etc/c"))
	b.do(os.Remove(b.root + "/etc/z"))
	name := files.BaselinePath(b.check.Dir)
	all := b.compare()
	require.Len(t, all, 5)
	var some []integrity.Change
	for _, c := range all {
		if c.Path != "/etc/b" && c.Path != "/etc/z" {
			some = append(some, c)
		}
	}
	b.do(integrity.Accept(t.Context(), b.check.Host.Files, name, some))
	var left []string
	for _, c := range b.compare() {
		left = append(left, c.Kind.String()+" "+c.Path)
	}
	assert.Equal(t, []string{"changed /etc/b", "removed /etc/z"}, left)

	// The copy before is kept, and used when the new one is damaged.
	b.do(os.Truncate(name, 9))
	_, res := b.run()
	assert.Equal(t, report.OK, res.Status)
	var rules []string
	for _, f := range res.Findings {
		rules = append(rules, f.Rule)
	}
	assert.Contains(t, rules, "integrity.files.baseline-damaged")
	assert.Len(t, rules, 6)
}

func TestAcceptRefusesWhatChangedMeanwhile(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a", "etc/b": "b", "etc/c": "c"})
	b.run()
	b.write("etc/a", "a2")
	b.write("etc/b", "b2")
	b.do(os.Remove(b.root + "/etc/c"))
	shown := b.compare()
	require.Len(t, shown, 3)
	before, err := os.ReadFile(files.BaselinePath(b.check.Dir))
	require.NoError(t, err)

	b.write("etc/b", "b3")
	b.write("etc/c", "back")
	err = integrity.Accept(t.Context(), b.check.Host.Files, files.BaselinePath(b.check.Dir), shown)
	assert.ErrorIs(t, err, integrity.ErrMoved)
	assert.ErrorContains(t, err, "/etc/b")
	assert.ErrorContains(t, err, "/etc/c")
	assert.NotContains(t, err.Error(), "/etc/a:")
	after, err := os.ReadFile(files.BaselinePath(b.check.Dir))
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// compare gives the changes against the baseline on the disk.
func (b *box) compare() (all []integrity.Change) {
	b.t.Helper()
	base, err := integrity.OpenBaseline(files.BaselinePath(b.check.Dir))
	require.NoError(b.t, err)
	defer base.Close()
	now := integrity.Scan(b.t.Context(), b.check.Host.Files, base.Profile, nil)
	require.NoError(b.t, integrity.Compare(base.Entries(), now, tree.FieldsState, func(c integrity.Change) error {
		all = append(all, c)
		return nil
	}))
	return all
}

func TestAnotherProfileComparesWhatBothLookAt(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a", "etc/x.tmp": "", "bin/x": "x", "opt/o": "o"})
	b.check.Profile.Exclude = []string{"/etc/*.tmp"}
	b.run()
	b.check.Profile = integrity.Profile{Roots: []string{"/etc", "/opt"}}
	b.write("etc/a", "a2")
	b.write("bin/x", "x2")
	_, res := b.run()
	require.Equal(t, []string{"integrity.files.rules", "integrity.files.changed"}, rulesOf(res))
	assert.Equal(t, "/etc/a", res.Findings[1].Subject.Value)
	rules := res.Findings[0]
	assert.Equal(t, report.Warning, rules.Severity, "a folder less is less that can be found")
	assert.Equal(t, "The baseline was taken with other rules: the folder /opt is new, the folder /bin is no longer there and the exception /etc/*.tmp is no longer there", rules.Title)
	assert.Equal(t, report.OK, res.Status)
	assert.False(t, res.Covers("files/opt/o"))
	assert.False(t, res.Covers("files/bin/x"))

	// Accepted, the new rules hold: what was changed under the old ones stays so.
	require.NoError(t, b.check.AcceptRules(t.Context(), integrity.Acceptance{By: "ann"}, nil))
	_, res = b.run()
	assert.Equal(t, []string{"integrity.files.changed"}, rulesOf(res))
	assert.True(t, res.Covers("files/opt/o"))
	b.write("opt/o", "o2")
	_, res = b.run()
	assert.Len(t, res.Findings, 2)
}

const machine = `A machine whose state folder is elsewhere.
-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --
-- / dir complete --
-- /bin absent --
-- /etc/ dir complete --
-- /etc/a --
a
-- /etc/closed/ dir complete --
-- /etc/closed/in --
x
-- /etc/shadow --
s
`

func TestWhatCannotBeReadIsUnknownAndNotRemoved(t *testing.T) {
	check := files.System{
		Host: hosttest.New(machine).Host(), Dir: t.TempDir(),
		Profile: integrity.Profile{Roots: []string{"/etc", "/bin"}},
	}
	res, err := suite.Collect(t.Context(), check)
	require.NoError(t, err)
	require.Equal(t, report.OK, res.Status, res.Problems)

	// The same machine for a user without rights.
	text := strings.Replace(machine, "-- /etc/closed/ dir complete --\n-- /etc/closed/in --\nx\n", "-- /etc/closed/ dir error=permission --\n", 1)
	text = strings.Replace(text, "/etc/shadow --\ns\n", "/etc/shadow size=2 error=permission --\n", 1)
	check.Host = hosttest.New(text).Host()
	res, err = suite.Collect(t.Context(), check)
	require.NoError(t, err)
	assert.Empty(t, res.Findings)
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Problems, 2)
	for _, p := range res.Problems {
		assert.Equal(t, report.CodePermission, p.Code, p.Message)
	}
	assert.True(t, res.Covers("files/etc/a"))
	assert.False(t, res.Covers("files/etc/closed/in"))
	assert.False(t, res.Covers("files/etc/shadow"))
}

// stopping is a file system whose context ends while a folder is listed.
type stopping struct {
	host.FS
	at   string
	stop context.CancelFunc
}

func (s stopping) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	if name == s.at {
		s.stop()
		return nil, ctx.Err()
	}
	return s.FS.ReadDir(ctx, name)
}

func TestAnInterruptedScanRemovesNothing(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "x", "etc/a": "a", "etc/sub/b": "b", "etc/z": "z"})
	b.run()
	b.write("bin/x", "y")
	ctx, cancel := context.WithCancel(t.Context())
	b.check.Host.Files = stopping{b.check.Host.Files, "/etc/sub", cancel}
	res, err := suite.Collect(ctx, b.check)
	require.NoError(t, err)
	for _, f := range res.Findings {
		assert.Equal(t, "/bin/x", f.Subject.Value)
	}
	assert.NotEqual(t, report.OK, res.Status)
	assert.NotContains(t, res.Covered, "files/etc")
}

func TestAnInterruptedFirstRunLeavesNoBaseline(t *testing.T) {
	b := newBox(t, map[string]string{"etc/sub/b": "b"})
	ctx, cancel := context.WithCancel(t.Context())
	whole := b.check.Host.Files
	b.check.Host.Files = stopping{whole, "/etc/sub", cancel}
	_, err := suite.Collect(ctx, b.check)
	require.NoError(t, err)
	_, err = integrity.OpenBaseline(files.BaselinePath(b.check.Dir))
	assert.ErrorIs(t, err, integrity.ErrNoBaseline)
	b.check.Host.Files = whole
	_, res := b.run()
	assert.Equal(t, report.OK, res.Status)
}

func TestAMachineThatDoesNotAnswerHasNoBaseline(t *testing.T) {
	check := files.System{Dir: t.TempDir()}
	res, err := suite.Collect(t.Context(), check)
	require.NoError(t, err)
	assert.Equal(t, report.Failed, res.Status)
	assert.Empty(t, res.Covered)
	_, err = integrity.OpenBaseline(files.BaselinePath(check.Dir))
	assert.ErrorIs(t, err, integrity.ErrNoBaseline)
}

func TestHostilePathsAreQuotedInCommands(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a", "etc/os-release": "ID=debian\nVERSION_ID=12\n", "usr/bin/dpkg": ""})
	b.check.Profile.Roots = []string{"/etc"}
	b.run()
	b.write("etc/$(reboot)\n\x1b", "a")
	b.write("etc/plain", "a")
	_, res := b.run()
	require.Len(t, res.Findings, 2)
	assert.Equal(t, `dpkg -S $'/etc/$(reboot)\012\033'`, prose.Quote(res.Findings[0].Remedy.Look[0]...))
	assert.Equal(t, [][]string{{"dpkg", "-S", "/etc/plain"}}, res.Findings[1].Remedy.Look)
}

func TestTheCheckKeepsTheContract(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.run()
	b.write("etc/a", "b")
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return b.check }, reporttest.Options{}))
}

func TestALongScanTellsHowFarItIs(t *testing.T) {
	content := map[string]string{}
	for i := range 2500 {
		content[fmt.Sprintf("etc/d/%d", i)] = "x"
	}
	b := newBox(t, content)
	var told []report.Progress
	b.suite.Progress = func(p report.Progress) {
		if p.State == "running" {
			told = append(told, p)
		}
	}
	b.run()
	require.Len(t, told, 2, "every 1,024 entries")
	told = nil
	b.run()
	require.Len(t, told, 2)
	for i, p := range told {
		assert.Equal(t, int64(1024*(i+1)), p.Done)
		assert.Equal(t, "files", p.Unit)
		assert.GreaterOrEqual(t, p.Total, int64(2500), "as many as the baseline has")
	}
}
