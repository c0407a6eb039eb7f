package integrity_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
)

const allKnown = host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownInode | host.KnownNlink |
	host.KnownMtime | host.KnownCtime | host.KnownBtime

func dir(name string) host.Entry {
	return host.Entry{Path: name, Complete: true, Stat: host.Stat{Mode: host.ModeDir | 0o755, Known: allKnown}}
}

func file(name string, digest byte) host.Entry {
	return host.Entry{Path: name, Digests: []host.Digest{sumOf(digest)}, Stat: host.Stat{
		Mode: host.ModeRegular | 0o644, Size: 10, Nlink: 1, Mtime: 100, Ctime: 100, Known: allKnown,
	}}
}

func sumOf(first byte) host.Digest {
	return host.NewDigest("sha256", append([]byte{first}, make([]byte, 31)...))
}

func diff(was, now host.Entry, want tree.Fields) tree.Fields { return tree.Diff(&was, &now, want) }

func with(e host.Entry, change func(*host.Entry)) host.Entry {
	change(&e)
	return e
}

func closed(e host.Entry) host.Entry {
	return with(e, func(e *host.Entry) { e.Complete, e.Err = false, fs.ErrPermission })
}

// changes gives the kind and path of each change.
func changes(t *testing.T, old, now []host.Entry, want tree.Fields) []string {
	t.Helper()
	var got []string
	err := integrity.Compare(integritytest.Entries(old...), integritytest.Entries(now...), want, func(c integrity.Change) error {
		got = append(got, fmt.Sprint(c.Kind, " ", c.Path, " ", c.Fields.Names()))
		return nil
	})
	require.NoError(t, err)
	return got
}

func TestChangesComeInTheOrderOfPaths(t *testing.T) {
	old := []host.Entry{dir("/d"), file("/d/a", 1), file("/d/b", 1), file("/d/gone", 1), file("/d/same", 1)}
	now := []host.Entry{dir("/d"), file("/d/a", 2), file("/d/b", 1), file("/d/new", 1), file("/d/same", 1)}
	want := []string{"changed /d/a [content]", "removed /d/gone []", "added /d/new []"}
	assert.Empty(t, cmp.Diff(want, changes(t, old, now, tree.FieldsState)))
	assert.Empty(t, changes(t, old, old, tree.FieldsAll))
	assert.Len(t, changes(t, old, nil, tree.FieldsAll), 5, "an empty stream is complete")
	assert.Len(t, changes(t, nil, now, tree.FieldsAll), 5)
}

func TestNothingIsRemovedBelowWhatCouldNotBeListed(t *testing.T) {
	old := []host.Entry{dir("/d"), dir("/d/in"), file("/d/in/x", 1), file("/d/in-side", 1), file("/d/z", 1)}
	now := []host.Entry{dir("/d"), closed(dir("/d/in"))}
	want := []string{"unreadable /d/in []", "removed /d/in-side []", "removed /d/z []"}
	assert.Empty(t, cmp.Diff(want, changes(t, old, now, tree.FieldsState)))

	mounted := with(dir("/d/in"), func(e *host.Entry) { e.Complete = false })
	assert.Empty(t, changes(t, old[:3], []host.Entry{dir("/d"), mounted}, tree.FieldsState))

	unseen := host.Entry{Path: "/d", Err: fs.ErrPermission}
	assert.Equal(t, []string{"unreadable /d []"}, changes(t, old, []host.Entry{unseen}, tree.FieldsState))
}

func TestWhatWasListedOfADirectorySaysNothingOfTheRest(t *testing.T) {
	old := []host.Entry{dir("/d"), dir("/d/in"), file("/d/in/x", 1), dir("/d/sub"), file("/d/sub/x", 1), file("/d/sub/y", 1), file("/d/z", 1), file("/e", 1)}
	now := []host.Entry{closed(dir("/d")), dir("/d/sub"), file("/d/sub/x", 1), file("/d/y", 1)}
	want := []string{"unreadable /d []", "removed /d/sub/y []", "added /d/y []", "removed /e []"}
	assert.Empty(t, cmp.Diff(want, changes(t, old, now, tree.FieldsState)))
}

