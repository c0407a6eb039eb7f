package follow

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// all reads to the end and gives the texts, the notes and the last checkpoint.
func all(t *testing.T, f File, c Checkpoint) ([]string, []Note, Checkpoint) {
	t.Helper()
	if f.Host.Files == nil {
		f.Host = host.Local()
	}
	r, err := f.Resume(t.Context(), c)
	require.NoError(t, err)
	defer r.Close()
	var lines []string
	var notes []Note
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF {
			return lines, notes, c
		}
		require.NoError(t, err)
		for _, l := range b.Lines {
			lines = append(lines, string(l.Text))
		}
		notes = append(notes, b.Notes...)
		c = b.Checkpoint
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func kinds(notes []Note) (out []NoteKind) {
	for _, n := range notes {
		out = append(out, n.Kind)
	}
	return out
}

func TestAShrinkWithoutARotatedCopyIsTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\ntwo\nthree\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	write(t, name, "two\n")
	lines, notes, c := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two"}, lines)
	assert.Equal(t, []NoteKind{Shrunk}, kinds(notes))
	assert.EqualValues(t, 10, notes[0].Bytes)
	lines, notes, _ = all(t, File{Path: name}, c)
	assert.Empty(t, lines)
	assert.Empty(t, notes)
}

func TestAnEmptiedLogIsToldOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.Truncate(name, 0))
	_, notes, c := all(t, File{Path: name}, c)
	assert.Equal(t, []NoteKind{Shrunk}, kinds(notes))
	_, notes, c = all(t, File{Path: name}, c)
	assert.Empty(t, notes)
	appendTo(t, name, "two\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two"}, lines)
	assert.Empty(t, notes)
}

func TestALogThatWasEditedIsTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	head := strings.Repeat("same\n", 1000)
	write(t, name, head+"secret\nlast\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	write(t, name, head+"hidden\nlast\n")
	_, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []NoteKind{Rewritten}, kinds(notes))
}

// edit changes bytes of a file where they stand.
func edit(t *testing.T, name string, at int64, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte(text), at)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestAnEditOfAFewBytesIsToldAsOneAndNothingIsReadTwice(t *testing.T) {
	for _, rotate := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "log")
		write(t, name, "secret\n"+strings.Repeat("more\n", 60))
		_, _, c := all(t, File{Path: name}, Checkpoint{})
		need.That(t, "a file system that knows when a file came to be", c.Btime != 0)
		edit(t, name, 0, "hidden")
		appendTo(t, name, "new\n")
		want := []string{"new"}
		if rotate {
			require.NoError(t, os.Rename(name, name+".1"))
			write(t, name, "newer\n")
			want = append(want, "newer")
		}
		lines, notes, c := all(t, File{Path: name}, c)
		assert.Equal(t, want, lines)
		require.Equal(t, []NoteKind{Rewritten}, kinds(notes))
		assert.EqualValues(t, 307-256, notes[0].Bytes, "it may be there, and not behind that")
		lines, notes, _ = all(t, File{Path: name}, c)
		assert.Empty(t, lines)
		assert.Empty(t, notes, "it is told once")
	}
}

func TestAnEditOfWhatWasReadLastIsToldAndReadAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\nsecret\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	need.That(t, "a file system that knows when a file came to be", c.Btime != 0)
	edit(t, name, 4, "hidden")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"one", "hidden"}, lines, "nobody knows which of them are new")
	require.Equal(t, []NoteKind{Rewritten}, kinds(notes))
	assert.EqualValues(t, -1, notes[0].Bytes)
}

func TestAReusedInodeIsNotTakenForTheSameFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\ntwo\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	need.That(t, "a file system that knows when a file came to be", c.Btime != 0)
	old, err := os.Stat(name)
	require.NoError(t, err)
	write(t, name, "uno\ndos\ntres\n") // same inode, other content, longer than the offset
	now, err := os.Stat(name)
	require.NoError(t, err)
	require.True(t, os.SameFile(old, now))
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"uno", "dos", "tres"}, lines)
	assert.Equal(t, []NoteKind{Rewritten}, kinds(notes), "it is the very file")
	c.Btime-- // of another file, which had that inode
	lines, notes, _ = all(t, File{Path: name}, c)
	assert.Equal(t, []string{"uno", "dos", "tres"}, lines)
	assert.Equal(t, []NoteKind{Gap}, kinds(notes))
}

