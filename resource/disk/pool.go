package disk

import (
	"cmp"
	"slices"
	"strings"
)

// A shared is a file system with those of its pool that can take the same space.
type shared struct {
	Usage
	others int    // that share its space
	with   string // the mount point that stands for all of them; "": this one
}

// poolSlack is by how much the free space of a pool may differ between two
// questions. A file system with less has a limit of its own.
const poolSlack = 64 << 20

// sharing finds the file systems of ZFS that have the free space of their pool:
// when that is full each of them says so, and there may be dozens. The one that
// holds most stands for them, since it is full by its share before the others.
func sharing(usage []Usage) []shared {
	free := map[string]uint64{}
	for _, u := range usage {
		if pool := poolOf(u); pool != "" {
			free[pool] = max(free[pool], u.Free)
		}
	}
	out := make([]shared, len(usage))
	members := map[string][]*shared{}
	for i, u := range usage {
		out[i].Usage = u
		if pool := poolOf(u); pool != "" && u.Free+poolSlack >= free[pool] {
			members[pool] = append(members[pool], &out[i])
		}
	}
	for _, group := range members {
		largest := slices.MaxFunc(group, func(a, b *shared) int { return cmp.Compare(a.Used, b.Used) })
		for _, s := range group {
			if s != largest {
				s.with = largest.Mount
			}
		}
		largest.others = len(group) - 1
	}
	return out
}

// poolOf is the pool of a file system of ZFS whose space is known; "" of others.
func poolOf(u Usage) string {
	if u.Type != "zfs" || u.SpaceErr != nil {
		return ""
	}
	pool, _, _ := strings.Cut(u.Source, "/")
	return pool
}
