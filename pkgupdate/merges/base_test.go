package merges_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/merges"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

const head = "-- machine now=2026-11-28T06:00:00Z --\n-- / dir complete=tree --\n"

func waiting(list []merges.Merge) (out []string) {
	for _, m := range list {
		out = append(out, m.Path+" "+m.Beside+" "+m.By)
	}
	return out
}

// After the source of etcupdate (NetBSD/src) and the manual of mergemaster(8).
func TestATreeThatIsLeftForLaterIsReadWhereItIsRoots(t *testing.T) {
	for mark, c := range map[string]struct{ dir, by string }{
		"/etc/mtree/BSD.root.dist": {"/var/tmp/temproot", "mergemaster"},
		"/etc/mtree/NetBSD.dist":   {"/tmp/temproot", "NetBSD's etcupdate"},
	} {
		text := c.by + ": after its source and manual\n" + head + "-- " + mark + " --\n/set\n-- /etc/rc.conf --\nmine=1\n-- /etc/same --\n1\n" +
			"-- " + c.dir + "/ dir mode=0755 uid=0 gid=0 --\n-- " + c.dir + "/etc/rc.conf --\nmaker=1\n-- " + c.dir + "/etc/same --\n1\n" +
			"-- " + c.dir + "/etc/rc.conf.merged --\nboth\n-- " + c.dir + "/etc/.etcupdate.rc.conf --\nmaker=1\n-- " + c.dir + "/etc/empty --\n-- " + c.dir + "/root/.profile --\nnew\n"
		find := func(text string) []string {
			list, err := merges.Find(t.Context(), hosttest.New(text).Host())
			require.NoError(t, err)
			return waiting(list)
		}
		assert.Equal(t, []string{"/etc/rc.conf " + c.dir + "/etc/rc.conf " + c.by, "/root/.profile " + c.dir + "/root/.profile " + c.by}, find(text))
		for name, odd := range map[string][2]string{
			"somebody's": {"uid=0", "uid=1000"}, "everybody's": {"mode=0755", "mode=0777"}, "nobody knows whose": {" mode=0755 uid=0 gid=0", ""}, "another system": {mark, "/etc/mtree/other"},
		} {
			assert.Empty(t, find(strings.Replace(text, odd[0], odd[1], 1)), "%s: %s", c.by, name)
		}
		res, err := suite.Collect(t.Context(), merges.Files{Host: hosttest.New(text).Host()})
		require.NoError(t, err)
		require.Len(t, res.Findings, 2)
		assert.Contains(t, res.Findings[0].Fix, "goes on with what it left")
		do := map[string][]string{"mergemaster": {"mergemaster", "-r"}, "NetBSD's etcupdate": {"etcupdate"}}
		assert.Equal(t, [][]string{do[c.by]}, res.Findings[0].Remedy.Do)
		assert.Contains(t, string(res.Artifacts[0].Data), "+ maker=1")
	}
}

// set packs files as the sets of OpenBSD are, with the list of their sums.
func set(t *testing.T, files map[string]string, done ...string) string {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	for _, name := range []string{"./etc/group", "./etc/rc.conf", "./etc/ssh/sshd_config", "./root/.profile", "./var/sysmerge/etcsum"} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := w.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	text := "-- /var/sysmerge/etc.tgz base64 --\n" + base64.StdEncoding.EncodeToString(packed.Bytes()) + "\n-- /var/sysmerge/etcsum --\n"
	for _, name := range done {
		text += fmt.Sprintf("SHA256 (%s) = %x\n", name, sha256.Sum256([]byte(files[name])))
	}
	return text
}

// After the source of sysmerge (openbsd/src, usr.sbin/sysmerge): what is left for later
// loses its sum, and the set that it came from stays.
func TestWhatSysmergeLeftForLaterIsTheSetWithoutItsSums(t *testing.T) {
	files := map[string]string{
		"./etc/group": "wheel\n", "./etc/rc.conf": "new=1\n", "./etc/ssh/sshd_config": "new\n", "./root/.profile": "same\n", "./var/sysmerge/etcsum": "x\n",
	}
	machine := "openbsd: after the source of sysmerge(8)\n" + head + "-- /etc/group --\nwheel:me\n-- /etc/rc.conf --\nold=1\n-- /etc/ssh/sshd_config mode=0600 uid=0 gid=0 --\nmine\n-- /root/.profile --\nsame\n"
	find := func(text string) ([]merges.Merge, error) { return merges.Find(t.Context(), hosttest.New(text).Host()) }
	text := machine + set(t, files, "./etc/rc.conf")
	list, err := find(text)
	require.NoError(t, err)
	require.Equal(t, []string{"/etc/ssh/sshd_config /var/sysmerge/etc.tgz sysmerge"}, waiting(list))
	texts, err := list[0].Read(t.Context(), hosttest.New(text).Host(), nil)
	require.NoError(t, err)
	assert.Equal(t, "mine\n new\n true", string(texts.Own)+" "+string(texts.New)+" "+fmt.Sprint(texts.Secret))

	list, err = find(machine + set(t, files))
	require.NoError(t, err)
	assert.Len(t, list, 2, "nothing was dealt with")
	list, err = find(machine + set(t, files) + "-- /etc/sysmerge.ignore --\n/etc/rc.conf # ours\n")
	require.NoError(t, err)
	assert.Len(t, list, 1)
	large := map[string]string{"./etc/group": "x", "./etc/rc.conf": strings.Repeat("#", 1<<20+1), "./etc/ssh/sshd_config": "new\n", "./root/.profile": "same\n", "./var/sysmerge/etcsum": "x"}
	list, err = find(machine + set(t, large))
	require.ErrorContains(t, err, "/etc/rc.conf of /var/sysmerge/etc.tgz: whether it waits is not known", "it is larger than is shown")
	assert.Len(t, list, 1, "the others are told")
	_, err = find(machine + set(t, large, "./etc/rc.conf"))
	require.NoError(t, err, "it was dealt with")
	for name, odd := range map[string]string{
		"no sums":    strings.Replace(text, "/var/sysmerge/etcsum", "/var/sysmerge/other", 1),
		"a cut set":  strings.Replace(text, "etc.tgz base64 --\n"+strings.Split(strings.SplitN(text, "base64 --\n", 2)[1], "\n")[0], "etc.tgz base64 --\nH4sIAAAA", 1),
		"not a set":  strings.Replace(text, "etc.tgz base64 --", "etc.tgz --", 1),
		"unreadable": strings.Replace(machine+set(t, files), "-- /var/sysmerge/etcsum --", "-- /var/sysmerge/etcsum error=permission --", 1),
	} {
		_, err := find(odd)
		assert.Error(t, err, name)
		res, err := suite.Collect(t.Context(), merges.Files{Host: hosttest.New(odd).Host()})
		require.NoError(t, err)
		assert.False(t, res.Covers("files"), name)
		assert.NotEqual(t, report.OK, res.Status, name)
	}
}
