package hosttest_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func ExampleRecord() {
	live := hosttest.New("-- machine now=2026-11-25T06:00:00Z --\n-- /etc/ dir complete --\n-- /etc/issue --\nhello\n" +
		"-- /etc/key --\nsecret\n-- / dir --\n-- $ [\"uname\"] --\nLinux\n").Host()
	text, err := hosttest.Record(context.Background(), live, hosttest.Spec{
		Comment:  "etc: recorded live (a fake, 2026-11-25)\n",
		Trees:    []string{"/etc"},
		Commands: [][]string{{"uname"}},
		Filter: func(name string, content []byte) ([]byte, bool) {
			return content, name != "/etc/key"
		},
	})
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// etc: recorded live (a fake, 2026-11-25)
	// -- machine now=2026-11-25T06:00:00Z --
	// -- / dir mode=0755 --
	// -- /etc/ dir complete mode=0755 --
	// -- /etc/issue mode=0644 --
	// hello
	// -- /etc/key stat mode=0644 size=7 --
	// -- $ ["uname"] --
	// Linux
	// <nil>
}

func TestRecordOfARealTreeConforms(t *testing.T) {
	_, tree := plant(t, "")
	text, err := hosttest.Record(t.Context(), host.Local(), hosttest.Spec{Trees: []string{tree.Name}})
	require.NoError(t, err)
	m, err := hosttest.Parse(text)
	require.NoError(t, err)
	require.NoError(t, hosttest.TestFS(t.Context(), m, tree))
	assert.Equal(t, string(text), string(m.Text()))

	want, err := host.Local().ReadDir(t.Context(), tree.Name+"/odd")
	require.NoError(t, err)
	got, err := m.ReadDir(t.Context(), tree.Name+"/odd")
	require.NoError(t, err)
	assert.Equal(t, want, got, "every field of every Stat comes back")
}

func TestRecordKeepsErrorsApart(t *testing.T) {
	live := hosttest.New(small + "-- /l link=etc/passwd --\n-- / dir --\n-- /locked dir error=permission --\n" +
		"-- /broken error=\"input/output error\" --\n").Host()
	text, err := hosttest.Record(t.Context(), live, hosttest.Spec{
		Paths: []string{"/l", "/etc/shadow", "/etc/nologin", "/root/x", "/usr/share/zoneinfo/UTC", "/dev/null", "/broken"},
		Trees: []string{"/locked", "/usr"},
		Commands: [][]string{
			{"rpm", "-q"}, {"slow"}, {"dpkg-query", "-W", "nosuch"}, {"/sbin/x"}, {"uname", "-r"},
		},
	})
	require.NoError(t, err)
	m, err := hosttest.Parse(text)
	require.NoError(t, err, string(text))
	h := m.Host()
	for name, want := range map[string]string{
		"/l": "", "/etc/shadow": "permission denied", "/etc/nologin": "file does not exist", "/root/x": "permission denied",
		"/usr/share/zoneinfo/UTC": hosttest.ErrUnlisted.Error(), "/dev/null": "not a regular file", "/broken": "input/output error",
		"/etc/hostname": hosttest.ErrUnlisted.Error(), "/locked/x": "permission denied",
	} {
		_, err := h.Open(ctx, name)
		if want == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, want, name)
	}
	_, err = h.ReadDir(ctx, "/locked")
	assert.ErrorIs(t, err, fs.ErrPermission)
	_, err = h.Query(ctx, "rpm", "-e")
	assert.ErrorIs(t, err, exec.ErrNotFound)
	_, err = h.Query(ctx, "/sbin/x")
	assert.ErrorIs(t, err, fs.ErrPermission)
	out, err := h.Run(ctx, host.Command{Args: []string{"slow"}})
	require.NoError(t, err)
	assert.Equal(t, "killed", out.Signal)
}

func TestRecordIsBounded(t *testing.T) {
	live := hosttest.New("")
	require.NoError(t, live.WriteFile("/big", bytes.Repeat([]byte("x"), 100), 0o600))
	text, err := hosttest.Record(t.Context(), live.Host(), hosttest.Spec{Paths: []string{"/big"}, Limit: 99})
	require.NoError(t, err)
	assert.Contains(t, string(text), "-- /big stat mode=0600 size=100 --\n")
	text, err = hosttest.Record(t.Context(), live.Host(), hosttest.Spec{Paths: []string{"/big"}, Limit: 100})
	require.NoError(t, err)
	assert.Contains(t, string(text), "-- /big mode=0600 chomp --\nxxx")
}

func TestRecordEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := hosttest.Record(ctx, hosttest.New("").Host(), hosttest.Spec{Paths: []string{"/x"}})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = hosttest.Record(t.Context(), hosttest.New("").Host(), hosttest.Spec{Paths: []string{"x"}})
	assert.ErrorContains(t, err, "no absolute path")
}

func TestCounterCounts(t *testing.T) {
	var c hosttest.Counter
	h := c.Wrap(hosttest.New(small).Host())
	_, err := h.ReadFile(ctx, "/etc/passwd", 0)
	require.NoError(t, err)
	_, err = h.Query(ctx, "uname", "-s")
	require.NoError(t, err)
	assert.EqualValues(t, 1, c.Files.Load())
	assert.EqualValues(t, 1, c.Commands.Load())
}