func pack(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestReadingGoesOnInsideACompressedCopy(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\ntwo\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.WriteFile(name+".2.gz", pack(t, "one\ntwo\nthree\n"), 0o644))
	require.NoError(t, os.WriteFile(name+".1", []byte("four\n"), 0o644))
	write(t, name, "five\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"three", "four", "five"}, lines)
	assert.Empty(t, notes)
}

// "one\ntwo\nthree\n" packed by bzip2(1).
const threeBzip2 = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x08\x7b\x7d\xd7\x00\x00\x04\xc1\x80\x00\x10\x02\x41\x94\x80\x20\x00\x31\x0c\x08\x21\xa3\xd4\xc8\x85\x47\x32\x38\xa8\xf1\x77\x24\x53\x85\x09\x00\x87\xb7\xdd\x70"

func TestABzip2CopyIsReadToo(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	write(t, name+".1.bz2", threeBzip2)
	write(t, name, "four\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two", "three", "four"}, lines)
	assert.Empty(t, notes)
}

func TestADamagedArchiveIsToldAndDoesNotStopTheRest(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	whole := pack(t, "one\ntwo\n"+strings.Repeat("three is long\n", 10_000))
	require.NoError(t, os.WriteFile(name+".1.gz", whole[:len(whole)/2], 0o644))
	write(t, name, "four\n")
	lines, notes, c := all(t, File{Path: name}, c)
	assert.Equal(t, []NoteKind{Damaged}, kinds(notes))
	assert.Equal(t, "two", lines[0])
	assert.Equal(t, "four", lines[len(lines)-1])
	lines, notes, _ = all(t, File{Path: name}, c)
	assert.Empty(t, lines)
	assert.Empty(t, notes)
}

func TestABombIsStoppedAtTheLimit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.WriteFile(name+".1.gz", pack(t, "one\n"+strings.Repeat("x\n", 1<<20)), 0o644))
	write(t, name, "two\n")
	lines, notes, _ := all(t, File{Path: name, MaxUnpacked: 1 << 16}, c)
	assert.Equal(t, []NoteKind{Excessive}, kinds(notes))
	assert.Less(t, len(lines), 1<<17)
	assert.Equal(t, "two", lines[len(lines)-1])
}

func TestAnArchiveOfVeryManyLikeBytesIsStoppedByWhatItUnpacksTo(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.WriteFile(name+".1.gz", pack(t, "one\n"+strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 100)), 0o644))
	write(t, name, "two\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	require.Equal(t, []NoteKind{Excessive}, kinds(notes))
	assert.Less(t, notes[0].Bytes, int64(70<<20), "three hundred times its size, from 64 MiB on")
	assert.Equal(t, "two", lines[len(lines)-1])
}

func TestACopyThatNobodyCanUnpackIsAGapAndHidesNoNewerOne(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.Rename(name, name+".3"))
	require.NoError(t, os.WriteFile(name+".2.xz", []byte("packed"), 0o644))
	write(t, name+".1", "three\n")
	write(t, name, "four\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"three", "four"}, lines)
	require.Equal(t, []NoteKind{Gap}, kinds(notes))
	assert.Equal(t, name+".2.xz", notes[0].Path)
	assert.ErrorIs(t, notes[0].Err, errors.ErrUnsupported)
}

func TestLinksAndFIFOsAreRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real"), "one\n")
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "link")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	for _, name := range []string{"link", "fifo"} {
		_, err := File{Host: host.Local(), Path: filepath.Join(dir, name)}.Resume(t.Context(), Checkpoint{})
		assert.ErrorIs(t, err, host.ErrNotRegular, name)
	}
	_, err := File{Host: host.Local(), Path: filepath.Join(dir, "none")}.Resume(t.Context(), Checkpoint{})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestALineTooLongIsCutAndTheRestIsRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n"+strings.Repeat("x", 5_000_000)+"\ntwo\n")
	r, err := File{Host: host.Local(), Path: name, MaxLine: 100}.Resume(t.Context(), Checkpoint{})
	require.NoError(t, err)
	defer r.Close()
	var got []string
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		for _, l := range b.Lines {
			got = append(got, fmt.Sprintf("%.3s %d %v", l.Text, len(l.Text), l.Oversized))
			assert.LessOrEqual(t, len(l.Text), 100)
		}
	}
	assert.Equal(t, []string{"one 3 false", "xxx 100 true", "two 3 false"}, got)
}

