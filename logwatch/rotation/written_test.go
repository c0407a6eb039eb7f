package rotation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch/rotation"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// process is one process of a fake machine that holds one file.
func process(fd, flags string, ino int) string {
	return "-- /proc/ dir complete --\n-- /proc/self/mountinfo --\n21 1 8:1 / / rw - ext4 /dev/sda1 rw\n" +
		"-- /proc/stat --\ncpu 1 2 3 4 5 6 7 8 9 10\nbtime 1795000000\n" +
		"-- /proc/77/stat --\n77 (rsyslogd) S 1 77 77 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n" +
		"-- /proc/77/exe link=/usr/sbin/rsyslogd --\n-- /proc/77/cgroup --\n0::/system.slice/rsyslog.service\n-- /proc/77/status --\nUid:\t0\t0\t0\t0\n" +
		"-- /proc/77/fd/ dir complete --\n-- /proc/77/fd/5 link=\"" + fd + "\" --\n" +
		fmt.Sprintf("-- /proc/77/fdinfo/5 --\npos:\t4096\nflags:\t%s\nmnt_id:\t21\nino:\t%d\n", flags, ino)
}

const (
	toWrite = "0102001"
	toRead  = "0100000"
	// A log that was rotated at midnight.
	rotatedLog = "-- /var/log/syslog btime=2026-11-25T00:00:00Z mtime=2026-11-25T11:00:00Z ino=9 dev=1 --\nx\n"
)

func TestAProgramThatWritesToARotatedCopyIsTold(t *testing.T) {
	copied := func(mtime string) string {
		return rotatedLog + "-- /var/log/syslog.1 mtime=" + mtime + " ino=8 dev=1 --\nx\n"
	}
	late, before := copied("2026-11-25T11:30:00Z"), copied("2026-11-24T23:59:00Z")
	for name, c := range map[string]struct {
		files string
		want  []string
	}{
		"it goes on":            {late + process("/var/log/syslog.1", toWrite, 8), []string{"warning rsyslogd goes on writing to /var/log/syslog.1, a rotated copy of /var/log/syslog"}},
		"it wrote nothing yet":  {before + process("/var/log/syslog.1", toWrite, 8), []string{"notice rsyslogd has /var/log/syslog.1 open for writing, a rotated copy of /var/log/syslog"}},
		"it reads":              {late + process("/var/log/syslog.1", toRead, 8), nil},
		"another file":          {late + process("/var/log/syslog.1", toWrite, 7), nil},
		"the log itself":        {late + process("/var/log/syslog", toWrite, 9), nil},
		"deleted":               {late + process("/var/log/old.log (deleted)", toWrite, 5), []string{"warning rsyslogd has /var/log/old.log open for writing, which was deleted"}},
		"a name like that":      {late + "-- \"/var/log/x (deleted)\" ino=5 dev=1 --\n" + process("/var/log/x (deleted)", toWrite, 5), nil},
		"elsewhere":             {late + process("/srv/x (deleted)", toWrite, 5), nil},
		"of another file space": {late + strings.Replace(process("/var/log/syslog.1", toWrite, 8), "\n21 1", "\n22 1", 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, titles(t, machine(t, c.files)))
		})
	}
}

func TestAProcessThatCannotBeSeenIsNoCleanAnswer(t *testing.T) {
	m := machine(t, rotatedLog+process("/var/log/syslog.1", toWrite, 8))
	require.NoError(t, m.Add("-- /proc/78/stat --\n78 (x) S 1 78 78 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n-- /proc/78/exe error=permission --\n-- /proc/78/cgroup --\n0::/\n-- /proc/78/status --\nUid:\t0\t0\t0\t0\n-- /proc/78/fd/ dir error=permission --\n"))
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "what 1 process hold open could not be seen")
	assert.False(t, res.Covers("rotation/held"))
}

