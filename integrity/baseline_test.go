package integrity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity/internal/blockfile"
)

var sampleHead = Head{
	Created: time.Date(2026, 11, 25, 10, 0, 0, 5, time.UTC),
	Mounts:  []Mounted{{"/etc/\xff", "ext4", "/a"}},
	Profile: Profile{Roots: []string{"/etc", "/b\xffn"}, Exclude: []string{"/etc/*.tmp"}, AllowNew: []string{"/etc/n"}, AllowRemoved: []string{"/etc/r\xff"}, Digests: []string{"sha256", "md5"}, Fields: tree.FieldsAll, MaxFileSize: 7},
}

// sample gives n entries of all types, in order.
func sample(n int) []host.Entry {
	var out []host.Entry
	for i := range n {
		e := host.Entry{Path: fmt.Sprintf("/etc/%06d\n\xff/%s", i, strings.Repeat("x", i%90))}
		e.Path = strings.TrimSuffix(e.Path, "/")
		e.Stat = host.Stat{
			Mode: host.ModeRegular | uint32(i)&0o7777, UID: uint32(i), GID: 1<<32 - 1, Size: int64(i) << 30,
			Dev: 1<<64 - 1, Ino: uint64(i) << 40, Nlink: 1, Mtime: -5, Ctime: int64(i) * 1e15, Btime: 1 << 62,
			Known: knownStored &^ (host.KnownLink | host.KnownRdev),
		}
		switch i % 5 {
		case 0:
			e.Digests = []host.Digest{host.NewDigest("sha256", []byte{byte(i), 31: 1}), host.NewDigest("md5", []byte{byte(i), 15: 2})}
			e.Attrs = []host.Attr{{Name: host.AttrACL}, {Name: host.AttrXattrs, Value: "\x00\xff"}}
		case 1:
			e.Stat.Mode, e.Stat.Link, e.Complete = host.ModeSymlink, strings.Repeat("/l", i%50), true
			e.Stat.Known |= host.KnownLink
		case 2:
			e.Stat = host.Stat{}
		case 3:
			e.Unstable = true
		case 4:
			e.Stat.Mode, e.Stat.Rdev, e.Stat.Known = host.ModeBlock, 259<<8, e.Stat.Known|host.KnownRdev
		}
		out = append(out, e)
	}
	return out
}

func stream(entries []host.Entry) Entries {
	return func(yield func(host.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func collect(t *testing.T, entries Entries) (out []host.Entry) {
	t.Helper()
	for e, err := range entries {
		require.NoError(t, err)
		out = append(out, e)
	}
	return out
}

// encoded gives the bytes of a baseline file.
func encoded(t testing.TB, entries []host.Entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	_, err := encodeBaseline(&buf, sampleHead, stream(entries))
	require.NoError(t, err)
	return buf.Bytes()
}

func TestABaselineGivesBackWhatItWasGiven(t *testing.T) {
	for _, n := range []int{0, 1, 5, 5000} {
		name := filepath.Join(t.TempDir(), "b")
		require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(n))))
		b, err := OpenBaseline(name)
		require.NoError(t, err)
		assert.Empty(t, cmp.Diff(sampleHead, b.Head))
		assert.Equal(t, int64(n), b.Count)
		assert.NoError(t, b.Damaged)
		for range 2 {
			assert.Empty(t, cmp.Diff(sample(n), collect(t, b.Entries())))
		}
		require.NoError(t, b.Close())
	}
}

func TestEveryFlippedByteIsSeen(t *testing.T) {
	data := encoded(t, sample(15))
	for i := range data {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(data)
			bad[i] ^= bit
			_, err := readBaseline(bytes.NewReader(bad), int64(len(bad)), blockfile.Verify)
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Fatalf("byte %d of %d: %v", i, len(data), err)
			}
		}
	}
}

func TestEveryTruncationIsSeen(t *testing.T) {
	data := encoded(t, sample(15))
	for n := range data {
		_, err := readBaseline(bytes.NewReader(data[:n]), int64(n), blockfile.Verify)
		require.ErrorIs(t, err, ErrDamaged, "cut to %d of %d bytes", n, len(data))
	}
	longer := append(bytes.Clone(data), 0)
	_, err := readBaseline(bytes.NewReader(longer), int64(len(longer)), blockfile.Verify)
	assert.ErrorIs(t, err, ErrDamaged)
}

func TestOnePathIsFoundByTheIndex(t *testing.T) {
	for _, n := range []int{0, 1, 5000} {
		name := filepath.Join(t.TempDir(), "b")
		require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(n))))
		b, err := OpenIndex(name)
		require.NoError(t, err)
		defer b.Close()
		for _, want := range sample(n) {
			got, err := b.Entry(want.Path)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(want, got))
		}
		for _, none := range []string{"/", "/a", "/etc", "/etc/000000", "/etc/002500\n\xff/", "/zz"} {
			_, err := b.Entry(none)
			assert.ErrorIs(t, err, fs.ErrNotExist, none)
		}
	}
}

