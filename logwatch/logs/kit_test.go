package logs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch/logs"
	"github.com/pugetsoundtech/upkeep/logwatch/logwatchtest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func TestLogsPassesTheKitForLogReaders(t *testing.T) {
	require.NoError(t, logwatchtest.TestChecker(t.Context(), func(h host.Host) report.Checker { return logs.System{Host: h} }))
}

func TestLogsPassesTheKitForCheckers(t *testing.T) {
	m := hosttest.New(smallMachine)
	err := reporttest.TestChecker(t.Context(), func() report.Checker { return logs.System{Host: m.Host()} }, reporttest.Options{})
	require.NoError(t, err)
}

const smallMachine = `A machine with a log and a journal.
-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/auth.log mtime=2026-11-25T12:00:00Z --
Nov 25 11:00:00 web CRON[1]: (root) CMD (true)
Nov 25 11:00:01 web sshd[2]: Accepted password for root from 192.0.2.7 port 40022 ssh2
-- /var/log/journal absent --
-- /run/log/journal absent --
`

// journalMachine is a machine with a journal of these entries, as it answers a
// first reading and, after the last entry, one that goes on.
func journalMachine(entries ...logwatchtest.Entry) *hosttest.Machine {
	m := hosttest.New(`-- machine now=2026-11-25T12:00:00Z --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/journal/ dir complete --
-- /var/log/journal/x/ dir --
-- /run/log/journal absent --
`)
	m.SetCommand([]string{"journalctl", "--output=export", "--all", "--no-pager", "--since=@1795521600"}, host.Output{Stdout: logwatchtest.Export(entries...)}, nil)
	return m
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestAnEventInTheJournalAndInAFileIsToldOnce(t *testing.T) {
	at := noon.Add(-time.Hour)
	m := journalMachine(logwatchtest.Entry{Time: at.Add(800 * time.Millisecond), Host: "web.example.org", Tag: "odd", PID: 7, Message: "wombat sighted", Priority: 5},
		logwatchtest.Entry{Time: at.Add(time.Minute), Host: "web.example.org", Tag: "odd", PID: 7, Message: "wombat gone", Priority: 5},
		logwatchtest.Entry{Time: at, Host: "web.example.org", Tag: "odd", PID: 9, Message: "wombat asleep", Priority: 5})
	require.NoError(t, m.Add("-- /var/log/syslog --\nNov 25 11:00:00 web odd: wombat asleep\nNov 25 11:00:01 web odd[7]: wombat sighted\n"))
	res, err := suite.Collect(t.Context(), logs.System{Host: m.Host()})
	require.NoError(t, err)
	require.Equal(t, report.OK, res.Status, "%v", res.Problems)
	count := map[string]int{}
	for _, f := range res.Findings {
		count[f.Title] = f.Count
	}
	assert.Equal(t, map[string]int{
		"odd wrote a line that no rule explains: wombat sighted": 1, "odd wrote a line that no rule explains: wombat gone": 1,
		"odd wrote a line that no rule explains: wombat asleep": 1,
	}, count)
	assert.True(t, res.Covers("journal"))
}

func TestTheSameEventIsOneAcrossTwoRuns(t *testing.T) {
	m := hosttest.New(`-- machine now=2026-11-25T12:00:00Z --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/auth.log --
Nov 25 11:59:30 web odd[7]: wombat sighted
-- /var/log/syslog --
-- /var/log/journal absent --
-- /run/log/journal absent --
`)
	store := &reporttest.Store{}
	run := func() report.Result {
		rep, err := (&suite.Suite{Checks: []report.Checker{logs.System{Host: m.Host()}}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		return rep.Results[0]
	}
	require.Equal(t, 1, len(run().Findings))
	require.NoError(t, m.AppendFile("/var/log/syslog", []byte("Nov 25 11:59:31 web odd[7]: wombat sighted\n")))
	require.Empty(t, run().Findings, "the other file brings it late")
	require.NoError(t, m.AppendFile("/var/log/syslog", []byte("Nov 25 11:59:31 web odd[7]: wombat sighted\n")))
	require.Equal(t, 1, len(run().Findings), "once more than the other file has it: it happened again")
}

func TestALogDirectoryThatMayNotBeListedHidesNoJournal(t *testing.T) {
	m := journalMachine(logwatchtest.Entry{Time: noon.Add(-time.Hour), Host: "web", Tag: "odd", PID: 7, Message: "wombat sighted", Priority: 5})
	require.NoError(t, m.Add("-- /var/log/ dir error=permission --\n"))
	store := &reporttest.Store{}
	run := func() report.Result {
		rep, err := (&suite.Suite{Checks: []report.Checker{logs.System{Host: m.Host()}}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		return rep.Results[0]
	}
	res := run()
	assert.Equal(t, 1, len(res.Findings))
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("logs/var/log/syslog"))
	assert.True(t, res.Covers("journal"))
}

func TestAFailedJournalctlIsNeverAnEmptyJournal(t *testing.T) {
	m := journalMachine()
	m.SetCommand([]string{"journalctl", "--output=export", "--all", "--no-pager", "--since=@1795521600"}, host.Output{Exit: 1, Stderr: []byte("Failed to open files")}, nil)
	res, err := suite.Collect(t.Context(), logs.System{Host: m.Host()})
	require.NoError(t, err)
	assert.False(t, res.Covers("journal"))
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "Failed to open files")
}

func TestAJournalShownInPartIsAPermissionProblem(t *testing.T) {
	m := journalMachine()
	m.SetCommand([]string{"journalctl", "--output=export", "--all", "--no-pager", "--since=@1795521600"},
		host.Output{Stderr: []byte("Hint: You are currently not seeing messages from other users and the system.\n")}, nil)
	res, err := suite.Collect(t.Context(), logs.System{Host: m.Host()})
	require.NoError(t, err)
	assert.True(t, res.LacksOnlyRights(), "%v", res.Problems)
	assert.False(t, res.Covers("journal"))
}

// realJournal writes a journal file with systemd's own program.
func realJournal(t *testing.T, file string, entries ...logwatchtest.Entry) {
	t.Helper()
	program := "/lib/systemd/systemd-journal-remote"
	_, err := os.Stat(program)
	need.That(t, "systemd-journal-remote", err == nil)
	need.Program(t, "journalctl")
	cmd := exec.Command(program, "-o", file, "-")
	cmd.Stdin = bytes.NewReader(logwatchtest.Export(entries...))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestARealJournalIsToldEntryByEntry(t *testing.T) {
	dir := t.TempDir()
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	realJournal(t, filepath.Join(dir, "a.journal"),
		logwatchtest.Entry{Time: at.Add(-48 * time.Hour), Host: "web", Tag: "odd", PID: 7, Message: "long ago", Priority: 5},
		logwatchtest.Entry{Time: at, Host: "web", Tag: "odd", PID: 7, Message: "wombat\nsighted", Priority: 5},
		logwatchtest.Entry{Time: at, Host: "web", Tag: "kernel", Message: "Out of memory: Killed process 7 (mysqld) x", Priority: 3})
	check := logs.System{Host: host.Local(), Sources: []string{logs.Journal}, JournalDirectory: dir}
	store := &reporttest.Store{}
	run := func() []string {
		rep, err := (&suite.Suite{Checks: []report.Checker{check}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, report.OK, rep.Results[0].Status, "%v", rep.Results[0].Problems)
		var titles []string
		for _, f := range rep.Results[0].Findings {
			titles = append(titles, f.Title)
		}
		return titles
	}
	require.Equal(t, []string{"The kernel killed mysqld because memory ran out", "odd wrote a line that no rule explains: wombat sighted"}, run())
	require.Empty(t, run())
	realJournal(t, filepath.Join(dir, "b.journal"), logwatchtest.Entry{Time: at.Add(time.Minute), Host: "web", Tag: "odd", PID: 7, Message: "numbat sighted", Priority: 5})
	require.Equal(t, []string{"odd wrote a line that no rule explains: numbat sighted"}, run())
	require.Empty(t, run())
}

func ExampleSystem() {
	m := hosttest.New(smallMachine)
	res, err := suite.Collect(context.Background(), logs.System{Host: m.Host()})
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range res.Findings {
		fmt.Println(f.Severity, f.Title)
	}
	// Output: warning root logged in over SSH from 192.0.2.7
}

func TestALineInTheKernelsNameThatCameByAUsersSocketNamesItsSender(t *testing.T) {
	at := noon.Add(-time.Hour)
	m := journalMachine(
		logwatchtest.Entry{Time: at, Host: "web", Tag: "kernel", Message: "Kernel panic - not syncing: wombat", Transport: "syslog", PID: 712, Command: "logger", UID: "1000"},
		logwatchtest.Entry{Time: at, Host: "web", Tag: "kernel", Message: "EXT4-fs (sda1): mounted filesystem with ordered data mode", Transport: "kernel"})
	res, err := suite.Collect(t.Context(), logs.System{Host: m.Host()})
	require.NoError(t, err)
	var forged []string
	for _, f := range res.Findings {
		forged = append(forged, f.Severity.String()+" "+f.Title)
	}
	assert.Equal(t, []string{"warning process 712 (logger) of user id 1000 wrote to the log in the name of kernel: Kernel panic - not syncing: wombat"}, forged)
}

// Any user can write any line. Where the journal knows that it was not the program in
// whose name it stands, what it says is no fact, in the file neither.
func TestWhatAUserWritesInTheNameOfAnotherProgramIsNotBelieved(t *testing.T) {
	at := noon.Add(-time.Hour)
	as := func(tag, program, message string) logwatchtest.Entry {
		return logwatchtest.Entry{Time: at, Host: "web", Tag: tag, PID: 712, Message: message, Transport: "syslog", Program: program, Command: path.Base(program), UID: "1001"}
	}
	const made, session, refused = "new user: name=evil1, UID=0, GID=0, home=/root, shell=/bin/bash, from=none", "Accepted password for root from 203.0.113.9 port 22 ssh2",
		"     ann : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id"
	for name, tc := range map[string]struct {
		entries []logwatchtest.Entry
		want    []string
	}{
		"logger":           {[]logwatchtest.Entry{as("useradd", "/usr/bin/logger", made)}, []string{"warning process 712 (logger) of user id 1001 wrote to the log in the name of useradd: " + made}},
		"a program of his": {[]logwatchtest.Entry{as("useradd", "/home/mallory/useradd", made)}, []string{"warning process 712 (useradd) of user id 1001 wrote to the log in the name of useradd: " + made}},
		"it had ended": {
			[]logwatchtest.Entry{{Time: at, Host: "web", Tag: "useradd", PID: 712, Message: made, Transport: "syslog", UID: "1001"}},
			[]string{"warning process 712 of user id 1001 wrote to the log in the name of useradd: " + made},
		},
		"in many names": {
			[]logwatchtest.Entry{as("useradd", "/usr/bin/logger", made), as("sshd", "/usr/bin/logger", session)},
			[]string{"warning process 712 (logger) of user id 1001 wrote to the log in the name of useradd and sshd: " + made},
		},
		"the program itself": {[]logwatchtest.Entry{as("sudo", "/usr/bin/sudo", refused)}, []string{"warning sudo refused ann"}},
		"one that had ended": {[]logwatchtest.Entry{{Time: at, Host: "web", Tag: "sudo", PID: 712, Message: refused, UID: "1001"}}, []string{"warning sudo refused ann"}},
		"a part of it":       {[]logwatchtest.Entry{as("sshd", "/usr/lib/openssh/sshd-session", session)}, []string{"warning root logged in over SSH from 203.0.113.9"}},
		"root":               {[]logwatchtest.Entry{{Time: at, Host: "web", Tag: "useradd", PID: 712, Message: made, Program: "/usr/bin/logger", UID: "0"}}, []string{"critical Account evil1 was created with the rights of root"}},
	} {
		m := journalMachine(tc.entries...)
		var file strings.Builder
		for _, e := range tc.entries {
			fmt.Fprintf(&file, "Nov 25 11:00:00 web %s: %s\n", e.Tag, e.Message)
		}
		require.NoError(t, m.Add("-- /var/log/auth.log --\n"+file.String()), name)
		res, err := suite.Collect(t.Context(), logs.System{Host: m.Host()})
		require.NoError(t, err, name)
		var told []string
		for _, f := range res.Findings {
			told = append(told, f.Severity.String()+" "+f.Title)
		}
		assert.Equal(t, tc.want, told, name)
	}
}