func TestThisMachineShowsAFileThatIsHeldAlthoughItWasDeleted(t *testing.T) {
	need.Root(t)
	need.That(t, "files in /proc", runtime.GOOS == "linux")
	name := filepath.Join("/var/log", fmt.Sprintf("upkeep-test-%d.log", os.Getpid()))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, os.Remove(name))
	_, err = f.WriteString("a line\n")
	require.NoError(t, err)
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: host.Local()})
	require.NoError(t, err)
	at := slices.IndexFunc(res.Findings, func(f report.Finding) bool { return f.Subject == report.Path.Of(name) })
	require.GreaterOrEqual(t, at, 0, "%v", res.Problems)
	assert.Contains(t, res.Findings[at].Detail, "byte 7")
	assert.Equal(t, [][]string{{"tail", "-n", "50", fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())}}, res.Findings[at].Remedy.Look)
}

func TestARunOfLogrotateIsOneAct(t *testing.T) {
	m := machine(t, `-- /etc/localtime absent --
-- /var/lib/logrotate/status --
logrotate state -- version 2
"/var/log/syslog" 2026-11-25-0:0:3
"/var/log/app.log" 2026-11-25-0:0:3
"/var/log/seen.log" 2026-11-25-0:0:3
"/var/log/old.log" 2026-11-1-0:0:3
-- /var/log/syslog --
x
-- /var/log/syslog.1 ctime=2026-11-25T00:00:04Z --
x
-- /var/log/syslog.2.gz ctime=2026-11-25T00:00:05Z --
x
-- /var/log/syslog.3.gz ctime=2026-11-20T00:00:05Z --
x
-- /var/log/app.log --
x
-- /var/log/app.log.1 ctime=2026-11-25T00:00:04Z --
x
-- /var/log/seen.log --
x
-- /var/log/old.log.1 --
x
-- /var/log/old.log --
x
`)
	set := &suite.Suite{Checks: []report.Checker{rotation.Rotation{Host: m.Host()}}, Store: &reporttest.Store{}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rep.Results[0].Findings, 1)
	f := rep.Results[0].Findings[0]
	at := time.Date(2026, 11, 25, 0, 0, 3, 0, time.UTC)
	assert.Equal(t, "2 logs rotated", f.Title)
	assert.Equal(t, []report.Attr{report.Transaction.Of(fmt.Sprintf("logrotate:@%d", at.Unix()))}, f.Identity)
	assert.Equal(t, []report.Attr{
		report.AtTime(at), report.Path.Of("/var/log/app.log"), report.Path.Of("/var/log/app.log.1"),
		report.Path.Of("/var/log/syslog"), report.Path.Of("/var/log/syslog.1"), report.Path.Of("/var/log/syslog.2.gz"),
	}, f.Evidence)
	rep, err = set.Run(t.Context())
	require.NoError(t, err)
	assert.Empty(t, rep.Results[0].Findings, "it was told")
}

func TestARunOfNewsyslogIsOneAct(t *testing.T) {
	m := hosttest.New("-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --\n-- /etc/localtime absent --\n-- /etc/logrotate.conf absent --\n-- /etc/newsyslog.conf --\n/var/log/authlog root:wheel 640 7 * 168 Z\n" +
		"-- /var/lib/ dir complete --\n-- /proc/ absent --\n-- $ [\"mount\"] exit=1 --\n-- /var/log/ dir complete --\n-- /var/log/authlog mode=0640 --\nNov 25 00:00:01 web newsyslog[812]: logfile turned over\n-- /var/log/authlog.0.gz mode=0640 ctime=2026-11-25T00:00:01Z --\nx\n")
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, []report.Attr{report.Transaction.Of("newsyslog:812@20261125")}, res.Findings[0].Identity)
}

func TestAStateOfLogrotateThatIsNoneIsAProblem(t *testing.T) {
	m := machine(t, "-- /var/lib/logrotate/status --\nwombat\n")
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	require.NotEmpty(t, res.Problems)
	assert.False(t, res.Covers("rotation/turned"))
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte("logrotate state -- version 2\n\"/var/log/a \\\"b\" 2026-11-25-0:0:3\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		turns, err := rotation.ParseStatus(data, time.UTC)
		if err != nil && len(turns) > 0 {
			t.Fatal("entries of a state that is none")
		}
	})
}
