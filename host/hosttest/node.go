package hosttest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A node is one name of the fake file system.
type node struct {
	stat     host.Stat // without Name
	data     []byte
	kids     map[string]*node
	listed   bool // has a section of its own; else it is only a parent
	absent   bool
	complete bool              // the kids are all
	whole    bool              // and so everywhere below
	noData   bool              // the content was not recorded
	xattrs   map[string]string // nil: not known
	err      error             // of Open and ReadDir
	statErr  error             // of everything
}

// newDir returns a directory that nobody listed.
func newDir() *node {
	return &node{stat: host.Stat{Mode: host.ModeDir | 0o755, Known: host.KnownMode}}
}

// components cuts a cleaned absolute path; the root has none.
func components(name string) []string {
	name = strings.Trim(name, "/")
	if name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

// clean checks the name of a section: absolute, no empty component, no dots.
// One slash at the end is allowed and marks a directory.
func clean(name string) error {
	if !host.ValidName(name) {
		return fmt.Errorf("no absolute path: %q", name)
	}
	if name == "/" {
		return nil
	}
	for _, c := range strings.Split(strings.TrimSuffix(name[1:], "/"), "/") {
		if c == "" || c == "." || c == ".." {
			return fmt.Errorf("path is not clean: %q", name)
		}
	}
	return nil
}

// make returns the node for name, made together with its parents where they are
// missing.
func (n *node) make(name string) (*node, error) {
	for _, c := range components(name) {
		if !n.stat.IsDir() {
			return nil, fmt.Errorf("%q lies below what is no directory", name)
		}
		kid := n.kids[c]
		if kid == nil {
			kid = newDir()
			if n.kids == nil {
				n.kids = map[string]*node{}
			}
			n.kids[c] = kid
		}
		n = kid
	}
	return n, nil
}

// revive makes the parents of name that are known to be absent directories.
func (n *node) revive(name string) {
	for _, c := range components(name) {
		if n.absent {
			*n = *newDir()
		}
		if n = n.kids[c]; n == nil {
			return
		}
	}
}

// walk calls fn for n and all below, in tree order.
func (n *node) walk(name string, fn func(name string, n *node)) {
	fn(name, n)
	for _, c := range n.names() {
		n.kids[c].walk(strings.TrimSuffix(name, "/")+"/"+c, fn)
	}
}

// names returns the names below n, sorted by their bytes.
func (n *node) names() []string {
	names := make([]string, 0, len(n.kids))
	for c := range n.kids {
		names = append(names, c)
	}
	slices.Sort(names)
	return names
}

// statOf returns the Stat of n under the name base.
func (n *node) statOf(base string) host.Stat {
	st := n.stat
	st.Name = base
	return st
}
