package disk_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

// disks is a Debian 12 with a full /, a full tmpfs with a hostile name, one more
// place where / is seen, and file systems that nobody should ask. The forms
// are recorded live, the numbers are made up.
const disks = `disks
-- /sys/ dir complete --
-- /proc/self/mountinfo --
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw
28 27 254:16 / /srv rw,relatime - ext4 /dev/vdb rw
29 27 254:0 /home /export rw,relatime - ext4 /dev/vda1 rw
30 27 0:27 / /mnt/a\0401\0402\0403\0404%\040/b rw - tmpfs tmpfs rw
31 27 0:40 / /net rw - nfs4 server:/x rw
32 27 7:0 / /snap/core ro - squashfs /dev/loop0 ro
33 27 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
-- /etc/fstab absent --
-- $ ["uname", "-snrm"] --
Linux mail 6.1.0-41-amd64 x86_64
-- $ ["df", "-P", "-k", "/", "/mnt/a 1 2 3 4% /b", "/srv"] --
Filesystem     1024-blocks       Used  Available Capacity Mounted on
/dev/vda1        120000000  111900000    8100000      94% /
tmpfs                 1000        995          5      99% /mnt/a 1 2 3 4% /b
/dev/vdb       10000000000 9100000000  900000000      91% /srv
-- $ ["df", "-P", "-i", "/", "/mnt/a 1 2 3 4% /b", "/srv"] --
Filesystem     Inodes  IUsed   IFree IUse% Mounted on
/dev/vda1     1000000 950000   50000   95% /
tmpfs             100      1      99    1% /mnt/a 1 2 3 4% /b
/dev/vdb            0      0       0     - /srv
-- $ ["df", "-k", "/net"] --
server:/x 1 1 1 50% /net
`

func TestFullFileSystemsAreFoundAndLargeOnesWithRoomAreNot(t *testing.T) {
	res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(disks).Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Empty(t, cmp.Diff([]string{
		"critical: /mnt/a 1 2 3 4% /b is >99 % full: 5 KiB of 1,000 KiB free",
		"warning: / has used 95 % of its inodes: 50,000 of 1,000,000 inodes are free",
		"warning: / is 94 % full: 7.72 GiB of 114 GiB free",
	}, reporttest.Titles(res)))
	for _, scope := range []string{"space", "space/srv", "inodes/srv", "read-only/srv", "space/gone"} {
		assert.True(t, res.Covers(scope), scope)
	}
	assert.Contains(t, res.Findings[0].Remedy.Look[0], "/mnt/a 1 2 3 4% /b")
}

func TestTheSameDiskIsTheSameFindingWhenItFillsFurther(t *testing.T) {
	before := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(disks).Host()})
	after := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(strings.ReplaceAll(disks, "8100000      94%", "7000000      95%")).Host()})
	require.Len(t, after.Findings, 3)
	assert.NotEqual(t, before.Findings[2].Title, after.Findings[2].Title)
	assert.Equal(t, before.Findings[2].Fingerprint, after.Findings[2].Fingerprint)
	assert.Equal(t, before.Findings[2].State, after.Findings[2].State)
}

func TestMetricsCarryTheFigures(t *testing.T) {
	res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(disks).Host()})
	got := map[string]string{}
	for _, m := range res.Metrics {
		if m.Attrs[0].Value == "/" {
			got[m.Name+" "+m.Unit] = m.Value.String()
		}
	}
	assert.Empty(t, cmp.Diff(map[string]string{
		"filesystem_size_bytes bytes": "122880000000", "filesystem_used_bytes bytes": "114585600000",
		"filesystem_free_bytes bytes": "8294400000", "filesystem_inodes ": "1000000", "filesystem_inodes_used ": "950000",
	}, got))
}

// partial is disks for a normal user, who may not look into the tmpfs.
func partial() string {
	text := strings.ReplaceAll(disks, "/b\"", "/b\", \"/srv\"] exit=1 --\nX\"")
	text = strings.ReplaceAll(text, "X\", \"/srv\"] --\n", "")
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "tmpfs ") {
			continue
		}
		out = append(out, line)
		if strings.HasPrefix(line, "/dev/vdb ") {
			out = append(out, "-- stderr --\n", "df: '/mnt/a 1 2 3 4% /b': Permission denied\n")
		}
	}
	return strings.Join(out, "")
}

func TestOneFileSystemThatCannotBeAskedSpoilsNoOther(t *testing.T) {
	res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(partial()).Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.Len(t, res.Findings, 2)
	assert.True(t, res.LacksOnlyRights(), "%v", res.Problems)
	assert.True(t, res.Covers("space/srv"))
	assert.False(t, res.Covers("space/mnt/a 1 2 3 4% /b"))
}

