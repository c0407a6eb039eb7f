package disk_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

// ofRule gives the titles of the findings of one rule.
func ofRule(res report.Result, rule string) []string {
	out := []string{}
	for _, f := range res.Findings {
		if f.Rule == rule {
			out = append(out, f.Severity.String()+": "+f.Title)
		}
	}
	return out
}

const twoDisks = `27 1 254:0 / / rw,relatime - ext4 /dev/vda1 %s
28 27 254:16 / /srv rw,relatime - xfs /dev/vdb rw
`

func TestExt4ThatRefusesToWriteIsFoundAlthoughItsMountIsWritable(t *testing.T) {
	// after documentation: ext4's mount options of Linux 6.15, sysfs-fs-ext4
	for _, c := range []struct{ options, files, want string }{
		{"rw,errors=remount-ro,emergency_ro", "", "critical: / has become read-only: nothing can be written to it"},
		{"rw,shutdown", "", "critical: / has become read-only: nothing can be written to it"},
		{
			"rw,errors=remount-ro", "-- /sys/dev/block/254:0 link=../../devices/vda/vda1 --\n-- /sys/fs/ext4/vda1/errors_count --\n3\n" +
				"-- /sys/fs/ext4/vda1/last_error_time --\n1795643903\n",
			"critical: /: the kernel has found 3 errors on the file system",
		},
		{"rw", "-- /sys/fs/ext4/vda1/errors_count --\n0\n", ""},
	} {
		m := onLinux(`"/", "/srv"`, strings.Replace(twoDisks, "%s", c.options, 1), "/dev/vda1 100 10 90 10% /\n/dev/vdb 100 10 90 10% /srv\n",
			"-- /etc/fstab absent --\n"+c.files)
		res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		if c.want == "" {
			assert.Empty(t, reporttest.Titles(res))
			assert.True(t, res.Covers("root/errors"))
			continue
		}
		assert.Equal(t, []string{c.want}, reporttest.Titles(res), c.options)
	}
}

func TestADiskThatAnswersWithAnErrorIsCriticalAndNoProblem(t *testing.T) {
	// after documentation: df(1) of coreutils on an XFS that was shut down
	text := "an XFS after a shutdown\n-- /sys/ dir complete --\n-- /etc/fstab absent --\n-- /proc/self/mountinfo --\n" + strings.Replace(twoDisks, "%s", "rw", 1) +
		`-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- $ ["df", "-P", "-k", "/", "/srv"] exit=1 --
/dev/vda1 100 10 90 10% /
-- stderr --
df: /srv: Input/output error
-- $ ["df", "-P", "-i", "/"] --
/dev/vda1 100 10 90 10% /
`
	res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(text).Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{"critical: /srv answers with an error: nothing on it can be used"}, reporttest.Titles(res))
	assert.False(t, res.Covers("space/srv"), "a full disk is not mended by this")
	assert.True(t, res.Covers("root/space"))
	for _, word := range []string{"I/O error", "Device not configured", "No such device or address"} { // of musl, and of the BSDs
		res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(strings.Replace(text, "Input/output error", word, 1)).Host()})
		assert.Equal(t, []string{"critical: /srv answers with an error: nothing on it can be used"}, reporttest.Titles(res), word)
	}
	spoofed := strings.Replace(text, "df: /srv: Input", "df: /x: y: Input", 1)
	res = reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(spoofed).Host()})
	assert.Empty(t, ofRule(res, "resource.filesystems.no-answer"))
	assert.False(t, res.Covers("space/srv"))
}

func TestAFileSystemThatHangsIsFoundAndBlindsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := hosttest.New(`one of three hangs
-- /sys/ dir complete --
-- /etc/fstab absent --
-- /proc/self/mountinfo --
27 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw
28 27 254:16 / /srv rw,relatime - xfs /dev/vdb rw
29 27 254:32 / /data rw,relatime - xfs /dev/vdc rw
30 27 0:40 / /net rw - nfs4 server:/x rw
31 27 0:41 / /gone rw - nfs4 gone:/x rw
-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- $ ["df", "-P", "-k", "/", "/data", "/srv"] hang --
-- $ ["df", "-P", "-k", "/"] --
/dev/vda1 100 10 90 10% /
-- $ ["df", "-P", "-k", "/srv"] hang --
-- $ ["df", "-P", "-k", "/data"] --
/dev/vdc 1000 995 5 99% /data
-- $ ["df", "-P", "-i", "/", "/data"] --
/dev/vda1 100 10 90 10% /
/dev/vdc 100 10 90 10% /data
-- $ ["df", "-k", "/net", "/gone"] hang --
-- $ ["df", "-k", "/net"] --
-- $ ["df", "-k", "/gone"] hang --
`)
		begin := time.Now()
		res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
		assert.Less(t, time.Since(begin), 30*time.Second)
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		assert.Equal(t, []string{
			"critical: /gone does not answer: what touches it hangs",
			"critical: /srv does not answer: what touches it hangs",
			"critical: /data is >99 % full: 5 KiB of 1,000 KiB free",
		}, reporttest.Titles(res))
		assert.True(t, res.Covers("space/data"))
		assert.False(t, res.Covers("space/srv"))
		assert.False(t, res.Covers("inodes/srv"))
	})
}

