package job

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// A Folder of a system holds its jobs, each with its plan and transcript.
type Folder struct {
	Host host.Host

	// Dir is made where it is missing. It has to be root's, and writable to nobody else.
	Dir string

	// Poll is how often a job is looked at; zero is half a second.
	Poll time.Duration
}

// A Job is a command that was started to outlive its caller.
type Job struct {
	ID    string
	Plan  []byte // what Start was given with it
	State State
	Exit  int // exit status, once State is Ended
}

// State says how far a job is. The zero value is not known.
type State string

// The states.
const (
	Running     State = "running"
	Ended       State = "ended"
	Interrupted State = "interrupted" // it has neither an end nor a process
)

var (
	// ErrRunning says that a job goes on although nobody waits for it.
	ErrRunning = errors.New("the package manager is still at work")
	// ErrInterrupted says that a job ended without having said how: the system went
	// down, or somebody killed it.
	ErrInterrupted = errors.New("the job was interrupted")
	// ErrUnsafeDir says that others can write where jobs are kept.
	ErrUnsafeDir = errors.New("others can write there")
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

// Start makes the folder of a job, keeps its plan there and starts it. The end of ctx
// does not come between. Beside an error the ID is that of a job of which nobody knows
// whether it began; "" where it did not.
func (f Folder) Start(ctx context.Context, plan []byte, c host.Command) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx = context.WithoutCancel(ctx)
	err := f.change(ctx, host.Command{Args: []string{"mkdir", "-p", "-m", "700", f.Dir}})
	if err == nil {
		err = f.safeDir(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("where jobs are kept: %w", err)
	}
	if len(plan) > maxPlan {
		return "", fmt.Errorf("plan of %d bytes: %w", len(plan), host.ErrTruncated)
	}
	var random [8]byte
	rand.Read(random[:]) // it never fails
	id := f.Host.Time().UTC().Format("20060102T150405Z-") + hex.EncodeToString(random[:])
	dir := path.Join(f.Dir, id)
	err = f.change(ctx, host.Command{Args: []string{"/bin/sh", "-c", makeJob, "sh", dir}, Stdin: bytes.NewReader(plan)})
	if err != nil {
		return "", fmt.Errorf("folder of the job: %w", err)
	}
	job := append([]string{runJob, "sh", dir}, c.Args...)
	if _, err := f.Host.Lstat(ctx, "/run/systemd/system"); err == nil {
		unit := asUnit(id, job, c.Env)
		unit.Mutates = true
		out, err := f.Host.Run(ctx, unit)
		if err == nil && out.OK() || err != nil && !errors.Is(err, exec.ErrNotFound) {
			return id, err // whether it began is not known: it is not started twice
		}
	}
	return id, f.change(ctx, host.Command{Args: append([]string{"/bin/sh", "-c", begin, "sh"}, job...), Env: c.Env})
}

// asUnit makes the job a unit of its own: else it would end with the service that
// asked for it.
func asUnit(id string, job, env []string) host.Command {
	// Without a description the unit has the script for one, at each line of which systemd complains.
	args := []string{"systemd-run", "--description=upkeep applies " + id, "--quiet", "--collect", "--no-block", "--unit=upkeep-apply-" + id, "--property=KillMode=process"}
	for _, kv := range slices.Concat(host.Environ(), env) {
		args = append(args, "--setenv="+kv)
	}
	return host.Command{Args: slices.Concat(args, []string{"/bin/sh", "-c"}, job)}
}

// change runs a command that changes something, to its end.
func (f Folder) change(ctx context.Context, c host.Command) error {
	c.Mutates = true
	out, err := f.Host.Run(ctx, c)
	if err != nil {
		return err
	}
	return out.Err()
}

// safeDir reports whether only root, or who runs this, can write to the folder.
func (f Folder) safeDir(ctx context.Context) error {
	st, err := f.Host.Lstat(ctx, f.Dir)
	switch {
	case err != nil:
		return err
	case !st.IsDir() || st.Perm()&0o022 != 0 || st.UID != 0:
		return fmt.Errorf("%s: %w", f.Dir, ErrUnsafeDir)
	}
	return nil
}

// Jobs lists the jobs that are kept, oldest first. One that cannot be read is in the
// error beside the others.
func (f Folder) Jobs(ctx context.Context) ([]Job, error) {
	entries, err := f.Host.ReadDir(ctx, f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	var list []Job
	var errs []error
	for _, e := range entries {
		if !e.IsDir() || !isID(e.Name) {
			continue
		}
		j, err := f.Job(ctx, e.Name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
	return list, errors.Join(errs...)
}

// Job looks at one job.
func (f Folder) Job(ctx context.Context, id string) (Job, error) {
	j := Job{ID: id}
	if !isID(id) {
		return j, fmt.Errorf("job %.80q: %w", id, fs.ErrNotExist)
	}
	dir := path.Join(f.Dir, id)
	var err error
	if j.Plan, err = f.Host.ReadFile(ctx, dir+"/plan", maxPlan); err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	if j.State, j.Exit, err = f.stateOf(ctx, dir); err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	return j, nil
}

var idForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,80}$`)

// isID reports whether text can name a job: nothing in it is a path.
func isID(text string) bool { return idForm.MatchString(text) }

// stateOf looks for the end of a job, and then for its process: in that order and
// once more for the end, since it may come between.
func (f Folder) stateOf(ctx context.Context, dir string) (State, int, error) {
	for range 2 {
		text, err := f.Host.ReadFile(ctx, dir+"/rc", 64)
		switch {
		case err == nil:
			exit, err := strconv.Atoi(strings.TrimSpace(string(text)))
			return Ended, exit, err
		case !errors.Is(err, fs.ErrNotExist):
			return "", 0, err
		}
		running, err := f.running(ctx, dir)
		if err != nil || running {
			return Running, 0, err
		}
	}
	return Interrupted, 0, nil
}

// running looks for the process of a job. Its number may be another's by now, but
// that one began later.
func (f Folder) running(ctx context.Context, dir string) (bool, error) {
	st, err := f.Host.Lstat(ctx, dir+"/pid")
	if errors.Is(err, fs.ErrNotExist) {
		made, err := f.Host.Lstat(ctx, dir+"/plan")
		return err == nil && f.Host.Time().Sub(made.ModTime()) < settling, err
	}
	text, readErr := f.Host.ReadFile(ctx, dir+"/pid", 64)
	pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err := errors.Join(err, readErr, convErr); err != nil {
		return false, err
	}
	now := f.Host
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

// Transcript is what the command wrote so far; of a long one its end, with
// host.ErrTruncated.
func (f Folder) Transcript(ctx context.Context, id string) ([]byte, error) {
	if !isID(id) {
		return nil, fmt.Errorf("job %.80q: %w", id, fs.ErrNotExist)
	}
	file, err := f.Host.Open(ctx, path.Join(f.Dir, id, "transcript"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(st.Size, maxTranscript))
	n, err := file.ReadAt(data, st.Size-int64(len(data)))
	if n == len(data) {
		err = nil
	}
	if err == nil && st.Size > maxTranscript {
		err = host.ErrTruncated
	}
	return data[:n], err
}

// Wait looks at a job until it is no longer running. When ctx ends before, the job goes
// on, and the error is ErrRunning.
func (f Folder) Wait(ctx context.Context, id string) (Job, error) {
	for {
		j, err := f.Job(ctx, id)
		if err == nil && j.State != Running {
			return j, nil
		}
		if err != nil && ctx.Err() == nil {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, ErrRunning
		case <-time.After(cmp.Or(f.Poll, 500*time.Millisecond)):
		}
	}
}
