//go:build linux || freebsd || openbsd || netbsd || darwin

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runner is the Runner of Local; the field is for tests.
type runner struct{ search []string }

func localRunner() Runner { return runner{search: searchPath[:]} }

func (r runner) Run(ctx context.Context, c Command) (Output, error) {
	out, err := r.run(ctx, c)
	if err != nil {
		return out, fmt.Errorf("run %s: %w", firstArg(c), err)
	}
	return out, nil
}

func (r runner) run(ctx context.Context, c Command) (Output, error) {
	if err := ctx.Err(); err != nil {
		return Output{}, err
	}
	if len(c.Args) == 0 {
		return Output{}, errors.New("no program given")
	}
	path, err := r.find(c.Args[0])
	if err != nil {
		return Output{}, err
	}
	child, err := start(path, c)
	if err != nil {
		return Output{}, err
	}
	return child.wait(ctx)
}

// find returns the absolute path of a program. That it is not there is said
// only when every directory could be looked at.
func (r runner) find(name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return name, executable(name)
	}
	if name == "" || strings.Contains(name, "/") {
		return "", fmt.Errorf("%q is neither an absolute path nor a plain name", name)
	}
	answer := exec.ErrNotFound
	for _, dir := range r.search {
		path := dir + "/" + name
		err := executable(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, exec.ErrNotFound) {
			answer = err
		}
	}
	return "", answer
}

// executable looks for a program file; its error is exec.ErrNotFound only when
// nothing is there.
func executable(path string) error {
	st, err := statAt(unix.AT_FDCWD, path, true)
	switch {
	case err == unix.ENOENT || err == unix.ENOTDIR:
		return exec.ErrNotFound
	case err != nil:
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	case !st.IsRegular() || st.Perm()&0o111 == 0:
		return &fs.PathError{Op: "exec", Path: path, Err: unix.EACCES}
	}
	return nil
}

// killGrace is how long the end of a killed process is waited for.
const killGrace = 2 * time.Second

// A child is a started command.
type child struct {
	cmd     *exec.Cmd
	mutates bool
	stdin   *os.File // our end of the pipe; nil without Command.Stdin
	stdout  *stream
	stderr  *stream
	failed  chan struct{} // closed when Command.Stdout refused a write
	exited  chan struct{} // closed when the process has ended
}

func start(path string, c Command) (*child, error) {
	ch := &child{
		cmd: &exec.Cmd{
			Path: path, Args: c.Args, Env: append(Environ(), c.Env...), Dir: "/",
			// A session of its own is a process group of its own, and leaves no
			// terminal on which a program could ask for a password.
			SysProcAttr: &syscall.SysProcAttr{Setsid: true},
		},
		mutates: c.Mutates,
		failed:  make(chan struct{}),
		exited:  make(chan struct{}),
	}
	theirs, err := ch.connect(c)
	if err == nil {
		err = ch.cmd.Start()
	}
	for _, f := range theirs {
		f.Close()
	}
	if err != nil {
		ch.closePipes()
		return nil, err
	}
	ch.serve(c.Stdin)
	return ch, nil
}

// connect makes the pipes and returns the ends that are for the process.
func (ch *child) connect(c Command) (theirs []*os.File, err error) {
	limit := c.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}
	outR, outW := pipe()
	errR, errW := pipe()
	ch.stdout = &stream{pipe: outR, to: c.Stdout, limit: limit, failed: ch.failed}
	ch.stderr = &stream{pipe: errR, limit: limit}
	ch.cmd.Stdout, ch.cmd.Stderr = outW, errW
	theirs = []*os.File{outW, errW}
	if c.Stdin != nil {
		inR, inW := pipe()
		ch.stdin, ch.cmd.Stdin = inW, inR
		theirs = append(theirs, inR)
	}
	return theirs, err
}

// closePipes closes our ends; a nil file says so and that is all.
func (ch *child) closePipes() {
	ch.stdin.Close()
	ch.stdout.pipe.Close()
	ch.stderr.pipe.Close()
}

// serve starts what runs beside the process: two readers, perhaps a writer,
// and the one that reaps it.
func (ch *child) serve(stdin io.Reader) {
	ch.stdout.start()
	ch.stderr.start()
	if stdin != nil {
		go func() {
			io.Copy(ch.stdin, stdin) // a program need not read all
			ch.stdin.Close()
		}()
	}
	exited := ch.exited
	go func() {
		ch.cmd.Wait() // how it ended stands in ProcessState
		close(exited)
	}()
}

// wait waits for the end of the process or of ctx. When both have come, that of
// the process counts; then its process group may be another's by now.
func (ch *child) wait(ctx context.Context) (Output, error) {
	select {
	case <-ch.exited:
	case <-ch.failed:
	case <-ctx.Done():
	}
	switch {
	case ch.hasExited():
		return ch.finish()
	case ch.mutates:
		return ch.waitMutating(ctx)
	}
	unix.Kill(-ch.cmd.Process.Pid, unix.SIGKILL)
	select {
	case <-ch.exited:
	case <-time.After(killGrace):
		_, err := ch.leave() // it waits inside the kernel, as for a dead disk
		return Output{}, errors.Join(ctx.Err(), err)
	}
	out, err := ch.finish()
	if err == nil {
		err = ctx.Err()
	}
	return out, err
}

func (ch *child) hasExited() bool {
	select {
	case <-ch.exited:
		return true
	default:
		return false
	}
}

// waitMutating waits for a command that is not ended, whether nobody takes its
// output any more or nobody waits for it.
func (ch *child) waitMutating(ctx context.Context) (Output, error) {
	select {
	case <-ch.exited:
		return ch.finish()
	case <-ctx.Done():
		return ch.leave()
	}
}

// leave lets the process go on: its output is read and dropped until its end.
func (ch *child) leave() (Output, error) {
	ch.stdout.forsake()
	ch.stderr.forsake()
	go func() {
		<-ch.exited
		ch.stdin.Close()
		<-ch.stdout.done
		<-ch.stderr.done
		ch.closePipes()
	}()
	return Output{}, ErrStillRunning
}

// finish collects what an ended process has left.
func (ch *child) finish() (Output, error) {
	ch.stdin.Close()
	ch.stdout.finish(ch.mutates)
	ch.stderr.finish(ch.mutates)
	out := Output{
		Stdout:    ch.stdout.kept,
		Stderr:    ch.stderr.kept,
		Exit:      ch.cmd.ProcessState.ExitCode(),
		Truncated: ch.stdout.truncated || ch.stderr.truncated,
	}
	if status, ok := ch.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		out.Signal = status.Signal().String()
	}
	return out, errors.Join(ch.stdout.err, ch.stderr.err)
}
