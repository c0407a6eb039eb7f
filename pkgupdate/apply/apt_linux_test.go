package apply_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
)

// three packages, of which one has a fix below the newest version, one an update, and
// one is held.
func (w *world) three() {
	a1, b1, c1 := w.build(toy{name: "toy-a", ver: "1.0"}), w.build(toy{name: "toy-b", ver: "1.0"}), w.build(toy{name: "toy-c", ver: "1.0"})
	w.install("1.0", "toy-a", "toy-b", "toy-c")
	a2, b2 := w.build(toy{name: "toy-a", ver: "2.0"}), w.build(toy{name: "toy-b", ver: "1:0.5"})
	a1f, c1f := w.build(toy{name: "toy-a", ver: "1.0+fix1+"}), w.build(toy{name: "toy-c", ver: "1.0+fix1", control: "Depends: toy-d\n"})
	w.publish(a1+b1+c1+a2+b2+w.build(toy{name: "toy-d", ver: "1.0"}), a1f+c1f)
}

func TestOnlySecurityFixesAreInstalledAsFarAsTheyNeed(t *testing.T) {
	w := newWorld(t)
	w.three()
	w.run("apt-mark", "auto", "toy-a")
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	var steps []string
	for _, s := range p.Steps {
		steps = append(steps, s.String())
	}
	assert.Equal(t, []string{
		"upgrade toy-a:all 1.0 to 1.0+fix1+ (security)", "upgrade toy-c:all 1.0 to 1.0+fix1 (security)", "install toy-d:all 1.0",
	}, steps)
	assert.Positive(t, p.Download)
	assert.Equal(t, map[string]string{"toy-a": "1.0", "toy-b": "1.0", "toy-c": "1.0"}, w.versions(), "a plan changes nothing")

	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.True(t, r.Complete())
	assert.Len(t, r.Done, 3)
	assert.Equal(t, map[string]string{"toy-a": "1.0+fix1+", "toy-b": "1.0", "toy-c": "1.0+fix1", "toy-d": "1.0"}, w.versions())
	assert.Equal(t, "toy-a\ntoy-d\n", w.run("apt-mark", "showauto"), "who asked for a package does not change")

	again, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	_, err = a.Apply(t.Context(), again)
	require.ErrorIs(t, err, apply.ErrNothing)

	w.run(append(r.Undo[0][:1:1], append([]string{"-y"}, r.Undo[0][1:]...)...)...)
	assert.Equal(t, map[string]string{"toy-a": "1.0", "toy-b": "1.0", "toy-c": "1.0"}, w.versions(), "what takes it back does")
}

func TestAHeldFixIsInstalledOnlyWhenThatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.three()
	w.run("dpkg", "--root="+filepath.Join(w.dir, "root"), "--get-selections")
	cmd := exec.Command("dpkg", "--root="+filepath.Join(w.dir, "root"), "--set-selections")
	cmd.Stdin = strings.NewReader("toy-c hold\n")
	require.NoError(t, cmd.Run())
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	require.Len(t, p.Steps, 1)
	assert.Equal(t, []apply.Left{{Label: "toy-c", Reason: "held", Security: true}}, p.Left)

	p, err = a.Plan(t.Context(), apply.Options{Security: true, Held: true, Only: []string{"toy-c"}})
	require.NoError(t, err)
	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.Equal(t, "1.0+fix1", w.versions()["toy-c"])
	held, _ := pkgupdate.Find(a.Manager.Installed(t.Context()).Value, "toy-c")
	assert.True(t, held.Held, "the hold is a person's, and stays")
}

func TestARepositoryThatChangesBetweenPlanAndApplyStopsIt(t *testing.T) {
	w := newWorld(t)
	w.three()
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	w.publish(w.build(toy{name: "toy-d", ver: "1.0"}), w.build(toy{name: "toy-a", ver: "1.0+fix2"})+w.build(toy{name: "toy-c", ver: "1.0+fix1", control: "Depends: toy-d\n"}))
	_, err = a.Apply(t.Context(), p)
	var drift *apply.DriftError
	require.ErrorAs(t, err, &drift)
	assert.Equal(t, []string{"now also: upgrade toy-a:all 1.0 to 1.0+fix2 (security)", "no longer: upgrade toy-a:all 1.0 to 1.0+fix1+ (security)"}, drift.Differences)
	assert.Equal(t, "1.0", w.versions()["toy-c"], "nothing is done")
	jobs, err := a.Jobs(t.Context())
	require.NoError(t, err)
	assert.Empty(t, jobs)
}

