package integritytest_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// hostile has what is hard to scan: names that no line may hold, what is no file,
// links that lead astray, and a folder that its owner may not read.
const hostile = `-- machine uid=1000 gid=1000 mtime=2026-11-01T00:00:00.123456789Z --
-- / dir complete mode=0755 --
-- /motd mode=0604 xattr.trusted.note="\x00x" xattr.security.capability="\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" --
hello
-- "/a\nb" --
-- "/\x1b[2J\xff" base64 --
AAEC
-- /up link=../../../etc --
-- /pipe fifo mode=0666 --
-- /in/ dir complete mode=01777 mtime=2026-10-01T00:00:00Z --
-- /in/run mode=04755 uid=0 --
program
`

func TestAPlantedTreeIsAsTheTextHasIt(t *testing.T) {
	need.Root(t)
	dir := t.TempDir()
	m := hosttest.New(hostile)
	require.NoError(t, integritytest.Plant(t.Context(), dir, m))
	p := integrity.Profile{Roots: []string{"/"}, Attrs: true}
	seen := 0
	want := tree.FieldsState&^(tree.FieldSize|tree.FieldFlags) | tree.FieldMtime
	err := integrity.Compare(integrity.Scan(t.Context(), m, p, nil), integrity.Scan(t.Context(), host.Root(dir).Files, p, nil), want, func(c integrity.Change) error {
		t.Errorf("%v %q %v", c.Kind, c.Path, c.Fields.Names())
		return nil
	})
	require.NoError(t, err)
	for e, err := range integrity.Scan(t.Context(), host.Root(dir).Files, p, nil) {
		require.NoError(t, err)
		seen++
		if e.Path == "/motd" {
			v, _ := e.Attr(host.AttrXattrs)
			set, ok := host.Xattrs(v)
			assert.True(t, ok)
			assert.Equal(t, "\x00x", set["trusted.note"])
			caps, _ := e.Attr(host.AttrCapabilities)
			assert.Equal(t, "cap_net_bind_service", capabilities.Text(caps))
		}
	}
	assert.Equal(t, 8, seen)
	st, err := os.Stat(dir + "/in")
	require.NoError(t, err)
	assert.NotZero(t, st.Mode()&os.ModeSticky)
}
