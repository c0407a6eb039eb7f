package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// record looks once without a memory, and then writes down what was asked and
// answered, for -host replay: and for tests. What only root may read and what is
// no text is left out but for its size and times.
func (r *round) record(ctx context.Context, t *target, c cli.Call) (int, error) {
	asked := &questions{fs: t.Host.Files, runner: t.Host.Exec, paths: map[string]bool{}, lists: map[string]bool{}, commands: map[string][]string{}}
	system := t.Host
	t.Host.Files, t.Host.Exec = asked, asked
	dir, err := os.MkdirTemp("", "upkeep-record")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	st, err := cli.OpenState(dir, t.name, "")
	if err != nil {
		return 0, err
	}
	defer st.Close() //nolint:errcheck // it is removed
	for _, check := range t.checks(st, r.settings) {
		if _, err := suite.Collect(ctx, check); err != nil {
			return 0, err
		}
	}
	text, err := hosttest.Record(ctx, system, asked.spec(ctx, system))
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(r.recordTo, asked.complete(text), 0o600); err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(c.Stdout, "%s holds what was asked of %s; read it before you hand it on. See it with  agent -host replay:%s\n", r.recordTo, cli.Visible(t.name), r.recordTo)
	return 0, err
}

// questions notes what is asked of a system.
type questions struct {
	fs     host.FS
	runner host.Runner

	mu       sync.Mutex
	paths    map[string]bool
	lists    map[string]bool // folders of which every name was told
	commands map[string][]string
}

func (q *questions) note(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.paths[name] = true
}

// Open notes and opens.
func (q *questions) Open(ctx context.Context, name string) (host.File, error) {
	q.note(name)
	return q.fs.Open(ctx, name)
}

// Lstat notes and asks.
func (q *questions) Lstat(ctx context.Context, name string) (host.Stat, error) {
	q.note(name)
	return q.fs.Lstat(ctx, name)
}

// ReadDir notes the folder and what is in it.
func (q *questions) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	q.note(name)
	list, err := q.fs.ReadDir(ctx, name)
	if err == nil {
		q.mu.Lock()
		q.lists[strings.TrimSuffix(name, "/")+"/"] = true
		q.mu.Unlock()
	}
	for _, st := range list {
		q.note(strings.TrimSuffix(name, "/") + "/" + st.Name)
	}
	return list, err
}

// Run notes a command that changes nothing, and runs it.
func (q *questions) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if len(c.Env) == 0 && c.Stdin == nil && !c.Mutates {
		q.mu.Lock()
		q.commands[strings.Join(c.Args, "\x00")] = c.Args
		q.mu.Unlock()
	}
	return q.runner.Run(ctx, c)
}

// complete says of the folders that were listed that the text has all of them.
func (q *questions) complete(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i, line := range lines {
		if rest, ok := bytes.CutPrefix(line, []byte("-- ")); ok {
			name, attrs, _ := bytes.Cut(rest, []byte(" dir "))
			if q.lists[string(name)] {
				lines[i] = slices.Concat([]byte("-- "), name, []byte(" dir complete "), attrs)
			}
		}
	}
	return bytes.Join(lines, nil)
}

const maxRecorded = 64 << 10 // bytes of one file

func (q *questions) spec(ctx context.Context, h host.Host) hosttest.Spec {
	s := hosttest.Spec{Comment: "Recorded by agent -record.", Limit: maxRecorded}
	for name := range q.paths {
		s.Paths = append(s.Paths, name)
	}
	for _, args := range q.commands {
		s.Commands = append(s.Commands, args)
	}
	slices.Sort(s.Paths)
	slices.SortFunc(s.Commands, slices.Compare)
	s.Filter = func(name string, content []byte) ([]byte, bool) {
		if !strings.HasPrefix(name, "/") {
			return content, true
		}
		st, err := h.Lstat(ctx, name)
		open := err == nil && st.Mode&0o004 != 0
		return content, open && !bytes.ContainsRune(content, 0)
	}
	return s
}