func TestARootThatCannotBeAskedSpoilsNoOther(t *testing.T) {
	text := strings.ReplaceAll(disks, "/dev/vda1        120000000  111900000    8100000      94% /\n", "")
	res := reporttest.Collect(t, disk.Filesystems{Host: hosttest.New(text).Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("root/space"))
	assert.True(t, res.Covers("space/srv"))
	assert.True(t, res.Covers("space/gone"), "what is not known of / is not known of / alone")
	assert.True(t, res.Covers("root/inodes"))
}

func TestAFailedCommandIsNoFullAndNoEmptyDisk(t *testing.T) {
	text, _, _ := strings.Cut(disks, `-- $ ["df"`)
	m := hosttest.New(text + `-- $ ["df", "-P", "-k", "/", "/mnt/a 1 2 3 4% /b", "/srv"] error=permission --
-- $ ["df", "-P", "-i", "/", "/mnt/a 1 2 3 4% /b", "/srv"] exit=1 --
-- stderr --
df: /: Operation not permitted
`)
	usage, err := disk.ReadUsage(t.Context(), m.Host())
	require.NoError(t, err)
	require.Len(t, usage, 3)
	for _, u := range usage {
		assert.ErrorIs(t, u.SpaceErr, fs.ErrPermission)
		assert.ErrorIs(t, u.InodesErr, fs.ErrPermission)
	}
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Empty(t, res.Findings)
	assert.False(t, res.Covers("space/srv"))
}

func TestASpoofedMountPointIsNotBelieved(t *testing.T) {
	// A FUSE or tmpfs source may hold what looks like a row of its own.
	spoof := "x 9 0 9 0% /srv\n"
	text := strings.Replace(disks, "tmpfs                 1000        995          5      99% /mnt/a", spoof+"tmpfs 1000 995 5 99% /mnt/a", 1)
	usage, err := disk.ReadUsage(t.Context(), hosttest.New(text).Host())
	require.NoError(t, err)
	assert.ErrorContains(t, usage[2].SpaceErr, "several answers")
}

func TestABSDAnswersSpaceAndInodesInOneTable(t *testing.T) {
	// after documentation: df(1) of OpenBSD 7.6; the reserve of / is used up
	m := hosttest.New(`OpenBSD
-- /sys/ dir complete --
-- /proc/ absent --
-- /etc/fstab --
/dev/sd0a / ffs rw 1 1
/dev/sd0d /usr ffs rw,nodev 1 2
-- $ ["uname", "-snrm"] --
OpenBSD box 7.6 amd64
-- $ ["mount"] --
/dev/sd0a on / type ffs (local)
/dev/sd0d on /usr type ffs (local, nodev, read-only)
/dev/sd0e on /tmp type ffs (local)
-- $ ["df", "-k", "-i", "/", "/tmp"] --
Filesystem  1K-blocks      Used     Avail Capacity iused   ifree  %iused  Mounted on
/dev/sd0a     1005950   1001000    -45347   105%    2204  153698     1%   /
/dev/sd0e     1005950        10    955630     0%       8  155894     0%   /tmp
`)
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		"critical: /usr has become read-only: nothing can be written to it",
		"critical: / is 100 % full: 0 B of 982 MiB free",
	}, reporttest.Titles(res))
}

func TestAFileSystemThatBecameReadOnlyIsFoundUntilItIsWritableAgain(t *testing.T) {
	ctx, store := t.Context(), &reporttest.Store{}
	readOnly := strings.Replace(disks, "/srv rw,relatime - ext4 /dev/vdb rw", "/srv ro,relatime - ext4 /dev/vdb ro", 1)
	readOnly = strings.ReplaceAll(readOnly, `, "/srv"]`, `]`)
	var got [][]string
	for _, text := range []string{disks, readOnly, readOnly, disks} {
		set := suite.Suite{Checks: []report.Checker{disk.Filesystems{Host: hosttest.New(text).Host()}}, Store: store}
		rep, err := set.Run(ctx)
		require.NoError(t, err)
		require.Equal(t, report.OK, rep.Results[0].Status, "%v", rep.Results[0].Problems)
		var found []string
		for _, f := range rep.Results[0].Findings {
			if f.Rule == "resource.filesystems.read-only" {
				found = append(found, f.Subject.Value)
			}
		}
		got = append(got, found)
	}
	assert.Equal(t, [][]string{nil, {"/srv"}, {"/srv"}, nil}, got)
}

