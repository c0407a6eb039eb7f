package apply_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
)

func steps(p apply.Plan) []string {
	var list []string
	for _, s := range p.Steps {
		list = append(list, s.String())
	}
	return list
}

func TestDnfInstallsOnlySecurityFixesAndSaysWhatBecomesOfFiles(t *testing.T) {
	j := newJail(t)
	a := j.use("dnf")
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	assert.Equal(t, []string{"install dep:noarch 1.0-1", "upgrade foo:noarch 1.0-1 to 1.0.1-1 (security: TEST-2026:0001)"}, steps(p))
	fates := map[string]apply.Fate{}
	for _, c := range p.Conffiles {
		fates[c.Path] = c.Fate
	}
	assert.Equal(t, map[string]apply.Fate{"/etc/toys/foo.conf": apply.Kept, "/etc/toys/foo.replaced": apply.Replaced}, fates)
	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.True(t, r.Complete())
	assert.Equal(t, map[string]string{"foo": "1.0.1-1", "dep": "1.0-1", "bar": "1.0~rc1-1", "old": "1-1"}, j.versions())
	assert.Equal(t, "1.0\nedited\n", j.read("etc/toys/foo.conf"))
	assert.Equal(t, "1.0.1\n", j.read("etc/toys/foo.conf.rpmnew"))
	assert.Equal(t, "1.0.1\n", j.read("etc/toys/foo.replaced"))
	assert.Equal(t, "1.0\nedited\n", j.read("etc/toys/foo.replaced.rpmsave"))

	require.Equal(t, [][]string{{"dnf", "history", "undo", "last"}}, r.Undo)
	j.run("dnf", "-y", "history", "undo", "last")
	assert.Equal(t, map[string]string{"foo": "1.0-1", "bar": "1.0~rc1-1", "old": "1-1"}, j.versions())
}

func TestDnfRemovesNothingUnlessItMay(t *testing.T) {
	j := newJail(t)
	a := j.use("dnf")
	p, err := a.Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"upgrade bar:noarch 1.0~rc1-1 to 2.0-1", "install dep:noarch 1.0-1", "upgrade foo:noarch 1.0-1 to 1.0.1-1 (security: TEST-2026:0001)"}, steps(p))
	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.Equal(t, map[string]string{"foo": "1.0.1-1", "dep": "1.0-1", "bar": "2.0-1", "old": "1-1"}, j.versions())
}

func TestZypperInstallsASecurityPatchAndTakesItBack(t *testing.T) {
	j := newJail(t)
	a := j.use("zypper")
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	assert.Equal(t, []string{"patch TEST-2026:0001 (security: CVE-2026-0001)", "install dep:noarch 1.0-1", "upgrade foo:noarch 1.0-1 to 1.0.1-1"}, steps(p))
	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.True(t, r.Complete())
	assert.Equal(t, map[string]string{"foo": "1.0.1-1", "dep": "1.0-1", "bar": "1.0~rc1-1", "old": "1-1"}, j.versions())
	assert.Equal(t, "1.0\nedited\n", j.read("etc/toys/foo.conf"))

	undo := append([]string{"zypper", "--non-interactive"}, r.Undo[0][1:]...)
	j.run(undo...)
	assert.Equal(t, map[string]string{"foo": "1.0-1", "bar": "1.0~rc1-1", "old": "1-1"}, j.versions())
}

func TestARepositoryThatIsNotAsItWasStopsDnfAndZypper(t *testing.T) {
	for _, front := range []string{"dnf", "zypper"} {
		j := newJail(t)
		a := j.use(front)
		before := j.versions()
		p, err := a.Plan(t.Context(), apply.Options{})
		require.NoError(t, err)
		dep := filepath.Join(j.root, "t/repo/dep-1.0-1.noarch.rpm")
		require.NoError(t, os.Rename(dep, dep+".away"))
		_, err = a.Apply(t.Context(), p)
		require.ErrorContains(t, err, "download", front)
		assert.Equal(t, before, j.versions(), "%s: one package cannot be fetched", front)

		require.NoError(t, os.Rename(dep+".away", dep))
		require.NoError(t, os.Remove(filepath.Join(j.root, "t/repo/bar-2.0-1.noarch.rpm")))
		j.run("rm", "-r", "/t/repo/repodata")
		j.run("createrepo_c", "-q", "/t/repo")
		if front == "dnf" {
			j.run("dnf", "-q", "makecache", "--refresh")
			clear(j.asked.answers)
		} else {
			j.run("zypper", "--non-interactive", "--no-gpg-checks", "refresh", "--force")
		}
		_, err = a.Apply(t.Context(), p)
		var drift *apply.DriftError
		require.ErrorAs(t, err, &drift, front)
		assert.Contains(t, drift.Differences, "no longer: upgrade bar:noarch 1.0~rc1-1 to 2.0-1")
		assert.Equal(t, before, j.versions(), front)
	}
}

// A front end that is killed leaves no end behind: what is done is told by the inventory,
// and the next plan is made of that.
func TestAKilledFrontEndIsInterruptedAndItsWorkIsPlannedAgain(t *testing.T) {
	for _, front := range []string{"dnf", "zypper"} {
		j := newJail(t)
		a := j.use(front)
		p, err := a.Plan(t.Context(), apply.Options{})
		require.NoError(t, err)
		killed := make(chan bool, 1)
		go func() {
			for range 1200 {
				time.Sleep(50 * time.Millisecond)
				names, _ := filepath.Glob(filepath.Join(j.root, "var/lib/upkeep/apply/*/pid"))
				if len(names) == 0 {
					continue
				}
				pid, err := os.ReadFile(names[0])
				if err == nil && exec.Command("pkill", "-KILL", "--session", strings.TrimSpace(string(pid))).Run() == nil {
					killed <- true
					return
				}
			}
			killed <- false
		}()
		r, err := a.Apply(t.Context(), p)
		require.True(t, <-killed, front)
		require.ErrorIs(t, err, job.ErrInterrupted, front)
		assert.False(t, r.Complete(), front)
		have := j.versions()
		for _, s := range r.Done {
			assert.Equal(t, s.To, have[s.Name], front)
		}
		for _, u := range r.Undone {
			if u.Step.Action != apply.Patch { // it has a name and no version
				assert.NotEqual(t, u.Step.To, have[u.Step.Name], front)
			}
		}
		assert.Len(t, r.Undone, len(p.Steps)-len(r.Done), front)
		clear(j.asked.answers)
		again, err := a.Plan(t.Context(), apply.Options{})
		require.NoError(t, err, front)
		assert.Len(t, again.Steps, len(r.Undone), front)
	}
}
