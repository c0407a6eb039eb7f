package apply

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// A Job is a run of a manager that this package started.
type Job struct {
	ID    string
	Plan  Plan
	State JobState
	Exit  int // exit status, once State is Ended
}

// JobState says how far a job is. The zero value is not known.
type JobState string

// The states.
const (
	Running     JobState = "running"
	Ended       JobState = "ended"
	Interrupted JobState = "interrupted" // it has neither an end nor a process
)

const (
	maxPlan       = 16 << 20
	maxTranscript = 4 << 20
	settling      = time.Minute // in which a job that was started gets its process
)

// The texts that the shell runs. All values are parameters: $1 is the folder of the
// job. The first makes it, which fails where there is one, and keeps the plan in it.
// The last is the job: its own process number comes from a child, since systemd would
// replace two dollars. What it starts has the signals' usual meaning, and it outlives
// them. Its second start, after one that was thought to have failed, does nothing.
const (
	makeJob = `umask 077; mkdir "$1" && cat >"$1/plan.new" && mv "$1/plan.new" "$1/plan"`
	begin   = `if [ -x /usr/bin/setsid ]; then exec /usr/bin/setsid --fork /bin/sh -c "$@"; fi; /bin/sh -c "$@" </dev/null >/dev/null 2>&1 &`
	runJob  = `umask 022; d=$1; shift
mkdir "$d/begun" || exit
trap : HUP INT TERM
exec >>"$d/transcript" 2>&1 </dev/null
/bin/sh -c 'echo "$PPID"' >"$d/pid.new" && mv "$d/pid.new" "$d/pid"
"$@"
echo "$?" >"$d/rc.new" && { sync "$d/rc.new" || sync; } && mv "$d/rc.new" "$d/rc"`
)

