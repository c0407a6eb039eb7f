package pacman

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

// tree is after documentation: mtree(5), and the keywords that makepkg writes.
const tree = `#mtree
/set type=file uid=0 gid=0 mode=644
./.BUILDINFO time=1.0 size=1 md5digest=00 sha256digest=` + zeros + `
./etc time=1.0 mode=755 type=dir
./etc/with\040blank time=1.0 size=3 md5digest=00 sha256digest=` + zeros + `
./usr/bin/su time=1.0 mode=4755 size=3 sha256digest=` + zeros + `
./usr/lib/libx.so time=1.0 mode=777 type=link link=libx.so.1
`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func packed(t testing.TB, text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestAListOfPacmanTellsFilesFoldersAndLinks(t *testing.T) {
	all := map[string]host.Claim{}
	of := host.Claim{Package: "alpm:tool", Version: "1-1", Strength: host.StrengthOwned}
	require.NoError(t, attestTree(packed(t, tree), of, all))
	sum := make([]byte, 32)
	assert.Equal(t, map[string]host.Claim{
		"/etc":            {Package: of.Package, Version: of.Version, Type: host.ModeDir, Mode: 0o755, HasMode: true, Owner: "0:0", Strength: host.StrengthDatabase},
		"/etc/with blank": {Package: of.Package, Version: of.Version, Algorithm: "sha256", Digest: sum, Mode: 0o644, HasMode: true, Owner: "0:0", Strength: host.StrengthDatabase},
		"/usr/bin/su":     {Package: of.Package, Version: of.Version, Algorithm: "sha256", Digest: sum, Mode: 0o4755, HasMode: true, Owner: "0:0", Strength: host.StrengthDatabase},
		"/usr/lib/libx.so": {
			Package: of.Package, Version: of.Version, Type: host.ModeSymlink, Link: "libx.so.1", Owner: "0:0", Strength: host.StrengthDatabase,
		},
	}, all)
	assert.Error(t, attestTree(packed(t, tree)[:60], of, all), "cut")
	assert.Error(t, attestTree([]byte(tree), of, all), "not compressed")
	assert.Error(t, attestTree(packed(t, strings.Repeat("x\n", 3)), of, all))
}

func FuzzAttestTree(f *testing.F) {
	f.Add(tree)
	f.Fuzz(func(t *testing.T, text string) {
		all := map[string]host.Claim{}
		if err := attestTree(packed(t, text), host.Claim{Package: "alpm:x"}, all); err != nil {
			return
		}
		for at := range all {
			if !strings.HasPrefix(at, "/") {
				t.Errorf("%q", at)
			}
		}
	})
}
