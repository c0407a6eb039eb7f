package integritytest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
)

// ExampleHostile scans a tree that is hard to scan.
func ExampleHostile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { fmt.Println(errors.Join(os.Chmod(filepath.Join(dir, "locked"), 0o700), os.RemoveAll(dir))) }()
	if err := integritytest.Hostile(context.Background(), dir); err != nil {
		fmt.Println(err)
		return
	}
	longest := 0
	for e, err := range integrity.Scan(context.Background(), host.Root(dir).Files, integrity.Profile{Roots: []string{"/"}}, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		longest = max(longest, len(e.Path))
	}
	fmt.Println(longest > 4096)
	// Output:
	// true
	// <nil>
}

func TestAHostileTreeIsScannedWholeAndTheSameTwice(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(func() { assert.NoError(t, os.Chmod(filepath.Join(dir, "locked"), 0o700)) })
	require.NoError(t, integritytest.Hostile(t.Context(), dir))
	p := integrity.Profile{Roots: []string{"/"}, Attrs: true}
	scan := func() integrity.Entries { return integrity.Scan(t.Context(), host.Root(dir).Files, p, nil) }
	seen := map[string]host.Entry{}
	for e, err := range scan() {
		require.NoError(t, err)
		e.Path = strings.Clone(e.Path)
		seen[e.Path] = e
		if e.Err != nil {
			assert.ErrorIs(t, e.Err, fs.ErrPermission, e.Path)
		}
	}
	for _, name := range []string{"/a\nb", "/\x1b[2J\xff", "/up", "/self", "/pipe", "/in/early", "/odd/\xff\xfe", "/many/1099", "/links/loop"} {
		assert.Contains(t, seen, name)
	}
	assert.Equal(t, seen["/hole"].Stat.Ino, seen["/same"].Stat.Ino)
	assert.NotEmpty(t, seen["/hole"].Digests)
	if os.Geteuid() == 0 {
		assert.NotZero(t, seen["/in/run"].Stat.Perm()&host.ModeSetUID)
		caps, _ := seen["/able"].Attr(host.AttrCapabilities)
		assert.Equal(t, "cap_net_bind_service", capabilities.Text(caps))
		assert.Equal(t, host.LinuxDevice(7, 0), seen["/disk"].Stat.Rdev)
	}
	require.NoError(t, integrity.Compare(scan(), scan(), p.Compared(), func(c integrity.Change) error {
		if c.Kind != integrity.Unreadable || seen[c.Path].Err == nil {
			t.Errorf("%v %q %v", c.Kind, c.Path, c.Fields.Names())
		}
		return nil
	}))
}