func TestALineThatNeverEndsIsToldOnceAndReadOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n"+strings.Repeat("x", 3_000_000))
	f := File{Host: host.Local(), Path: name, MaxLine: 100}
	lines, _, at := all(t, f, Checkpoint{})
	assert.Equal(t, []string{"one", strings.Repeat("x", 100)}, lines)
	assert.EqualValues(t, 3_000_004, at.Offset, "reading goes on within the line")
	appendTo(t, name, strings.Repeat("x", 1_000_000))
	lines, _, at = all(t, f, at)
	assert.Empty(t, lines)
	assert.EqualValues(t, 4_000_004, at.Offset)
	require.NoError(t, os.Rename(name, name+".1"))
	appendTo(t, name+".1", "end\ntwo\n")
	write(t, name, "three\n")
	lines, notes, _ := all(t, f, at)
	assert.Equal(t, []string{"two", "three"}, lines)
	assert.Empty(t, notes)
}

func TestAStreamGivesTheLinesOfAReaderOnce(t *testing.T) {
	text := "one\n" + strings.Repeat("x", 1_000) + "\n\x00two\nhalf"
	for _, block := range []int{0, 1, 7} {
		s := Stream{Reader: iotest.OneByteReader(strings.NewReader(text)), MaxLine: 100, Block: block}
		var got []string
		var size int64
		b, err := s.Next(t.Context())
		for ; err == nil; b, err = s.Next(t.Context()) {
			size += b.Bytes
			for _, l := range b.Lines {
				got = append(got, string(l.Text))
			}
		}
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, []string{"one", strings.Repeat("x", 100), "two", "half"}, got, block)
		assert.EqualValues(t, len(text), size)
	}
	s := Stream{Reader: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text)))}
	_, err := s.Next(t.Context())
	assert.ErrorIs(t, err, iotest.ErrTimeout, "what cannot be read is no end")
}

func TestNULsInFrontOfALineAreCountedAndLeftOut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, strings.Repeat("\x00", 3_000_000)+"one\n\x00two\x00\n\x00\x00\n")
	r, err := File{Host: host.Local(), Path: name}.Resume(t.Context(), Checkpoint{})
	require.NoError(t, err)
	defer r.Close()
	var got []string
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		for _, l := range b.Lines {
			got = append(got, fmt.Sprintf("%q %d", l.Text, l.NULs))
		}
	}
	rest := 3_000_000 - 2*blockLen
	assert.Equal(t, []string{fmt.Sprintf(`"" %d`, blockLen), fmt.Sprintf(`"" %d`, blockLen), fmt.Sprintf(`"one" %d`, rest), `"two\x00" 1`, `"" 2`}, got)
}

func TestAFirstReadingMayBeginNearTheEnd(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "first line\nsecond line\nthird line\n")
	lines, notes, _ := all(t, File{Path: name, Tail: 15}, Checkpoint{})
	assert.Equal(t, []string{"third line"}, lines)
	assert.Equal(t, []NoteKind{Skipped}, kinds(notes))

	write(t, name, "one\nhalf")
	lines, _, c := all(t, File{Path: name, Tail: -1}, Checkpoint{})
	assert.Empty(t, lines)
	appendTo(t, name, " line\nnext\n")
	lines, _, _ = all(t, File{Path: name}, c)
	assert.Equal(t, []string{"next"}, lines)
}

func TestAMissingLogWithItsRotatedCopyIsGoneOnWith(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	appendTo(t, name, "two\npart")
	require.NoError(t, os.Rename(name, name+".1"))
	lines, notes, c := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two"}, lines)
	assert.Empty(t, notes)
	appendTo(t, name+".1", "ial\n")
	write(t, name, "three\n")
	lines, _, _ = all(t, File{Path: name}, c)
	assert.Equal(t, []string{"partial", "three"}, lines)
}

