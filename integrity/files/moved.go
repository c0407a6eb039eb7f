package files

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// likeness is what a file keeps, or a folder with all that is in it, when it gets
// another name, with its owner and rights: empty where nothing tells it from
// others. Whoever moves a file and makes it setuid has not only moved it.
func (f *found) likeness() string {
	e := f.Now
	if f.Kind == integrity.Removed {
		e = f.Was
	}
	if e.Stat.IsRegular() && e.Stat.Size > 0 {
		if text := content(e); text != "" {
			return rights(e) + text
		}
		return ""
	}
	if !e.Stat.IsDir() || len(f.members) == 0 || f.more > 0 {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", rights(e))
	for _, m := range f.members {
		e := m.Now
		if f.Kind == integrity.Removed {
			e = m.Was
		}
		fmt.Fprintf(h, "%q %q %q %s\n", strings.TrimPrefix(m.Path, f.Path), rights(e), e.Stat.Link, content(e))
	}
	return "folder " + string(h.Sum(nil))
}

func rights(e host.Entry) string {
	acl, _ := e.Attr(host.AttrACL)
	capabilities, _ := e.Attr(host.AttrCapabilities)
	return fmt.Sprintf("%o %d %d %q %q ", e.Stat.Mode, e.Stat.UID, e.Stat.GID, acl, capabilities)
}

func content(e host.Entry) string {
	if !e.Hashed() {
		return ""
	}
	return e.Digests[0].String()
}

// Moved gives the old paths of files that are new elsewhere, by the new ones:
// those of which the content is not empty, and stood nowhere else.
func Moved(changes []integrity.Change) map[string]string {
	list := make([]found, len(changes))
	for i, c := range changes {
		list[i].Change = c
	}
	out := map[string]string{}
	for to, from := range moves(list) {
		out[list[to].Path] = list[from].Path
	}
	return out
}

// moves gives, for what is new and stood elsewhere before, what is gone from
// there, both by their place in the list. Of two that are alike nobody knows which
// went where.
func moves(list []found) map[int]int {
	type ends struct{ from, to []int }
	alike := map[string]*ends{}
	for i := range list {
		f := &list[i]
		like := ""
		if f.Kind == integrity.Added || f.Kind == integrity.Removed {
			like = f.likeness()
		}
		if like == "" {
			continue
		}
		if alike[like] == nil {
			alike[like] = new(ends)
		}
		if e := alike[like]; f.Kind == integrity.Removed {
			e.from = append(e.from, i)
		} else {
			e.to = append(e.to, i)
		}
	}
	out := map[int]int{}
	for _, e := range alike {
		if len(e.from) == 1 && len(e.to) == 1 {
			out[e.to[0]] = e.from[0]
		}
	}
	return out
}
