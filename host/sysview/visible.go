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

// A mountTree knows what is mounted on what. Its time is linear in the table,
// which a machine that lies may make long.
type mountTree struct {
	byID    map[int]Mount
	on      map[place]bool // something is mounted there
	covered map[int]bool   // answers of the method of that name
	last    map[string]int // index of the last mount on each point
}

// A place is a folder as one mount shows it.
type place struct {
	mount int
	point string
}

func newMountTree(mounts []Mount) mountTree {
	t := mountTree{map[int]Mount{}, map[place]bool{}, map[int]bool{}, map[string]int{}}
	for i, m := range mounts {
		if m.ID != m.Parent {
			t.on[place{m.Parent, m.Point}] = true
		}
		t.byID[m.ID] = m
		t.last[m.Point] = i
	}
	return t
}

// hidden reports whether something is mounted on top of m, or on a folder
// between m and its parent, or the parent is hidden so.
func (t mountTree) hidden(m Mount) bool {
	return t.on[place{m.ID, m.Point}] || t.isCovered(m)
}

// isCovered reports whether a folder on the way to m is covered by another mount.
func (t mountTree) isCovered(m Mount) bool {
	var way []int
	answer, known := false, false
	for !known {
		if answer, known = t.covered[m.ID]; known {
			break
		}
		t.covered[m.ID] = false // ends a circle, which a table that was made up may have
		way = append(way, m.ID)
		parent, ok := t.byID[m.Parent]
		answer = t.coversAbove(m)
		known = answer || !ok || m.ID == m.Parent
		m = parent
	}
	for _, id := range way {
		t.covered[id] = answer
	}
	return answer
}

// coversAbove reports whether the mount below m has another on a folder above
// that of m.
func (t mountTree) coversAbove(m Mount) bool {
	for at := strings.LastIndexByte(m.Point, '/'); at >= 0; at = strings.LastIndexByte(m.Point[:at], '/') {
		above := m.Point[:max(at, 1)]
		if above != m.Point && t.on[place{m.Parent, above}] {
			return true
		}
	}
	return false
}
