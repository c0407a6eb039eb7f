package backuptest

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
)

// Disk models a file system of which nothing is safe from a power cut but what was
// synced: the bytes of a file by a sync of the file, a name by a sync of its folder.
// Names are as in a Store; the empty one is the root.
type Disk struct{ root node }

type node struct {
	data, safe []byte           // of a file
	names      map[string]*node // of a folder; nil: it is a file
	kept       map[string]*node
}

// NewDisk has these files, all of them synced.
func NewDisk(files map[string][]byte) *Disk {
	d := &Disk{node{names: map[string]*node{}, kept: map[string]*node{}}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for i, c := range name {
			if c == '/' && d.at(name[:i]) == nil {
				d.Mkdir(name[:i])
			}
		}
		d.Create(name)
		d.Write(name, files[name])
	}
	d.root.sync(true)
	return d
}

func (n *node) sync(all bool) {
	n.safe = bytes.Clone(n.data)
	n.kept = maps.Clone(n.names)
	for _, sub := range n.names {
		if all {
			sub.sync(true)
		}
	}
}

// at gives what has a name; nil: nothing has.
func (d *Disk) at(name string) *node {
	n := &d.root
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return c == '/' }) {
		if n = n.names[part]; n == nil {
			return nil
		}
	}
	return n
}

// set gives a name to n, or takes it away where n is nil.
func (d *Disk) set(name string, n *node) {
	dir, base := path.Split(name)
	folder := d.at(dir)
	if n == nil {
		delete(folder.names, base)
		return
	}
	folder.names[base] = n
}

// Mkdir makes a folder.
func (d *Disk) Mkdir(name string) {
	d.set(name, &node{names: map[string]*node{}, kept: map[string]*node{}})
}

// Create makes an empty file, unless there is one.
func (d *Disk) Create(name string) {
	if d.at(name) == nil {
		d.set(name, &node{})
	}
}

// Write appends to a file.
func (d *Disk) Write(name string, data []byte) {
	n := d.at(name)
	n.data = append(n.data, data...)
}

// Sync makes a file's bytes safe, or a folder's names.
func (d *Disk) Sync(name string) { d.at(name).sync(false) }

// Link gives a file another name.
func (d *Disk) Link(name, other string) { d.set(other, d.at(name)) }

// Remove takes a name away.
func (d *Disk) Remove(name string) { d.set(name, nil) }

// Size gives the bytes of a file.
func (d *Disk) Size(name string) int { return len(d.at(name).data) }

// Cut gives the files that a power cut leaves now. reached is asked how much of
// each change that was not synced has reached the disk, from 0 to 1: of a name more
// than nothing is all of it.
func (d *Disk) Cut(reached func(what string) float64) map[string][]byte {
	files := map[string][]byte{}
	d.root.cut("", reached, files)
	return files
}

func (n *node) cut(name string, reached func(string) float64, files map[string][]byte) {
	if n.names == nil {
		part := float64(len(n.data) - len(n.safe))
		if part > 0 {
			part *= reached("data " + name)
		}
		files[name] = bytes.Clone(n.data[:len(n.safe)+int(part)])
		return
	}
	all := maps.Clone(n.kept)
	maps.Copy(all, n.names)
	for _, base := range slices.Sorted(maps.Keys(all)) {
		is, was := n.names[base], n.kept[base]
		left := was
		if is != was && reached("name "+path.Join(name, base)) > 0 {
			left = is
		}
		if left != nil {
			left.cut(path.Join(name, base), reached, files)
		}
	}
}
