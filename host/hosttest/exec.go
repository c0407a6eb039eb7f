package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A command is the recorded end of one argument vector.
type command struct {
	out      host.Output
	err      error
	notFound bool // of any arguments
	hang     bool
	echo     bool // standard output is standard input
}

// Ran is a command that the machine was asked to run.
type Ran struct {
	Args    []string
	Env     []string // as in host.Command
	Stdin   []byte   // all that was given
	Mutates bool
	Listed  bool // false: the answer was ErrUnlisted
}

// SetCommand sets what running args gives, in place of what the text says. The
// error exec.ErrNotFound holds for the program whatever its arguments.
func (m *Machine) SetCommand(args []string, out host.Output, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &command{out: cloneOutput(out), err: err, notFound: errors.Is(err, exec.ErrNotFound)}
	if c.notFound {
		args = args[:1]
	} else {
		delete(m.commands, notFoundKey(args[0]))
	}
	m.commands[c.key(args)] = c
}

// Commands returns what was run so far, in order.
func (m *Machine) Commands() []Ran {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Ran(nil), m.ran...)
}

// Run is host.Runner.Run. It looks at Args alone; Env and Stdin are recorded.
func (m *Machine) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if len(c.Args) == 0 {
		return host.Output{}, errors.New("run: no command")
	}
	if err := ctx.Err(); err != nil {
		return host.Output{}, runError(c, err)
	}
	stdin, err := readStdin(c.Stdin)
	if err != nil {
		return host.Output{}, runError(c, err)
	}
	found := m.record(c, stdin)
	out, err := found.run(ctx, c, stdin)
	if err != nil {
		return out, runError(c, err)
	}
	return out, nil
}

// record notes that c was asked for, and finds its answer.
func (m *Machine) record(c host.Command, stdin []byte) *command {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.commands[notFoundKey(c.Args[0])]
	if found == nil {
		found = m.commands[formatVector(c.Args)]
	}
	m.ran = append(m.ran, Ran{
		Args: append([]string(nil), c.Args...), Env: append([]string(nil), c.Env...),
		Stdin: stdin, Mutates: c.Mutates, Listed: found != nil,
	})
	return found
}

// run works on a nil c: the command is not listed.
func (c *command) run(ctx context.Context, asked host.Command, stdin []byte) (host.Output, error) {
	switch {
	case c == nil:
		return host.Output{}, ErrUnlisted
	case c.hang:
		if asked.Stdout != nil {
			if _, err := asked.Stdout.Write(c.out.Stdout); err != nil {
				return host.Output{}, err
			}
		}
		<-ctx.Done()
		if asked.Mutates {
			return host.Output{}, fmt.Errorf("%w: %w", host.ErrStillRunning, ctx.Err())
		}
		return host.Output{}, ctx.Err()
	case c.err != nil:
		return host.Output{}, c.err
	}
	return c.output(asked, stdin)
}

// output applies the limit and the writer of the question to the answer.
func (c *command) output(asked host.Command, stdin []byte) (host.Output, error) {
	out := cloneOutput(c.out)
	if c.echo {
		out.Stdout = stdin
	}
	limit := asked.Limit
	if limit == 0 {
		limit = host.DefaultLimit
	}
	if asked.Stdout == nil {
		out.Stdout = cut(out.Stdout, limit, &out.Truncated)
	} else {
		if _, err := asked.Stdout.Write(out.Stdout); err != nil {
			return host.Output{}, err
		}
		out.Stdout = nil
	}
	out.Stderr = cut(out.Stderr, limit, &out.Truncated)
	return out, nil
}

func cut(b []byte, limit int64, truncated *bool) []byte {
	if int64(len(b)) <= limit {
		return b
	}
	*truncated = true
	return b[:limit]
}

func readStdin(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	return io.ReadAll(r)
}

func runError(c host.Command, err error) error {
	return fmt.Errorf("run %s: %w", formatVector(c.Args), err)
}

func cloneOutput(o host.Output) host.Output {
	o.Stdout, o.Stderr = bytes.Clone(o.Stdout), bytes.Clone(o.Stderr)
	return o
}

// key is where the command stands in Machine.commands.
func (c *command) key(args []string) string {
	if c.notFound {
		return notFoundKey(args[0])
	}
	return formatVector(args)
}

// notFoundKey differs from every formatted vector.
func notFoundKey(program string) string { return "notfound " + strconv.Quote(program) }

func formatVector(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = strconv.Quote(a)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func parseCommand(s *section) (*command, error) {
	c := &command{}
	var err error
	for _, f := range []struct {
		key string
		to  *bool
	}{{"notfound", &c.notFound}, {"hang", &c.hang}, {"echo", &c.echo}, {"truncated", &c.out.Truncated}} {
		if *f.to, err = s.flag(f.key); err != nil {
			return nil, err
		}
	}
	if c.err, err = s.errorAttr("error"); err != nil {
		return nil, err
	}
	if err := parseEnd(s, &c.out); err != nil {
		return nil, err
	}
	if c.out.Stdout, err = s.content(); err != nil {
		return nil, err
	}
	return c, c.check(s)
}

// parseEnd reads how a command ended.
func parseEnd(s *section, out *host.Output) error {
	if a, ok := s.take("signal"); ok {
		if a.value == "" {
			return errors.New("signal needs a name")
		}
		out.Signal, out.Exit = a.value, -1
	}
	if a, ok := s.take("exit"); ok {
		n, err := strconv.ParseUint(a.value, 10, 8)
		if err != nil || out.Signal != "" {
			return fmt.Errorf("bad exit=%s", a.value)
		}
		out.Exit = int(n)
	}
	return nil
}

// check refuses a section that says two things at once.
func (c *command) check(s *section) error {
	if c.notFound {
		if len(s.args) != 1 {
			return errors.New("notfound is for a program with any arguments: name it alone")
		}
		c.err = exec.ErrNotFound
	}
	if !c.hang && !c.echo && c.err == nil {
		return nil
	}
	o := c.out
	if count(c.hang, c.echo, c.err != nil) > 1 || o.Exit != 0 || o.Truncated {
		return errors.New("a command that does not end, or echoes, has no result of its own")
	}
	if c.hang {
		return nil
	}
	return s.noBody()
}
