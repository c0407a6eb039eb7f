package pkgupdatetest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
)

// DebFile makes a package for dpkg as dpkg-deb(1) does, in the format of deb(5) with
// nothing compressed. The members of its control part ("control", "conffiles", or
// scripts) and its files (by absolute path) are given as texts.
func DebFile(control, files map[string]string) []byte {
	out := bytes.NewBufferString("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar", debTar(control)}, {"data.tar", debTar(files)}} {
		fmt.Fprintf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", m.name, 0, 0, 0, 0o100644, len(m.data))
		out.Write(m.data)
		out.Write([]byte("\n")[:len(m.data)%2])
	}
	return out.Bytes()
}

// debTar has each folder before what is in it: dpkg makes none by itself. Scripts of
// the control part have to be executable, and the rest may be.
func debTar(files map[string]string) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	made := map[string]bool{}
	var folder func(string)
	folder = func(dir string) {
		if dir != "/" {
			folder(path.Dir(dir))
		}
		if !made[dir] {
			made[dir] = true
			put(w, path.Join(".", dir)+"/", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		name, text := path.Join("/", name), files[name]
		folder(path.Dir(name))
		put(w, "."+name, text)
	}
	if err := w.Close(); err != nil {
		panic(err) // memory does not fail
	}
	return out.Bytes()
}

func put(w *tar.Writer, name, text string) {
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Format: tar.FormatGNU})
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err != nil {
		panic(fmt.Errorf("package for dpkg: %w", err)) // a text that is no name
	}
}
