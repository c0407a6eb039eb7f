package restarts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func TestWhoRunsReplacedFilesIsOneFinding(t *testing.T) {
	view := sysview.MappedView{Outdated: []sysview.Outdated{
		{Path: "/usr/lib/libexpat.so.1", Now: sysview.PathReplaced, PIDs: []int{1, 40, 41, 50}},
		{Path: "/usr/sbin/sshd", Now: sysview.PathReplaced, PIDs: []int{41}},
		{Path: "/tmp/.x", Now: sysview.PathGone, PIDs: []int{60}},
		{Path: "/var/x", Now: sysview.PathUnknown, PIDs: []int{60}},
	}}
	all := []sysview.Process{
		{PID: 1, Name: "systemd"},
		{PID: 40, Name: "dbus-daemon", Unit: "dbus.service"},
		{PID: 41, Name: "sshd", Unit: "ssh.service"},
		{PID: 50, Name: "vim", Unit: "user@1000.service"},
		{PID: 60, Name: "x"},
	}
	old := func(view sysview.MappedView) []sysview.Outdated {
		list, err := pkgupdate.OldCode(t.Context(), hosttest.New("-- /proc/60/root/tmp/ absent --\n").Host(), view)
		require.NoError(t, err)
		return list
	}
	o := users(old(view), all)
	f := o.finding(howto.Guide{})
	assert.Equal(t, "4 programs still run code that was replaced: dbus.service, ssh.service, systemd and vim", f.Title)
	assert.Contains(t, f.Detail, "libexpat.so.1 and sshd.")
	assert.Contains(t, f.Detail, "Process 1")
	assert.Contains(t, f.Evidence, report.Unit.Of("ssh.service"))
	assert.Contains(t, f.Evidence, report.Path.Of("/usr/sbin/sshd"))
	assert.NotContains(t, f.Evidence, report.Path.Of("/tmp/.x"), "what was removed is no update")
	assert.Nil(t, f.Remedy, "where the commands are not known, none is named")
	assert.Empty(t, users(old(sysview.MappedView{Outdated: view.Outdated[2:]}), all).programs)
}

// A program is replaced while it runs, as dpkg does it.
func TestAProgramThatWasReplacedWhileItRunsIsTold(t *testing.T) {
	sleep := need.Program(t, "sleep")
	data, err := os.ReadFile(sleep)
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "oldsleep")
	require.NoError(t, os.WriteFile(name, data, 0o755))
	cmd := exec.Command(name, "600")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
	})
	look := func() string {
		res, err := suite.Collect(t.Context(), Programs{Host: host.Local()})
		require.NoError(t, err)
		for _, f := range res.Findings {
			for _, a := range f.Evidence {
				if a == report.Path.Of(name) {
					return f.Title
				}
			}
		}
		return ""
	}
	assert.Empty(t, look())
	require.NoError(t, os.WriteFile(name+".new", data, 0o755))
	require.NoError(t, os.Rename(name+".new", name))
	assert.Contains(t, look(), "still run")
}

func TestCheckerPassesTheConformanceKit(t *testing.T) {
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return Programs{Host: host.Local()} }, reporttest.Options{}))
	_, err := suite.Collect(t.Context(), Programs{})
	require.NoError(t, err)
}

func TestRestartsNameServicesFirstAndTheSystemLast(t *testing.T) {
	old := []sysview.Outdated{{Path: "/usr/lib/libssl.so.3", Now: sysview.PathReplaced, PIDs: []int{1, 7, 9}}}
	all := []sysview.Process{{PID: 1, Name: "systemd"}, {PID: 7, Name: "sshd", Unit: "ssh.service"}, {PID: 9, Name: "screen"}}
	assert.Equal(t, []pkgupdate.Restart{
		{Service: "ssh.service", Reason: "it runs code that was replaced"},
		{PID: 9, Reason: "screen runs code that was replaced"},
		{Reboot: true, Reason: "process 1 runs code that was replaced"},
	}, users(old, all).list())
}
