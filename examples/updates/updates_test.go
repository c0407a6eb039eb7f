package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

func TestCommandLine(t *testing.T) {
	clitest.Frame(t, "updates", run)
}

func TestExamplesOfTheHelp(t *testing.T) {
	need.Long(t) // one asks the package manager of this machine
	clitest.Examples(t, run)
}

const machine = `A small machine.
-- machine now=2026-11-25T06:00:00Z --
-- /etc/os-release --
ID=debian
VERSION_ID="12"
VERSION_CODENAME=bookworm
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
-- /etc/debian_version --
12.8
-- /var/lib/dpkg/status --
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.17-1~deb12u2

-- /var/lib/dpkg/ dir complete --
-- /var/lib/dpkg/updates/ dir complete --
-- /usr/share/distro-info/debian.csv absent --
-- /var/lib/upkeep/apply absent --
-- /usr/lib/sysimage/rpm absent --
-- /var/lib/rpm absent --
-- /lib/apk/db/installed absent --
-- /var/lib/pacman/local absent --
-- /var/lib/pkgtools/packages absent --
-- /var/log/packages absent --
`

func TestVerbs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "machine.txtar")
	require.NoError(t, os.WriteFile(name, []byte(machine), 0o600))
	for _, c := range []struct {
		args   []string
		status int
		stdout string
		stderr string
	}{
		{[]string{"installed"}, 0, "openssl\tamd64\t3.0.17-1~deb12u2\n", ""},
		{[]string{"installed", "-json"}, 0, `{"arch":"amd64","fault":"","held":false,"manager":"apt","name":"openssl","version":"3.0.17-1~deb12u2"}` + "\n", ""},
		{[]string{"eol"}, 1, "Debian 12 (bookworm): LTS support until 2028-06-30\n", ""},
		{[]string{"compare", "deb", "1.0~rc1", "1.0"}, 0, "-1\n", ""},
		{[]string{"compare", "rpm", "1:1.0-1", "1.0-1"}, 0, "1\n", ""},
		{[]string{"compare", "deb", "1.0", "1.0", "-json"}, 0, "{\"order\":0}\n", ""},
		{[]string{"compare", "deb", "1 0", "1.0"}, 3, "", "malformed version"},
		{[]string{"compare", "dpkg", "1", "2"}, 3, "", "schemes are deb rpm freebsd pkgsrc openbsd slackware apk pacman"},
		{[]string{"compare", "slackware", "1", "2"}, 3, "", "have no order"},
		{[]string{"compare", "pacman", "1.0", "1.0-1"}, 0, "0\n", ""},
		{[]string{"compare", "deb", "1"}, 3, "", "two versions are compared"},
		{[]string{"pending"}, 3, "", "apt"}, // no apt-get is recorded, and that is no empty list
		{[]string{"security"}, 3, "", "apt"},
		{[]string{"plan", "-conffiles", "guess"}, 3, "", "keep, replace"},
		{[]string{"verify"}, 0, "nothing was installed with updates here\n", ""},
		{[]string{"verify", "20260101T000000Z-00"}, 3, "nothing was installed with updates here\n", "a job is missing"},
	} {
		status, stdout, stderr := clitest.Run(t, run, append([]string{"-host", "replay:" + name}, c.args...)...)
		assert.Equal(t, c.status, status, "%q: %s", c.args, stderr)
		assert.Equal(t, c.stdout, stdout, "%q", c.args)
		assert.Contains(t, stderr, c.stderr)
		assert.Equal(t, c.status == 3, stderr != "", stderr)
	}
}

func TestAPlanOfWhatCannotBeAskedSaysSo(t *testing.T) {
	name := filepath.Join(t.TempDir(), "machine.txtar")
	require.NoError(t, os.WriteFile(name, []byte(machine), 0o600))
	for _, verb := range []string{"plan", "apply"} {
		status, stdout, _ := clitest.Run(t, run, "-host", "replay:"+name, verb)
		assert.Equal(t, cli.Failed, status)
		assert.Contains(t, stdout, "not possible now: apt-get")
	}
}

func TestPairsOnStandardInputAreComparedOneByOne(t *testing.T) {
	var out strings.Builder
	err := comparePairs(cli.Call{Stdout: &out}, version.Deb, strings.NewReader("1.0 2.0\nx\n1 1\n1: 2\n2 1\n"))
	assert.ErrorContains(t, err, `"x" is no pair`)
	assert.ErrorIs(t, err, version.ErrMalformed)
	assert.Equal(t, "-1\n0\n1\n", out.String(), "one odd pair ends nothing")
}

