package files_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestRightsAreGivenBackByCommands(t *testing.T) {
	const name = "/usr/bin/a b'$(x)"
	with := func(node string) string {
		return "-- /etc/ dir complete --\n-- /etc/passwd --\nroot:x:0:0::/root:/bin/sh\n-x:x:7:7::/:/bin/sh\n-- /etc/group --\nroot:x:0:\n-- /usr/ dir complete --\n-- /usr/bin/ dir complete --\n" + node
	}
	node := func(rights string) string { return "-- \"" + name + "\" " + rights + " --\nx\n" }
	const folder = "-- /usr/bin/d/ dir complete "
	const caps = ` xattr.security.capability="\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"`
	for _, c := range []struct {
		was, now string
		do, undo [][]string
	}{
		{node("mode=0755 uid=0 gid=0"), node("mode=0777 uid=0 gid=0"), [][]string{{"chmod", "0755", name}}, [][]string{{"chmod", "0777", name}}},
		{node("mode=0755 uid=0 gid=0"), node("mode=0755 uid=7 gid=0"), [][]string{{"chown", "-h", "root:root", name}}, [][]string{{"chown", "-h", "7:root", name}}},
		{
			node("mode=04755 uid=0 gid=0"), node("mode=0755 uid=5 gid=0"),
			[][]string{{"chown", "-h", "root:root", name}, {"chmod", "4755", name}},
			[][]string{{"chown", "-h", "5:root", name}, {"chmod", "0755", name}},
		},
		{folder + "mode=0755 --\n", folder + "mode=01777 --\n", [][]string{{"chmod", "00755", "/usr/bin/d"}}, [][]string{{"chmod", "01777", "/usr/bin/d"}}},
		{"", node("mode=04755 uid=0 gid=0"), [][]string{{"chmod", "u-s,g-s", name}}, [][]string{{"chmod", "4755", name}}},
		{node("mode=0755 uid=0 gid=0 xattr.user.x=1"), node("mode=0755 uid=0 gid=0 xattr.user.x=1" + caps), [][]string{{"setcap", "-r", name}}, nil},
		{node("mode=0755 uid=0 gid=0"), "-- \"" + name + "\" mode=0755 uid=0 gid=0 --\nanother\n", nil, nil},
	} {
		got := day(t, with(c.was), with(c.now), func(s *files.System) { s.Profile.Attrs = true })
		require.Len(t, got, 1)
		if c.do == nil {
			assert.Nil(t, got[0].Remedy)
			continue
		}
		require.NotNil(t, got[0].Remedy, got[0].Title)
		assert.Equal(t, &report.Remedy{Do: c.do, Undo: c.undo}, got[0].Remedy)
	}
}

func TestALibraryOfAnOlderVersionGoesWithTheUpdate(t *testing.T) {
	const tree = "-- /etc/ dir complete --\n-- /usr/ dir complete --\n-- /usr/lib/ dir complete --\n"
	sum := sha256.Sum256([]byte("new\n"))
	claims := integritytest.Claims{
		"/usr/lib/liba.so.1.2": {}, "/usr/lib/liba.so.1.3": {Package: "deb:liba1", Algorithm: "sha256", Digest: sum[:], HasMode: true, Mode: 0o644, Owner: "0:0"},
		"/usr/lib/libb.so.1": {},
	}
	got := day(t, tree+"-- /usr/lib/liba.so.1.2 --\nold\n-- /usr/lib/libb.so.1 --\nb\n", tree+"-- /usr/lib/liba.so.1.3 mode=0644 uid=0 gid=0 --\nnew\n",
		func(s *files.System) { s.Attestor = claims })
	require.Len(t, got, 3)
	for _, f := range got {
		owned := f.Subject != report.Path.Of("/usr/lib/libb.so.1")
		assert.Equal(t, owned, slices.Contains(f.Evidence, report.Package.Of("deb:liba1")), f.Title)
	}
}
