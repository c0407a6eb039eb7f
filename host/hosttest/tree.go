package hosttest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Tree is the sample tree of files that TestFS looks at: odd names, links of
// each kind, a FIFO, files without rights, a directory with many entries.
type Tree struct {
	// Name is the folder of the sample, as the file system under test names it.
	Name string
}

// Plant makes the sample tree in dir, an empty directory of this machine. The
// file system that will be tested calls that directory name: dir itself for
// host.Local, "/" for host.Root(dir). What the operating system cannot make is
// an error. Remove dir when done; the owner first needs to chmod dir/locked.
func Plant(dir, name string) (Tree, error) {
	t := Tree{Name: name}
	for _, s := range t.samples() {
		if err := s.plant(filepath.Join(dir, s.name)); err != nil {
			return Tree{}, fmt.Errorf("plant: %w", err)
		}
	}
	return t, nil
}

// Text is the sample tree as the text of a machine.
func (t Tree) Text() string {
	m := New("")
	for _, s := range append(t.samples(), sample{mode: host.ModeDir | 0o755}) {
		n, err := m.root.make(t.path(s.name))
		if err != nil {
			panic(err) // the samples are constant
		}
		s.fill(n)
	}
	for _, dir := range []string{"locked", "secret"} {
		n, _ := m.root.make(t.path(dir))
		n.err, n.complete, n.data = os.ErrPermission, false, nil
		n.stat.Known &^= host.KnownSize
	}
	return string(m.Text())
}

// path returns what the file system under test calls an entry of the sample.
func (t Tree) path(name string) string {
	if name == "" {
		return t.Name
	}
	return strings.TrimSuffix(t.Name, "/") + "/" + name
}

// A sample is one entry of the sample tree.
type sample struct {
	name string // relative to the tree
	mode uint32 // with the type
	data []byte
	link string
}

// sampleTime is the modification time of the regular files.
var sampleTime = time.Date(2026, 2, 3, 4, 5, 6, 123456789, time.UTC)

// oddNames are legal on every Unix, and each has broken some tool.
var oddNames = []string{
	" ", "  two  spaces ", "\t", "\n", "line\nbreak\n", "-rf", "--", "*", "?[a]", "$HOME", "$(id)", "`id`", "'", "''\"", "\\", "\\n",
	";exit 3", "a&b", "#", "~", "%s%n", "\x01\x1b[31m", "\x7f", "\x81\x82\x83\x88", "\xff\xfe", "caf\u00e9", "cafe\u0301", "\u202eodd",
	"=", "@", "...", ".hidden", "..double", strings.Repeat("n", 255),
}

// manyEntries is more than one buffer of getdents holds, and more than the
// thousand at which services cut their lists.
const manyEntries = 1100

func (t Tree) samples() []sample {
	const dir, reg, link = host.ModeDir, host.ModeRegular, host.ModeSymlink
	up := strings.Repeat("../", 32)
	list := []sample{
		{name: "empty", mode: dir | 0o755},
		{name: "file", mode: reg | 0o640, data: []byte("content\n")},
		{name: "zero", mode: reg | 0o644, data: []byte{}},
		{name: "bytes", mode: reg | 0o600, data: bytes.Repeat(allBytes(), 500)},
		{name: "no-newline", mode: reg | 0o644, data: []byte("line")},
		{name: "setuid", mode: reg | 0o4755, data: []byte("x")},
		{name: "sticky", mode: dir | 0o1777},
		{name: "fifo", mode: host.ModeFIFO | 0o622},
		{name: "secret", mode: reg, data: []byte("secret\n")},
		{name: "locked", mode: dir},
		{name: "links", mode: dir | 0o755},
		{name: "links/relative", mode: link, link: "../file"},
		{name: "links/absolute", mode: link, link: t.path("file")},
		{name: "links/chain", mode: link, link: "absolute"},
		{name: "links/outside", mode: link, link: up + strings.TrimPrefix(t.path("file"), "/")},
		{name: "links/dir", mode: link, link: ".."},
		{name: "links/fifo", mode: link, link: "../fifo"},
		{name: "links/dangling", mode: link, link: "nothing here"},
		{name: "links/loop", mode: link, link: "loop"},
		{name: "links/odd", mode: link, link: "\xff\n target \n"},
		{name: "odd", mode: dir | 0o755},
		{name: "many", mode: dir | 0o755},
	}
	return append(list, fixedSamples()...)
}

// fixedSamples are those that are the same in every tree, made once, since the
// kit asks for the samples often.
var fixedSamples = sync.OnceValue(func() []sample {
	const reg = host.ModeRegular
	var list []sample
	for _, name := range oddNames {
		list = append(list, sample{name: "odd/" + name, mode: reg | 0o644, data: []byte(name)})
	}
	for i := range manyEntries {
		list = append(list, sample{name: fmt.Sprintf("many/%03d", i), mode: reg | 0o644, data: []byte{}})
	}
	return list
})

func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// below returns the samples that lie directly in dir ("" is the tree), sorted.
func (t Tree) below(dir string) []sample {
	var list []sample
	for _, s := range t.samples() {
		parent, base := "", s.name
		if i := strings.LastIndexByte(s.name, '/'); i >= 0 {
			parent, base = s.name[:i], s.name[i+1:]
		}
		if parent == dir {
			s.name = base
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b sample) int { return strings.Compare(a.name, b.name) })
	return list
}

// plant makes the sample at path. The mode is set afterwards, free of the umask.
func (s sample) plant(path string) error {
	var err error
	switch s.mode & host.ModeType {
	case host.ModeDir:
		err = os.Mkdir(path, 0o755)
	case host.ModeSymlink:
		return os.Symlink(s.link, path)
	case host.ModeFIFO:
		err = mkfifo(path)
	default:
		err = os.WriteFile(path, s.data, 0o600)
		err = errors.Join(err, os.Chtimes(path, sampleTime, sampleTime))
	}
	if err != nil {
		return err
	}
	return os.Chmod(path, s.fileMode())
}

func (s sample) fileMode() os.FileMode {
	mode := os.FileMode(s.mode & 0o777)
	if s.mode&host.ModeSetUID != 0 {
		mode |= os.ModeSetuid
	}
	if s.mode&host.ModeSticky != 0 {
		mode |= os.ModeSticky
	}
	return mode
}

// fill makes n the sample in a fake machine.
func (s sample) fill(n *node) {
	n.listed, n.data, n.complete = true, s.data, s.mode&host.ModeType == host.ModeDir
	n.stat = host.Stat{Mode: s.mode, Known: host.KnownMode}
	switch n.stat.Type() {
	case host.ModeSymlink:
		n.stat.Mode |= 0o777
		n.stat.Link, n.stat.Size = s.link, int64(len(s.link))
		n.stat.Known |= host.KnownLink | host.KnownSize
	case host.ModeRegular:
		n.stat.Size, n.stat.Mtime = int64(len(s.data)), sampleTime.UnixNano()
		n.stat.Known |= host.KnownSize | host.KnownMtime
	}
}