// A machine that is too busy, or too far away, is no dead disk.
func TestWhereDFAnswersOfNothingNoDiskIsToBlame(t *testing.T) {
	const points = "27 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n28 27 254:16 / /srv rw,relatime - xfs /dev/vdb rw\n30 27 0:40 / /net rw - nfs4 server:/x rw\n"
	const hung = "busy\n-- /sys/ dir complete --\n-- /etc/fstab absent --\n-- /proc/self/mountinfo --\n" + points + `-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- $ ["df", "-P", "-k", "/", "/srv"] hang --
-- $ ["df", "-P", "-k", "/"] hang --
-- $ ["df", "-P", "-k", "/srv"] hang --
-- $ ["df", "-k", "/net"] hang --
-- $ ["df", "-P", "-k", "/proc"] `
	synctest.Test(t, func(t *testing.T) {
		res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(hung + "hang --\n").Host()})
		assert.Empty(t, ofRule(res, "resource.filesystems.no-answer"))
		assert.Equal(t, report.Partial, res.Status)
		for _, scope := range []string{"root/space", "space/srv", "inodes/srv", "answers/net"} {
			assert.False(t, res.Covers(scope), scope)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(hung + "--\nproc 0 0 0 - /proc\n").Host()})
		assert.Len(t, ofRule(res, "resource.filesystems.no-answer"), 3)
	})
}

// hangs keeps whoever looks at these names in the kernel.
type hangs struct {
	host.FS
	names []string
	free  chan struct{}
}

func (h hangs) Lstat(ctx context.Context, name string) (host.Stat, error) {
	if slices.Contains(h.names, name) {
		<-h.free
	}
	return h.FS.Lstat(ctx, name)
}

func TestALookThatTheKernelKeepsBlindsNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := onLinux(`"/", "/bound"`, "27 1 254:0 / / rw - ext4 /dev/vda1 rw\n28 27 254:16 /x /bound rw - xfs /dev/vdb rw\n",
			"/dev/vda1 1000 995 5 99% /\n/dev/vdb 100 10 90 10% /bound\n", "-- /etc/fstab --\n/dev/vdb /bound/below xfs defaults\n/dev/vdc /gone xfs defaults\n-- /gone/ dir --\n"+
				"-- /run/ dir complete --\n-- /.dockerenv absent --\n")
		h := m.Host()
		free := make(chan struct{})
		defer close(free)
		h.Files = hangs{h.Files, []string{"/bound", "/bound/below"}, free}
		begin := time.Now()
		res := reporttest.Collect(t, disk.Filesystems{Host: h})
		assert.Less(t, time.Since(begin), 15*time.Second)
		assert.Equal(t, []string{"critical: / is >99 % full: 5 KiB of 1,000 KiB free", "warning: /gone is not mounted, although /etc/fstab has it"},
			append(ofRule(res, "resource.filesystems.space"), ofRule(res, "resource.filesystems.not-mounted")...))
		assert.False(t, res.Covers("mounted/bound/below"), "nobody knows")
		assert.True(t, res.Covers("mounted/gone"))
	})
}

