package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// noProgram is a name that no system has.
const noProgram = "upkeep-no-such-program"

// A runnerCase is a command and how it ends.
type runnerCase struct {
	sentence string
	args     []string
	limit    int64
	want     host.Output
}

// runnerCases are the commands whose end TestRunner knows.
var runnerCases = []runnerCase{
	{"Runner 1", []string{"printf", `[%s]`, "$HOME", "`id`", "*", "a  b", "", "x\ny", `\'"`, "\xff", "; exit 3"}, 0, host.Output{
		Stdout: []byte("[$HOME][`id`][*][a  b][][x\ny][\\'\"][\xff][; exit 3]"),
	}},
	{"Runner 2", []string{"/bin/sh", "-c", "echo absolute"}, 0, host.Output{Stdout: []byte("absolute\n")}},
	{"Runner 4", []string{"cat"}, 0, host.Output{}},
	{"Runner 5", []string{"sh", "-c", "echo out; echo err >&2; exit 3"}, 0, host.Output{
		Stdout: []byte("out\n"), Stderr: []byte("err\n"), Exit: 3,
	}},
	{"Runner 5", []string{"sh", "-c", "exit 255"}, 0, host.Output{Exit: 255}},
	{"Runner 5", []string{"sh", "-c", "printf part; kill -9 $$"}, 0, host.Output{
		Stdout: []byte("part"), Exit: -1, Signal: "killed",
	}},
	{"Runner 7", []string{"sh", "-c", "printf 0123456789; printf abcdefghij >&2; exit 4"}, 4, host.Output{
		Stdout: []byte("0123"), Stderr: []byte("abcd"), Exit: 4, Truncated: true,
	}},
	{"Runner 7", []string{"sh", "-c", "printf 0123"}, 4, host.Output{Stdout: []byte("0123")}},
}

// RunnerText lists what TestRunner asks of a fake machine.
func RunnerText() string {
	m := New("")
	for _, c := range runnerCases {
		m.SetCommand(c.args, c.full(), nil)
	}
	env := strings.Join(append(host.Environ(), extraEnv), "\n") + "\n"
	m.SetCommand([]string{"env"}, host.Output{Stdout: []byte(env)}, nil)
	m.SetCommand([]string{noProgram}, host.Output{}, exec.ErrNotFound)
	m.SetCommand([]string{"/" + noProgram}, host.Output{}, exec.ErrNotFound)
	for _, program := range []string{"", "./sh", "bin/sh"} {
		m.SetCommand([]string{program}, host.Output{}, errors.New("neither an absolute path nor a plain name"))
	}
	m.commands[formatVector(sleepArgs)] = &command{hang: true}
	m.commands[formatVector(changeArgs)] = &command{hang: true, out: host.Output{Stdout: []byte("4711\n")}}
	m.SetCommand(signalArgs("0", "4711"), host.Output{}, nil)
	m.SetCommand(signalArgs("KILL", "4711"), host.Output{}, nil)
	m.commands[formatVector([]string{"cat"})] = &command{echo: true}
	return string(m.Text())
}

// sleepArgs run long, in a child of the shell.
var sleepArgs = []string{"sh", "-c", "sleep 600; echo late"}

// changeArgs stand for a command that changes the system: they say which process
// they are, and run until they are ended.
var changeArgs = []string{"sh", "-c", "echo $$; exec sleep 600"}

// signalArgs send a signal to a process.
func signalArgs(signal, pid string) []string {
	return []string{"sh", "-c", `kill -s "$1" "$2"`, "sh", signal, pid}
}

const extraEnv = "EXTRA=a b'$c"

// TestRunner tests a runner against the numbered sentences of host.Runner. It
// runs sh, cat, env, printf and sleep; nothing that changes the system, and ends
// what it has started. A panic is a violation. A runner
// that answers errors.ErrUnsupported must do so always, and then passes. A nil
// runner is one of these.
func TestRunner(ctx context.Context, r host.Runner) error {
	k := &runnerKit{kit: kit{ctx: ctx}, h: host.Host{Exec: r}}
	if _, err := k.run("Runner 4", host.Command{Args: []string{"cat"}}); errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	for _, part := range []func(){k.ends, k.programs, k.environment, k.stdin, k.writer, k.deadline, k.mutates} {
		k.guard("Runner", "a call", part)
	}
	return k.result()
}

type runnerKit struct {
	kit
	h host.Host
}

// full is the case's output without a limit, for a fake to cut.
func (c runnerCase) full() host.Output {
	out := c.want
	if c.want.Truncated {
		out.Stdout, out.Stderr, out.Truncated = []byte("0123456789"), []byte("abcdefghij"), false
	}
	return out
}

func (k *runnerKit) run(sentence string, c host.Command) (host.Output, error) {
	var out host.Output
	var err error
	ended := k.call(sentence, fmt.Sprintf("run %q", c.Args), func(ctx context.Context) {
		out, err = k.h.Run(ctx, c)
	})
	if !ended {
		return host.Output{}, errors.New("no end")
	}
	return out, err
}

