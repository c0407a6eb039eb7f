package apt

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A key tells packages apart; arch is "" for the system's own and for all.
type key struct{ name, arch string }

func keyOf(p pkgupdate.Package) key {
	if p.Foreign {
		return key{p.Name, p.Arch}
	}
	return key{p.Name, ""}
}

// fixes is an io.Writer that reads lists of packages as they come and keeps,
// for the packages that are installed, the newest version that it saw.
type fixes struct {
	native    string // architecture
	installed map[key]bool
	newest    map[key]version.Version

	line                []byte // not ended yet
	name, arch, version string // of the paragraph so far
}

func newFixes(installed []pkgupdate.Package) *fixes {
	f := &fixes{native: dpkg.NativeArch(installed), installed: map[key]bool{}, newest: map[key]version.Version{}}
	for _, p := range installed {
		f.installed[keyOf(p)] = true
	}
	return f
}

const maxLine = 1 << 20

var errLongLine = errors.New("package list has a line of more than 1 MiB")

// Write takes the next bytes of a list. It fails on a line that has no end.
func (f *fixes) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		if len(f.line) == 0 {
			f.take(p[:i])
		} else {
			f.take(append(f.line, p[:i]...))
			f.line = f.line[:0]
		}
		p = p[i+1:]
	}
	if len(f.line)+len(p) > maxLine {
		return 0, errLongLine
	}
	f.line = append(f.line, p...)
	return n, nil
}

// end takes what the last paragraph left without an empty line.
func (f *fixes) end() {
	f.take(f.line)
	f.take(nil)
}

func (f *fixes) take(line []byte) {
	if len(line) == 0 {
		f.flush()
		return
	}
	if v, ok := bytes.CutPrefix(line, []byte("Package: ")); ok {
		f.flush() // lists that follow each other may have no empty line between
		f.name = string(v)
	} else if v, ok := bytes.CutPrefix(line, []byte("Version: ")); ok {
		f.version = string(v)
	} else if v, ok := bytes.CutPrefix(line, []byte("Architecture: ")); ok {
		f.arch = string(v)
	}
}

// flush ends a paragraph. A list may name a version that is none: it is passed
// over, for one bad record must not hide the others.
func (f *fixes) flush() {
	k, text := key{f.name, strings.TrimSpace(f.arch)}, strings.TrimSpace(f.version)
	f.name, f.arch, f.version = "", "", ""
	if k.arch == f.native || k.arch == "all" {
		k.arch = ""
	}
	if !f.installed[k] {
		return
	}
	v, err := version.Parse(version.Deb, text)
	if err == nil && version.Compare(v, f.newest[k]) != version.Older {
		f.newest[k] = v
	}
}
