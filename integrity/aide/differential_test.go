package aide_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
	"github.com/pugetsoundtech/upkeep/integrity/rotation"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A plot is one random tree with its rules, in a folder of its own.
type plot struct {
	t    *testing.T
	r    *rand.Rand
	dir  string // of the tree
	conf string

	rights bool // access lists, attributes and flags are changed as well
}

var words = []string{"a", "b", "log", "x.conf", "sub", "y z", "run"}

func (p plot) pick() string { return words[p.r.IntN(len(words))] }

// grow makes folders and files, three deep.
func (p plot) grow() {
	for range 40 {
		dir := p.dir
		for range p.r.IntN(3) {
			dir = filepath.Join(dir, "d"+p.pick())
		}
		require.NoError(p.t, os.MkdirAll(dir, 0o755))
		name := filepath.Join(dir, p.pick())
		if p.r.IntN(6) == 0 {
			if err := os.Symlink("to/"+p.pick(), name); err != nil {
				require.ErrorIs(p.t, err, fs.ErrExist)
			}
			continue
		}
		if st, err := os.Lstat(name); err == nil && !st.Mode().IsRegular() {
			continue
		}
		require.NoError(p.t, os.WriteFile(name, []byte(p.pick()), 0o644))
	}
}

// rules writes a configuration of random rules, with '+' between words escaped.
func (p plot) rules() string {
	var b strings.Builder
	fmt.Fprintf(&b, "database_in=file:%s.db\ndatabase_out=file:%s.db\nFull=p+ftype+l+u+g+s+sha256\n", p.conf, p.conf)
	top := strings.ReplaceAll(p.dir, ".", `\.`)
	attrs := []string{"Full", "p+ftype", "s+ftype", "sha256+ftype+p", "Full+growing", "Full+ANF", "Full+ARF", "Full-s"}
	if p.rights {
		attrs = []string{"Full+acl+xattrs+caps+e2fsattrs", "acl+ftype", "xattrs+ftype", "caps+ftype", "e2fsattrs+ftype", "Full"}
	}
	fmt.Fprintf(&b, "%s$ d p+ftype\n", top)
	for range 3 + p.r.IntN(6) {
		pattern := top
		for range p.r.IntN(3) {
			pattern += "/d" + strings.NewReplacer(" ", `\ `, ".", `\.`).Replace(p.pick())
		}
		switch p.r.IntN(4) {
		case 0:
			pattern += "/[^/]*$"
		case 1:
			pattern += `/.*\.conf$`
		case 2:
			pattern += "$"
		}
		types := []string{"", "", " f", " d", " f,l"}[p.r.IntN(5)]
		if kind := []string{"", "", "", "=", "!"}[p.r.IntN(5)]; kind == "!" {
			fmt.Fprintf(&b, "!%s%s\n", pattern, types)
		} else {
			fmt.Fprintf(&b, "%s%s%s %s\n", kind, pattern, types, attrs[p.r.IntN(len(attrs))])
		}
	}
	return b.String()
}

// mutate changes some of the tree.
func (p plot) mutate() {
	var all []string
	require.NoError(p.t, filepath.WalkDir(p.dir, func(name string, d fs.DirEntry, err error) error {
		if d.Type().IsRegular() {
			all = append(all, name)
		}
		return err
	}))
	for _, name := range all {
		if p.rights {
			p.grant(name)
			continue
		}
		switch p.r.IntN(8) {
		case 0:
			require.NoError(p.t, os.Remove(name))
		case 1:
			require.NoError(p.t, os.Chmod(name, 0o600))
		case 2:
			require.NoError(p.t, os.WriteFile(name, []byte("changed altogether"), 0o644))
		case 3:
			old, err := os.ReadFile(name)
			require.NoError(p.t, err)
			require.NoError(p.t, os.WriteFile(name, append(old, "more"...), 0o644))
		case 4:
			require.NoError(p.t, os.WriteFile(name+".conf", []byte("new"), 0o644))
		}
	}
}

