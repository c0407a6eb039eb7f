package follow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

func TestTheTenthFileOfADayComesBehindTheSecond(t *testing.T) {
	var dir []host.Stat
	for _, name := range []string{"c-2026-11-02.10.log", "c-2026-11-02.2.log", "c-2026-11-01.11.log", "c-2026-11-02.1.log"} {
		dir = append(dir, host.Stat{Name: name, Mode: host.ModeRegular})
	}
	var got []string
	for _, g := range siblings("/var/log/c.log", dir) {
		got = append(got, g.stat.Name)
	}
	assert.Equal(t, []string{"c-2026-11-01.11.log", "c-2026-11-02.1.log", "c-2026-11-02.2.log", "c-2026-11-02.10.log"}, got)
}

func TestOfGenerationsThatBeginAlikeTheOldestWrittenSinceIsGoneOnWith(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	at := time.Now().Add(-time.Hour)
	old := func(path string, ago time.Duration) {
		require.NoError(t, os.Chtimes(path, at.Add(-ago), at.Add(-ago)))
	}
	const banner = "=== started ===\n"
	require.NoError(t, os.WriteFile(name+".2.gz", pack(t, banner+"before\n"), 0o644))
	old(name+".2.gz", time.Hour)
	write(t, name, banner)
	old(name, 0)
	_, _, c := all(t, File{Path: name}, Checkpoint{})

	require.NoError(t, os.Rename(name+".2.gz", name+".3.gz"))
	require.NoError(t, os.WriteFile(name+".2.gz", pack(t, banner+"ERROR one\n"), 0o644))
	require.NoError(t, os.Rename(name, filepath.Join(t.TempDir(), "gone"))) // its inode stays in use
	old(name+".2.gz", -time.Minute)
	write(t, name+".1", banner+"ERROR two\n")
	old(name+".1", -2*time.Minute)
	write(t, name, "ERROR three\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"ERROR one", banner[:len(banner)-1], "ERROR two", "ERROR three"}, lines)
	assert.Empty(t, notes)
}

// put writes a file as of a time.
func put(t *testing.T, name, text string, at time.Time) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	require.NoError(t, os.Chtimes(name, at, at))
}

func TestAFileThatWasCopiedAndEmptiedAndBeginsAlikeIsNotTakenForTheSame(t *testing.T) {
	const banner = "=== started ===\n"
	at := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		sentence, copied, now string
		want                  []string
		notes                 []NoteKind
	}{
		{"emptied and grown past the position", banner + "ERROR one\n", banner + "ERROR two\n", []string{"ERROR one", "=== started ===", "ERROR two"}, nil},
		{"copied and not emptied yet", banner + "one\n", banner + "one\ntwo\n", []string{"one", "two"}, nil},
		{"nobody can know", banner, banner + "two\n", []string{"two"}, []NoteKind{Ambiguous}},
		{"nothing new", banner, banner, nil, nil},
	} {
		name := filepath.Join(t.TempDir(), "log")
		put(t, name, banner, at)
		_, _, cp := all(t, File{Path: name}, Checkpoint{})
		put(t, name+".1", c.copied, at.Add(time.Minute))
		put(t, name, c.now, at.Add(2*time.Minute))
		lines, notes, _ := all(t, File{Path: name}, cp)
		assert.Equal(t, c.want, lines, c.sentence)
		assert.Equal(t, c.notes, kinds(notes), c.sentence)
	}
}

func TestAReadingBetweenCopyAndTruncationIsNoTampering(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	name := filepath.Join(t.TempDir(), "log")
	put(t, name, "one\ntwo\n", at)
	put(t, name+".1", "one\ntwo\n", at)
	put(t, name, "one\ntwo\nthree\n", at.Add(time.Second)) // written behind the copy, and read
	_, _, cp := all(t, File{Path: name}, Checkpoint{})
	put(t, name, "four\n", at.Add(time.Minute)) // emptied
	lines, notes, cp := all(t, File{Path: name}, cp)
	// The head that was proved has three lines, the copy two: it proves nothing.
	assert.Equal(t, []string{"four"}, lines[len(lines)-1:])
	assert.NotEmpty(t, notes)
	lines, notes, _ = all(t, File{Path: name}, cp)
	assert.Empty(t, lines)
	assert.Empty(t, notes, "it is told once")
}

func TestALongLogThatIsReadBetweenCopyAndTruncationIsOnlyAmbiguous(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	name := filepath.Join(t.TempDir(), "log")
	long := ""
	for i := range 1000 {
		long += "line " + string(rune('a'+i%26)) + "\n"
	}
	put(t, name, long+"three\n", at)
	_, _, cp := all(t, File{Path: name}, Checkpoint{})
	put(t, name+".1", long, at)
	put(t, name, "four\n", at.Add(time.Minute))
	lines, notes, _ := all(t, File{Path: name}, cp)
	assert.Equal(t, []string{"four"}, lines)
	assert.Equal(t, []NoteKind{Ambiguous}, kinds(notes))
}