func TestWhatFstabNamesAndIsNotMountedIsFound(t *testing.T) {
	mounts := strings.Replace(twoDisks, "%s", "rw", 1) + "29 27 0:41 / /auto rw - autofs systemd-1 rw\n"
	m := onLinux(`"/", "/srv"`, mounts, "/dev/vda1 100 10 90 10% /\n/dev/vdb 100 10 90 10% /srv\n", `-- /etc/fstab --
/dev/vda1 / ext4 defaults 0 1
/dev/vdb /srv/ xfs defaults 0 2
/dev/vdc /data xfs defaults 0 2
/dev/vdd /usb ext4 nofail 0 2
/dev/vde /cd iso9660 ro,noauto 0 0
/dev/vdf /late xfs x-systemd.automount 0 2
/dev/vdg /auto xfs defaults 0 2
/dev/vdh /link/x xfs defaults 0 2
/dev/vdi none swap sw 0 0
-- /data/ dir --
-- /usb absent --
-- /link/ dir complete --
-- /link/x link=/y --
-- /run/.containerenv absent --
-- /run/systemd/container absent --
-- /.dockerenv absent --
`)
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Equal(t, []string{
		"warning: /data is not mounted, although /etc/fstab has it",
		"notice: /usb is not mounted, although /etc/fstab has it",
	}, ofRule(res, "resource.filesystems.not-mounted"))
	at := slices.IndexFunc(res.Findings, func(f report.Finding) bool { return f.Subject == report.Mount.Of("/data") })
	assert.Equal(t, &report.Remedy{Do: [][]string{{"mount", "/data"}}, Undo: [][]string{{"umount", "/data"}}}, res.Findings[at].Remedy)
	assert.True(t, res.Covers("mounted/data"))
}

// filling runs the check on these days; a disk of 1000 GiB has used so many GiB.
func filling(t *testing.T, store memory.Store, size int, days []int, used func(day int) int) report.Change {
	t.Helper()
	var last report.Change
	for _, day := range days {
		rows := "/dev/vda1 1048576000 100 1048575900 1% /\n" +
			"/dev/vdb " + strconv.Itoa(size<<20) + " " + strconv.Itoa(used(day)<<20) + " " + strconv.Itoa((size-used(day))<<20) + " 9% /srv\n"
		m := onLinux(`"/", "/srv"`, strings.Replace(twoDisks, "%s", "rw", 1), rows, "-- /etc/fstab absent --\n")
		set := suite.Suite{
			Checks: []report.Checker{disk.Filesystems{Host: m.Host()}}, Store: store,
			Clock: func() time.Time { return time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC).AddDate(0, 0, day) },
		}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		last = report.Change{}
		for _, ch := range rep.Changes {
			if ch.Finding.Rule == "resource.filesystems.filling" {
				last = ch
			}
		}
	}
	return last
}

func TestAForecastIsNotOverWhenTheClockIsSetBack(t *testing.T) {
	grows := func(day int) int { return 500 + 40*day }
	days := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	for name, c := range map[string]struct {
		size int
		next int
		used func(int) int
		want report.ChangeKind
	}{
		"the clock is a month back: nobody knows": {1000, -30, func(int) int { return 830 }, report.Stale},
		"the disk was enlarged":                   {5000, 9, grows, report.Fixed},
		"what grew was removed":                   {1000, 9, func(int) int { return 100 }, report.Fixed},
	} {
		store := &reporttest.Store{}
		require.NotEmpty(t, filling(t, store, 1000, days, grows).Finding.Title, name)
		assert.Equal(t, c.want, filling(t, store, c.size, []int{c.next}, c.used).Kind, name)
	}
}

func TestADiskThatFillsIsFoundBeforeItIsFull(t *testing.T) {
	store := &reporttest.Store{}
	day := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)
	found := map[int][]string{}
	for i := range 12 {
		used := 500 + 30*i
		if i == 3 {
			used += 200 // a file that was copied and removed
		}
		used *= 1 << 20
		rows := "/dev/vda1 1048576000 100 1048575900 1% /\n" +
			"/dev/vdb 1048576000 " + strconv.Itoa(used) + " " + strconv.Itoa(1048576000-used) + " 9% /srv\n"
		m := onLinux(`"/", "/srv"`, strings.Replace(twoDisks, "%s", "rw", 1), rows, "-- /etc/fstab absent --\n")
		set := suite.Suite{
			Checks: []report.Checker{disk.Filesystems{Host: m.Host()}}, Store: store,
			Clock: func() time.Time { return day.AddDate(0, 0, i) },
		}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, report.OK, rep.Results[0].Status, "%v", rep.Results[0].Problems)
		found[i] = ofRule(rep.Results[0], "resource.filesystems.filling")
	}
	assert.Empty(t, found[2], "too short a time")
	assert.Empty(t, found[8], "more than a week is left")
	assert.Equal(t, []string{"warning: /srv will be full in about 6 days if it goes on growing as it does"}, found[10])
}
