package dpkg

import (
	"bytes"
	"strconv"
	"strings"
)

// A layout says where a path of a package really is on the disk.
type layout struct {
	links    map[string]string    // top folders that are links: /bin is /usr/bin
	diverted map[string]diversion // by the place from which it diverts
}

// A diversion moves a file of all packages but one to another name.
type diversion struct{ from, to, by string }

// place appends p, with a linked top folder resolved, to buf. Lists name the
// root "/.".
func (l layout) place(buf, p []byte) []byte {
	if string(p) == "/." {
		return append(buf, '/')
	}
	end := 0
	if len(p) > 0 {
		end = bytes.IndexByte(p[1:], '/') + 1
	}
	if to, ok := l.links[string(p[:end])]; ok {
		return append(append(buf, to...), p[end:]...)
	}
	return append(buf, p...)
}

// installed appends to buf the place of a file that package pkg ships as p.
func (l layout) installed(buf, p []byte, pkg string) []byte {
	buf = l.place(buf, p)
	if d, ok := l.diverted[string(buf)]; ok && d.by != pkg {
		return append(buf[:0], d.to...)
	}
	return buf
}

// parseDiversions reads groups of three lines: from, to, and the package whose
// own file stays, or ":" for a diversion of the administrator.
func parseDiversions(text []byte) []diversion {
	var list []diversion
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for ; len(lines) >= 3; lines = lines[3:] {
		list = append(list, diversion{from: lines[0], to: lines[1], by: lines[2]})
	}
	return list
}

// An override is the owner and mode that an administrator or a package has set
// for a path instead of the packaged ones.
type override struct {
	path  string
	owner string // user:group
	mode  uint32
}

func parseOverride(line string) (override, bool) {
	f := strings.SplitN(line, " ", 4)
	if len(f) != 4 || !strings.HasPrefix(f[3], "/") {
		return override{}, false
	}
	mode, err := strconv.ParseUint(f[2], 8, 12)
	return override{path: f[3], owner: f[0] + ":" + f[1], mode: uint32(mode)}, err == nil
}

// names gives the names by which lists may call the place at.
func (l layout) names(at string) []string {
	if at == "/" {
		return []string{"/."}
	}
	names := []string{at}
	for link, to := range l.links {
		if rest, ok := strings.CutPrefix(at, to+"/"); ok {
			names = append(names, link+"/"+rest)
		}
	}
	return names
}