func TestNothingIsAddedBelowWhatTheOldStreamCouldNotList(t *testing.T) {
	old := []host.Entry{dir("/d"), closed(dir("/d/in"))}
	now := []host.Entry{dir("/d"), dir("/d/in"), file("/d/in/x", 1), file("/d/z", 1)}
	assert.Equal(t, []string{"unknown /d/in []", "unknown /d/in/x []", "added /d/z []"}, changes(t, old, now, tree.FieldsState))

	old = []host.Entry{closed(dir("/d")), closed(dir("/d/in")), dir("/d/sub")}
	now = []host.Entry{closed(dir("/d")), closed(dir("/d/in")), dir("/d/sub"), file("/d/sub/x", 1), file("/d/z", 1), file("/e", 1)}
	want := []string{"unreadable /d []", "unreadable /d/in []", "added /d/sub/x []", "unknown /d/z []", "added /e []"}
	assert.Equal(t, want, changes(t, old, now, tree.FieldsState), "the innermost directory decides, of both streams")
}

func TestADirectoryThatBecameAFileHasNothingBelow(t *testing.T) {
	old := []host.Entry{dir("/d"), file("/d/x", 1)}
	assert.Equal(t, []string{"changed /d [type]", "removed /d/x []"},
		changes(t, old, []host.Entry{file("/d", 1)}, tree.FieldsState))
}

func TestABrokenStreamRemovesNothing(t *testing.T) {
	broken := errors.New("broken")
	old := integritytest.Entries(file("/a", 1), file("/b", 1), file("/c", 1))
	now := func(yield func(host.Entry, error) bool) {
		if yield(file("/a", 1), nil) {
			yield(host.Entry{}, broken)
		}
	}
	err := integrity.Compare(old, now, tree.FieldsState, func(c integrity.Change) error {
		t.Errorf("%v %s", c.Kind, c.Path)
		return nil
	})
	assert.ErrorIs(t, err, broken)
	err = integrity.Compare(now, integritytest.Entries(file("/a", 1), file("/b", 1)), tree.FieldsState,
		func(c integrity.Change) error {
			t.Errorf("%v %s", c.Kind, c.Path)
			return nil
		})
	assert.ErrorIs(t, err, broken)
}

func TestStreamsOutOfOrderAreRefused(t *testing.T) {
	good := integritytest.Entries(file("/a", 1), file("/b", 1))
	bad := integritytest.Entries(file("/b", 1), file("/a", 1))
	none := func(integrity.Change) error { return nil }
	assert.ErrorContains(t, integrity.Compare(good, bad, tree.FieldsAll, none), "out of order")
	assert.ErrorContains(t, integrity.Compare(bad, good, tree.FieldsAll, none), "out of order")
}

func TestDigestsThatShareAPrefixDiffer(t *testing.T) {
	for i := range 32 {
		a, b := file("/f", 0), file("/f", 0)
		var sum [32]byte
		sum[i] = 1
		a.Digests[0], b.Digests[0] = host.NewDigest("sha256", make([]byte, 32)), host.NewDigest("sha256", sum[:])
		assert.Equal(t, tree.FieldContent, tree.Diff(&a, &b, tree.FieldsState), "byte %d", i)
	}
}