// onLinux is a machine with these lines of mountinfo and these rows of df.
func onLinux(points, mountinfo, space, more string) *hosttest.Machine {
	return hosttest.New("a machine\n-- /sys/ dir complete --\n-- /proc/self/mountinfo --\n" + mountinfo + `-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- $ ["df", "-P", "-k", ` + points + "] --\n" + space + `-- $ ["df", "-P", "-i", ` + points + "] --\n" + space + more)
}

func TestAServiceThatMayNotWriteIsNoReadOnlyDisk(t *testing.T) {
	// after documentation: systemd.exec(5), ProtectSystem=strict, which makes a
	// view of the mounts for one service; proc_pid_mountinfo(5)
	m := onLinux(`"/var/lib/upkeep"`, `27 1 254:0 / / ro,relatime - ext4 /dev/vda1 rw
28 27 254:0 /var/lib/upkeep /var/lib/upkeep rw,relatime - ext4 /dev/vda1 rw
`, "/dev/vda1 100 10 90 10% /var/lib/upkeep\n", "-- /etc/fstab --\n/dev/vda1 / ext4 defaults 0 1\n-- /var/lib/upkeep/ dir --\n")
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Empty(t, reporttest.Titles(res))
}

func TestADiskThatBecameReadOnlyIsToldOnceHoweverOftenItIsMounted(t *testing.T) {
	m := onLinux(`"/data"`, `27 1 254:0 / / rw,relatime - ext4 /dev/vda1 ro
28 27 254:0 /home /export rw,relatime - ext4 /dev/vda1 ro
29 27 254:16 / /data rw - ext4 /dev/vdb rw
30 27 0:30 / /mem ro - tmpfs tmpfs ro
`, "/dev/vdb 100 10 90 10% /data\n", "-- /etc/fstab --\n/dev/vda1 / ext4 defaults 0 1\n/home /export none bind\ntmpfs /mem tmpfs defaults\n")
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Equal(t, []string{"critical: / has become read-only: nothing can be written to it"}, reporttest.Titles(res))
}

func TestWhatIsConfiguredReadOnlyIsNoLongerExpectedWritable(t *testing.T) {
	store := &reporttest.Store{}
	readOnly := strings.Replace(disks, "/srv rw,relatime - ext4 /dev/vdb rw", "/srv ro,relatime - ext4 /dev/vdb ro", 1)
	readOnly = strings.ReplaceAll(readOnly, `, "/srv"]`, `]`)
	readOnly = strings.Replace(readOnly, "-- /etc/fstab absent --", "-- /etc/fstab --\n/dev/vdb /srv ext4 ro 0 2", 1)
	for _, text := range []string{disks, readOnly} {
		set := suite.Suite{Checks: []report.Checker{disk.Filesystems{Host: hosttest.New(text).Host()}}, Store: store}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, report.OK, rep.Results[0].Status, "%v", rep.Results[0].Problems)
		for _, f := range rep.Results[0].Findings {
			assert.NotEqual(t, "resource.filesystems.read-only", f.Rule)
		}
	}
}

func TestAFullPoolIsOneFinding(t *testing.T) {
	// after documentation: zfs-mount(8), df(1); /var/limited has a quota
	m := onLinux(`"/", "/home", "/var/lib/docker", "/var/limited", "/x"`, `27 1 0:27 / / rw - zfs rpool/ROOT/debian rw
28 27 0:28 / /home rw - zfs rpool/home rw
29 27 0:29 / /var/lib/docker rw - zfs rpool/docker rw
30 27 0:30 / /var/limited rw - zfs rpool/limited rw
31 27 0:31 / /x rw - zfs rpool/x rw
`, `rpool/ROOT/debian 2000000 1000000 1000000 50% /
rpool/home 100000000 99000000 1000000 99% /home
rpool/docker 50000000 49000040 999960 99% /var/lib/docker
rpool/x 3000000 2000000 1000000 67% /x
rpool/limited 1000 1000 0 100% /var/limited
`, "-- /etc/fstab absent --\n")
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	var space []report.Finding
	for _, f := range res.Findings {
		if f.Rule == "resource.filesystems.space" {
			space = append(space, f)
		}
	}
	require.Len(t, space, 2)
	assert.Equal(t, "/home is 99 % full: 977 MiB of 95.4 GiB free", space[0].Title)
	assert.Contains(t, space[0].Detail, "3 more file systems of the pool rpool share this space.")
	assert.Equal(t, "/var/limited is 100 % full: 0 B of 1,000 KiB free", space[1].Title)
	assert.True(t, res.Covers("space/x"))
}

