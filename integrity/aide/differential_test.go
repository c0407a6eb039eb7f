package aide_test

import (
	"bytes"
	"compress/gzip"
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

	rights bool // access lists, attributes and flags are changed
	rotate bool // files get other names
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
		text := p.pick()
		if p.rotate { // of two files of one content it is not defined which was moved
			text += name
		}
		require.NoError(p.t, os.WriteFile(name, []byte(text), 0o644))
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
	if p.rotate {
		attrs = []string{"Full+i+n+I", "Full+i+n+I", "Full+i+n+I+growing+ANF", "Full+i+n+I+compressed", "Full+i+n", "Full+i+n+I+compressed+ARF"}
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
		if p.rotate {
			p.turn(name)
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

// turn rotates a file, as logrotate does in its various ways.
func (p plot) turn(name string) {
	text, err := os.ReadFile(name)
	require.NoError(p.t, err)
	pack := func(to string) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(text)
		require.NoError(p.t, errors.Join(err, z.Close(), os.WriteFile(to, b.Bytes(), 0o644), os.Remove(name)))
	}
	add := func(to string) { require.NoError(p.t, os.WriteFile(to, append(text, "more"...), 0o644)) }
	move := func(to string) { require.NoError(p.t, os.Rename(name, to)) }
	anew := func() { require.NoError(p.t, os.WriteFile(name, []byte("begun anew: "+name), 0o644)) }
	switch p.r.IntN(9) {
	case 0:
		move(name + ".1")
	case 1:
		move(name + ".1")
		anew()
	case 2:
		add(name)
		move(name + ".1")
		anew()
	case 3:
		pack(name + ".1.gz")
	case 4:
		pack(name + ".1.gz")
		anew()
	case 5: // over another one
		move(filepath.Join(filepath.Dir(name), p.pick()))
	case 6:
		add(name)
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
		case strings.HasPrefix(text, "Detailed information"), strings.HasPrefix(text, "The attributes of"):
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
	grew := func(path string) bool { return grown[path] }
	moves := aide.Moves{Config: c, Files: h.Files}
	require.NoError(p.t, integrity.Compare(stream(old), stream(now), tree.FieldsAll, func(ch integrity.Change) error {
		if moves.Take(ch) {
			return nil
		}
		if ch, ok := c.Reported(ch, grew); ok {
			found[ch.Path] = ch.Kind.String()
		}
		return nil
	}))
	left, errs := moves.Left(p.t.Context(), grew)
	require.Empty(p.t, errs)
	for _, ch := range left {
		found[ch.Path] = ch.Kind.String()
	}
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
		if !sameAsAIDE(t, seed, plot{}) {
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
		if !sameAsAIDE(t, seed, plot{rights: true}) {
			return
		}
	}
}

// The same of logs that are rotated.
func TestTheSameMovesAsAIDE(t *testing.T) {
	need.Program(t, "aide")
	need.Long(t)
	for seed := range uint64(40) {
		if !sameAsAIDE(t, seed, plot{rotate: true}) {
			return
		}
	}
}

func sameAsAIDE(t *testing.T, seed uint64, p plot) bool {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	p.t, p.r, p.dir, p.conf = t, rand.New(rand.NewPCG(seed, 1)), filepath.Join(base, "tree"), filepath.Join(base, "aide.conf")
	p.grow()
	if p.rights {
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
