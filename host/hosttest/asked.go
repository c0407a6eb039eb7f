package hosttest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
)

// Asked is what was asked of a system: see Listen.
type Asked struct{ questions }

// Listen gives a host that answers as h does, and notes what it is asked, so that
// a test can ask the same of the recording.
func Listen(h host.Host) (host.Host, *Asked) {
	a := &Asked{questions{system: h, paths: map[string]bool{}, lists: map[string]bool{}, commands: map[string][]string{}}}
	h.Files, h.Exec = &a.questions, &a.questions
	return h, a
}

// Record asks the system once more for all that it was asked, and gives the answers
// in the form that New reads. What only root may read and what is no text is left
// out but for its size and times.
func (a *Asked) Record(ctx context.Context, comment string) ([]byte, error) {
	text, err := Record(ctx, a.system, a.spec(ctx, comment))
	return a.complete(text), err
}

// questions notes what is asked of a system.
type questions struct {
	system host.Host

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
	return q.system.Files.Open(ctx, name)
}

// Lstat notes and asks.
func (q *questions) Lstat(ctx context.Context, name string) (host.Stat, error) {
	q.note(name)
	return q.system.Files.Lstat(ctx, name)
}

// ReadDir notes the folder and what is in it.
func (q *questions) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	q.note(name)
	list, err := q.system.Files.ReadDir(ctx, name)
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
	return q.system.Exec.Run(ctx, c)
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

func (q *questions) spec(ctx context.Context, comment string) Spec {
	s := Spec{Comment: comment, Limit: maxRecorded}
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
		st, err := q.system.Lstat(ctx, name)
		open := err == nil && st.Mode&0o004 != 0
		return content, open && !bytes.ContainsRune(content, 0)
	}
	return s
}
