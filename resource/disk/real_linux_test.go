package disk_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

// ext4On makes a small ext4 with a tenth of it for root alone, and mounts it.
func ext4On(t *testing.T, dir, options string) {
	t.Helper()
	mkfs, image := need.Program(t, "mkfs.ext4"), dir+".img"
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 16<<20))
	out, err := exec.Command(mkfs, "-q", "-m", "10", image).CombinedOutput()
	require.NoError(t, err, "%s", out)
	need.That(t, "a loop device", exec.Command("mount", "-o", "loop,"+options, image, dir).Run() == nil)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
}

// checkDisk asks check_disk of monitoring-plugins with the shares of Limits'
// defaults, and gives its exit status and what it measured.
func checkDisk(t *testing.T, plugin, dir string) (exit int, u disk.Usage) {
	t.Helper()
	out, err := exec.Command(plugin, "-w", "10%", "-c", "3%", "-W", "10%", "-K", "3%", "-P", "-u", "bytes", "-E", "-p", dir).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		exit = failed.ExitCode()
	} else {
		require.NoError(t, err)
	}
	m := regexp.MustCompile(`free space: \S+ (\d+)B.*\|.*=(\d+)B;.*;(\d+) '.*\(inodes\)'=(\d+);.*;(\d+)`).FindStringSubmatch(string(out))
	require.NotNil(t, m, "%s", out)
	var n [5]uint64
	for i := range n {
		n[i], err = strconv.ParseUint(m[i+1], 10, 64)
		require.NoError(t, err)
	}
	return exit, disk.Usage{Free: n[0], Used: n[1], Size: n[2], InodesUsed: n[3], Inodes: n[4]}
}

// Both measure the same file systems, one of which has a reserve for root. By
// their shares alone both judge alike; that many bytes which are left are enough,
// whatever the share, is ours.
func TestCheckDiskMeasuresAndJudgesTheSame(t *testing.T) {
	need.Long(t)
	plugin := need.Program(t, "check_disk")
	dir := inOwnMounts(t)
	if dir == "" {
		return
	}
	full, small := dir+"/full", dir+"/small"
	ext4On(t, full, "rw")
	require.NoError(t, os.Mkdir(small, 0o755))
	require.NoError(t, syscall.Mount("small", small, "tmpfs", 0, "size=8m,nr_inodes=200"))
	c := disk.Filesystems{Host: host.Local(), Limits: disk.Limits{WarnFree: math.MaxUint64, CriticalFree: math.MaxUint64}}
	seen := map[string]bool{}
	for _, step := range []struct{ share, files int }{{0, 0}, {50, 60}, {88, 0}, {93, 40}, {93, 84}, {99, 90}, {20, 194}} {
		for _, at := range []string{full, small} {
			fill(t, at, step.share, step.files)
			exit, want := checkDisk(t, plugin, at)
			usage, err := disk.ReadUsage(t.Context(), host.Local())
			require.NoError(t, err)
			got := usage[slices.IndexFunc(usage, func(u disk.Usage) bool { return u.Mount == at })]
			assert.Equal(t, want, disk.Usage{Free: got.Free, Used: got.Used, Size: got.Size, InodesUsed: got.InodesUsed, Inodes: got.Inodes}, "%s %+v", at, step)
			worst := report.RuleSeverity
			for _, f := range onMount(reporttest.Collect(t, c), at) {
				worst = max(worst, f.Severity)
			}
			severity := map[int]report.Severity{0: report.RuleSeverity, 1: report.Warning, 2: report.Critical}[exit]
			assert.Equal(t, severity, worst, "%s %+v", at, step)
			seen[fmt.Sprint(filepath.Base(at), exit)] = true
		}
	}
	assert.Len(t, seen, 6, "each verdict was seen on both: %v", seen)
}

// fill makes a share of the space that users may have used, with that many files.
func fill(t *testing.T, dir string, share, files int) {
	t.Helper()
	for _, name := range []string{"big", "many"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "many"), 0o755))
	for i := range files {
		require.NoError(t, os.WriteFile(fmt.Sprintf("%s/many/%d", dir, i), nil, 0o600))
	}
	var st syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &st))
	used, all := st.Blocks-st.Bfree, st.Blocks-st.Bfree+st.Bavail
	if want := all * uint64(share) / 100; want > used {
		f, err := os.Create(filepath.Join(dir, "big"))
		require.NoError(t, err)
		require.NoError(t, syscall.Fallocate(int(f.Fd()), 0, 0, int64(want-used)*st.Bsize))
		require.NoError(t, f.Close())
	}
}

