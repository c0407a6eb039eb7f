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
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
)

const allKnown = host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownInode | host.KnownNlink |
	host.KnownMtime | host.KnownCtime | host.KnownBtime

func dir(name string) integrity.Entry {
	return integrity.Entry{Path: name, Complete: true, Stat: host.Stat{Mode: host.ModeDir | 0o755, Known: allKnown}}
}

func file(name string, digest byte) integrity.Entry {
	return integrity.Entry{Path: name, Hashed: true, Digest: integrity.Digest{digest}, Stat: host.Stat{
		Mode: host.ModeRegular | 0o644, Size: 10, Nlink: 1, Mtime: 100, Ctime: 100, Known: allKnown,
	}}
}

func with(e integrity.Entry, change func(*integrity.Entry)) integrity.Entry {
	change(&e)
	return e
}

func closed(e integrity.Entry) integrity.Entry {
	return with(e, func(e *integrity.Entry) { e.Complete, e.Err = false, fs.ErrPermission })
}

// changes gives the kind and path of each change.
func changes(t *testing.T, old, now []integrity.Entry, want integrity.Fields) []string {
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
	old := []integrity.Entry{dir("/d"), file("/d/a", 1), file("/d/b", 1), file("/d/gone", 1), file("/d/same", 1)}
	now := []integrity.Entry{dir("/d"), file("/d/a", 2), file("/d/b", 1), file("/d/new", 1), file("/d/same", 1)}
	want := []string{"changed /d/a [content]", "removed /d/gone []", "added /d/new []"}
	assert.Empty(t, cmp.Diff(want, changes(t, old, now, integrity.FieldsState)))
	assert.Empty(t, changes(t, old, old, integrity.FieldsAll))
	assert.Len(t, changes(t, old, nil, integrity.FieldsAll), 5, "an empty stream is complete")
	assert.Len(t, changes(t, nil, now, integrity.FieldsAll), 5)
}

func TestNothingIsRemovedBelowWhatCouldNotBeListed(t *testing.T) {
	old := []integrity.Entry{dir("/d"), dir("/d/in"), file("/d/in/x", 1), file("/d/in-side", 1), file("/d/z", 1)}
	now := []integrity.Entry{dir("/d"), closed(dir("/d/in"))}
	want := []string{"unreadable /d/in []", "removed /d/in-side []", "removed /d/z []"}
	assert.Empty(t, cmp.Diff(want, changes(t, old, now, integrity.FieldsState)))

	mounted := with(dir("/d/in"), func(e *integrity.Entry) { e.Complete = false })
	assert.Empty(t, changes(t, old[:3], []integrity.Entry{dir("/d"), mounted}, integrity.FieldsState))

	unseen := integrity.Entry{Path: "/d", Err: fs.ErrPermission}
	assert.Equal(t, []string{"unreadable /d []"}, changes(t, old, []integrity.Entry{unseen}, integrity.FieldsState))
}

func TestNothingIsAddedBelowWhatTheOldStreamCouldNotList(t *testing.T) {
	old := []integrity.Entry{dir("/d"), closed(dir("/d/in"))}
	now := []integrity.Entry{dir("/d"), dir("/d/in"), file("/d/in/x", 1), file("/d/z", 1)}
	assert.Equal(t, []string{"unknown /d/in []", "added /d/z []"}, changes(t, old, now, integrity.FieldsState))
}

func TestADirectoryThatBecameAFileHasNothingBelow(t *testing.T) {
	old := []integrity.Entry{dir("/d"), file("/d/x", 1)}
	assert.Equal(t, []string{"changed /d [type]", "removed /d/x []"},
		changes(t, old, []integrity.Entry{file("/d", 1)}, integrity.FieldsState))
}