func TestEachAttributeIsCompared(t *testing.T) {
	was := file("/f", 1)
	was.Attrs, was.Known = host.XattrsToAttrs(nil), was.Known|host.KnownFlags
	for name, change := range map[string]func(*host.Entry){
		"mode":    func(e *host.Entry) { e.Stat.Mode |= host.ModeSetUID },
		"owner":   func(e *host.Entry) { e.Stat.GID = 7 },
		"size":    func(e *host.Entry) { e.Stat.Size++ },
		"content": func(e *host.Entry) { e.Digests = []host.Digest{sumOf(99)} },
		"nlink":   func(e *host.Entry) { e.Stat.Nlink++ },
		"inode":   func(e *host.Entry) { e.Stat.Ino++ },
		"mtime":   func(e *host.Entry) { e.Stat.Mtime++ },
		"ctime":   func(e *host.Entry) { e.Stat.Ctime++ },
		"btime":   func(e *host.Entry) { e.Stat.Btime++ },
		"flags":   func(e *host.Entry) { e.Stat.Flags ^= host.FlagAppend },
		"acl": func(e *host.Entry) {
			e.Attrs = host.XattrsToAttrs(map[string]string{"system.posix_acl_access": "\x02"})
		},
		"capabilities": func(e *host.Entry) {
			e.Attrs = host.XattrsToAttrs(map[string]string{"security.capability": "x"})
		},
		"default-acl": func(e *host.Entry) {
			e.Attrs = host.XattrsToAttrs(map[string]string{"system.posix_acl_default": "\x02"})
		},
		"selinux": func(e *host.Entry) {
			e.Attrs = host.XattrsToAttrs(map[string]string{"security.selinux": "system_u:object_r:etc_t:s0\x00"})
		},
		"xattrs": func(e *host.Entry) { e.Attrs = host.XattrsToAttrs(map[string]string{"user.a": ""}) },
	} {
		assert.Equal(t, []string{name}, diff(was, with(was, change), tree.FieldsAll).Names())
	}
	link := host.Entry{Path: "/l", Stat: host.Stat{Mode: host.ModeSymlink | 0o777, Link: "a", Known: allKnown | host.KnownLink}}
	other := with(link, func(e *host.Entry) { e.Stat.Link = "b" })
	assert.Equal(t, tree.FieldLink, diff(link, other, tree.FieldsState))
	node := host.Entry{Path: "/n", Stat: host.Stat{Mode: host.ModeChar | 0o600, Rdev: 1, Known: allKnown | host.KnownRdev}}
	other = with(node, func(e *host.Entry) { e.Stat.Rdev = 2 })
	assert.Equal(t, tree.FieldDevice, diff(node, other, tree.FieldsState))
	assert.Equal(t, tree.FieldType, diff(link, node, tree.FieldsState))
}

func TestWhatOneSideDoesNotKnowIsNotCompared(t *testing.T) {
	was := file("/f", 1)
	now := with(file("/f", 1), func(e *host.Entry) {
		e.Stat = host.Stat{Mode: e.Stat.Mode, Known: host.KnownMode}
	})
	assert.Zero(t, tree.Diff(&was, &now, tree.FieldsAll))
}

func TestTimesStandInForAContentThatCannotBeRead(t *testing.T) {
	was := file("/f", 1)
	touched := with(was, func(e *host.Entry) { e.Stat.Mtime++ })
	assert.Zero(t, tree.Diff(&was, &touched, tree.FieldsState), "the content is the same")
	touched.Digests = nil
	assert.Equal(t, tree.FieldMtime, tree.Diff(&was, &touched, tree.FieldsState))
}

func TestADirectoryDoesNotRepeatWhatItsEntriesTell(t *testing.T) {
	was := dir("/d")
	now := with(was, func(e *host.Entry) {
		e.Stat.Size, e.Stat.Nlink, e.Stat.Mtime, e.Stat.Ctime = 1, 2, 3, 4
	})
	assert.Zero(t, tree.Diff(&was, &now, tree.FieldsAll))
	now.Stat.Mode = host.ModeDir | 0o777
	assert.Equal(t, tree.FieldMode, tree.Diff(&was, &now, tree.FieldsAll))
}

func TestAttributesThatAreNotKnownAnyMoreAreToldOnce(t *testing.T) {
	known := func(name string) host.Entry {
		return with(file(name, 1), func(e *host.Entry) { e.Attrs = host.XattrsToAttrs(map[string]string{"user.note": "x"}) })
	}
	old := []host.Entry{known("/a"), known("/b"), file("/c", 1)}
	now := []host.Entry{file("/a", 1), file("/b", 2), known("/c")}
	assert.Equal(t, []string{"unreadable /a []", "changed /b [content]"}, changes(t, old, now, tree.FieldsState))
	assert.Equal(t, []string{"changed /b [content]"}, changes(t, old, now, tree.FieldContent))
	assert.Empty(t, changes(t, now[2:], []host.Entry{with(file("/c", 1), func(e *host.Entry) { e.Attrs = now[2].Attrs })}, tree.FieldsState))
}