func TestAnExt4OnWhichTheKernelFindsAnErrorIsFoundAndWhenItStopsWritingToo(t *testing.T) {
	dir := inOwnMounts(t)
	if dir == "" {
		return
	}
	for options, want := range map[string][]string{
		"errors=continue":   {"resource.filesystems.errors"},
		"errors=remount-ro": {"resource.filesystems.errors", "resource.filesystems.read-only"},
	} {
		at := filepath.Join(dir, options[len("errors="):])
		ext4On(t, at, options)
		store := &reporttest.Store{}
		set := suite.Suite{Checks: []report.Checker{disk.Filesystems{Host: host.Local()}}, Store: store}
		rules := func() (out []string) {
			rep, err := set.Run(t.Context())
			require.NoError(t, err)
			for _, f := range onMount(rep.Results[0], at) {
				out = append(out, f.Rule)
			}
			slices.Sort(out)
			return out
		}
		require.Empty(t, rules(), options)
		mounts, err := sysview.Mounts(t.Context(), host.Local())
		require.NoError(t, err)
		on, _ := sysview.MountOf(mounts, at)
		err = os.WriteFile("/sys/fs/ext4/"+filepath.Base(on.Source)+"/trigger_fs_error", []byte("x"), 0)
		need.That(t, "an ext4 in which an error can be made", err == nil)
		assert.Equal(t, want, rules(), options)
	}
}

// A program that never answers stands for a disk that does not: whatever touches
// its file system waits in the kernel.
func TestADiskThatReallyHangsIsFoundAndBlindsNothingElse(t *testing.T) {
	need.Long(t) // it is waited for
	dir := inOwnMounts(t)
	if dir == "" {
		return
	}
	at, image, fstab := filepath.Join(dir, "hangs"), filepath.Join(dir, "image"), filepath.Join(dir, "fstab")
	require.NoError(t, os.Mkdir(at, 0o755))
	require.NoError(t, os.WriteFile(image, make([]byte, 1<<20), 0o600))
	require.NoError(t, os.WriteFile(fstab, []byte("/dev/vdz "+at+"/below ext4 defaults\n/dev/vdy "+dir+"/gone ext4 defaults\n"), 0o644))
	require.NoError(t, syscall.Mount(fstab, "/etc/fstab", "", syscall.MS_BIND, ""))
	device, err := exec.Command(need.Program(t, "losetup"), "--find", "--show", image).Output()
	need.That(t, "a loop device", err == nil)
	name := strings.TrimSpace(string(device))
	defer exec.Command("losetup", "--detach", name).Run() //nolint:errcheck // it is gone with the machine
	program, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	need.That(t, "FUSE", err == nil)
	need.That(t, "FUSE on a device", syscall.Mount(name, at, "fuseblk", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", program.Fd())) == nil)
	defer syscall.Unmount(at, syscall.MNT_DETACH) //nolint:errcheck // it is in a namespace of its own

	begin := time.Now()
	res := reporttest.Collect(t, disk.Filesystems{Host: host.Local()})
	assert.Less(t, time.Since(begin), time.Minute)
	assert.Equal(t, []string{"critical: " + at + " does not answer: what touches it hangs"}, ofRule(res, "resource.filesystems.no-answer"))
	assert.True(t, res.Covers("root/space"), "%v", res.Problems)
	assert.False(t, res.Covers("space"+at))
	assert.False(t, res.Covers("mounted"+at+"/below"))
	assert.Contains(t, ofRule(res, "resource.filesystems.not-mounted"), "warning: "+dir+"/gone is not mounted, although /etc/fstab has it")

	require.NoError(t, program.Close())
	res = reporttest.Collect(t, disk.Filesystems{Host: host.Local()})
	assert.Equal(t, []string{"critical: " + at + " answers with an error: nothing on it can be used"}, ofRule(res, "resource.filesystems.no-answer"))
}
