package confdiff_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/confdiff"
)

func TestCacheShowsADifferenceAndHoldsNoSecret(t *testing.T) {
	name, at := filepath.Join(t.TempDir(), "texts"), time.Unix(1e9, 0)
	write := &confdiff.Cache{Name: name, Key: []byte("k")}
	contents := map[string][2]string{
		"/etc/app.conf": {"port = 1\npassword = hunter22\n", "port = 2\npassword = correcthorse\n"},
		"/etc/shadow":   {"a:hunter22:1:0:99999:7:::\n", "a:!hunter22:1:0:99999:7:::\n"},
		"/etc/passwd":   {"a:hunter22:1:1::/:/bin/sh\n", "a:x:1:1::/:/bin/sh\n"},
		"/etc/odd\xff":  {"one\n", "two\n"},
		"/etc/tls.key":  {"-----BEGIN PRIVATE KEY-----\nhunter22\nhunter22\n-----END PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\nhunter22\ncorrecthorse\n-----END PRIVATE KEY-----\n"},
	}
	for path, sides := range contents {
		write.Keep(path, "1", []byte(sides[0]), at)
		write.Keep(path, "2", []byte(sides[1]), at.Add(time.Hour))
		write.Keep(path, "2", []byte(sides[1]), at.Add(2*time.Hour))
	}
	write.Keep("/etc/binary", "1", []byte{0, 1}, at)
	require.NoError(t, write.Save())

	read := &confdiff.Cache{Name: name, Key: []byte("k")}
	for path, sides := range contents {
		lines, ok := read.Diff(path, "1", "2")
		require.True(t, ok, path)
		assert.Equal(t, confdiff.Of(path, []byte(sides[0]), []byte(sides[1]), []byte("k")), lines, "as with the contents themselves")
		for _, l := range lines {
			assert.NotContains(t, l, "hunter22")
			assert.NotContains(t, l, "correcthorse")
		}
		for _, text := range read.Texts(path) {
			assert.NotContains(t, string(text.Text), "hunter22", path)
			assert.NotContains(t, string(text.Text), "correcthorse", path)
		}
		assert.Len(t, read.Texts(path), 2)
	}
	lines, ok := read.Diff("/etc/shadow", "1", "2")
	assert.True(t, ok)
	assert.Equal(t, []string{"user a: password locked"}, lines)
	lines, ok = read.Diff("/etc/odd\xff", "", "1")
	assert.True(t, ok)
	assert.Equal(t, []string{"+one"}, lines)
	_, ok = read.Diff("/etc/binary", "", "1")
	assert.False(t, ok)
	_, ok = read.Diff("/etc/app.conf", "1", "3")
	assert.False(t, ok)
}

func TestCacheKeepsTheNewestAndSaysThatItWasDamaged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "texts")
	c := &confdiff.Cache{Name: name}
	for i := range 9 {
		c.Keep("/etc/motd", strings.Repeat("x", i+1), []byte(strings.Repeat("x\n", i+1)), time.Unix(int64(i), 0))
	}
	texts := c.Texts("/etc/motd")
	require.Len(t, texts, 4)
	assert.Equal(t, "xxxxxxxxx", texts[0].SHA256)
	require.NoError(t, c.Save())
	require.NoError(t, os.WriteFile(name, []byte("upkeep-texts/v1 0 0\n"), 0o600))
	again := &confdiff.Cache{Name: name}
	again.Keep("/etc/motd", "new", []byte("new\n"), time.Unix(99, 0))
	require.ErrorContains(t, again.Save(), "damaged")
	_, ok := (&confdiff.Cache{Name: name}).Diff("/etc/motd", "", "new")
	assert.True(t, ok)
}

// A tree of any size is kept as far as there is room, and of the smallest files
// first, whichever come first.
func TestCacheIsBoundedAndKeepsTheSmallest(t *testing.T) {
	c := &confdiff.Cache{Name: filepath.Join(t.TempDir(), "texts")}
	text := []byte(strings.Repeat("a line of a configuration\n", 800))
	keep := func(i, size int) {
		name := fmt.Sprintf("/etc/%d", i)
		c.Keep(name, "1", append(fmt.Appendf(nil, "%d", i), text[:size]...), time.Unix(1, 0))
	}
	for i := range 1000 {
		keep(i, 20_000)
		keep(1000+i, 500)
	}
	require.NoError(t, c.Save())
	again := &confdiff.Cache{Name: c.Name}
	small, large, bytes := 0, 0, 0
	for i := range 2000 {
		for _, text := range again.Texts(fmt.Sprintf("/etc/%d", i)) {
			bytes += len(text.Text)
			if i < 1000 {
				large++
			} else {
				small++
			}
		}
	}
	assert.Equal(t, 1000, small)
	assert.Greater(t, large, 100, "room is used")
	assert.LessOrEqual(t, bytes, 8<<20)
	again.Keep("/etc/new", "1", []byte("new\n"), time.Unix(2, 0))
	assert.Len(t, again.Texts("/etc/new"), 1)
	require.NoError(t, again.Save())
}
