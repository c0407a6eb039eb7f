package hosttest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Spec says what Record asks a host.
type Spec struct {
	// Comment is the comment of the text: for each part where it comes from,
	// such as "dpkg: recorded live (debian:12, 2026-11-20)".
	Comment string
	// Paths are recorded as they are, files with their content, directories
	// without what they have in them. Links are recorded with their targets.
	Paths []string
	// Trees are directories that are recorded with all below them.
	Trees []string
	// Commands are argument vectors that are run. They must not change the
	// system.
	Commands [][]string
	// Limit is the number of bytes that the content of one file may have, and one
	// stream of a command; zero: 1 MiB. Of a longer file the Stat alone is
	// recorded, a longer stream is cut and called truncated.
	Limit int64
	// Filter may change what is recorded, to take secrets out; nil: WithoutSecrets.
	// It gets the path or the formatted argument vector, and the content. With
	// false the content of a file is left out, and a command altogether.
	Filter func(name string, content []byte) ([]byte, bool)
}

// Record asks h all that spec lists and writes the answers as the text of a
// machine. What h could not tell is recorded as its error. The error of Record
// is that of the context, or of a spec that cannot be written.
func Record(ctx context.Context, h host.Host, spec Spec) ([]byte, error) {
	if spec.Limit == 0 {
		spec.Limit = 1 << 20
	}
	if spec.Filter == nil {
		spec.Filter = WithoutSecrets()
	}
	m, err := Parse([]byte(spec.Comment))
	if err != nil {
		return nil, fmt.Errorf("record: comment: %w", err)
	}
	r := &recorder{h: h, spec: spec, m: m}
	m.now = h.Time()
	for _, name := range append(append([]string{}, spec.Paths...), spec.Trees...) {
		if err := clean(name); err != nil {
			return nil, fmt.Errorf("record: %w", err)
		}
	}
	r.all(ctx)
	if err := errors.Join(ctx.Err(), r.err); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return m.Text(), nil
}

type recorder struct {
	h    host.Host
	spec Spec
	m    *Machine
	err  error
}

func (r *recorder) all(ctx context.Context) {
	for _, name := range r.spec.Paths {
		r.path(ctx, name, 0)
	}
	for _, name := range r.spec.Trees {
		r.path(ctx, name, 0)
		r.tree(ctx, strings.TrimRight(name, "/"))
	}
	for _, args := range r.spec.Commands {
		r.command(ctx, args)
	}
}

// path records name, the directories above it, and where links lead.
func (r *recorder) path(ctx context.Context, name string, links int) {
	at := ""
	r.entry(ctx, "/")
	todo := components(name)
	for len(todo) > 0 && ctx.Err() == nil {
		c := todo[0]
		todo = todo[1:]
		switch c {
		case "", ".":
			continue
		case "..":
			at = at[:max(0, strings.LastIndexByte(at, '/'))]
			continue
		}
		at += "/" + c
		n := r.entry(ctx, at)
		if n == nil || n.absent || n.statErr != nil {
			return
		}
		if n.stat.IsLink() {
			if links++; links > maxLinks {
				return
			}
			todo = append(components(n.stat.Link), todo...)
			at = linkBase(at, n.stat.Link)
		}
	}
}

// linkBase is the directory in which the target of the link at is looked up.
func linkBase(at, target string) string {
	if strings.HasPrefix(target, "/") {
		return ""
	}
	return at[:strings.LastIndexByte(at, '/')]
}

// entry records one name, once.
func (r *recorder) entry(ctx context.Context, name string) *node {
	n, err := r.m.root.make(name)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return nil
	}
	if n.listed {
		return n
	}
	st, err := r.h.Lstat(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		*n = node{listed: true, absent: true}
	case err != nil:
		*n = node{listed: true, statErr: plainError(err)}
	default:
		r.fill(ctx, name, n, st)
	}
	return n
}

// fill records what is there.
func (r *recorder) fill(ctx context.Context, name string, n *node, st host.Stat) {
	st.Name = ""
	n.listed, n.stat = true, st
	if !st.IsRegular() {
		return
	}
	data, err := r.h.ReadFile(ctx, name, r.spec.Limit)
	switch {
	case errors.Is(err, host.ErrTruncated):
		n.noData = true
		return
	case err != nil:
		n.err = plainError(err)
		return
	}
	r.keep(name, n, data)
}

// keep records the content, after the filter. A size that the filter has not
// changed stays as the system told it: of files in /proc it is zero.
func (r *recorder) keep(name string, n *node, data []byte) {
	n.data = data
	kept, ok := r.spec.Filter(name, append([]byte{}, data...))
	if !ok {
		n.data, n.noData = nil, true
		return
	}
	if string(kept) != string(data) {
		n.data, n.stat.Size = kept, int64(len(kept))
		n.stat.Known |= host.KnownSize
	}
}

// tree records all below the directory dir; "" is the root.
func (r *recorder) tree(ctx context.Context, dir string) {
	n, err := r.m.root.make(dir)
	if err != nil || !n.listed || n.absent || !n.stat.IsDir() || n.complete || n.err != nil {
		return
	}
	list, err := r.h.ReadDir(ctx, "/"+strings.TrimPrefix(dir, "/"))
	if err != nil {
		n.err = plainError(err)
		return
	}
	n.complete = true
	for _, st := range list {
		name := dir + "/" + st.Name
		kid, err := n.make(st.Name)
		if err != nil {
			r.err = errors.Join(r.err, err)
			return
		}
		if !kid.listed {
			r.fill(ctx, name, kid, st)
		}
		r.tree(ctx, name)
	}
}

func (r *recorder) command(ctx context.Context, args []string) {
	if len(args) == 0 || ctx.Err() != nil {
		return
	}
	out, err := r.h.Run(ctx, host.Command{Args: args, Limit: r.spec.Limit})
	name := formatVector(args)
	var okOut, okErr bool
	out.Stdout, okOut = r.spec.Filter(name, out.Stdout)
	out.Stderr, okErr = r.spec.Filter(name, out.Stderr)
	if !okOut || !okErr {
		return
	}
	if err != nil && !errors.Is(err, exec.ErrNotFound) {
		out, err = host.Output{}, plainError(err)
	}
	r.m.SetCommand(args, out, err)
}

// plainError is the error without the operation and the name, which the fake
// adds again.
func plainError(err error) error {
	for _, known := range errorWords {
		if errors.Is(err, known.err) {
			return known.err
		}
	}
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}
