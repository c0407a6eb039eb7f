package answer

import (
	"io/fs"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFindLineIsParsed(t *testing.T) {
	st, err := parseFindLine("4755 f 0 42 1234 8 65024 77 2 1795645214.1234567890 1795645215.0000000010 1600000000.5000000000")
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(host.Stat{
		Mode: 0o104755, GID: 42, Size: 1234, Blocks: 8, Dev: 65024, Ino: 77, Nlink: 2,
		Mtime: 1795645214123456789, Ctime: 1795645215000000001, Btime: 1600000000500000000,
		Known: knownByAll | host.KnownBtime,
	}, st))
	for _, birth := range []string{"", " -", " -1.-000000010", " 0.0000000000"} {
		st, err = parseFindLine("644 l 1 1 5 0 1 1 1 0.0 -1.5" + birth)
		require.NoError(t, err)
		assert.False(t, st.Known.Has(host.KnownBtime), "%q", birth)
		assert.EqualValues(t, -1500000000, st.Ctime)
	}
	for _, line := range []string{
		"", "644", "999 f 0 0 1 8 1 1 1 1.5 1.5", "644 U 0 0 1 8 1 1 1 1.5 1.5", "644 f -1 0 1 8 1 1 1 1.5 1.5",
		"644 f 0 0 99999999999999999999 8 1 1 1 1.5 1.5", "644 f 0 0 1 8 1 1 1 99999999999.5 1.5", "644 f 0 0 1 8 1 1 1 1.x 1.5",
		"10644 f 0 0 1 8 1 1 1 1.5 1.5", "644 f 4294967296 0 1 8 1 1 1 1.5 1.5",
	} {
		_, err := parseFindLine(line)
		assert.Error(t, err, line)
	}
}

func TestStatLineIsParsed(t *testing.T) {
	st, err := parseStatLine("81a4 0 42 1234 8 65024 77 1 0,0 1795645214")
	require.NoError(t, err)
	assert.Equal(t, host.Stat{
		Mode: 0o100644, GID: 42, Size: 1234, Blocks: 8, Dev: 65024, Ino: 77, Nlink: 1,
		Mtime: 1795645214e9, Known: knownByAll &^ host.KnownCtime,
	}, st)
	st, err = parseStatLine("2190 0 5 0 0 5 6 1 88,40 1795645214")
	require.NoError(t, err)
	assert.EqualValues(t, 0x8840, st.Rdev)
	assert.True(t, st.Known.Has(host.KnownRdev))
	_, err = parseStatLine("2190 0 5 0 0 5 6 1 ?,? 1795645214")
	assert.Error(t, err)
}

// The lines are as stat(1) of FreeBSD 14, NetBSD 10 and OpenBSD 7 documents them.
func TestBSDLineIsParsed(t *testing.T) {
	st, err := parseBSDLine("100644 0 0 1234 8 101 77 1 4294967295 1795645214.123456789 1795645215.000000001")
	require.NoError(t, err)
	assert.Equal(t, host.Stat{
		Mode: 0o100644, Size: 1234, Blocks: 8, Dev: 101, Ino: 77, Nlink: 1,
		Mtime: 1795645214123456789, Ctime: 1795645215000000001, Known: knownByAll,
	}, st)
	st, err = parseBSDLine("020666 0 0 0 0 101 77 1 514 1795645214.0 1795645215.0")
	require.NoError(t, err)
	assert.EqualValues(t, 514, st.Rdev)
}

func TestRecordsOfBothEncodings(t *testing.T) {
	records, words, err := ParseRecords([]byte("@system Linux\nAAH/\n@ok\n@err\nZWMKPTE=\n@end\n@more\n"), true)
	require.NoError(t, err)
	assert.Equal(t, []Record{{Data: []byte{0, 1, 255}}, {Data: []byte{}, Stderr: "ec", Status: 1}}, records)
	assert.Equal(t, []string{"system Linux", "more"}, words)
	records, _, err = ParseRecords([]byte(" 00 01\n ff\n@ok\n"), false)
	require.NoError(t, err)
	assert.Equal(t, []byte{0, 1, 255}, records[0].Data)
	for _, bad := range []string{"AAH/\n", "AAH/\n@more\n@ok\n", "@err\nPTA=\n", "@err\n@ok\n@end\n", "AAH/A\n@ok\n", "@err\nPTMwMA==\n@end\n"} {
		_, _, err := ParseRecords([]byte(bad), true)
		assert.ErrorIs(t, err, session.ErrFrame, bad)
	}
}

func TestComplaintsAreErrors(t *testing.T) {
	for complaint, want := range map[string]error{
		"find: '/x': No such file or directory":                    fs.ErrNotExist,
		"ls: cannot open '/x: Not a directory': Permission denied": fs.ErrPermission,
		"cat: /x: Operation not permitted":                         fs.ErrPermission,
		"head: /x: Too many levels of symbolic links":              syscall.ELOOP,
		"ls: /x: Symbolic link loop":                               syscall.ELOOP,
	} {
		assert.ErrorIs(t, Errno(complaint), want, complaint)
	}
	assert.ErrorIs(t, Errno("ls: a\nb: No such file or directory\nc: Permission denied"), fs.ErrPermission, "the name has lines")
	assert.ErrorIs(t, Errno("dd: error reading 'f': Input/output error\n0+0 records in\n"), syscall.EIO)
	err := Errno("stat: /x: No such file or directory: not quite")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "not quite")
}

func FuzzStatLines(f *testing.F) {
	f.Add("644 f 0 0 1 8 1 1 1 1.5 1.5 1.5\x00a\x00\x00")
	f.Add("81a4 0 42 1234 8 65024 77 1 0,0 1795645214\x00a\x00b\x00")
	f.Add("100644 0 0 1234 8 101 77 1 4294967295 1795645214.123456789 1795645215.0\x00\xff\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []Dialect{Find, Stat, BSD} {
			list, err := d.Entries(Record{Data: []byte(text)})
			if err != nil && list != nil {
				t.Fatal("an answer beside an error")
			}
			for _, st := range list {
				if !st.Known.Has(host.KnownMode) || !IsComponent(st.Name) || st.Size < 0 {
					t.Fatalf("%+v", st)
				}
			}
		}
	})
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte("AAH/\n@ok\n@err\nPTA=\n@end\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, inBase64 := range []bool{false, true} {
			records, words, err := ParseRecords(data, inBase64)
			if err != nil && (records != nil || words != nil) {
				t.Fatal("an answer beside an error")
			}
		}
	})
}