func TestAMachineWithManyContainersIsOneTableAndOneFinding(t *testing.T) {
	mountinfo := "27 1 254:0 / / rw - ext4 /dev/vda1 rw\n28 27 254:0 /var/lib/docker /var/lib/docker rw - ext4 /dev/vda1 rw\n" +
		"29 27 0:4 / /dev rw - devtmpfs udev rw\n26 27 0:5 / /sys rw - sysfs sysfs rw\n25 26 0:6 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n"
	points, rows := `"/", "/dev"`, "/dev/vda1 100000 99000 1000 99% /\nudev 1000 0 1000 0% /dev\n"
	for i := range 50 {
		mountinfo += fmt.Sprintf("%d 28 0:%d / /var/lib/docker/overlay2/%02d/merged rw - overlay overlay rw\n", 100+i, 100+i, i)
		mountinfo += fmt.Sprintf("%d 28 0:%d / /var/lib/docker/containers/%02d/shm rw - tmpfs shm rw\n", 200+i, 200+i, i)
		mountinfo += fmt.Sprintf("%d 27 0:4 net:[%d] /run/docker/netns/%02d rw - nsfs nsfs rw\n", 300+i, i, i)
		points += fmt.Sprintf(`, "/var/lib/docker/containers/%02d/shm"`, i)
		rows += fmt.Sprintf("shm 65536 0 65536 0%% /var/lib/docker/containers/%02d/shm\n", i)
	}
	res := reporttest.Collect(t, disk.Filesystems{Host: onLinux(points, mountinfo, rows, "-- /etc/fstab absent --\n").Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	var space []string
	for _, f := range res.Findings {
		if f.Rule == "resource.filesystems.space" {
			space = append(space, f.Subject.Value)
		}
	}
	assert.Equal(t, []string{"/"}, space)
	mounts := map[string]bool{}
	for _, m := range res.Metrics {
		if m.Name == "filesystem_size_bytes" {
			mounts[m.Attrs[0].Value] = true
		}
	}
	assert.Equal(t, map[string]bool{"/": true}, mounts, "what is empty and in memory is not in the table")
}

// An unknown type may be a network's: it is neither asked nor taken for none.
func TestAFileSystemOfAnUnlistedTypeIsUnknownAndNotAsked(t *testing.T) {
	m := onLinux(`"/"`, "27 1 254:0 / / rw - ext4 /dev/vda1 rw\n28 27 254:1 / /new rw - newfs9 /dev/vdb rw\n29 27 0:9 / /net rw - netfs9 server:/x rw\n",
		"/dev/vda1 100000 9000 91000 9% /\n", "-- /etc/fstab absent --\n")
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.True(t, res.Covers("space"))
	assert.False(t, res.Covers("space/new"))
	assert.False(t, res.Covers("inodes/new"))
	for _, p := range res.Problems {
		assert.Equal(t, report.CodeUnsupported, p.Code, p.Message)
		assert.NotContains(t, p.Message, "netfs9")
	}
}

func TestWhatOneUserAloneCanFillIsNoAlarm(t *testing.T) {
	// after documentation: pam_systemd(8); any user fills his own, root's is everybody's
	points := []string{"/run/user/0", "/run/user/1000", "/run/user/x"}
	mountinfo, rows := "", ""
	for i, p := range points {
		mountinfo += fmt.Sprintf("%d 1 0:%d / %s rw - tmpfs tmpfs rw\n", 40+i, 40+i, p)
		rows += "tmpfs 1000 1000 0 100% " + p + "\n"
	}
	res := reporttest.Collect(t, disk.Filesystems{Host: onLinux(`"`+strings.Join(points, `", "`)+`"`, mountinfo, rows, "-- /etc/fstab absent --\n").Host()})
	require.Equal(t, report.OK, res.Status, "%v", res.Problems)
	severities := map[string]report.Severity{}
	for _, f := range res.Findings {
		severities[f.Subject.Value] = max(severities[f.Subject.Value], f.Severity)
	}
	assert.Equal(t, map[string]report.Severity{"/run/user/0": report.Critical, "/run/user/1000": report.Notice, "/run/user/x": report.Critical}, severities)
}

func TestAUsersFileSystemOnABSDIsNotAskedAndNoRiddle(t *testing.T) {
	m := hosttest.New(`FreeBSD, with vfs.usermount=1
-- /sys/ dir complete --
-- /proc/ absent --
-- /etc/fstab absent --
-- $ ["uname", "-snrm"] --
FreeBSD box 14.1-RELEASE amd64
-- $ ["mount"] --
/dev/ada0p2 on / (ufs, local)
/dev/fuse on /home/ann/far (fusefs.sshfs, mounted by ann)
-- $ ["df", "-k", "-i", "/"] --
/dev/ada0p2 1005950 1000 1004950 1% 2204 153698 1% /
`)
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
}

func TestAFullBootIsEmptiedByThePackageManager(t *testing.T) {
	m := onLinux(`"/boot"`, "27 1 254:0 / /boot rw - ext4 /dev/vda1 rw\n", "/dev/vda1 100000 99000 1000 99% /boot\n", "-- /etc/fstab absent --\n-- /etc/os-release --\nID=debian\n")
	res := reporttest.Collect(t, disk.Filesystems{Host: m.Host()})
	require.NotEmpty(t, res.Findings)
	f := res.Findings[slices.IndexFunc(res.Findings, func(f report.Finding) bool { return f.Rule == "resource.filesystems.space" })]
	assert.Equal(t, &report.Remedy{Look: [][]string{{"uname", "-r"}}, Do: [][]string{{"apt-get", "autoremove", "--purge"}}}, f.Remedy)
}

func TestInAContainerTheSystemBelowIsNotReported(t *testing.T) {
	// after documentation: the mounts of a Docker container
	m := hosttest.New(`container
-- /sys/ dir complete --
-- /proc/self/mountinfo --
1 0 0:50 / / rw - overlay overlay rw,upperdir=/x
2 1 254:1 /containers/x/hosts /etc/hosts rw - ext4 /dev/vda1 rw
3 1 254:1 /containers/x/hostname /etc/hostname rw - ext4 /dev/vda1 rw
4 1 254:16 /volumes/y /data rw - ext4 /dev/vdb rw
-- /etc/hosts --
-- /etc/hostname --
-- /data/ dir --
-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- $ ["df", "-P", "-k", "/", "/data"] --
overlay 100 10 90 10% /
/dev/vdb 100 10 90 10% /data
-- $ ["df", "-P", "-i", "/", "/data"] --
overlay 100 10 90 10% /
/dev/vdb 100 10 90 10% /data
`)
	usage, err := disk.ReadUsage(t.Context(), m.Host())
	require.NoError(t, err)
	require.Len(t, usage, 2)
	assert.NoError(t, usage[1].SpaceErr)
}

func TestUsagePartsNeverDivideByZero(t *testing.T) {
	assert.Zero(t, disk.Usage{}.UsedPart())
	assert.Zero(t, disk.Usage{}.InodesPart())
}

func ExampleReadUsage() {
	usage, err := disk.ReadUsage(context.Background(), hosttest.New(disks).Host())
	for _, u := range usage {
		fmt.Printf("%s: %.0f %% of the space, %.0f %% of the inodes\n", u.Mount, u.UsedPart()*100, u.InodesPart()*100)
	}
	fmt.Println(err)
	// Output:
	// /: 93 % of the space, 95 % of the inodes
	// /mnt/a 1 2 3 4% /b: 100 % of the space, 1 % of the inodes
	// /srv: 91 % of the space, 0 % of the inodes
	// <nil>
}

// What the finding says in words is what the page draws beside it, however full and
// however large a file system is.
func TestTheFiguresAgreeWithTheFindings(t *testing.T) {
	compared := 0
	for _, size := range []uint64{1000, 10230, 1048575, 1048576, 120000000, 10000000000, 104805171} {
		for share := uint64(900); share < 1000; share++ {
			used := size * share / 1000
			text := strings.ReplaceAll(disks, "120000000  111900000    8100000", fmt.Sprint(size, " ", used, " ", (size-used)*9/10))
			checks := []report.Checker{disk.Filesystems{Host: hosttest.New(text).Host(), Limits: disk.Limits{WarnFree: 1 << 60, CriticalFree: 1 << 60}}}
			rep, err := (&suite.Suite{Checks: checks}).Run(t.Context())
			require.NoError(t, err)
			gauges := map[string]render.Gauge{}
			for _, g := range render.NewFigures(rep).Gauges {
				gauges[g.Label] = g
			}
			for _, f := range rep.Results[0].Findings {
				label, used := f.Subject.Value, " is %s full: "
				if strings.HasSuffix(f.Rule, "inodes") {
					label, used = label+" inodes", " has used %s of its inodes: "
				}
				g, ok := gauges[label]
				require.True(t, ok, "%s: no gauge %s among %v", f.Title, label, gauges)
				assert.Contains(t, f.Title, f.Subject.Value+fmt.Sprintf(used, prose.Percent(g.Fraction)))
				assert.Contains(t, f.Title, " of "+g.Whole)
				assert.GreaterOrEqual(t, g.Level, f.Severity)
				compared++
			}
		}
	}
	assert.Greater(t, compared, 1000)
}
