package files

import (
	"bytes"
	"path"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
)

const (
	// loaderCache is made anew by the system from the libraries that are there.
	loaderCache = "/etc/ld.so.cache"
	// maxCache bounds it, in bytes.
	maxCache = 32 << 20
)

// libraryTrees are where packages put libraries, and people who install by hand.
var libraryTrees = []string{"/lib", "/lib32", "/lib64", "/libx32", "/usr", "/opt"}

// leadsTo gives a library to which the loader's cache, as it was scanned, leads and that
// is elsewhere than where libraries are; "" where there is none. ok says that it could be
// looked at.
func (c *closer) leadsTo(ch integrity.Change) (library string, ok bool) {
	seen, err := integrity.Again(c.ctx, c.Host.Files, c.Profile, []string{ch.Path}, integrity.Look{MaxText: maxCache})
	again := seen[ch.Path]
	if same, known := host.SameContent(&ch.Now, &again.Entry); err != nil || !known || !same || again.Text == nil && ch.Now.Stat.Size > 0 {
		return "", false
	}
	for text := range bytes.SplitSeq(again.Text, []byte{0}) {
		if i := bytes.IndexByte(text, '/'); i >= 0 && bytes.Contains(text, []byte(".so")) {
			if name := path.Clean(string(text[i:])); !underAny(name, libraryTrees) {
				return name, true
			}
		}
	}
	return "", true
}