// A counter counts the bytes that are read.
type counter struct {
	io.ReaderAt
	read int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.read += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

func TestWhoLooksUpOnePathReadsOneBlock(t *testing.T) {
	entries := sample(20_000)
	data := encoded(t, entries)
	require.Greater(t, len(data), 20*blockfile.Target)
	r := &counter{ReaderAt: bytes.NewReader(data)}
	b, err := readBaseline(r, int64(len(data)), blockfile.Open)
	require.NoError(t, err)
	_, err = b.Entry(entries[12_345].Path)
	require.NoError(t, err)
	assert.Less(t, r.read, 2*blockfile.Target)

	for at := 1000; at < len(data)*9/10; at += 1000 { // a byte of each block, and none of the index
		data[at]++
	}
	_, err = b.Entry(entries[12_345].Path)
	assert.ErrorIs(t, err, ErrDamaged, "what is read is held against the root")
}

func TestAFileWrittenToAfterItWasOpenedIsNotBelieved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "b")
	require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(5000))))
	b, err := OpenBaseline(name)
	require.NoError(t, err)
	defer b.Close()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("evil"), 100_000)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	var last error
	for _, err := range b.Entries() {
		last = err
	}
	assert.ErrorIs(t, last, ErrDamaged)
}

func TestALaterFormatIsNotReadAsDamage(t *testing.T) {
	data := encoded(t, nil)
	data[len("upkeep files ")] = '9'
	_, err := readBaseline(bytes.NewReader(data), int64(len(data)), blockfile.Verify)
	assert.ErrorIs(t, err, ErrFormat)
}

func TestADamagedBaselineFallsBackAndSaysSo(t *testing.T) {
	name := filepath.Join(t.TempDir(), "b")
	require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(3))))
	require.NoError(t, replaceBaseline(name, true, sampleHead, stream(sample(4))))
	require.NoError(t, os.Truncate(name, 100))
	for range 2 {
		b, err := OpenBaseline(name)
		require.NoError(t, err)
		assert.ErrorIs(t, b.Damaged, ErrDamaged)
		assert.Equal(t, int64(3), b.Count)
		require.NoError(t, b.Close())
		require.NoError(t, os.Remove(name)) // the second time it is gone
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	require.NoError(t, os.Truncate(name+".old", 100))
	_, err := OpenBaseline(name)
	assert.ErrorIs(t, err, ErrDamaged)
	assert.NotErrorIs(t, err, ErrNoBaseline)
	assert.ErrorIs(t, CreateBaseline(name, sampleHead, stream(nil)), fs.ErrExist, "nothing is written over damage")
}

func TestNoBaselineIsAnAnswerOfItsOwn(t *testing.T) {
	_, err := OpenBaseline(filepath.Join(t.TempDir(), "b"))
	assert.ErrorIs(t, err, ErrNoBaseline)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestABrokenStreamLeavesNoBaseline(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("broken")
	err := CreateBaseline(dir+"/b", sampleHead, func(yield func(host.Entry, error) bool) {
		if yield(sample(1)[0], nil) {
			yield(host.Entry{}, broken)
		}
	})
	assert.ErrorIs(t, err, broken)
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "b.lock", list[0].Name())
}

func FuzzBaseline(f *testing.F) {
	f.Add(encoded(f, nil))
	f.Add(encoded(f, sample(12)))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := readBaseline(bytes.NewReader(data), int64(len(data)), blockfile.Verify)
		if err != nil {
			return
		}
		for _, err := range b.Entries() {
			if err != nil {
				return
			}
		}
	})
}

// FuzzRecords gives the record reader what no digest protects.
func FuzzRecords(f *testing.F) {
	var c encoder
	for _, e := range sample(12) {
		c.add(e)
	}
	f.Add(c.buf)
	f.Fuzz(func(t *testing.T, payload []byte) {
		d := decoder{}
		last := ""
		for d.open(payload); d.more(); {
			e, err := d.entry()
			if err != nil {
				return
			}
			if !host.ValidName(e.Path) || last != "" && tree.Compare(last, e.Path) >= 0 {
				t.Fatalf("%q behind %q", e.Path, last)
			}
			last = e.Path
		}
	})
}

func BenchmarkBaseline(b *testing.B) {
	entries := sample(10_000)
	data := encoded(b, entries)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encoded(b, entries)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/file")
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			base, err := readBaseline(bytes.NewReader(data), int64(len(data)), blockfile.Verify)
			require.NoError(b, err)
			for _, err := range base.Entries() {
				require.NoError(b, err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/file")
	})
}

func TestReadingABaselineAllocatesLittle(t *testing.T) {
	entries := sample(2000)
	data := encoded(t, entries)
	base, err := readBaseline(bytes.NewReader(data), int64(len(data)), blockfile.Verify)
	require.NoError(t, err)
	allocs := testing.AllocsPerRun(5, func() {
		for range base.Entries() {
		}
	})
	assert.Less(t, allocs/float64(len(entries)), 1.9, "one for the path, the link targets and the attributes")
}
