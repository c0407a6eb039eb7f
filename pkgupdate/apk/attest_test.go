package apk_test

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apk"
)

func TestApkAttestsFilesAndFolders(t *testing.T) {
	sum, link := sha1.Sum([]byte("x")), sha1.Sum([]byte("/bin/busybox"))
	text := `alpine: after documentation (the form of the database)
-- /lib/apk/db/installed --
P:tool
V:1.0-r0
F:usr
F:usr/bin
M:0:0:1755
R:tool
a:0:10:4750
Z:Q1` + base64.StdEncoding.EncodeToString(sum[:]) + `
R:plain
R:link
a:0:0:777
Z:Q1` + base64.StdEncoding.EncodeToString(link[:]) + `
F:etc

P:other
V:2-r1
F:etc
R:other.conf
-- /usr/bin/link link=/bin/busybox --
`
	claims, err := (&apk.Manager{Host: hosttest.New(text).Host()}).Attest(t.Context(), []string{"/usr/bin/tool", "/usr/bin/plain", "/usr/bin/link", "/usr/bin", "/etc/other.conf", "/bin/stranger", "relative"})
	require.NoError(t, err)
	assert.Equal(t, map[string]host.Claim{
		"/usr/bin/tool":   {Package: "apk:tool", Version: "1.0-r0", Algorithm: "sha1", Digest: sum[:], Mode: 0o4750, HasMode: true, Owner: "0:10", Strength: host.StrengthDatabase},
		"/usr/bin/plain":  {Package: "apk:tool", Version: "1.0-r0", Strength: host.StrengthOwned},
		"/usr/bin/link":   {Package: "apk:tool", Version: "1.0-r0", Type: host.ModeSymlink, Link: "/bin/busybox", Mode: 0o777, HasMode: true, Owner: "0:0", Strength: host.StrengthDatabase},
		"/usr/bin":        {Package: "apk:tool", Version: "1.0-r0", Type: host.ModeDir, Mode: 0o1755, HasMode: true, Owner: "0:0", Strength: host.StrengthDatabase},
		"/etc/other.conf": {Package: "apk:other", Version: "2-r1", Strength: host.StrengthOwned},
		"/bin/stranger":   {},
	}, claims)
	claims, err = (&apk.Manager{Host: hosttest.New(strings.Replace(text, "\n-- /usr/bin/link", "\n\nP:-odd\nF:opt\nR:x\n-- /usr/bin/link", 1)).Host()}).Attest(t.Context(), []string{"/usr/bin/tool", "/opt/x"})
	assert.Error(t, err)
	assert.Len(t, claims, 1, "what one odd record owns is not known; the rest is")
}
