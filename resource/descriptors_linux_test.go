package resource_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/resource"
)

// opened is a process as /proc shows it. After documentation: proc_pid_stat(5),
// proc_pid_status(5), proc_pid_limits(5), proc_pid_fd(5).
type opened struct {
	pid, uid, slots, limit, open int
	exe, cgroup                  string
	listed                       bool // before Linux 6.2 the folder does not tell how many there are
}

func (o opened) text() string {
	dir := fmt.Sprintf("/proc/%d", o.pid)
	text := fmt.Sprintf("-- %s/stat --\n%d (x) S 0 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4 9 9\n-- %s/exe link=%s --\n-- %s/cgroup --\n0::%s\n", dir, o.pid, dir, o.exe, dir, o.cgroup) +
		fmt.Sprintf("-- %s/status --\nName:\tx\nUid:\t%d\t%d\t%d\t%d\nFDSize:\t%d\n", dir, o.uid, o.uid, o.uid, o.uid, o.slots) +
		fmt.Sprintf("-- %s/limits --\nLimit                     Soft Limit           Hard Limit           Units     \nMax open files            %d                 524288               files     \n", dir, o.limit)
	if !o.listed {
		return text + fmt.Sprintf("-- %s/fd/ dir size=%d --\n", dir, o.open)
	}
	text += fmt.Sprintf("-- %s/fd/ dir complete size=0 --\n", dir)
	for i := range o.open {
		text += fmt.Sprintf("-- %s/fd/%d link=/x --\n", dir, i)
	}
	return text
}

func openedOn(t *testing.T, list ...opened) report.Result {
	t.Helper()
	text := "open files\n-- $ [\"uname\", \"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /proc/sys/fs/file-nr --\n100\t0\t10000\n-- /proc/loadavg --\n0.00 0.00 0.00 1/10 45\n" +
		"-- /proc/sys/kernel/pid_max --\n32768\n-- /proc/sys/kernel/threads-max --\n60000\n-- /proc/sys/net/ absent --\n-- /sys/ dir complete --\n-- /proc/ dir complete --\n"
	for _, o := range list {
		text += o.text()
	}
	return reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New(text).Host()})
}

func TestAProgramThatIsNearItsOwnLimitIsFound(t *testing.T) {
	first := opened{1, 0, 64, 1048576, 30, "/usr/lib/systemd/systemd", "/init.scope", false}
	const web, ann = "/system.slice/web.service", "/user.slice/user-1000.slice/session-1.scope"
	res := openedOn(
		t, first,
		opened{10, 33, 1024, 1024, 900, "/usr/sbin/web", web, false},
		opened{11, 33, 1024, 1024, 1020, "/usr/sbin/web", web, false},                            // the worst of them
		opened{12, 110, 256, 256, 220, "/usr/sbin/old", "/system.slice/old.service", true},       // counted
		opened{13, 110, 1024, 1024, 500, "/usr/sbin/roomy", "/system.slice/roomy.service", true}, // it had more once
		opened{14, 0, 64, 8, 8, "/usr/sbin/sandbox", "/system.slice/sandbox.service", false},     // it means to
		opened{15, 1000, 1024, 1024, 1024, "/home/ann/x", ann, false},
	)
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		"critical: /usr/sbin/web has >99 % of 1,024 possible files open",
		"warning: /usr/sbin/old has 86 % of 256 possible files open",
		"notice: /home/ann/x has 100 % of 1,024 possible files open",
	}, reporttest.Titles(res))
	assert.Equal(t, report.Program.Of("/usr/sbin/web"), res.Findings[0].Subject)
	assert.Equal(t, report.Look([]string{"ls", "-l", "/proc/11/fd"}), res.Findings[0].Remedy)
	assert.Contains(t, res.Findings[0].Fix, "LimitNOFILE= of web.service")
	assert.True(t, res.Covers("limits/descriptors"))
}

func TestUsersHideNoServiceBehindTheirOwnLimits(t *testing.T) {
	list := []opened{{1, 0, 64, 1048576, 30, "/sbin/init", "/init.scope", false}}
	for i := range 100 {
		cgroup := []string{"/user.slice/user-1000.slice/session-1.scope", "/system.slice/cron.service", "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service"}[i%3]
		list = append(list, opened{100 + i, 1000, 1024, 1024, 1024, fmt.Sprintf("/home/ann/%d", i), cgroup, false})
	}
	res := openedOn(t, append(list, opened{900, 33, 1024, 1024, 990, "/usr/sbin/web", "/system.slice/web.service", false})...)
	require.Len(t, res.Findings, 20)
	assert.Equal(t, "critical: /usr/sbin/web has 97 % of 1,024 possible files open", reporttest.Titles(res)[slices.IndexFunc(res.Findings, func(f report.Finding) bool { return f.Subject.Value == "/usr/sbin/web" })])
	assert.False(t, res.Covers("limits/descriptors"), "what is not told is not mended")
	assert.Contains(t, fmt.Sprint(res.Problems), "81 more programs")
}

func TestWhatAProgramMayOpenIsUnknownWhereItIsHidden(t *testing.T) {
	o := opened{10, 33, 1024, 1024, 900, "/usr/sbin/web", "/system.slice/web.service", false}
	assert.False(t, openedOn(t, o).Covers("limits/descriptors"), "the first process is hidden, and so may others be")
	first := opened{1, 0, 64, 1048576, 30, "/sbin/init", "/init.scope", false}
	res := reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New("open files\n-- $ [\"uname\", \"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /proc/ dir complete --\n" + first.text() +
		strings.Replace(o.text(), "fd/ dir size=900", "fd stat-error=permission", 1)).Host()})
	assert.False(t, res.Covers("limits/descriptors"))
}

// TestAProgramHereThatIsNearItsLimitIsFound runs itself again as that program.
func TestAProgramHereThatIsNearItsLimitIsFound(t *testing.T) {
	if os.Getenv("UPKEEP_TEST_OPENS") != "" {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 300, Max: 300}))
		for {
			if _, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0); err != nil {
				break
			}
		}
		os.Stdout.WriteString("full\n")
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // until the other has looked
		return
	}
	need.That(t, "processes that can be seen", os.Getppid() > 0)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_OPENS=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Wait() //nolint:errcheck // it has done its part
	defer in.Close()
	_, err = io.ReadFull(out, make([]byte, len("full\n")))
	require.NoError(t, err)
	res := reporttest.Collect(t, resource.KernelLimits{Host: host.Local()})
	all := []string{}
	for _, f := range res.Findings {
		all = append(all, f.Subject.Value+" "+f.Title+" "+f.Detail)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	assert.Contains(t, strings.Join(all, "\n"), self+" has 100 % of 300 possible files open")
	assert.Contains(t, strings.Join(all, "\n"), fmt.Sprintf("It is process %d ", cmd.Process.Pid))
}
