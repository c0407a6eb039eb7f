package ldcache

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestTheCacheOfThisSystemNamesLibraries(t *testing.T) {
	data, err := os.ReadFile("/etc/ld.so.cache")
	need.That(t, "a cache of the dynamic linker of glibc", err == nil)
	names, err := Parse(data)
	require.NoError(t, err)
	assert.NotEmpty(t, names)
	for _, name := range names {
		assert.Regexp(t, `^/.*\.so`, name)
	}
	for n := range min(len(data), 4096) {
		_, err := Parse(data[:n])
		require.ErrorIs(t, err, ErrForm, "cut at %d", n)
	}
}

func TestManyEntriesOfOneLongNameAreNoCache(t *testing.T) {
	cache := func(entries, name int) []byte {
		data := append([]byte("glibc-ld.so.cache1.1"), make([]byte, 28+24*entries)...)
		binary.LittleEndian.PutUint32(data[20:], uint32(entries))
		for i := range entries {
			binary.LittleEndian.PutUint32(data[48+24*i+8:], uint32(len(data)))
		}
		return append(append(data, strings.Repeat("a", name)...), 0)
	}
	names, err := Parse(cache(2, 5000))
	require.NoError(t, err)
	assert.Len(t, names, 2)
	_, err = Parse(cache(100, 5000))
	require.ErrorIs(t, err, ErrForm)
}

func TestALibraryIsOfAFolder(t *testing.T) {
	for name, want := range map[string]bool{
		"/usr/lib/libc.so.6": true, "/usr/lib/glibc-hwcaps/x86-64-v3/libc.so.6": true, "/usr/lib/tls/libc.so.6": true,
		"/usr/lib/x/libc.so.6": false, "/usr/lib/../tmp/libc.so.6": false, "/usr/lib64/libc.so.6": false,
	} {
		assert.Equal(t, want, InFolder(name, "/usr/lib"), name)
	}
}
