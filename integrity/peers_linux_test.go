package integrity_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A crowd is a random tree with all that gives rights.
type crowd struct {
	t    *testing.T
	dir  string
	ours map[string]host.Entry // by path, as a scan tells them
}

// asked gives the standard output of a tool.
func (c crowd) asked(args ...string) string {
	c.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	out, err := cmd.Output()
	require.NoError(c.t, err, "%q", args)
	return string(out)
}

func (c crowd) grow(r *rand.Rand) {
	for i := range 80 {
		dir := filepath.Join(c.dir, fmt.Sprintf("d%d", r.IntN(6)))
		require.NoError(c.t, os.MkdirAll(dir, 0o755))
		name := filepath.Join(dir, fmt.Sprintf("f%d", i))
		if r.IntN(8) == 0 {
			require.NoError(c.t, os.Symlink("to"+strings.Repeat("x", r.IntN(400)), name))
			continue
		}
		require.NoError(c.t, os.WriteFile(name, []byte(strings.Repeat("x", r.IntN(9000))), 0o600))
		require.NoError(c.t, os.Chown(name, r.IntN(3), r.IntN(3)))
		require.NoError(c.t, os.Chmod(name, os.FileMode(r.IntN(0o1000))|[]os.FileMode{0, 0, os.ModeSetuid, os.ModeSetgid, os.ModeSticky}[r.IntN(5)]))
		switch r.IntN(8) {
		case 0:
			c.asked("setfacl", "-m", "u:1:rw", name)
		case 1:
			c.asked("setcap", []string{"cap_net_raw+p", "cap_kill,cap_bpf+ep"}[r.IntN(2)], name)
		case 2, 3:
			flag := []string{"i", "a"}[r.IntN(2)]
			c.asked("chattr", "+"+flag, name)
			c.t.Cleanup(func() { c.asked("chattr", "-"+flag, name) })
		case 4:
			c.asked("setfacl", "-d", "-m", "u:2:r", dir)
		case 5:
			require.NoError(c.t, os.Link(name, name+".other"))
		}
	}
}

func TestWhatAScanTellsIsWhatThePeersTell(t *testing.T) {
	need.Root(t)
	for _, tool := range []string{"setfacl", "getfacl", "setcap", "getcap", "chattr", "lsattr", "sha256sum", "find"} {
		need.Program(t, tool)
	}
	c := crowd{t, t.TempDir(), map[string]host.Entry{}}
	c.grow(rand.New(rand.NewPCG(7, 8)))
	for e, err := range integrity.Scan(t.Context(), host.Local().Files, integrity.Profile{Roots: []string{c.dir}, Attrs: true}, nil) {
		require.NoError(t, err)
		c.ours[e.Path] = e
	}
	c.sums()
	c.numbers()
	c.modes()
	c.accessLists()
	c.capabilities()
	c.flags()
}

// which gives the paths of those entries that a question is true of.
func (c crowd) which(is func(host.Entry) bool) (out []string) {
	for name, e := range c.ours {
		if is(e) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (c crowd) sums() {
	regular := c.which(func(e host.Entry) bool { return e.Stat.IsRegular() })
	for line := range strings.Lines(c.asked(append([]string{"sha256sum"}, regular...)...)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		assert.Equal(c.t, sum, c.ours[name].Digests[0].Hex(), name)
	}
}

func (c crowd) numbers() {
	type numbers struct {
		mode, uid, gid, size, links, inode uint64
		mtime, ctime                       string
		link                               string
	}
	found := 0
	for row := range strings.SplitSeq(strings.TrimSuffix(c.asked("find", c.dir, "-printf", `%p\t%m\t%U\t%G\t%s\t%n\t%i\t%T@\t%C@\t%l\0`), "\x00"), "\x00") {
		f := strings.Split(row, "\t")
		st := c.ours[f[0]].Stat
		number := func(i, base int) uint64 {
			n, err := strconv.ParseUint(f[i], base, 64)
			require.NoError(c.t, err, row)
			return n
		}
		theirs := numbers{number(1, 8), number(2, 10), number(3, 10), number(4, 10), number(5, 10), number(6, 10), f[7] + "0", f[8] + "0", f[9]}
		moment := func(ns int64) string { return fmt.Sprintf("%d.%09d0", ns/1e9, ns%1e9) + "0" }
		assert.Equal(c.t, theirs, numbers{
			uint64(st.Perm()), uint64(st.UID), uint64(st.GID), uint64(st.Size), st.Nlink, st.Ino, moment(st.Mtime), moment(st.Ctime), st.Link,
		}, f[0])
		found++
	}
	assert.Len(c.t, c.ours, found)
}

func (c crowd) modes() {
	paths := func(out string) []string { return slices.Sorted(strings.FieldsSeq(out)) }
	for perm, is := range map[string]func(host.Entry) bool{
		"/6000": func(e host.Entry) bool { return e.Stat.Perm()&(host.ModeSetUID|host.ModeSetGID) != 0 },
		"-0002": func(e host.Entry) bool { return e.Stat.Perm()&0o002 != 0 },
		"-1000": func(e host.Entry) bool { return e.Stat.Perm()&host.ModeSticky != 0 },
	} {
		assert.Equal(c.t, paths(c.asked("find", c.dir, "-perm", perm)), c.which(is), perm)
	}
}

func (c crowd) accessLists() {
	var listed []string
	for line := range strings.Lines(c.asked("getfacl", "-R", "-p", "--skip-base", c.dir)) {
		if name, ok := strings.CutPrefix(line, "# file: "); ok {
			listed = append(listed, strings.TrimSpace(name))
		}
	}
	slices.Sort(listed)
	assert.Equal(c.t, listed, c.which(func(e host.Entry) bool {
		acl, _ := e.Attr(host.AttrACL)
		byDefault, _ := e.Attr(host.AttrDefaultACL)
		return acl+byDefault != ""
	}))
	assert.NotEmpty(c.t, listed)
}

func (c crowd) capabilities() {
	able := map[string]string{}
	for line := range strings.Lines(c.asked("getcap", "-r", c.dir)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		able[name], _, _ = strings.Cut(text, "=")
	}
	assert.NotEmpty(c.t, able)
	for name, e := range c.ours {
		caps, known := e.Attr(host.AttrCapabilities)
		require.True(c.t, known, name)
		assert.Equal(c.t, able[name], strings.ReplaceAll(capabilities.Text(caps), " and ", ","), name)
	}
}

func (c crowd) flags() {
	all := c.which(func(e host.Entry) bool { return !e.Stat.IsLink() })
	kept := 0
	for line := range strings.Lines(c.asked(append([]string{"lsattr", "-d"}, all...)...)) {
		flags, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		st := c.ours[name].Stat
		require.True(c.t, st.Known.Has(host.KnownFlags), name)
		assert.Equal(c.t, strings.Contains(flags, "i"), st.Flags&host.FlagImmutable != 0, name)
		assert.Equal(c.t, strings.Contains(flags, "a"), st.Flags&host.FlagAppend != 0, name)
		if st.Flags != 0 {
			kept++
		}
	}
	assert.Positive(c.t, kept)
}