func TestAMissingGenerationInTheMiddleIsAGap(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, cp := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.Rename(name, name+".3"))
	write(t, name+".1", "three\n")
	write(t, name, "four\n")
	lines, notes, cp := all(t, File{Path: name}, cp)
	assert.Equal(t, []string{"three", "four"}, lines)
	require.Equal(t, []NoteKind{Gap}, kinds(notes))
	assert.Equal(t, name+".2", notes[0].Path)
	_, notes, _ = all(t, File{Path: name}, cp)
	assert.Empty(t, notes, "it is told once")
}

func TestAFewBytesThatAreAlikeAreDoubted(t *testing.T) {
	at := time.Unix(1_760_000_000, 0)
	for _, current := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "log")
		put(t, name, "a\n", at)
		_, _, cp := all(t, File{Path: name}, Checkpoint{})
		require.NoError(t, os.Remove(name))
		put(t, name+".2", "two\n", at.Add(time.Minute))
		put(t, name+".1", "a\nthree\n", at.Add(2*time.Minute))
		if current {
			require.NoError(t, os.Rename(name+".1", name))
		} else {
			put(t, name, "four\n", at.Add(3*time.Minute))
		}
		_, notes, _ := all(t, File{Path: name}, cp)
		assert.Equal(t, []NoteKind{Ambiguous}, kinds(notes), "what stands in .2 is unread")
	}
}

func TestACopyThatIsBeingPackedIsReadOnce(t *testing.T) {
	at := time.Unix(1_760_000_000, 0)
	name := filepath.Join(t.TempDir(), "log")
	put(t, name, "one\n", at)
	_, _, cp := all(t, File{Path: name}, Checkpoint{})
	put(t, name+".1", "one\ntwo\n", at.Add(time.Minute))
	put(t, name+".1.gz", string(pack(t, "one\ntwo\n")), at.Add(time.Minute))
	write(t, name, "one\nthree\n")
	lines, notes, _ := all(t, File{Path: name}, cp)
	assert.Equal(t, []string{"two", "one", "three"}, lines)
	assert.Empty(t, notes)
}

func TestAMissingDayOfALogThatIsRotatedEveryDayIsAGap(t *testing.T) {
	for missing, want := range map[string][]NoteKind{"": nil, "20261105": {Gap}, "20261103 20261105": nil} {
		name := filepath.Join(t.TempDir(), "log")
		write(t, name, "0\n")
		_, _, cp := all(t, File{Path: name}, Checkpoint{})
		require.NoError(t, os.Rename(name, name+"-20261101"))
		for _, day := range []string{"20261102", "20261103", "20261104", "20261105", "20261106", "20261107"} {
			if !strings.Contains(missing, day) {
				write(t, name+"-"+day, day+"\n")
			}
		}
		write(t, name, "now\n")
		_, notes, _ := all(t, File{Path: name}, cp)
		require.Equal(t, want, kinds(notes), missing)
		if len(notes) > 0 {
			assert.Equal(t, name+"-20261105", notes[0].Path)
		}
	}
}

func TestARenamedLogIsFoundByItsInodeUnderAnyName(t *testing.T) {
	for _, to := range []string{"log.old", "something else", "old/log-yesterday"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "log")
		require.NoError(t, os.Mkdir(filepath.Join(dir, "old"), 0o755))
		write(t, name, "one\n")
		_, _, cp := all(t, File{Path: name}, Checkpoint{})
		appendTo(t, name, "two\n")
		require.NoError(t, os.Rename(name, filepath.Join(dir, to)))
		write(t, name, "three\n")
		lines, notes, _ := all(t, File{Path: name}, cp)
		assert.Equal(t, []string{"two", "three"}, lines, to)
		assert.Empty(t, notes, to)
	}
}

func TestWhatWasCopiedAndEmptiedAfterAFewBytesIsGoneOnWithInTheCopy(t *testing.T) {
	name, at := filepath.Join(t.TempDir(), "log"), time.Now().Add(-time.Hour)
	put(t, name, "P1", at)
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	put(t, name+".2", "P1L2\nL3\n", at.Add(time.Minute)) // the copy
	put(t, name, "P15\n", at.Add(2*time.Minute))         // the same file, which was emptied
	require.NoError(t, os.Rename(name, name+".1"))
	put(t, name, "L4\n", at.Add(3*time.Minute))
	lines, _, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"P1L2", "L3", "P15", "L4"}, lines)

	put(t, name+".2", "L2\nL3\n", at.Add(time.Minute)) // a later copy: the one of what was read is gone
	_, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []NoteKind{Ambiguous}, kinds(notes))
}
