package apply_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
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

// A user runs the commands of a jail as nobody.
type user struct{ *jail }

func (u user) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if _, err := u.Lstat(ctx, "/usr/bin/"+c.Args[0]); c.Args[0] == "dnf" && err != nil {
		return host.Output{}, fmt.Errorf("run dnf: %w", exec.ErrNotFound)
	}
	c.Args = append([]string{"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, c.Args...)
	return u.jail.Run(ctx, c)
}

// What was published since the system's own refresh is seen by an ordinary user, and
// nothing of the system's changes.
func TestDnfAndZypperRefreshForAnOrdinaryUser(t *testing.T) {
	for _, front := range []string{"dnf", "zypper"} {
		j := newJail(t)
		j.run("sh", "-c", "mv /t/repo/repodata /t/now; createrepo_c -q -x 'foo-1.0.1*' -x 'bar-2*' -x 'dep*' /t/repo")
		h := j.use(front).Host
		system := &rpm.Manager{Host: h, Family: map[string]string{"dnf": "redhat", "zypper": "suse"}[front]}
		require.Empty(t, system.Pending(t.Context()).Value.Upgrades, front)
		j.run("sh", "-c", "rm -r /t/repo/repodata; mv /t/now /t/repo/repodata; mkdir -p -m 1777 /tmp; chmod 1777 /tmp; touch /stamp")
		theirs := *system
		theirs.Host.Exec = user{j}
		fresh, err := theirs.Refreshed(t.Context(), "/tmp/mine")
		require.NoError(t, err, front)
		a := fresh.Pending(t.Context())
		require.NoError(t, a.Reason, front)
		require.Len(t, a.Value.Upgrades, 2, front)
		assert.WithinDuration(t, time.Now(), a.Value.Sources[0].Fetched, time.Hour, front)
		changed := strings.TrimSpace(j.run("find", "/etc", "/usr", "/var", "/t", "-newer", "/stamp", "-not", "-path", "/var/tmp*"))
		assert.Empty(t, changed, front)
		clear(j.asked.answers)
		assert.Empty(t, system.Pending(t.Context()).Value.Upgrades, front)

		j.run("mv", "/t/repo", "/t/away")
		_, err = theirs.Refreshed(t.Context(), "/tmp/mine")
		require.Error(t, err, front)
		j.run("mkdir", "/tmp/others")
		_, err = theirs.Refreshed(t.Context(), "/tmp/others")
		require.ErrorIs(t, err, pkgupdate.ErrShared, front)
	}
}

// A disk that is full where the files go is told by the front end alone; before, only
// the places that are always written to are looked at.
func TestADiskThatIsFullForDnfAndZypperLeavesAnHonestResult(t *testing.T) {
	for _, front := range []string{"dnf", "zypper"} {
		j := newJail(t)
		a := j.use(front)
		before := j.versions()
		dir := filepath.Join(j.root, "usr/share/toys")
		need.That(t, "mounting a tmpfs", exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).Run() == nil)
		t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
		require.Error(t, exec.Command("dd", "if=/dev/zero", "of="+dir+"/filler").Run(), "it is full")
		p, err := a.Plan(t.Context(), apply.Options{Security: true})
		require.NoError(t, err, front)
		require.NotEmpty(t, p.Steps, front)
		r, err := a.Apply(t.Context(), p)
		require.ErrorIs(t, err, apply.ErrNoSpace, "%s: %s", front, r.Failure)
		require.ErrorIs(t, err, apply.ErrPartial, front)
		assert.False(t, r.Complete(), front)
		assert.Len(t, r.Undone, len(p.Steps), front)
		assert.Equal(t, before, j.versions(), front)
	}
}