// start makes the folder of a job and starts it there. When it returns an error,
// nothing was started: the end of ctx does not come between.
func (a Applier) start(ctx context.Context, p Plan, c host.Command) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx = context.WithoutCancel(ctx)
	err := a.change(ctx, host.Command{Args: []string{"mkdir", "-p", "-m", "700", a.Dir}})
	if err == nil {
		err = a.safeDir(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("where jobs are kept: %w", err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	var random [8]byte
	rand.Read(random[:]) // it never fails
	id := a.Host.Time().UTC().Format("20060102T150405Z-") + hex.EncodeToString(random[:])
	dir := path.Join(a.Dir, id)
	err = a.change(ctx, host.Command{Args: []string{"/bin/sh", "-c", makeJob, "sh", dir}, Stdin: bytes.NewReader(data)})
	if err != nil {
		return "", fmt.Errorf("folder of the job: %w", err)
	}
	job := append([]string{runJob, "sh", dir}, c.Args...)
	if _, err := a.Host.Lstat(ctx, "/run/systemd/system"); err == nil {
		unit := asUnit(id, job, c.Env)
		unit.Mutates = true
		out, err := a.Host.Run(ctx, unit)
		if err == nil && out.OK() || err != nil && !errors.Is(err, exec.ErrNotFound) {
			return id, err // whether it began is not known: it is not started twice
		}
	}
	return id, a.change(ctx, host.Command{Args: append([]string{"/bin/sh", "-c", begin, "sh"}, job...), Env: c.Env})
}

// asUnit makes the job a unit of its own: else it would end with the service that
// asked for it.
func asUnit(id string, job, env []string) host.Command {
	args := []string{"systemd-run", "--quiet", "--collect", "--no-block", "--unit=upkeep-apply-" + id, "--property=KillMode=process"}
	for _, kv := range slices.Concat(host.Environ(), env) {
		args = append(args, "--setenv="+kv)
	}
	return host.Command{Args: slices.Concat(args, []string{"/bin/sh", "-c"}, job)}
}

// change runs a command that changes something, to its end.
func (a Applier) change(ctx context.Context, c host.Command) error {
	c.Mutates = true
	out, err := a.Host.Run(ctx, c)
	if err != nil {
		return err
	}
	return out.Err()
}

// safeDir reports whether only root, or who runs this, can write to the folder.
func (a Applier) safeDir(ctx context.Context) error {
	st, err := a.Host.Lstat(ctx, a.Dir)
	switch {
	case err != nil:
		return err
	case !st.IsDir() || st.Perm()&0o022 != 0 || st.UID != 0:
		return fmt.Errorf("%s: %w", a.Dir, ErrUnsafeDir)
	}
	return nil
}

// Jobs lists the jobs of this manager that are kept, oldest first. One that cannot be
// read is in the error beside the others.
func (a Applier) Jobs(ctx context.Context) ([]Job, error) {
	t, err := toolFor(ctx, a.Host, a.Manager.Info().ID)
	if err != nil {
		return nil, err
	}
	entries, err := a.Host.ReadDir(ctx, a.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	var list []Job
	var errs []error
	for _, e := range entries {
		if !e.IsDir() || !plain(e.Name, "-") {
			continue
		}
		j, err := a.Job(ctx, e.Name)
		if err != nil {
			errs = append(errs, err)
		} else if j.Plan.Manager == t.name {
			list = append(list, j)
		}
	}
	slices.SortFunc(list, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
	return list, errors.Join(errs...)
}

// Job looks at one job.
func (a Applier) Job(ctx context.Context, id string) (Job, error) {
	j := Job{ID: id}
	if !plain(id, "-") {
		return j, fmt.Errorf("job %.80q: %w", id, fs.ErrNotExist)
	}
	dir := path.Join(a.Dir, id)
	data, err := a.Host.ReadFile(ctx, dir+"/plan", maxPlan)
	if err == nil {
		err = json.Unmarshal(data, &j.Plan)
	}
	if err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	if j.State, j.Exit, err = a.stateOf(ctx, dir); err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	return j, nil
}

// stateOf looks for the end of a job, and then for its process: in that order and
// once more for the end, since it may come between.
func (a Applier) stateOf(ctx context.Context, dir string) (JobState, int, error) {
	for range 2 {
		text, err := a.Host.ReadFile(ctx, dir+"/rc", 64)
		switch {
		case err == nil:
			exit, err := strconv.Atoi(strings.TrimSpace(string(text)))
			return Ended, exit, err
		case !errors.Is(err, fs.ErrNotExist):
			return "", 0, err
		}
		running, err := a.running(ctx, dir)
		if err != nil || running {
			return Running, 0, err
		}
	}
	return Interrupted, 0, nil
}

// running looks for the process of a job. Its number may be another's by now, but
// that one began later.
func (a Applier) running(ctx context.Context, dir string) (bool, error) {
	st, err := a.Host.Lstat(ctx, dir+"/pid")
	if errors.Is(err, fs.ErrNotExist) {
		made, err := a.Host.Lstat(ctx, dir+"/plan")
		return err == nil && a.Host.Time().Sub(made.ModTime()) < settling, err
	}
	text, readErr := a.Host.ReadFile(ctx, dir+"/pid", 64)
	pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err := errors.Join(err, readErr, convErr); err != nil {
		return false, err
	}
	now := a.Host
	now.Memo = nil // processes come and go
	all, err := sysview.Processes(ctx, now)
	if err != nil {
		return false, err
	}
	for _, p := range all {
		if p.PID == pid {
			return p.Start.IsZero() || !p.Start.After(st.ModTime().Add(2*time.Second)), nil
		}
	}
	return false, nil
}

// Transcript is what the manager wrote so far; of a long one its end, with
// host.ErrTruncated.
func (a Applier) Transcript(ctx context.Context, id string) ([]byte, error) {
	if !plain(id, "-") {
		return nil, fmt.Errorf("job %.80q: %w", id, fs.ErrNotExist)
	}
	f, err := a.Host.Open(ctx, path.Join(a.Dir, id, "transcript"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(st.Size, maxTranscript))
	n, err := f.ReadAt(data, st.Size-int64(len(data)))
	if n == len(data) {
		err = nil
	}
	if err == nil && st.Size > maxTranscript {
		err = host.ErrTruncated
	}
	return data[:n], err
}

// wait looks at a job until it is no longer running, or ctx ends: then the job goes
// on, and the error is a *RunningError.
func (a Applier) wait(ctx context.Context, id string) (Job, error) {
	for {
		j, err := a.Job(ctx, id)
		if err == nil && j.State != Running {
			return j, nil
		}
		if err != nil && ctx.Err() == nil {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, &RunningError{Job: id, Since: j.Plan.Made}
		case <-time.After(cmp.Or(a.Poll, 500*time.Millisecond)):
		}
	}
}
