package mtree_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/mtree"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// The form is that of NetBSD's etc/mtree/special, after mtree(5).
const special = `# a comment
/set uname=root gname=wheel type=file mode=0644 uid=0 gid=0
.               type=dir mode=0755
    etc         type=dir mode=0755
        passwd  mode=0644 \
                sha256digest=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        hosts   optional nochange
        x\040y  type=link link=a\sb
    ..
    tmp         type=dir mode=01777 ignore
    ..
..
/unset uid gid
./var/log/new type=file mode=0600 size=7 time=12.000000005
`

func TestASpecificationIsReadAsItIs(t *testing.T) {
	s, err := mtree.Read(strings.NewReader(strings.Replace(special, "    ..\n..\n", "    ..\n", 1)), "/")
	require.NoError(t, err)
	var got []string
	for _, e := range s.Entries {
		got = append(got, fmt.Sprintf("%s %o", e.Path, e.Stat.Mode))
	}
	assert.Equal(t, []string{"/ 40755", "/etc 40755", "/etc/hosts 100644", "/etc/passwd 100644", "/etc/x y 120644", "/tmp 41777", "/var/log/new 100600"}, got)
	assert.True(t, s.Optional["/etc/hosts"])
	assert.Equal(t, []string{"/tmp"}, s.Ignored)
	assert.Equal(t, "a b", s.Entries[4].Stat.Link)
	assert.Len(t, s.Entries[3].Digests, 1)
	last := s.Entries[6].Stat
	assert.Equal(t, int64(12_000_000_005), last.Mtime, "what is behind the dot are nanoseconds")
	assert.False(t, last.Known.Has(host.KnownOwner))
}

// shipped has the shape of NetBSD/src : etc/mtree/special, with other files: names by
// their last part in nested folders, closed by dots with a comment; owners by name;
// modes with and without a leading zero; ignored folders and files.
const shipped = `#	special
#

.		type=dir mode=0755 uname=root gname=wheel

dev		type=dir mode=0755 uname=root gname=wheel
fd		type=dir mode=0755 uname=root gname=wheel ignore
..	#dev/fd
kmem		type=char mode=640 uname=root gname=kmem
..	#dev

etc		type=dir mode=0755 uname=root gname=wheel
master.passwd	type=file mode=600 uname=root gname=wheel
mtree		type=dir mode=0755 uname=root gname=wheel
special		type=file mode=0600 uname=root gname=wheel
..	#mtree
weekly		type=file mode=0644 uname=root gname=wheel
..	#etc

usr		type=dir mode=0755 uname=root gname=wheel
games		type=dir mode=0755 uname=root gname=wheel
hide		type=dir mode=0700 uname=games gname=wheel ignore
..	#usr/games/hide
..	#usr/games
..	#usr
`

func TestAPublishedSpecificationIsRead(t *testing.T) {
	s, err := mtree.Read(strings.NewReader(shipped), "/")
	require.NoError(t, err)
	var got []string
	for _, e := range s.Entries {
		got = append(got, fmt.Sprintf("%s %o", e.Path, e.Stat.Mode))
	}
	assert.Equal(t, []string{
		"/ 40755", "/dev 40755", "/dev/fd 40755", "/dev/kmem 20640", "/etc 40755", "/etc/master.passwd 100600", "/etc/mtree 40755",
		"/etc/mtree/special 100600", "/etc/weekly 100644", "/usr 40755", "/usr/games 40755", "/usr/games/hide 40700",
	}, got)
	assert.Equal(t, []string{"/dev/fd", "/usr/games/hide"}, s.Ignored)
}

func TestWhatIsNotUnderstoodIsNamedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"..\n":                            "line 1: above the root",
		"\na type=wonder\n":               `line 2: "/r/a" has no type`,
		"*.c type=file\n":                 "is a pattern",
		"./../x type=file\n":              "not below the root",
		"a type=file mode=9\n":            "mode=9",
		"a type=file sha256=00\n":         "another length",
		"a type=file time=1.9999999999\n": "no time",
		"a\\q type=file\n":                "is not known",
		"a type=file \\":                  "nothing follows",
	} {
		_, err := mtree.Read(strings.NewReader(text), "/r")
		assert.ErrorContains(t, err, want, text)
	}
}