func (k *runnerKit) ends() {
	for _, c := range runnerCases {
		out, err := k.run(c.sentence, host.Command{Args: c.args, Limit: c.limit})
		if err != nil || !sameOutput(out, c.want) {
			k.fail(c.sentence, "run %q: got %s, %v, want %s", c.args, show(out), err, show(c.want))
		}
	}
}

func sameOutput(a, b host.Output) bool {
	return bytes.Equal(a.Stdout, b.Stdout) && bytes.Equal(a.Stderr, b.Stderr) &&
		a.Exit == b.Exit && a.Signal == b.Signal && a.Truncated == b.Truncated
}

func show(o host.Output) string {
	return fmt.Sprintf("{out %q, err %q, exit %d, signal %q, truncated %v}", o.Stdout, o.Stderr, o.Exit, o.Signal, o.Truncated)
}

func (k *runnerKit) programs() {
	for _, program := range []string{noProgram, "/" + noProgram} {
		_, err := k.run("Runner 2", host.Command{Args: []string{program}})
		k.want("Runner 2", fmt.Sprintf("run %q", program), err, exec.ErrNotFound)
		if err != nil && !strings.Contains(err.Error(), program) {
			k.fail("Runner 8", "run %q: the error does not name it: %v", program, err)
		}
	}
	for _, args := range [][]string{nil, {""}, {"./sh"}, {"bin/sh"}} {
		_, err := k.run("Runner 2", host.Command{Args: args})
		if err == nil || errors.Is(err, exec.ErrNotFound) {
			k.fail("Runner 2", "run %q: got %v, want an error that is not exec.ErrNotFound", args, err)
		}
	}
}

func (k *runnerKit) environment() {
	out, err := k.run("Runner 3", host.Command{Args: []string{"env"}, Env: []string{extraEnv}})
	got := strings.Split(strings.TrimSuffix(string(out.Stdout), "\n"), "\n")
	want := append(host.Environ(), extraEnv)
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		k.fail("Runner 3", "environment: got %q, %v, want %q", got, err, want)
	}
}

func (k *runnerKit) stdin() {
	in := bytes.Repeat(allBytes(), 1000)
	out, err := k.run("Runner 4", host.Command{Args: []string{"cat"}, Stdin: bytes.NewReader(in)})
	if err != nil || !bytes.Equal(out.Stdout, in) {
		k.fail("Runner 4", "cat of %d bytes gives %d, %v", len(in), len(out.Stdout), err)
	}
	// A program need not read its input.
	out, err = k.run("Runner 4", host.Command{Args: runnerCases[1].args, Stdin: bytes.NewReader(in)})
	if err != nil || !sameOutput(out, runnerCases[1].want) {
		k.fail("Runner 4", "a program that reads no input: %s, %v", show(out), err)
	}
}

func (k *runnerKit) writer() {
	var w bytes.Buffer
	out, err := k.run("Command", host.Command{Args: runnerCases[1].args, Stdout: &w})
	if err != nil || w.String() != "absolute\n" || len(out.Stdout) > 0 {
		k.fail("Command", "Stdout got %q, Output.Stdout %q, %v", w.String(), out.Stdout, err)
	}
}

func (k *runnerKit) deadline() {
	k.call("Runner 6", "run with a deadline", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		_, err := k.h.Run(ctx, host.Command{Args: sleepArgs})
		k.want("Runner 6", "deadline", err, context.DeadlineExceeded)
	})
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	_, err := k.h.Run(ctx, host.Command{Args: runnerCases[1].args})
	k.want("Runner 6", "cancelled", err, context.Canceled)
}

// mutates tests that a command which changes the system is left alone when its
// context ends: half a dpkg is worse than a late one.
func (k *runnerKit) mutates() {
	var process pidLine
	k.call("Runner 6", "run of what changes the system", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, patience/2)
		defer cancel()
		process.whole = cancel
		_, err := k.h.Run(ctx, host.Command{Args: changeArgs, Mutates: true, Stdout: &process})
		k.want("Runner 6", "a command with Mutates whose context ended", err, host.ErrStillRunning)
	})
	pid := process.pid()
	if pid == "" {
		k.fail("Runner 7", "a command's Stdout got nothing while it ran")
		return
	}
	out, err := k.run("Runner 6", host.Command{Args: signalArgs("0", pid)})
	if err != nil || !out.OK() {
		k.fail("Runner 6", "a command with Mutates was ended with its context: %v, %v", out.Err(), err)
		return
	}
	_, _ = k.run("Runner 6", host.Command{Args: signalArgs("KILL", pid)})
}

// A pidLine takes the first line of an output, and calls whole when it is there.
type pidLine struct {
	mu    sync.Mutex
	text  []byte
	whole func()
}

func (p *pidLine) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = append(p.text, b...)
	if bytes.IndexByte(p.text, '\n') >= 0 {
		p.whole()
	}
	return len(b), nil
}

// pid is the number on the line, "" when there is none.
func (p *pidLine) pid() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, _, found := strings.Cut(string(p.text), "\n")
	if n, err := strconv.Atoi(line); !found || err != nil || n < 2 {
		return ""
	}
	return line
}