func TestALateWriterOfTheRenamedFileLosesNothing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.Rename(name, name+".1"))
	write(t, name, "two\n")
	lines, _, c := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two"}, lines)
	appendTo(t, name+".1", "late\nha")
	appendTo(t, name, "three\n")
	lines, notes, c := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"late", "three"}, lines)
	assert.Empty(t, notes)
	appendTo(t, name+".1", "lf\n")
	lines, _, c = all(t, File{Path: name}, c)
	assert.Equal(t, []string{"half"}, lines)
	lines, _, _ = all(t, File{Path: name}, c)
	assert.Empty(t, lines)
}

func TestAGapReadsNoOlderGenerationAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	at := time.Unix(1_760_000_000, 0)
	for i, gen := range []struct{ name, text string }{{name + ".3", "old\n"}, {name, "one\n"}} {
		write(t, gen.name, gen.text)
		require.NoError(t, os.Chtimes(gen.name, at.Add(time.Duration(i)*time.Hour), at.Add(time.Duration(i)*time.Hour)))
	}
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.Remove(name)) // rotated and deleted
	write(t, name+".1", "two\n")
	write(t, name, "three\n")
	lines, notes, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two", "three"}, lines)
	assert.Equal(t, []NoteKind{Gap}, kinds(notes))
}

func TestAHardLinkOfTheLogIsNotAGeneration(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	at := time.Unix(1_760_000_000, 0)
	require.NoError(t, os.Chtimes(name, at, at))
	_, _, c := all(t, File{Path: name}, Checkpoint{})
	require.NoError(t, os.Remove(name))
	write(t, name, "two\n")
	require.NoError(t, os.Link(name, name+".1"))
	lines, _, _ := all(t, File{Path: name}, c)
	assert.Equal(t, []string{"two"}, lines)
}

func TestARotationAtAnyMomentOfTheReadingIsNoticed(t *testing.T) {
	for call := 1; call <= 14; call++ {
		name := filepath.Join(t.TempDir(), "log")
		write(t, name, "one\n")
		_, _, c := all(t, File{Path: name}, Checkpoint{})
		require.NoError(t, os.Rename(name, name+".1"))
		write(t, name, "two\n")
		fsys := &flaky{FS: host.Local().Files, left: call, do: func() {
			require.NoError(t, os.Rename(name+".1", name+".2"))
			require.NoError(t, os.WriteFile(name+".1.gz", pack(t, "two\n"), 0o644))
			require.NoError(t, os.Remove(name))
			write(t, name, "three\n")
		}}
		first, _, c := all(t, File{Host: host.Host{Files: fsys}, Path: name}, c)
		second, notes, _ := all(t, File{Path: name}, c)
		assert.Equal(t, []string{"two", "three"}, append(first, second...)[:min(2, len(first)+len(second))], "call %d", call)
		assert.LessOrEqual(t, len(first)+len(second), 2, "call %d", call)
		assert.Empty(t, notes)
	}
}

func TestADamagedCheckpointIsRefused(t *testing.T) {
	_, err := File{Host: host.Local(), Path: "/x"}.Resume(t.Context(), Checkpoint{Offset: -1, Valid: true})
	assert.ErrorContains(t, err, "damaged")
}

func TestACancelledContextEndsReading(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	r, err := File{Host: host.Local(), Path: name}.Resume(t.Context(), Checkpoint{})
	require.NoError(t, err)
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Next(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}

// truncating is a file system that empties the log after the first read of it.
type truncating struct {
	host.FS
	after func()
}

type hookedFile struct {
	host.File
	reads int
	after func()
}

func (s *truncating) Open(ctx context.Context, name string) (host.File, error) {
	f, err := s.FS.Open(ctx, name)
	return &hookedFile{File: f, after: s.after}, err
}

func (f *hookedFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	if f.reads++; f.reads == 2 && f.after != nil {
		f.after()
	}
	return n, err
}

func TestATruncationWhileReadingIsNotMixedIntoLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\ntwo\n")
	done := false
	fsys := &truncating{FS: host.Local().Files}
	fsys.after = func() {
		if !done {
			done = true
			require.NoError(t, os.WriteFile(name+".1", []byte("one\ntwo\n"), 0o644))
			require.NoError(t, os.Truncate(name, 0))
			appendTo(t, name, "three\nfour\nfive\n")
		}
	}
	lines, _, _ := all(t, File{Host: host.Host{Files: fsys}, Path: name}, Checkpoint{})
	require.True(t, done)
	assert.Equal(t, []string{"three", "four", "five"}, lines, "a log that was never read begins with the current file")
}

