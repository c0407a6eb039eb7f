package tree

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// coldFile makes a file of some pages on a disk, none of which is cached.
func coldFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cold")
	f, err := os.Create(name)
	require.NoError(t, err)
	_, err = f.Write(make([]byte, 300<<10))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	require.NoError(t, f.Close())
	return name
}

// digestOf walks over the folder of one file, and gives that file's digest.
func digestOf(t *testing.T, name string) host.Digest {
	t.Helper()
	var got host.Digest
	_, err := Walk(context.Background(), host.Local().Files, filepath.Dir(name), host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
		if e.Hashed() {
			got = e.Digests[0]
		}
		return e.Err
	})
	require.NoError(t, err)
	return got
}

func cold(t *testing.T, name string) bool {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	st, err := f.Stat()
	require.NoError(t, err)
	is, err := coldByMincore(int(f.Fd()), st.Size())
	require.NoError(t, err)
	return is
}

func TestAWalkLeavesThePageCacheAsItFoundIt(t *testing.T) {
	asked, by := noDontCache.Load(), isCold
	t.Cleanup(func() { noDontCache.Store(asked); isCold = by })
	for name, way := range map[string]func(t *testing.T){
		"RWF_DONTCACHE": func(*testing.T) { noDontCache.Store(false) },
		"cachestat": func(t *testing.T) {
			noDontCache.Store(true)
			isCold = func(fd int, _ int64) bool {
				is, err := coldByCachestat(fd)
				need.That(t, "a kernel with cachestat", err == nil)
				return is
			}
		},
		"mincore": func(t *testing.T) {
			noDontCache.Store(true)
			isCold = func(fd int, size int64) bool {
				is, err := coldByMincore(fd, size)
				require.NoError(t, err)
				return is
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := coldFile(t)
			need.That(t, "a file system that drops its pages", cold(t, file))
			way(t)
			want := digestOf(t, file)
			assert.Equal(t, host.NewDigest("sha256", sum(make([]byte, 300<<10))), want)
			assert.True(t, cold(t, file), "what nobody used is not kept")
			f, err := os.Open(file)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, f)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			require.Equal(t, want, digestOf(t, file))
			assert.False(t, cold(t, file), "what others use stays")
		})
	}
}

func sum(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

func TestHolesAreNotReadAndCountAsZeros(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(name)
	require.NoError(t, err)
	whole := make([]byte, 9<<20)
	copy(whole[3<<20:], "in the middle")
	copy(whole[len(whole)-4:], "last")
	for _, at := range []int64{3 << 20, int64(len(whole)) - 4} {
		_, err = f.WriteAt(whole[at:min(at+13, int64(len(whole)))], at)
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	assert.Equal(t, host.NewDigest("sha256", sum(whole)), digestOf(t, name))
	require.NoError(t, os.Truncate(name, 20<<20))
	assert.Equal(t, host.NewDigest("sha256", sum(append(whole, make([]byte, 11<<20)...))), digestOf(t, name), "and a hole at the end")

	g, err := os.Open(name)
	require.NoError(t, err)
	defer g.Close()
	st, err := host.StatFD(int(g.Fd()))
	require.NoError(t, err)
	need.That(t, "a file system with holes", st.Blocks*512 < st.Size/2)
	s := newSource(int(g.Fd()), st)
	n, err := s.Read(make([]byte, 1<<20))
	require.NoError(t, err)
	assert.Equal(t, 1<<20, n)
	assert.Equal(t, int64(3<<20), s.hole, "the first is no read at all")
}
