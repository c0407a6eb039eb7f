package ldcache

import (
	"os"
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

func TestALibraryIsOfAFolder(t *testing.T) {
	for name, want := range map[string]bool{
		"/usr/lib/libc.so.6": true, "/usr/lib/glibc-hwcaps/x86-64-v3/libc.so.6": true, "/usr/lib/tls/libc.so.6": true,
		"/usr/lib/x/libc.so.6": false, "/usr/lib/../tmp/libc.so.6": false, "/usr/lib64/libc.so.6": false,
	} {
		assert.Equal(t, want, InFolder(name, "/usr/lib"), name)
	}
}
