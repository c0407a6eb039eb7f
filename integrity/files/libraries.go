package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
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
		libraries, err = parseCache(data)
	}
	if err != nil {
		return "", "What it holds could not be read: " + err.Error() + "."
	}
	folders, err := c.libraryFolders()
	if err != nil {
		return "", "Which folders of libraries are named could not be read: " + err.Error() + "."
	}
	for _, name := range libraries {
		if !slices.ContainsFunc(folders, func(top string) bool { return isOfFolder(name, top) }) {
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

var errCache = errors.New("it is no cache of libraries")

// parseCache gives the paths in an ld.so.cache of glibc (sysdeps/generic/dl-cache.h): a
// head of 48 bytes, entries of 24, and the texts that they name by their offset from the
// head. Older systems have a cache of another form before it.
func parseCache(data []byte) ([]string, error) {
	at := bytes.Index(data, []byte("glibc-ld.so.cache1.1"))
	if at < 0 || len(data)-at < 48 {
		return nil, errCache
	}
	data = data[at:]
	var order binary.ByteOrder = binary.LittleEndian
	if data[28]&3 == 3 {
		order = binary.BigEndian
	}
	n := uint64(order.Uint32(data[20:]))
	if n > uint64(len(data)-48)/24 {
		return nil, errCache
	}
	var out []string
	for entry := data[48:][:n*24]; len(entry) > 0; entry = entry[24:] {
		from := uint64(order.Uint32(entry[8:]))
		if from >= uint64(len(data)) {
			return nil, errCache
		}
		name, _, ended := bytes.Cut(data[from:], []byte{0})
		if !ended {
			return nil, errCache
		}
		out = append(out, string(name))
	}
	return out, nil
}

// isOfFolder reports whether a library is in a folder, or below it where the linker looks
// for what fits the processor.
func isOfFolder(name, top string) bool {
	if path.Clean(name) != name {
		return false
	}
	dir, ok := strings.CutPrefix(path.Dir(name), top)
	return ok && (dir == "" || strings.HasPrefix(dir, "/glibc-hwcaps/") || dir == "/tls" || dir == "/i686")
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