// planted makes a tree with odd names, and gives its entries.
func planted(t *testing.T) (string, func() []host.Entry) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, name := range []string{"a", "sub/b c", "sub/#d", "sub/e\\f", "sub/[g]*?", "sub/\xff\x01", "z=1"} {
		full := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(name), 0o644))
	}
	require.NoError(t, os.Symlink("to no where", filepath.Join(dir, "link")))
	return dir, func() (all []host.Entry) {
		for e, err := range integrity.Scan(t.Context(), host.Local().Files, integrity.Profile{Roots: []string{dir}}, nil) {
			require.NoError(t, err)
			all = append(all, e)
		}
		return all
	}
}

func stream(all []host.Entry) integrity.Entries { return (&mtree.Spec{Entries: all}).Stream() }

// real runs mtree of NetBSD over a folder; its exit status is 2 for a difference.
func real(t *testing.T, dir string, args ...string) (string, int) {
	t.Helper()
	out, err := exec.Command(need.Program(t, "mtree"), append([]string{"-p", dir}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	require.NoError(t, err)
	return string(out), 0
}

func TestMtreeTakesWhatIsWrittenAndFindsTheSameChanges(t *testing.T) {
	dir, scan := planted(t)
	var text bytes.Buffer
	require.NoError(t, mtree.Write(&text, dir, stream(scan())))
	spec := filepath.Join(t.TempDir(), "spec")
	require.NoError(t, os.WriteFile(spec, text.Bytes(), 0o600))
	out, status := real(t, dir, "-f", spec)
	require.Equal(t, 0, status, out)

	require.NoError(t, os.Chmod(filepath.Join(dir, "a"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, "sub/b c")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub/new"), nil, 0o600))
	out, status = real(t, dir, "-f", spec)
	require.Equal(t, 2, status, out)
	assert.Contains(t, out, "extra: sub/new")
	assert.Contains(t, out, "missing: ./sub/b c")
	read, err := mtree.Read(&text, dir)
	require.NoError(t, err)
	var found []string
	require.NoError(t, integrity.Compare(read.Stream(), stream(scan()), tree.FieldsState, func(c integrity.Change) error {
		if c, ok := read.Reported(c); ok {
			found = append(found, c.Kind.String()+" "+strings.TrimPrefix(c.Path, dir))
		}
		return nil
	}))
	assert.Equal(t, []string{"changed /a", "removed /sub/b c", "added /sub/new"}, found)
}

func TestWhatMtreeWritesIsRead(t *testing.T) {
	dir, scan := planted(t)
	require.NoError(t, os.Remove(filepath.Join(dir, "sub/[g]*?"))) // it writes such a name as it is, and reads a pattern
	for _, flags := range [][]string{{"-c"}, {"-c", "-K", "sha256"}, {"-c", "-K", "sha512,nlink"}} {
		out, status := real(t, dir, append(flags, "-k", "type,mode,uid,gid,size,time,link")...)
		require.Equal(t, 0, status, out)
		read, err := mtree.Read(strings.NewReader(out), dir)
		require.NoError(t, err, out)
		now := scan()
		require.Len(t, read.Entries, len(now), out)
		require.NoError(t, integrity.Compare(read.Stream(), stream(now), tree.FieldsState|tree.FieldMtime, func(c integrity.Change) error {
			if c.Kind != integrity.Unknown { // a content that was not digested
				t.Errorf("%v %s %v", c.Kind, c.Path, c.Fields.Names())
			}
			return nil
		}))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(special))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := mtree.Read(bytes.NewReader(data), "/r")
		if err != nil {
			return
		}
		for _, e := range s.Entries {
			if !tree.Within(e.Path, "/r") || e.Path != filepath.Clean(e.Path) {
				t.Errorf("%q", e.Path)
			}
		}
		var out bytes.Buffer
		if err := mtree.Write(&out, "/r", s.Stream()); err != nil {
			t.Fatal(err)
		}
		if again, err := mtree.Read(&out, "/r"); err != nil || len(again.Entries) != len(s.Entries) {
			t.Errorf("written and read again: %v", err)
		}
	})
}

func ExampleWrite() {
	e := host.Entry{Path: "/etc/my file", Stat: host.Stat{Mode: host.ModeRegular | 0o644, Size: 5, Known: host.KnownMode | host.KnownSize}}
	if err := mtree.Write(os.Stdout, "/etc", stream([]host.Entry{e})); err != nil {
		fmt.Println(err)
	}
	// Output:
	// #mtree
	// ./my\040file type=file mode=0644 size=5
}
