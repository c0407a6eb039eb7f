package follow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestReadingCanEndWithinAHoleAndGoOnThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	require.NoError(t, os.Truncate(name, 1<<30))
	appendTo(t, name, "two\n")
	var c Checkpoint
	var lines []string
	for range 4 { // each reading ends after one batch
		h := host.Local()
		h.Files = dense{h.Files}
		r, err := File{Host: h, Path: name}.Resume(t.Context(), c)
		require.NoError(t, err)
		b, err := r.Next(t.Context())
		require.NoError(t, err)
		require.Greater(t, b.Checkpoint.Offset, c.Offset, "each of them comes further")
		c = b.Checkpoint
		r.Close()
	}
	got, notes, _ := all(t, File{Path: name}, c)
	for _, l := range got {
		if l != "" {
			lines = append(lines, l)
		}
	}
	assert.Equal(t, []string{"two"}, lines)
	assert.Empty(t, notes)
}

// dense is a file system that does not know of holes.
type dense struct{ host.FS }

func (d dense) Open(ctx context.Context, name string) (host.File, error) {
	f, err := d.FS.Open(ctx, name)
	return struct{ host.File }{f}, err
}

func TestAHoleIsSkippedAndNotRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\n")
	require.NoError(t, os.Truncate(name, 8<<30))
	appendTo(t, name, "two\n")
	r, err := File{Host: host.Local(), Path: name}.Resume(t.Context(), Checkpoint{})
	require.NoError(t, err)
	defer r.Close()
	var texts []string
	var nuls int64
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		for _, l := range b.Lines {
			nuls += l.NULs
			if len(l.Text) > 0 {
				texts = append(texts, string(l.Text))
			}
		}
	}
	assert.Equal(t, []string{"one", "two"}, texts)
	assert.Equal(t, int64(8<<30-4), nuls)
}

// restless is a file system on which the log changes at every look, in one of
// two ways: its head is never what it was, or it is another file.
type restless struct {
	host.FS
	head  bool
	looks int
}

var errTooOften = errors.New("was read again without a bound")

func (s *restless) Lstat(ctx context.Context, name string) (host.Stat, error) {
	st, err := s.FS.Lstat(ctx, name)
	if s.looks++; s.looks > 200 {
		return st, errTooOften
	}
	if !s.head && s.looks%2 == 0 { // the look after the opening
		st.Ino += uint64(s.looks)
	}
	return st, err
}

type restlessFile struct {
	host.File
	fs *restless
}

func (s *restless) Open(ctx context.Context, name string) (host.File, error) {
	f, err := s.FS.Open(ctx, name)
	if err != nil || !s.head {
		return f, err
	}
	return &restlessFile{f, s}, nil
}

func (f *restlessFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	if off == 0 && n > 0 {
		f.fs.looks++
		b[0] = byte(f.fs.looks)
	}
	return n, err
}

func TestALogThatNeverRestsIsReadAgainABoundedNumberOfTimes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "one\ntwo\n")
	_, err := File{Host: host.Host{Files: &restless{FS: host.Local().Files}}, Path: name}.Resume(t.Context(), Checkpoint{})
	require.ErrorContains(t, err, "again and again")

	r, err := File{Host: host.Host{Files: &restless{FS: host.Local().Files, head: true}}, Path: name}.Resume(t.Context(), Checkpoint{})
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Next(t.Context())
	require.ErrorContains(t, err, "again and again")
	require.NotErrorIs(t, err, errTooOften)
}

// vast is a file system on which the log has so many bytes of one kind, and then
// its last line, without any of them on a disk.
type vast struct {
	host.FS
	fill []byte // a piece of them
	size int64
	read *int64
}

func (v vast) Open(ctx context.Context, name string) (host.File, error) {
	f, err := v.FS.Open(ctx, name)
	return vastFile{f, v}, err
}

type vastFile struct {
	host.File
	vast
}

const vastEnd = "\nlast\n"

func (f vastFile) Stat() (host.Stat, error) {
	st, err := f.File.Stat()
	st.Size = f.size + int64(len(vastEnd))
	return st, err
}

func (f vastFile) ReadAt(b []byte, off int64) (int, error) {
	b = b[:min(int64(len(b)), f.size+int64(len(vastEnd))-off)]
	n := int(max(min(f.size-off, int64(len(b))), 0))
	for i := 0; i < n; i += len(f.fill) {
		copy(b[i:n], f.fill)
	}
	if n < len(b) {
		copy(b[n:], vastEnd[max(off-f.size, 0):])
	}
	*f.vast.read += int64(len(b))
	return len(b), nil
}

func TestAGigabyteWithoutANewlineAndTwoOfNULsAreReadOnceWithinLittleMemory(t *testing.T) {
	need.Long(t)
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "x")
	for _, c := range []struct {
		fill byte
		size int64
	}{{'x', 1 << 30}, {0, 2 << 30}} {
		var read, size, nuls int64
		h := host.Local()
		h.Files = vast{h.Files, bytes.Repeat([]byte{c.fill}, 1<<16), c.size, &read}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := File{Host: h, Path: name}.Resume(t.Context(), Checkpoint{})
		require.NoError(t, err)
		var texts []string
		for {
			b, err := r.Next(t.Context())
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			size += b.Bytes
			for _, l := range b.Lines {
				nuls += l.NULs
				if len(l.Text) > 0 {
					texts = append(texts, string(l.Text[:1]))
				}
			}
		}
		r.Close()
		runtime.ReadMemStats(&after)
		assert.Equal(t, c.size+int64(len(vastEnd)), size, "each byte is accounted for")
		assert.Less(t, read, c.size+c.size/64, "each is read once, and the head for each block")
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "nothing is kept for each block")
		if c.fill == 0 {
			assert.Equal(t, c.size, nuls)
			assert.Equal(t, []string{"l"}, texts)
		} else {
			assert.Equal(t, []string{"x", "l"}, texts, "the front of it, and the line behind")
		}
	}
}

// endless is an archive that unpacks to NULs for ever; somebody stops waiting
// once it gave some.
type endless struct {
	given  *int
	cancel func()
}

func (e endless) Read(b []byte) (int, error) {
	clear(b)
	if *e.given += len(b); *e.given > 4<<20 {
		e.cancel()
	}
	return len(b), nil
}

func TestLookingForThePlaceInAnArchiveEndsWhenNobodyWaits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write(t, name, "other\n")
	write(t, name+".1.xz", "x")
	zeros := make([]byte, headLen)
	cp := Checkpoint{Valid: true, Offset: 1 << 40, Size: 1 << 40, Head: headProof(zeros), Tail: tailProof(zeros)}
	ctx, cancel := context.WithCancel(t.Context())
	given := 0
	f := File{Host: host.Local(), Path: name, Openers: map[string]func(io.Reader) (io.Reader, error){
		".xz": func(io.Reader) (io.Reader, error) { return endless{&given, cancel}, nil },
	}}
	_, err := f.Resume(ctx, cp)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, given, 8<<20)
}
