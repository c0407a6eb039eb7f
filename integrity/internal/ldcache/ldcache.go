// Package ldcache reads the cache of the dynamic linker, which says where programs find
// their libraries.
package ldcache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path"
	"strings"
)

// ErrForm says that a file is no such cache.
var ErrForm = errors.New("it is no cache of libraries")

// Parse gives the paths in an ld.so.cache of glibc (sysdeps/generic/dl-cache.h): a
// head of 48 bytes, entries of 24, and the texts that they name by their offset from the
// head. Older systems have a cache of another form before it.
func Parse(data []byte) ([]string, error) {
	at := bytes.Index(data, []byte("glibc-ld.so.cache1.1"))
	if at < 0 || len(data)-at < 48 {
		return nil, ErrForm
	}
	data = data[at:]
	var order binary.ByteOrder = binary.LittleEndian
	if data[28]&3 == 3 {
		order = binary.BigEndian
	}
	n := uint64(order.Uint32(data[20:]))
	if n > uint64(len(data)-48)/24 {
		return nil, ErrForm
	}
	var out []string
	total := 0 // bytes of names: many entries may have one text
	for entry := data[48:][:n*24]; len(entry) > 0; entry = entry[24:] {
		from := uint64(order.Uint32(entry[8:]))
		if from >= uint64(len(data)) {
			return nil, ErrForm
		}
		name, _, ended := bytes.Cut(data[from:], []byte{0})
		if total += len(name); !ended || total > 4*len(data) {
			return nil, ErrForm
		}
		out = append(out, string(name))
	}
	return out, nil
}

// InFolder reports whether a library is in a folder, or below it where the linker looks
// for what fits the processor.
func InFolder(name, top string) bool {
	if path.Clean(name) != name {
		return false
	}
	dir, ok := strings.CutPrefix(path.Dir(name), top)
	return ok && (dir == "" || strings.HasPrefix(dir, "/glibc-hwcaps/") || dir == "/tls" || dir == "/i686")
}
