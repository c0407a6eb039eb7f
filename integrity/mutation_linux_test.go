package integrity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// acl is an access list that lets user 7 read, as linux/posix_acl_xattr.h has it.
const acl = "\x02\x00\x00\x00" +
	"\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\x07\x00\x00\x00" + "\x04\x00\x04\x00\xff\xff\xff\xff" +
	"\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x04\x00\xff\xff\xff\xff"

// A mutation changes one thing of a file, and says by which fields that shows.
type mutation struct {
	of     string // f, d, l or c: the types that it can be done to
	fields string
	do     func(name string) error
}

func sameTimes(name string, do func() error) error {
	st, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return os.Chtimes(name, st.ModTime(), st.ModTime())
}

var mutations = map[string]mutation{
	"a bit of the mode":   {"fdc", "mode", func(n string) error { return unix.Chmod(n, 0o4711) }},
	"the user":            {"fdlc", "owner", func(n string) error { return os.Lchown(n, 7, -1) }},
	"the group":           {"fdlc", "owner", func(n string) error { return os.Lchown(n, -1, 7) }},
	"a byte, and no time": {"f", "content", func(n string) error { return sameTimes(n, func() error { return os.WriteFile(n, []byte("olx"), 0) }) }},
	"the length, and no time": {"f", "content size", func(n string) error {
		return sameTimes(n, func() error { return os.WriteFile(n, []byte("longer"), 0) })
	}},
	"a target": {"l", "link", func(n string) error { return again(n, func() error { return os.Symlink("tx", n) }) }},
	"a device": {"c", "device", func(n string) error {
		return again(n, func() error { return unix.Mknod(n, unix.S_IFCHR|0o644, 0x0104) })
	}},
	"the type": {"fl", "type", func(n string) error { return again(n, func() error { return unix.Mkfifo(n, 0o644) }) }},
	"another name": {"fc", "nlink", func(n string) error {
		return os.Link(n, filepath.Join(filepath.Dir(filepath.Dir(n)), filepath.Base(n)+"2"))
	}},
	"an access list":            {"f", "acl", func(n string) error { return unix.Lsetxattr(n, "system.posix_acl_access", []byte(acl), 0) }},
	"an access list for others": {"d", "default-acl", func(n string) error { return unix.Lsetxattr(n, "system.posix_acl_default", []byte(acl), 0) }},
	"an attribute":              {"fd", "xattrs", func(n string) error { return unix.Lsetxattr(n, "user.note", []byte("x"), 0) }},
	"one that users cannot see": {"fdl", "xattrs", func(n string) error { return unix.Lsetxattr(n, "trusted.note", []byte("x"), 0) }},
	"a capability": {"f", "capabilities", func(n string) error {
		return unix.Lsetxattr(n, "security.capability", []byte("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0)
	}},
}

// again makes a name anew, with the times of its folder as they were.
func again(name string, do func() error) error {
	if err := os.Remove(name); err != nil {
		return err
	}
	return do()
}

func TestEachMutationIsToldByItsOwnField(t *testing.T) {
	need.Root(t)
	top := t.TempDir()
	dir := filepath.Join(top, "w")
	require.NoError(t, os.Mkdir(dir, 0o755))
	kinds := map[string]func(string) error{
		"f": func(n string) error { return os.WriteFile(n, []byte("old"), 0o644) },
		"d": func(n string) error { return os.Mkdir(n, 0o755) },
		"l": func(n string) error { return os.Symlink("to", n) },
		"c": func(n string) error { return unix.Mknod(n, unix.S_IFCHR|0o644, 0x0103) },
	}
	want := map[string]string{}
	todo := map[string]mutation{}
	for name, m := range mutations {
		for kind, plant := range kinds {
			path := filepath.Join(dir, kind+" "+name)
			require.NoError(t, plant(path))
			if strings.Contains(m.of, kind) {
				todo[path], want[path] = m, m.fields
			}
		}
	}
	scan := func() (all []host.Entry) {
		p := integrity.Profile{Roots: []string{dir}, Attrs: true, Fields: tree.FieldsState | tree.FieldNlink}
		for e, err := range integrity.Scan(t.Context(), host.Local().Files, p, nil) {
			require.NoError(t, err)
			all = append(all, e)
		}
		return all
	}
	was := scan()
	for path, m := range todo { // in any order
		require.NoError(t, m.do(path), path)
	}
	got := map[string]string{}
	require.NoError(t, integrity.Compare(integritytest.Entries(was...), integritytest.Entries(scan()...), tree.FieldsState|tree.FieldNlink, func(c integrity.Change) error {
		got[c.Path] = strings.Join(c.Fields.Names(), " ")
		return nil
	}))
	assert.Equal(t, want, got)
}