func TestFeedsInAFolderSayWhatIsVulnerable(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "machine.txtar")
	host := strings.Replace(machine, "-- /var/lib/dpkg/status --", `-- /etc/dnf/modules.d/ absent --
-- $ ["uname", "-snrm"] --
Linux web 6.1.0-18-amd64 x86_64
-- /var/lib/dpkg/status --`, 1)
	require.NoError(t, os.WriteFile(name, []byte(host), 0o600))
	feeds := t.TempDir()
	status, _, stderr := clitest.Run(t, run, "-host", "replay:"+name, "-advisories", feeds, "security")
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "no feed of advisories speaks of this system")
	require.NoError(t, os.WriteFile(filepath.Join(feeds, "DSA"), []byte("[24 Nov 2026] DSA-6001-1 openssl - security update\n\t{CVE-2026-1001}\n\t[bookworm] - openssl 3.0.17-1~deb12u3\n"), 0o600))
	_, stdout, stderr := clitest.Run(t, run, "security", "-host", "replay:"+name, "-advisories", feeds)
	assert.Equal(t, "openssl\t3.0.17-1~deb12u2\t3.0.17-1~deb12u3\tvulnerable\tDSA-6001-1 CVE-2026-1001\n", stdout)
	assert.NotContains(t, stderr, "feed", stderr)
	_, stdout, _ = clitest.Run(t, run, "security", "-json", "-host", "replay:"+name, "-advisories", feeds)
	assert.Contains(t, stdout, `"feed":"DSA"`)
	assert.Regexp(t, `"sha256":"[0-9a-f]{64}"`, stdout, "the answer can be had again")

	keep := t.TempDir()
	clitest.Run(t, run, "security", "-host", "replay:"+name, "-advisories", feeds, "-keep", keep)
	kept, err := filepath.Glob(filepath.Join(keep, "feeds-*"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	_, again, _ := clitest.Run(t, run, "security", "-json", "-host", "replay:"+name, "-advisories", kept[0])
	assert.Equal(t, stdout, again)

	status, _, stderr = clitest.Run(t, run, "security", "-host", "replay:"+name, "-advisories", feeds, "-keyring", "/usr/share/keyrings/none.gpg")
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "it has no signature")
}

// -refresh answers from what is fetched now; where it cannot be, that is said beside what
// the system has, and is no "nothing pending".
func TestRefreshFetchesForTheCallerAlone(t *testing.T) {
	const alpine = `alpine: after documentation (apk(8))
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /etc/os-release --
ID=alpine
VERSION_ID=3.22.1
-- /lib/apk/db/installed --
P:busybox
V:1.36.1-r28
A:x86_64
-- /etc/apk/repositories --
https://mirror.example.org/alpine/v3.22/main
-- /var/cache/apk/APKINDEX.0123abcd.tar.gz mtime=2026-11-27T20:00:00Z --
-- $ ["apk", "--no-network", "--simulate", "upgrade"] --
OK: 12 MiB in 24 packages
-- $ ["apk", "--no-cache", "--simulate", "upgrade"] --
(1/1) Upgrading busybox (1.36.1-r28 -> 1.36.1-r29)
OK: 12 MiB in 24 packages
`
	name := filepath.Join(t.TempDir(), "machine.txtar")
	for text, want := range map[string]struct {
		status         int
		stdout, stderr string
	}{
		alpine: {3, "busybox\t1.36.1-r28\t1.36.1-r29\tunclassified\n", "which pending updates are security fixes is not known"},
		strings.Replace(alpine, "(1/1) Upgrading", "WARNING: Ignoring https://mirror.example.org/alpine/v3.22/main: network error\n(1/1) Upgrading", 1): {3, "", "network error"},
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		status, _, _ := clitest.Run(t, run, "-host", "replay:"+name, "pending")
		assert.Equal(t, 0, status)
		status, stdout, stderr := clitest.Run(t, run, "-host", "replay:"+name, "pending", "-refresh", "/home/me/lists")
		assert.Equal(t, want.status, status, stderr)
		assert.Equal(t, want.stdout, stdout)
		assert.Contains(t, stderr, want.stderr)
	}
}
