package files

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/internal/ldcache"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

const (
	// loaderCache is made anew by the system from the libraries that are there.
	loaderCache = "/etc/ld.so.cache"
	// maxCache bounds it, in bytes.
	maxCache = 16 << 20
)

// cacheOfLibraries says which library the cache of the dynamic linker has programs take from
// a folder that nobody named; "": none.
func (c *closer) cacheOfLibraries(ch integrity.Change) (of, doubt string) {
	data, err := c.asScanned(ch.Now)
	var libraries []string
	if err == nil {
		libraries, err = ldcache.Parse(data)
	}
	if err != nil {
		return "", "What it holds could not be read: " + err.Error() + "."
	}
	folders, err := c.libraryFolders()
	if err != nil {
		return "", "Which folders of libraries are named could not be read: " + err.Error() + "."
	}
	for _, name := range libraries {
		if !slices.ContainsFunc(folders, func(top string) bool { return ldcache.InFolder(name, top) }) {
			return "", "It has programs take the library " + prose.Clip(name, 200) + ", whose folder ld.so.conf does not name."
		}
	}
	return "", ""
}

// asScanned gives what a file held when it was scanned.
func (c *closer) asScanned(e host.Entry) ([]byte, error) {
	data, err := c.Host.ReadFile(c.ctx, e.Path, maxCache)
	if err != nil {
		return nil, err
	}
	h := host.NewHash("sha256")
	h.Write(data) // never fails
	if d, ok := e.Digest("sha256"); !ok || d != host.NewDigest("sha256", h.Sum(nil)) {
		return nil, integrity.ErrMoved
	}
	return data, nil
}

// libraryFolders are those of the linker itself, and what ld.so.conf names.
func (c *closer) libraryFolders() ([]string, error) {
	var out []string
	for _, top := range []string{"", "/usr"} {
		for _, lib := range []string{"/lib", "/lib64", "/lib32", "/libx32"} {
			out = append(out, top+lib)
		}
	}
	const conf = "/etc/ld.so.conf"
	names := []string{conf}
	entries, err := c.Host.ReadDir(c.ctx, conf+".d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name, ".conf") {
			names = append(names, conf+".d/"+e.Name)
		}
	}
	for _, name := range names {
		text, err := c.Host.ReadFile(c.ctx, name, maxText)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for line := range bytes.Lines(text) {
			line, _, _ := strings.Cut(string(line), "#")
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
				out = append(out, path.Clean(line))
			}
		}
	}
	return out, nil
}