func TestABrokenStreamRemovesNothing(t *testing.T) {
	broken := errors.New("broken")
	old := integritytest.Entries(file("/a", 1), file("/b", 1), file("/c", 1))
	now := func(yield func(integrity.Entry, error) bool) {
		if yield(file("/a", 1), nil) {
			yield(integrity.Entry{}, broken)
		}
	}
	err := integrity.Compare(old, now, integrity.FieldsState, func(c integrity.Change) error {
		t.Errorf("%v %s", c.Kind, c.Path)
		return nil
	})
	assert.ErrorIs(t, err, broken)
	err = integrity.Compare(now, integritytest.Entries(file("/a", 1), file("/b", 1)), integrity.FieldsState,
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
	assert.ErrorContains(t, integrity.Compare(good, bad, integrity.FieldsAll, none), "out of order")
	assert.ErrorContains(t, integrity.Compare(bad, good, integrity.FieldsAll, none), "out of order")
}

func TestDigestsThatShareAPrefixDiffer(t *testing.T) {
	for i := range 32 {
		a, b := file("/f", 0), file("/f", 0)
		b.Digest[i] = 1
		assert.Equal(t, integrity.FieldContent, integrity.Diff(a, b, integrity.FieldsState), "byte %d", i)
	}
}

func TestEachAttributeIsCompared(t *testing.T) {
	was := file("/f", 1)
	for name, change := range map[string]func(*integrity.Entry){
		"mode":    func(e *integrity.Entry) { e.Stat.Mode |= host.ModeSetUID },
		"owner":   func(e *integrity.Entry) { e.Stat.GID = 7 },
		"size":    func(e *integrity.Entry) { e.Stat.Size++ },
		"content": func(e *integrity.Entry) { e.Digest[31]++ },
		"nlink":   func(e *integrity.Entry) { e.Stat.Nlink++ },
		"inode":   func(e *integrity.Entry) { e.Stat.Ino++ },
		"mtime":   func(e *integrity.Entry) { e.Stat.Mtime++ },
		"ctime":   func(e *integrity.Entry) { e.Stat.Ctime++ },
		"btime":   func(e *integrity.Entry) { e.Stat.Btime++ },
	} {
		assert.Equal(t, []string{name}, integrity.Diff(was, with(was, change), integrity.FieldsAll).Names())
	}
	link := integrity.Entry{Path: "/l", Stat: host.Stat{Mode: host.ModeSymlink | 0o777, Link: "a", Known: allKnown | host.KnownLink}}
	other := with(link, func(e *integrity.Entry) { e.Stat.Link = "b" })
	assert.Equal(t, integrity.FieldLink, integrity.Diff(link, other, integrity.FieldsState))
	node := integrity.Entry{Path: "/n", Stat: host.Stat{Mode: host.ModeChar | 0o600, Rdev: 1, Known: allKnown | host.KnownRdev}}
	other = with(node, func(e *integrity.Entry) { e.Stat.Rdev = 2 })
	assert.Equal(t, integrity.FieldDevice, integrity.Diff(node, other, integrity.FieldsState))
	assert.Equal(t, integrity.FieldType, integrity.Diff(link, node, integrity.FieldsState))
}

func TestWhatOneSideDoesNotKnowIsNotCompared(t *testing.T) {
	was := file("/f", 1)
	now := with(file("/f", 1), func(e *integrity.Entry) {
		e.Stat = host.Stat{Mode: e.Stat.Mode, Known: host.KnownMode}
	})
	assert.Zero(t, integrity.Diff(was, now, integrity.FieldsAll))
}

func TestTimesStandInForAContentThatCannotBeRead(t *testing.T) {
	was := file("/f", 1)
	touched := with(was, func(e *integrity.Entry) { e.Stat.Mtime++ })
	assert.Zero(t, integrity.Diff(was, touched, integrity.FieldsState), "the content is the same")
	touched.Hashed = false
	assert.Equal(t, integrity.FieldMtime, integrity.Diff(was, touched, integrity.FieldsState))
}

func TestADirectoryDoesNotRepeatWhatItsEntriesTell(t *testing.T) {
	was := dir("/d")
	now := with(was, func(e *integrity.Entry) {
		e.Stat.Size, e.Stat.Nlink, e.Stat.Mtime, e.Stat.Ctime = 1, 2, 3, 4
	})
	assert.Zero(t, integrity.Diff(was, now, integrity.FieldsAll))
	now.Stat.Mode = host.ModeDir | 0o777
	assert.Equal(t, integrity.FieldMode, integrity.Diff(was, now, integrity.FieldsAll))
}