func TestConffilesBecomeWhatWasForetold(t *testing.T) {
	for policy, want := range map[apply.Conffiles]map[string]string{
		apply.KeepConffiles:    {"both": "mine", "both.dpkg-dist": "2", "mine": "mine", "theirs": "2", "gone.dpkg-dist": "2"},
		apply.ReplaceConffiles: {"both": "2", "both.dpkg-old": "mine", "mine": "mine", "theirs": "2", "gone": "2"},
	} {
		w := newWorld(t)
		files := map[string]string{"/etc/toy/both": "1", "/etc/toy/mine": "1", "/etc/toy/theirs": "1", "/etc/toy/gone": "1"}
		one := w.build(toy{name: "toy-a", ver: "1.0", files: files})
		w.install("1.0", "toy-a")
		w.write("root/etc/toy/both", "mine")
		w.write("root/etc/toy/mine", "mine")
		require.NoError(t, os.Remove(filepath.Join(w.dir, "root/etc/toy/gone")))
		for _, name := range []string{"both", "theirs", "gone"} {
			files["/etc/toy/"+name] = "2"
		}
		w.publish(one, w.build(toy{name: "toy-a", ver: "1.1", files: files}))
		a := w.applier()
		p, err := a.Plan(t.Context(), apply.Options{Conffiles: policy})
		require.NoError(t, err)
		assert.Empty(t, p.Notes)
		fates := map[string]apply.Fate{}
		for _, c := range p.Conffiles {
			fates[filepath.Base(c.Path)] = c.Fate
		}
		both, gone := apply.Kept, apply.Absent
		if policy == apply.ReplaceConffiles {
			both, gone = apply.Replaced, apply.PutIn
		}
		assert.Equal(t, map[string]apply.Fate{"both": both, "mine": apply.Stays, "gone": gone}, fates)
		r, err := a.Apply(t.Context(), p)
		require.NoError(t, err, r.Failure)
		got := map[string]string{}
		entries, err := os.ReadDir(filepath.Join(w.dir, "root/etc/toy"))
		require.NoError(t, err)
		for _, e := range entries {
			got[e.Name()] = w.read("root/etc/toy/" + e.Name())
		}
		assert.Equal(t, want, got, string(policy))

		p, err = a.Plan(t.Context(), apply.Options{Conffiles: apply.StopAtConffiles})
		require.NoError(t, err)
		assert.Empty(t, p.Steps)
	}
}

func TestAPlanThatStopsAtConffilesIsNotCarriedOut(t *testing.T) {
	w := newWorld(t)
	one := w.build(toy{name: "toy-a", ver: "1.0", files: map[string]string{"/etc/toy/c": "1"}})
	w.install("1.0", "toy-a")
	w.write("root/etc/toy/c", "mine")
	w.publish(one, w.build(toy{name: "toy-a", ver: "1.1", files: map[string]string{"/etc/toy/c": "2"}}))
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Conffiles: apply.StopAtConffiles})
	require.NoError(t, err)
	assert.Equal(t, []string{"/etc/toy/c was edited: it was changed by the maker too, and stops the plan"}, p.Problems)
	_, err = a.Apply(t.Context(), p)
	require.ErrorIs(t, err, apply.ErrNotReady)
	assert.Equal(t, "1.0", w.versions()["toy-a"])
}

func TestWhoHoldsTheLockIsNamed(t *testing.T) {
	w := newWorld(t)
	w.three()
	python := need.Program(t, "python3")
	cmd := exec.Command(python, "-c", "import fcntl,sys\nf=open(sys.argv[1],'w')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint(1,flush=True)\nsys.stdin.read()", filepath.Join(w.dir, "root/var/lib/dpkg/lock-frontend"))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err)
	defer cmd.Wait()
	defer in.Close()
	p, err := w.applier().Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	require.NotEmpty(t, p.Problems)
	assert.Contains(t, p.Problems[0], "lock-frontend is held by process")
	assert.Contains(t, p.Problems[0], "python3")
	_, err = w.applier().Apply(t.Context(), p)
	require.ErrorIs(t, err, apply.ErrNotReady)
}

// tmpfs mounts a small file system into the private root.
func (w *world) tmpfs(dir, size string) {
	dir = filepath.Join(w.dir, "root", dir)
	require.NoError(w.t, os.MkdirAll(dir, 0o755))
	need.That(w.t, "mounting a tmpfs", exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).Run() == nil)
	w.t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
}

func TestAFullDiskIsSeenBefore(t *testing.T) {
	w := newWorld(t)
	w.three()
	w.tmpfs("usr/lib", "64k") // what is asked is /usr
	p, err := w.applier().Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	w.tmpfs("usr", "1m")
	p, err = w.applier().Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	require.NotEmpty(t, p.Problems)
	assert.Contains(t, p.Problems[0], "no space left at /usr: 1 MiB free")
}

