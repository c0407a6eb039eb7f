package pkgupdate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A fix that comes with a new version has a library of another name: the old one is gone
// then, and not replaced.
func TestALibraryOfAnotherNameIsOldCode(t *testing.T) {
	const machine = `x: after documentation (proc(5), ld.so(8))
-- /proc/10/root/ dir complete=tree --
-- /proc/10/root/usr/lib64/libcurl.so.4 link=libcurl.so.4.8.1 --
-- /proc/10/root/usr/lib64/libcurl.so.4.8.1 --
-- /proc/10/root/usr/lib64/libplain.so.3 --
-- /proc/10/root/usr/lib64/libbad.so.1 stat-error=permission --
`
	gone := func(path string) sysview.Outdated {
		return sysview.Outdated{Path: path, Now: sysview.PathGone, PIDs: []int{10}}
	}
	view := sysview.MappedView{Outdated: []sysview.Outdated{
		{Path: "/usr/sbin/sshd", Now: sysview.PathReplaced, PIDs: []int{10}},
		{Path: "/mnt/x", PIDs: []int{10}},
		gone("/usr/lib64/libcurl.so.4.8.0"), gone("/usr/lib64/libplain.so.3.1"), gone("/usr/lib64/liboff.so.1.2"), gone("/usr/lib64/liboff.so"), gone("/memfd:x"), gone("/tmp/a.1"),
	}}
	paths := func(view sysview.MappedView) (list []string, err error) {
		old, err := pkgupdate.OldCode(t.Context(), hosttest.New(machine).Host(), view)
		for _, f := range old {
			assert.Equal(t, sysview.PathReplaced, f.Now)
			list = append(list, f.Path)
		}
		return list, err
	}
	list, err := paths(view)
	require.NoError(t, err)
	want := []string{"/usr/sbin/sshd", "/usr/lib64/libcurl.so.4.8.1", "/usr/lib64/libplain.so.3"}
	assert.Equal(t, want, list)
	view.Outdated = append(view.Outdated, gone("/usr/lib64/libbad.so.1.0"))
	list, err = paths(view)
	require.ErrorContains(t, err, "what is in place of /usr/lib64/libbad.so.1.0 is not known")
	assert.Equal(t, want, list)
}
