package files_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func rulesOf(res report.Result) (rules []string) {
	for _, f := range res.Findings {
		rules = append(rules, f.Rule)
	}
	return rules
}

func (b *box) baseline() string { return files.BaselinePath(b.check.Dir) }

func (b *box) remove(names ...string) {
	b.t.Helper()
	for _, name := range names {
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			b.t.Fatal(err)
		}
	}
}

func everything(integrity.Change) bool { return true }

func TestABaselineThatSomebodyPutInPlaceIsCriticalAndFixesNothing(t *testing.T) {
	forged := func(b *box) {
		b.remove(b.baseline(), b.baseline()+".old")
		p := b.check.Profile
		p.Attrs = false
		require.NoError(b.t, integrity.CreateBaseline(b.baseline(), integrity.Head{Created: b.check.Host.Time(), Profile: p},
			integrity.Scan(b.t.Context(), b.check.Host.Files, p, nil)))
	}
	rolled := func(b *box) {
		old, err := os.ReadFile(b.baseline())
		b.do(err)
		b.write("etc/b", "accepted")
		_, err = b.check.Accept(b.t.Context(), func(c integrity.Change) bool { return c.Path == "/etc/b" }, integrity.Acceptance{By: "ann"}, nil)
		b.do(err)
		b.run()
		b.do(os.WriteFile(b.baseline(), old, 0o600))
	}
	for name, act := range map[string]func(*box){"forged": forged, "rolled back": rolled} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, map[string]string{"etc/a": "a", "etc/b": "b"})
			b.run()
			b.write("etc/a", "planted")
			b.run()
			act(b)
			for range 2 { // and it does not go away by waiting
				_, res := b.run()
				assert.Contains(t, rulesOf(res), "integrity.files.baseline-replaced")
				assert.Equal(t, report.Critical, res.Findings[0].Severity)
				assert.Empty(t, res.Covered)
			}
			rep, err := b.suite.Run(t.Context())
			require.NoError(t, err)
			for _, c := range rep.Changes {
				assert.NotEqual(t, report.Fixed, c.Kind, c.Finding.Title)
			}
		})
	}
}

func TestAnAcceptedChangeLeadsToTheNewBaseline(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.run()
	b.write("etc/a", "a2")
	b.run()
	done, err := b.check.Accept(t.Context(), everything, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	require.Len(t, done, 1)
	got, res := b.run()
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, []string{"fixed /etc/a changed: content, size 1 B to 2 B"}, got)
}

func TestALostBaselineIsCriticalAndIsNotTakenAnew(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.run()
	b.write("etc/a", "planted")
	b.remove(b.baseline(), b.baseline()+".old")
	_, res := b.run()
	assert.Equal(t, []string{"integrity.files.baseline-lost"}, rulesOf(res))
	assert.False(t, res.Status.Complete())
	assert.Empty(t, res.Covered)
	assert.Contains(t, res.Findings[0].Fix, "begin anew")
	assert.NoFileExists(t, b.baseline())

	// A person begins anew, and the report says so once.
	require.NoError(t, b.check.Anew(t.Context(), integrity.Acceptance{By: "ann", Comment: "disk replaced"}, nil))
	_, res = b.run()
	assert.Equal(t, []string{"integrity.files.baseline-anew"}, rulesOf(res))
	assert.Equal(t, "The baseline was begun anew by ann", res.Findings[0].Title)
	assert.Equal(t, report.OK, res.Status)
	_, res = b.run()
	assert.Empty(t, res.Findings)
}

func TestADamagedBaselineHasACopyFromTheFirstDay(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.run()
	b.write("etc/a", "planted")
	b.do(os.Truncate(b.baseline(), 50))
	_, res := b.run()
	assert.Equal(t, []string{"integrity.files.baseline-damaged", "integrity.files.changed"}, rulesOf(res))
	st, err := os.Lstat(b.baseline())
	require.NoError(t, err)
	assert.Equal(t, int64(50), st.Size())
	// The next acceptance writes it anew, and nothing is taken for replaced.
	_, err = b.check.Accept(t.Context(), everything, integrity.Acceptance{}, nil)
	require.NoError(t, err)
	_, res = b.run()
	assert.Empty(t, rulesOf(res))
}

