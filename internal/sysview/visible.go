package sysview

import "strings"

// visible leaves out the mounts that no path leads to. The order of Linux's
// table does not tell this, since a mount can be moved. Where no parents are
// told, the last on a mount point is seen.
func visible(mounts []Mount) []Mount {
	tree := newMountTree(mounts)
	var seen []Mount
	for i, m := range mounts {
		if m.ID == 0 && tree.last[m.Point] == i || m.ID != 0 && !tree.hidden(m) {
			seen = append(seen, m)
		}
	}
	return seen
}

// A mountTree knows what is mounted on what.
type mountTree struct {
	byID     map[int]Mount
	children map[int][]Mount
	last     map[string]int // index of the last mount on each point
}

func newMountTree(mounts []Mount) mountTree {
	t := mountTree{map[int]Mount{}, map[int][]Mount{}, map[string]int{}}
	for i, m := range mounts {
		if m.ID != m.Parent {
			t.children[m.Parent] = append(t.children[m.Parent], m)
		}
		t.byID[m.ID] = m
		t.last[m.Point] = i
	}
	return t
}

// hidden reports whether something is mounted on top of m, or on a folder
// between m and its parent, or the parent is hidden so.
func (t mountTree) hidden(m Mount) bool {
	for _, top := range t.children[m.ID] {
		if top.Point == m.Point {
			return true
		}
	}
	// A table that was made up may have a circle, so the steps are counted.
	for range len(t.byID) {
		for _, sibling := range t.children[m.Parent] {
			if below(m.Point, sibling.Point) {
				return true
			}
		}
		parent, ok := t.byID[m.Parent]
		if !ok || m.ID == m.Parent {
			return false
		}
		m = parent
	}
	return false
}

// below reports whether point lies below top.
func below(point, top string) bool {
	return point != top && strings.HasPrefix(point, strings.TrimSuffix(top, "/")+"/")
}
