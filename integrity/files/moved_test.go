package files_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity"
)

func (b *box) rename(from, to string) {
	b.t.Helper()
	b.do(os.Rename(filepath.Join(b.root, from), filepath.Join(b.root, to)))
}

func TestWhatGotAnotherNameIsOneFindingAndAcceptedAtBothEnds(t *testing.T) {
	b := newBox(t, map[string]string{
		"etc/a": "content", "etc/app/x": "1", "etc/app/y": "2", "etc/same1": "alike", "etc/same2": "alike", "etc/stays": "s",
	})
	b.run()
	b.rename("etc/a", "etc/z")
	b.rename("etc/app", "etc/app.old")
	b.rename("etc/same1", "etc/s1")
	b.rename("etc/same2", "etc/s2")
	_, res := b.run()
	titles := map[string]string{}
	for _, f := range res.Findings {
		titles[f.Subject.Value] = f.Title
	}
	assert.Contains(t, titles["/etc/z"], "/etc/a was moved to /etc/z: regular file of 7 B")
	assert.Contains(t, titles["/etc/app.old"], "/etc/app was moved to /etc/app.old: directory")
	assert.Contains(t, titles["/etc/app.old"], "with 2 entries: x and y")
	assert.Len(t, titles, 6, "of two that are alike nobody knows which went where: %v", titles)

	done, err := b.check.Accept(t.Context(), func(c integrity.Change) bool { return c.Path == "/etc/z" || c.Path == "/etc/app.old" }, integrity.Acceptance{}, nil)
	require.NoError(t, err)
	assert.Len(t, done, 8)
	_, res = b.run()
	assert.Len(t, res.Findings, 4)
}

func TestWhatWasMovedAndChangedIsNewAndGone(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "content", "etc/app/x": "1"})
	b.run()
	b.rename("etc/a", "etc/z")
	b.rename("etc/app", "etc/app.old")
	b.write("etc/z", "planted")
	b.write("etc/app.old/x", "planted too")
	_, res := b.run()
	assert.ElementsMatch(t, []string{"integrity.files.added", "integrity.files.added", "integrity.files.removed", "integrity.files.removed"}, rulesOf(res))
}

func TestWhatWasMovedAndGivenRightsIsNewAndGone(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "content", "etc/app/x": "1", "etc/dir/x": "2"})
	b.run()
	b.rename("etc/a", "etc/z")
	b.rename("etc/app", "etc/app.old")
	b.rename("etc/dir", "etc/dir.old")
	b.do(os.Chmod(filepath.Join(b.root, "etc/z"), 0o755|os.ModeSetuid))
	b.do(os.Chmod(filepath.Join(b.root, "etc/app.old/x"), 0o666))
	b.do(os.Chmod(filepath.Join(b.root, "etc/dir.old"), 0o777))
	_, res := b.run()
	for _, f := range res.Findings {
		assert.NotContains(t, f.Title, "was moved")
	}
	assert.Len(t, res.Findings, 7, "three are gone, three are new, and one that all may write is told on its own")
}

func TestAMoveIsAsSevereAsItsWorseEnd(t *testing.T) {
	b := newBox(t, map[string]string{"etc/sudoers.d/zz": "rule", "etc/b": "b"})
	b.run()
	b.rename("etc/sudoers.d/zz", "etc/zz")
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "warning", res.Findings[0].Severity.String())
}