// grant changes what gives rights beyond the mode, of a file or its folder.
func (p plot) grant(name string) {
	command := func(args ...string) {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		require.NoError(p.t, err, "%v: %s", args, out)
	}
	switch p.r.IntN(8) {
	case 0:
		command("setfacl", "-m", "u:1:rw", name)
	case 1:
		command("setfacl", "-d", "-m", "u:1:rwx", filepath.Dir(name))
	case 2:
		command("setfattr", "-n", "user.note", "-v", p.pick(), name)
	case 3:
		command("setfattr", "-n", "trusted.note", "-v", p.pick(), filepath.Dir(name))
	case 4:
		command("setcap", "cap_net_raw+p", name)
	case 5: // what is immutable cannot be removed at the end
		command("chattr", "+a", name)
		p.t.Cleanup(func() { command("chattr", "-a", name) })
	}
}

// able gives each file a capability. AIDE 0.18 sees that one has another, and not
// that one has its first or its last: it takes that for another set of attributes.
func (p plot) able() {
	require.NoError(p.t, filepath.WalkDir(p.dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = exec.Command("setcap", "cap_kill+p", name).Run()
		}
		return err
	}))
}

// theirs asks aide, and gives its three sets.
func (p plot) theirs(action string) map[string]string {
	out, err := exec.Command("aide", "--config="+p.conf, action).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 7) {
		p.t.Fatalf("%v: %s", err, out)
	}
	found, kind := map[string]string{}, ""
	for line := range strings.Lines(string(out)) {
		text := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(text, "Added entries"):
			kind = "added"
		case strings.HasPrefix(text, "Removed entries"):
			kind = "removed"
		case strings.HasPrefix(text, "Changed entries"):
			kind = "changed"
		case strings.HasPrefix(text, "Detailed information"):
			return found
		case kind != "":
			if _, name, ok := strings.Cut(text, ": /"); ok {
				found["/"+name] = kind
			}
		}
	}
	return found
}

// ours asks this library.
func (p plot) ours(old []host.Entry) (map[string]string, []host.Entry) {
	h := host.Local()
	c, err := aide.Load(p.t.Context(), h, p.conf, aide.Options{Old: true})
	require.NoError(p.t, err)
	var mu sync.Mutex
	grown := map[string]bool{}
	scan := integrity.Scanner{Files: h.Files, Profile: c.Profile(), Choose: c.Choose}
	if old != nil {
		scan.Old = stream(old)
		scan.Read = rotation.Grown(func(path string) { mu.Lock(); defer mu.Unlock(); grown[path] = true })
	}
	var now []host.Entry
	for e, err := range scan.Entries(p.t.Context(), nil) {
		require.NoError(p.t, err)
		now = append(now, e)
	}
	found := map[string]string{}
	require.NoError(p.t, integrity.Compare(stream(old), stream(now), tree.FieldsAll, func(ch integrity.Change) error {
		if ch, ok := c.Reported(ch, func(path string) bool { return grown[path] }); ok {
			found[ch.Path] = ch.Kind.String()
		}
		return nil
	}))
	return found, now
}

func stream(list []host.Entry) integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// On purpose not in the trees: times within one second, digests that agree up to a
// NUL, links longer than 257 bytes, names that are no UTF-8 and a first or last
// capability, where AIDE 0.18 misses changes.
func TestTheSameChangesAsAIDE(t *testing.T) {
	need.Program(t, "aide")
	need.Long(t)
	for seed := range uint64(40) {
		if !sameAsAIDE(t, seed, false) {
			return
		}
	}
}

// The same of access lists, extended attributes, capabilities and flags.
func TestTheSameRightsAsAIDE(t *testing.T) {
	need.Root(t)
	need.Long(t)
	for _, name := range []string{"aide", "setfacl", "setfattr", "setcap", "chattr"} {
		need.Program(t, name)
	}
	for seed := range uint64(20) {
		if !sameAsAIDE(t, seed, true) {
			return
		}
	}
}

func sameAsAIDE(t *testing.T, seed uint64, rights bool) bool {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	p := plot{t, rand.New(rand.NewPCG(seed, 1)), filepath.Join(base, "tree"), filepath.Join(base, "aide.conf"), rights}
	p.grow()
	if rights {
		p.able()
	}
	text := p.rules()
	require.NoError(t, os.WriteFile(p.conf, []byte(text), 0o644))
	p.theirs("--init")
	_, old := p.ours(nil)
	p.mutate()
	theirs := p.theirs("--check")
	ours, _ := p.ours(old)
	return assert.Equal(t, sorted(theirs), sorted(ours), "seed %d\n%s", seed, text)
}

func sorted(found map[string]string) (out []string) {
	for name, kind := range found {
		out = append(out, kind+" "+name)
	}
	slices.Sort(out)
	return out
}
