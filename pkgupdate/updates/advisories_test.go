package updates_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
)

// debian12 is a made-up machine whose kernel is older than the one installed.
const debian12 = `after documentation: os-release(5), proc(5)
-- machine now=2026-11-25T06:00:00Z --
-- /etc/os-release --
ID=debian
VERSION_ID="12"
VERSION_CODENAME=bookworm
-- /etc/debian_version --
12.8
-- /proc/version --
Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)
-- /proc/version_signature absent --
-- /proc/sys/kernel/osrelease --
6.1.0-18-amd64
-- /proc/sys/kernel/hostname --
web
-- /proc/sys/kernel/random/boot_id --
4a6c3c5e-0000-4000-8000-000000000000
-- /etc/dnf/modules.d/ absent --
-- $ ["uname", "-snrm"] --
Linux web 6.1.0-18-amd64 x86_64
`

// dsa is Debian's list of advisories in its own form.
const dsa = `[24 Nov 2026] DSA-6010-1 linux - security update
	{CVE-2026-9001}
	[bookworm] - linux 6.1.90-1
[19 Nov 2026] DSA-6001-1 openssl - security update
	{CVE-2026-1001}
	[bookworm] - openssl 3.0.17-1
[18 Nov 2026] DSA-6000-1 bash - security update
	{CVE-2026-1002}
	[bookworm] - bash 5.2-2
[01 Nov 2026] DSA-5990-1 tree - end of life
	[bookworm] - tree <end-of-life>
`

func advised(t *testing.T, feeds map[string]string, m pkgupdate.Manager) updates.Software {
	t.Helper()
	at := time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	files := fstest.MapFS{}
	for name, text := range feeds {
		files[name] = &fstest.MapFile{Data: []byte(text), ModTime: at}
	}
	return updates.Software{
		Managers: []pkgupdate.Manager{m}, Host: hosttest.New(debian12).Host(),
		Advisories: advisory.Folder{FS: files, Now: func() time.Time { return at.Add(12 * time.Hour) }},
	}
}

func TestFindingsNameTheAdvisoryAndTheCVEs(t *testing.T) {
	ssl, bash, tree, kernel := pkgupdatetest.Deb("openssl", "3.0.11-1"), pkgupdatetest.Deb("bash", "5.2-1"), pkgupdatetest.Deb("tree", "2"), pkgupdatetest.Deb("linux-image-6.1.0-18-amd64", "6.1.90-1")
	kernel.Source = "linux-signed-amd64"
	m := fake(packages{bash, kernel, ssl, tree}, pkgupdatetest.Upgrade(ssl, "3.0.17-1", pkgupdate.Unclassified))
	res := collect(t, advised(t, map[string]string{"DSA": dsa}, m))
	assert.Equal(t, strings.Join([]string{
		"warning fix-not-in-effect: The fix of linux-signed-amd64 (linux-image-6.1.0-18-amd64) is installed and waits for a reboot: 6.1.76-1 runs",
		"warning security-pending: Security update of openssl is pending: 3.0.11-1 to 3.0.17-1",
		"warning vulnerable: bash 5.2-1 has 1 known hole whose fix is not on offer here",
		"info without-fix: 1 known hole of 1 package has no fix yet",
	}, "\n"), titles(res), "%v", res.Problems)
	f := res.Findings[1]
	assert.Contains(t, f.Detail, "It fixes CVE-2026-1001 and DSA-6001-1.")
	assert.Contains(t, f.Evidence, report.Advisory.Of("DSA-6001-1"))
	assert.Contains(t, f.Evidence, report.Advisory.Of("CVE-2026-1001"))
	assert.Contains(t, res.Findings[2].Detail, "DSA-6000-1 is public since")
	assert.True(t, res.Covers("fake/advisories"))
}

// Each is a way to a quieter report: the folder is there, and does not say all.
func TestAFolderOfFeedsThatDoesNotSpeakIsNeverSilence(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("bash", "5.2-1")})
	for name, feeds := range map[string]map[string]string{
		"empty":           {},
		"another release": {"DSA": strings.ReplaceAll(dsa, "bookworm", "bullseye")},
		"no feed":         {"index.html": "<html><body>404 Not Found</body></html>"},
		"empty file":      {"DSA": ""},
		"cut":             {"DSA": dsa[:len(dsa)-5]},
		"unreadable":      {"vuln.zip": "PK\x03\x04 cut"},
	} {
		res := collect(t, advised(t, feeds, m))
		assert.False(t, res.Covers("fake/advisories"), name)
		assert.NotEqual(t, report.OK, res.Status, name)
	}
	old := advised(t, map[string]string{"DSA": dsa}, m)
	old.Advisories.Now = func() time.Time { return time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC) }
	res := collect(t, old)
	assert.False(t, res.Covers("fake/advisories"))
	assert.Contains(t, titles(res), "Feeds of advisories are out of date: 1 package source")
	assert.Contains(t, titles(res), "bash 5.2-1 has 1 known hole")
}

func TestAKernelThatNobodyKnowsIsSaid(t *testing.T) {
	kernel := pkgupdatetest.Deb("linux-image-6.1.0-25-amd64", "6.1.106-1")
	c := advised(t, map[string]string{"DSA": dsa}, fake(packages{kernel}))
	res := collect(t, c)
	require.NotEmpty(t, res.Problems)
	assert.Contains(t, fmt.Sprint(res.Problems), "which of the installed kernels runs is not known")
}

// Feeds are kept as they were read; where they cannot be, that is said.
func TestFeedsAreKeptAsTheyWereRead(t *testing.T) {
	c := advised(t, map[string]string{"DSA": dsa}, fake(packages{pkgupdatetest.Deb("bash", "5.2-1")}))
	c.KeepFeeds = t.TempDir()
	res := collect(t, c)
	kept, err := filepath.Glob(filepath.Join(c.KeepFeeds, "feeds-*", "DSA"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	text, err := os.ReadFile(kept[0])
	require.NoError(t, err)
	assert.Equal(t, dsa, string(text))
	assert.True(t, res.Covers("fake/advisories"))

	c.KeepFeeds = kept[0] // a file
	res = collect(t, c)
	require.NotEmpty(t, res.Problems)
	assert.Contains(t, res.Problems[len(res.Problems)-1].Message, "the feeds of advisories are not kept")
}