func TestAcceptancesThatWereChangedAreNotBelieved(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.run()
	for _, content := range []string{"a2", "a3"} {
		b.write("etc/a", content)
		_, err := b.check.Accept(t.Context(), everything, integrity.Acceptance{}, nil)
		require.NoError(t, err)
	}
	all, err := integrity.Acceptances(b.baseline())
	require.NoError(t, err)
	require.Len(t, all, 2)
	name := integrity.AcceptedPath(b.baseline())
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	text[80] ^= 1
	require.NoError(t, os.WriteFile(name, text, 0o600))
	_, err = integrity.Acceptances(b.baseline())
	require.ErrorIs(t, err, integrity.ErrDamaged)
}

func TestAContentThatWasNotReadForTheBaselineIsSaidAndCanBeAccepted(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "longer than the bound", "etc/b": "b"})
	b.check.Profile.MaxFileSize = 10
	b.run()
	b.write("etc/a", "short")
	_, res := b.run()
	require.Equal(t, []string{"integrity.files.baseline-gap", "integrity.files.changed"}, rulesOf(res))
	assert.Contains(t, res.Findings[0].Title, "/etc/a could not be read for the baseline, and has nothing to be compared with: regular file of 5 B")
	_, err := b.check.Accept(t.Context(), everything, integrity.Acceptance{}, nil)
	require.NoError(t, err)
	_, res = b.run()
	assert.Empty(t, res.Findings)
}

func TestAFolderThatWasNotReadForTheBaselineIsOneGapAndComparedWhenAccepted(t *testing.T) {
	text := strings.Replace(machine, "-- /etc/closed/ dir complete --\n-- /etc/closed/in --\nx\n", "-- /etc/closed/ dir error=permission --\n", 1)
	check := files.System{Host: hosttest.New(text).Host(), Dir: t.TempDir(), Profile: integrity.Profile{Roots: []string{"/etc"}}}
	collect := func(text string) report.Result {
		check.Host = hosttest.New(text).Host()
		res, err := suite.Collect(t.Context(), check)
		require.NoError(t, err)
		return res
	}
	assert.Equal(t, report.Partial, collect(text).Status)
	res := collect(machine)
	require.Equal(t, []string{"integrity.files.baseline-gap"}, rulesOf(res))
	assert.Contains(t, res.Findings[0].Title, "with 1 entry: in")
	_, err := check.Accept(t.Context(), func(c integrity.Change) bool { return c.Path == "/etc/closed" }, integrity.Acceptance{}, nil)
	require.NoError(t, err)
	assert.Empty(t, collect(machine).Findings)
	changed := strings.Replace(machine, "closed/in --\nx\n", "closed/in --\nplanted\n", 1)
	assert.Equal(t, []string{"integrity.files.changed"}, rulesOf(collect(changed)))
}

func TestADamagedBaselineThatNobodyRemembersIsLostAndCanBeBegunAnew(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.run()
	for _, name := range []string{b.baseline(), b.baseline() + ".old"} {
		require.NoError(t, os.Truncate(name, 100))
	}
	b.suite.Store = memory.FileStore{Dir: t.TempDir()}
	_, res := b.run()
	assert.Equal(t, []string{"integrity.files.baseline-lost"}, rulesOf(res))
	require.NoError(t, b.check.Anew(t.Context(), integrity.Acceptance{By: "ann"}, nil))
	_, res = b.run()
	assert.NotContains(t, rulesOf(res), "integrity.files.baseline-lost")
	assert.Equal(t, report.OK, res.Status)
}