func TestSiblingsAreKnownByTheirNames(t *testing.T) {
	for name, want := range map[string]bool{
		"app.log.1": true, "app.log.0": true, "app.log.12.gz": true, "app.log-20261101": true, "app.log-20261101.bz2": true, "app.log.2026-11-01": true,
		"app-20261101.log.gz": true, "app.1.log": true, "app.log-2026110112": true, "app.log.2026-11-01T03:04:05.zst": true,
		"app.log": false, "app.log.bak": false, "app.log.old": false, "app-error.log": false, "app2.log": false, "app.log.1x": false, "app.log-": false, "app.log.-1": false,
	} {
		assert.Equal(t, want, IsSibling("app.log", name), name)
		assert.Equal(t, want, slices.Contains(originals(name), "app.log"), name)
	}
}

// Who owns a folder can fill it: each file with each other would be minutes.
func TestGenerationsAreFoundAmongVeryManyFiles(t *testing.T) {
	all := []host.Stat{{Name: "app.log"}, {Name: "app.log.1"}, {Name: "lone.log.1"}}
	for i := range 200_000 {
		all = append(all, host.Stat{Name: fmt.Sprintf("x-%d.log", i)})
	}
	assert.Equal(t, map[string]string{"app.log.1": "app.log"}, Rotated(all))
}

func TestGenerationsAreOrderedOldestFirst(t *testing.T) {
	var dir []host.Stat
	for _, name := range []string{"l.1", "l.10.gz", "l.2.gz", "l", "l.0", "l.1.gz"} {
		dir = append(dir, host.Stat{Name: name, Mode: host.ModeRegular})
	}
	var got []string
	for _, g := range siblings("/var/log/l", dir) {
		got = append(got, g.stat.Name)
	}
	assert.Equal(t, []string{"l.10.gz", "l.2.gz", "l.1", "l.0"}, got, "l.1.gz is being made of l.1")
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("one\ntwo\n"), uint8(3), uint8(8))
	f.Add([]byte("\x00\x00one\r\n\nlooooooooooong\nx"), uint8(4), uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, maxLine, block uint8) {
		s := newSplitter(int(maxLine)+1, int(block)+1)
		r := bytes.NewReader(data)
		var total int64
		var joined []byte
		for {
			_, err := s.fill(r)
			lines := s.take(nil)
			if err == io.EOF {
				lines = s.rest(lines)
			}
			for _, l := range lines {
				total += l.Size
				if len(l.Text) > int(maxLine)+1 {
					t.Fatalf("line of %d bytes", len(l.Text))
				}
				if !l.Oversized {
					joined = append(append(joined, make([]byte, l.NULs)...), l.Text...)
					if !l.Partial {
						joined = append(joined, '\n')
					}
				} else {
					joined = nil
					data = data[:0]
				}
			}
			if err == io.EOF {
				break
			}
		}
		if s.pending() != 0 {
			t.Fatalf("%d bytes are pending at the end", s.pending())
		}
		if len(data) > 0 && (total != int64(len(data)) || !bytes.Equal(joined, data)) {
			t.Fatalf("%q became %q", data, joined)
		}
	})
}

func ExampleFile() {
	dir, err := os.MkdirTemp("", "follow")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "app.log")
	_ = os.WriteFile(name, []byte("one\ntwo\nhalf"), 0o644)
	r, err := File{Host: host.Local(), Path: name}.Resume(context.Background(), Checkpoint{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for {
		b, err := r.Next(context.Background())
		if err != nil {
			fmt.Println(errors.Is(err, io.EOF))
			break
		}
		for _, l := range b.Lines {
			fmt.Printf("%s\n", l.Text)
		}
		fmt.Println("offset", b.Checkpoint.Offset)
	}
	// Output:
	// one
	// two
	// offset 8
	// true
}
