package hosttest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
)

// maxLinks bounds the links of one path, as Linux does.
const maxLinks = 40

// Lstat is host.FS.Lstat.
func (m *Machine) Lstat(ctx context.Context, name string) (host.Stat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, base, err := m.lookup(ctx, name, false)
	if err != nil {
		return host.Stat{}, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return n.statOf(base), nil
}

// Open is host.FS.Open. The file keeps the content that it had when opened.
func (m *Machine) Open(ctx context.Context, name string) (host.File, error) {
	f, err := m.open(ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, nil
}

func (m *Machine) open(ctx context.Context, name string) (*file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, base, err := m.lookup(ctx, name, true)
	if err != nil {
		return nil, err
	}
	switch {
	case !n.stat.IsRegular():
		return nil, host.ErrNotRegular
	case n.err != nil:
		return nil, n.err
	case n.noData:
		return nil, fmt.Errorf("content: %w", ErrUnlisted)
	}
	return &file{Reader: bytes.NewReader(n.data), stat: n.statOf(base)}, nil
}

// A file is an open file.
type file struct {
	*bytes.Reader
	stat host.Stat
}

func (f *file) Stat() (host.Stat, error) { return f.stat, nil }
func (f *file) Close() error             { return nil }

// ReadDir is host.FS.ReadDir. A directory that the text does not call complete
// answers ErrUnlisted.
func (m *Machine) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	stats, err := m.readDir(ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return stats, nil
}

func (m *Machine) readDir(ctx context.Context, name string) ([]host.Stat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, _, err := m.lookup(ctx, name, true)
	if err != nil {
		return nil, err
	}
	switch {
	case !n.stat.IsDir():
		return nil, syscall.ENOTDIR
	case n.err != nil:
		return nil, n.err
	case !n.complete:
		return nil, fmt.Errorf("directory is not complete: %w", ErrUnlisted)
	}
	stats := []host.Stat{}
	for _, c := range n.names() {
		kid := n.kids[c]
		if kid.statErr != nil {
			return nil, fmt.Errorf("%s: %w", c, kid.statErr)
		}
		if !kid.absent {
			stats = append(stats, kid.statOf(c))
		}
	}
	return stats, nil
}

// lookup finds the node that name leads to, and its last component. The caller
// holds the lock.
func (m *Machine) lookup(ctx context.Context, name string, follow bool) (*node, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if !host.ValidName(name) {
		return nil, "", fs.ErrInvalid
	}
	if !follow {
		// A slash at the end would follow the link before it.
		name = "/" + strings.Trim(name, "/")
	}
	p := path{trail: []step{{m.root, "/"}}, todo: strings.Split(name, "/"), follow: follow}
	for len(p.todo) > 0 {
		if err := p.next(); err != nil {
			return nil, "", err
		}
	}
	last := p.trail[len(p.trail)-1]
	return last.node, last.name, nil
}

// A path is the state of walking down a name.
type path struct {
	trail  []step   // from the root to where we are
	todo   []string // components still to come
	follow bool     // the last component, too
	links  int      // followed so far
}

type step struct {
	node *node
	name string
}

// next walks over one component.
func (p *path) next() error {
	here := p.trail[len(p.trail)-1].node
	c := p.todo[0]
	p.todo = p.todo[1:]
	if !here.stat.IsDir() {
		// What lies below a file does not exist, whatever else is listed.
		return fmt.Errorf("%w: not a directory", fs.ErrNotExist)
	}
	switch c {
	case "", ".":
		return nil
	case "..":
		p.trail = p.trail[:max(1, len(p.trail)-1)]
		return nil
	}
	kid, err := here.kid(c)
	if err != nil {
		return err
	}
	if kid.stat.IsLink() && (len(p.todo) > 0 || p.follow) {
		return p.expand(kid.stat.Link)
	}
	p.trail = append(p.trail, step{kid, c})
	return nil
}

// expand puts the target of a link before what is still to come.
func (p *path) expand(target string) error {
	if p.links++; p.links > maxLinks {
		return syscall.ELOOP
	}
	if strings.HasPrefix(target, "/") {
		p.trail = p.trail[:1]
	}
	p.todo = append(strings.Split(target, "/"), p.todo...)
	return nil
}

// kid finds the entry c of the directory n.
func (n *node) kid(c string) (*node, error) {
	kid := n.kids[c]
	switch {
	case kid == nil && n.complete:
		return nil, fs.ErrNotExist
	case kid == nil && n.err != nil:
		return nil, n.err
	case kid == nil:
		return nil, ErrUnlisted
	case kid.absent:
		return nil, fs.ErrNotExist
	case kid.statErr != nil:
		return nil, kid.statErr
	}
	return kid, nil
}