func TestADiskThatFillsWhileItIsDoneLeavesAnHonestResult(t *testing.T) {
	w := newWorld(t)
	one, other := w.build(toy{name: "toy-a", ver: "1.0"}), w.build(toy{name: "toy-b", ver: "1.0"})
	w.install("1.0", "toy-a", "toy-b")
	w.publish(one+other, w.build(toy{name: "toy-a", ver: "1.1"})+w.build(toy{name: "toy-b", ver: "1.1", files: map[string]string{"/opt/big": strings.Repeat("x", 1<<20)}}))
	w.tmpfs("opt", "100k")
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	r, err := a.Apply(t.Context(), p)
	require.ErrorIs(t, err, apply.ErrNoSpace)
	require.ErrorIs(t, err, apply.ErrPartial)
	require.Len(t, r.Undone, 1)
	assert.Equal(t, "toy-b", r.Undone[0].Step.Name)
	assert.Equal(t, "1.0", r.Undone[0].Now)
	assert.False(t, r.Complete())
	assert.Contains(t, r.Failure, "No space left on device")
}

func TestAFailedScriptIsHalfDoneAndTheNextPlanSaysHowToRepair(t *testing.T) {
	w := newWorld(t)
	one := w.build(toy{name: "toy-a", ver: "1.0"})
	w.install("1.0", "toy-a")
	w.publish(one, w.build(toy{name: "toy-a", ver: "1.1", script: "echo broken; exit 1\n"}))
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	r, err := a.Apply(t.Context(), p)
	require.ErrorIs(t, err, pkgupdate.ErrInterrupted)
	assert.Equal(t, []string{"toy-a is half-configured"}, r.Faults)
	assert.False(t, r.Complete(), "the version is the new one, and that is not enough")
}

// The caller goes away in the middle, and another one finds the job.
func TestAnApplyGoesOnWithoutItsCaller(t *testing.T) {
	w := newWorld(t)
	w.three()
	gate := filepath.Join(w.dir, "gate")
	w.configure(`DPkg::Pre-Invoke { "while [ ! -e ` + gate + ` ]; do sleep 0.05; done"; };`)
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 2400 {
			if jobs, _ := a.Jobs(t.Context()); len(jobs) == 1 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		cancel()
	}()
	_, err = a.Apply(ctx, p)
	var running *apply.RunningError
	require.ErrorAs(t, err, &running)
	require.ErrorIs(t, err, job.ErrRunning)
	_, err = a.Apply(t.Context(), p)
	require.ErrorIs(t, err, job.ErrRunning, "there is one at a time")
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	r, err := w.applier().Resume(t.Context(), running.Job)
	require.NoError(t, err, r.Failure)
	assert.True(t, r.Complete())
	assert.Equal(t, p.Hash(), r.Job.Plan.Hash())
	text, err := a.Transcript(t.Context(), running.Job)
	require.NoError(t, err)
	assert.Contains(t, string(text), "Setting up toy-a")
}

// A manager that is killed leaves no end behind; what is done is told by the inventory.
func TestAKilledJobIsInterrupted(t *testing.T) {
	w := newWorld(t)
	w.three()
	w.configure(`DPkg::Pre-Invoke { "sleep 600"; };`)
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{Security: true})
	require.NoError(t, err)
	go func() {
		for range 2400 {
			time.Sleep(50 * time.Millisecond)
			names, _ := filepath.Glob(w.jobs + "/*/pid")
			if len(names) == 0 {
				continue
			}
			pid, err := os.ReadFile(names[0])
			if err == nil && exec.Command("pkill", "-KILL", "--session", strings.TrimSpace(string(pid))).Run() == nil {
				return
			}
		}
	}()
	r, err := a.Apply(t.Context(), p)
	require.ErrorIs(t, err, job.ErrInterrupted)
	assert.Equal(t, job.Interrupted, r.Job.State)
	assert.Len(t, r.Undone, 3)
	assert.False(t, r.Complete())
}

func TestAHealthThatFailsBeforeIsAProblemAndOneAfterwardsIsTold(t *testing.T) {
	w := newWorld(t)
	w.three()
	a := w.applier()
	a.Health = func(context.Context) error { return errors.New("port 25 is silent") }
	p, err := a.Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"what is looked at afterwards fails before: port 25 is silent"}, p.Problems)
	a.Health = func(context.Context) error {
		if w.versions()["toy-a"] == "1.0" {
			return nil
		}
		return errors.New("port 25 is silent")
	}
	p, err = a.Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.Equal(t, "port 25 is silent", r.Health)
}

// To apt NAME- is a removal and NAME+ an installation, and both are names too.
func TestNamesThatEndInASignAreUpgradedAndNothingIsRemoved(t *testing.T) {
	w := newWorld(t)
	var old, fixed string
	for _, name := range []string{"toy", "toy-", "toy+"} {
		old += w.build(toy{name: name, ver: "1.0"})
		if name != "toy" {
			fixed += w.build(toy{name: name, ver: "1.1"})
		}
	}
	w.install("1.0", "toy", "toy-", "toy+")
	require.Len(t, w.versions(), 3)
	w.publish(old, fixed)
	a := w.applier()
	p, err := a.Plan(t.Context(), apply.Options{})
	require.NoError(t, err)
	r, err := a.Apply(t.Context(), p)
	require.NoError(t, err, r.Failure)
	assert.Equal(t, map[string]string{"toy": "1.0", "toy-": "1.1", "toy+": "1.1"}, w.versions())
}
