package sessions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/logwatch/sessions"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// one gives what one line of a log makes, as: who [by whom] program in folder as user: files.
func one(t *testing.T, lines ...string) string {
	t.Helper()
	var c sessions.Collector
	for _, line := range lines {
		collect(&c, "Nov 25 10:05:00 web "+line+"\n")
	}
	var out []string
	for _, s := range c.Sessions() {
		text := strings.Join(slices.DeleteFunc([]string{s.Service, s.User, s.Line}, func(v string) bool { return v == "" }), " ")
		for _, c := range s.Commands {
			text += fmt.Sprintf(" [%s in %s as %s: %s]", c.Program, c.Dir, c.User, strings.Join(c.Paths, " "))
		}
		out = append(out, strings.TrimSpace(text))
	}
	return strings.Join(out, "; ")
}

// What sudo writes was taken down from 1.9.13; an older one puts no marks around
// words with blanks.
func TestACommandNamesItsProgramItsFolderAndItsFiles(t *testing.T) {
	for line, want := range map[string]string{
		"sudo:     anna : TTY=pts/0 ; PWD=/etc ; USER=root ; COMMAND=/usr/bin/vi hosts":                               "sudo anna pts/0 [/usr/bin/vi in /etc as root: /etc/hosts]",
		"sudo:     anna : PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/tee -a ../../etc/hosts":                       "sudo anna [/usr/bin/tee in /home/anna as root: /etc/hosts]",
		"sudo: anna : TTY=pts/0 ; PWD=/ ; USER=root ; GROUP=adm ; ENV=A=b ; COMMAND=sudoedit /etc/hosts":              "sudo anna pts/0 [ in / as root: /etc/hosts]",
		"sudo: anna : PWD=/ ; USER=root ; COMMAND=/usr/bin/sh -c 'echo x >/etc/hosts; rm \"/etc/motd\"'":              "sudo anna [/usr/bin/sh in / as root: /etc/hosts /etc/motd]",
		"sudo: anna : PWD=/ ; USER=root ; COMMAND=/usr/bin/cp /etc/a '/etc/with blank' /srv/it\\'s":                   "sudo anna [/usr/bin/cp in / as root: /etc/a /etc/with /etc/with blank /srv/it /srv/it's]",
		"sudo: anna : PWD=/ ; USER=root ; COMMAND=/usr/bin/dd if=/dev/zero of=/etc/hosts --config=/etc/x":             "sudo anna [/usr/bin/dd in / as root: /dev/zero /etc/hosts /etc/x]",
		"sudo: anna : PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/apt upgrade -y":                                   "sudo anna [/usr/bin/apt in /home/anna as root: ]",
		"sudo: anna : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/vi /etc/hosts":           "",
		"sudo: anna : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/vi /etc/hosts": "",
		"sudo: anna : user not allowed to change directory to /TTY=x ; PWD=/ ; USER=root ; COMMAND=/usr/bin/ls bin":   "",
		"sudo: anna : PWD=/tmp/d x ; USER=evil ; USER=root ; COMMAND=/bin/echo x":                                     "sudo anna [/bin/echo in  as : ]",
		"sudo: anna : PWD=/tmp/d ; x ; USER=root ; COMMAND=/usr/bin/touch y":                                          "sudo anna [/usr/bin/touch in /tmp/d ; x as root: /tmp/d ; x/y]",
		"sudo: anna : PWD=/ ; USER=root ; ENV=A=a ; COMMAND=/bin/true ; COMMAND=/usr/bin/vi /etc/hosts":               "sudo anna [/bin/true in  as : /etc/hosts /usr/bin/vi]",
		"sudo: anna : PWD=/ ; USER=root ; COMMAND=/usr/bin/vi /etc/hosts '; PWD=/ ; USER=root ; COMMAND=/bin/true'":   "sudo anna [/usr/bin/vi in  as : / /bin/true /etc/hosts]",
		"doas: anna ran command vi hosts as root from /etc":                                                           "doas anna [ in /etc as root: /etc/hosts]",
		"doas: anna ran command vi /etc/hosts as x from /tmp as root from /etc":                                       "doas anna [ in  as : /etc /etc/hosts /tmp]",
		"doas: command not permitted for anna: vi /etc/hosts":                                                         "",
		"su[7]: (to root) anna on pts/0":           "su root pts/0",
		"su: anna to root on /dev/ttyp0":           "su root ttyp0",
		"su: BAD SU anna to root on /dev/ttyp0":    "",
		"su[7]: FAILED SU (to root) anna on pts/0": "",
	} {
		assert.Equal(t, want, one(t, line), line)
	}
}

func TestALongCommandGoesOnInTheNextLine(t *testing.T) {
	assert.Equal(t, "sudo anna [/usr/bin/vi in /etc as root: /etc/a /etc/b /etc/hosts]",
		one(t, "sudo: anna : PWD=/etc ; USER=root ; COMMAND=/usr/bin/vi a", "sudo: anna : (command continued) b /etc/hosts"))
	assert.Empty(t, one(t, "sudo: anna : (command continued) /etc/hosts"))
}

// entry is a record of the journal.
func entry(tag, pid, message, program string) *logstream.Record {
	return &logstream.Record{
		Header: syslog.Header{Format: syslog.ISO, Tag: []byte(tag), PID: []byte(pid), Message: []byte(message), Events: 1},
		At:     noon.Add(-115 * time.Minute), Program: []byte(program), User: []byte("1000"),
	}
}

const ranID = "anna : PWD=/etc ; USER=root ; COMMAND=/usr/bin/id"

func TestACommandInTwoLogsIsOne(t *testing.T) {
	file := "Nov 25 10:05:00 web sudo: " + ranID + "\n"
	for name, c := range map[string]struct {
		entries []string // pids in the journal
		file    string
		want    int
	}{
		"in both":            {[]string{"7"}, file, 1},
		"run twice, in both": {[]string{"7", "8"}, file + file, 2},
		"run twice":          {nil, file + file, 2},
		"read again":         {[]string{"7", "7"}, "", 1},
		"one is in the file": {[]string{"7"}, file + file, 2},
	} {
		var all sessions.Collector
		for _, pid := range c.entries {
			all.Record(entry("sudo", pid, ranID, "/usr/bin/sudo"))
		}
		collect(&all, c.file)
		got := 0
		for _, s := range all.Sessions() {
			got += len(s.Commands)
		}
		assert.Equal(t, c.want, got, name)
	}
}

func TestASessionOfSuInTwoLogsIsOne(t *testing.T) {
	var all sessions.Collector
	all.Record(entry("su", "7", "(to root) anna on pts/0", "/usr/bin/su"))
	collect(&all, "Nov 25 10:05:00 web su: (to root) anna on pts/0\n")
	assert.Len(t, all.Sessions(), 1)
	collect(&all, "Nov 25 10:05:00 web su: (to bert) anna on pts/0\n")
	assert.Len(t, all.Sessions(), 2)
}

func TestALineInTheNameOfAnotherMakesNoSessionAndNeitherDoesItsCopy(t *testing.T) {
	for _, c := range []struct{ tag, program, message string }{
		{"sudo", "/usr/bin/logger", ranID},
		{"sudo", "/home/eve/sudo", ranID},
		{"su", "/usr/bin/sudo", "(to root) anna on pts/0"},
		{"sshd", "/usr/bin/python3.11", "Accepted password for anna from 192.0.2.7 port 9 ssh2"},
	} {
		var all sessions.Collector
		all.Record(entry(c.tag, "7", c.message, c.program))
		collect(&all, "Nov 25 10:05:00 web "+c.tag+": "+c.message+"\n")
		assert.Empty(t, all.Sessions(), c.program)
		require.Len(t, all.Forged, 1)
		assert.Equal(t, []any{c.tag, c.program, "1000", 1}, []any{all.Forged[0].Name, all.Forged[0].Program, all.Forged[0].User, all.Forged[0].Lines})
		collect(&all, "Nov 25 10:05:00 web "+c.tag+": "+c.message+"\n")
		assert.Len(t, all.Sessions(), 1, "another like it is of a log that the journal does not have")
	}
	for tag, program := range map[string]string{"sudo": "/usr/bin/sudo", "sshd": "/usr/lib/openssh/sshd-session", "sshd-session": "/usr/lib/openssh/sshd-session", "su": "/usr/bin/su (deleted)", "odd": "/home/eve/odd"} {
		var all sessions.Collector
		all.Record(entry(tag, "7", "x", program))
		assert.Empty(t, all.Forged, tag)
	}
}

func TestASessionOfSuEndsWithOrWithoutTheNumberOfItsProcess(t *testing.T) {
	for _, tag := range []string{"su", "su[7]"} {
		var c sessions.Collector
		collect(&c, "Nov 25 10:00:00 web "+tag+": (to root) bert on pts/1\nNov 25 10:00:00 web "+tag+": pam_unix(su:session): session opened for user root(uid=0) by bert(uid=1001)\n"+
			"Nov 25 10:30:00 web "+tag+": pam_unix(su:session): session closed for user root\n")
		require.Len(t, c.Sessions(), 1)
		s := c.Sessions()[0]
		assert.Equal(t, []any{"pts/1", "bert", 30 * time.Minute, false}, []any{s.Line, s.By, s.End.Sub(s.Start), s.Untold})
	}
}

// login is the finding about a login by a service.
func login(t *testing.T, log, title string) report.Finding {
	t.Helper()
	m := hosttest.New(machine)
	require.NoError(t, m.WriteFile("/var/log/auth.log", []byte(log), 0o640))
	res, err := suite.Collect(t.Context(), sessions.Logins{Host: m.Host()})
	require.NoError(t, err)
	for _, f := range res.Findings {
		if f.Title == title {
			return f
		}
	}
	require.Fail(t, "no such finding", "%v", res.Findings)
	return report.Finding{}
}

func TestAFindingHasEachSessionAndEachCommandWithItsFacts(t *testing.T) {
	f := login(t, strings.Replace(auth, "/usr/bin/apt upgrade", "/usr/bin/vi /etc/hosts x", 1), "anna was logged in by ssh from 192.0.2.7")
	var got []string
	for _, a := range f.Evidence {
		got = append(got, a.String())
	}
	assert.Equal(t, []string{
		`session="ssh:4711"`, `at="2026-11-25T10:00:00Z"`, `at="2026-11-25T10:30:00Z"`, `addr="192.0.2.7"`,
		`sample="/usr/bin/vi /etc/hosts x"`, `at="2026-11-25T10:05:00Z"`, `x-dir="/home/anna"`, `program="/usr/bin/vi"`, `path="/etc/hosts"`, `path="/home/anna/x"`,
	}, got)
	assert.Equal(t, "With another's rights: 1 command.", f.Detail)
	assert.Equal(t, 30*time.Minute, f.Last.Sub(f.First))
}

func TestWhatAFindingHasNoRoomForIsCounted(t *testing.T) {
	var log strings.Builder
	for i := range 60 {
		fmt.Fprintf(&log, "Nov 25 10:05:%02d web sudo: bert : PWD=/etc ; USER=root ; COMMAND=/usr/bin/id\n", i)
	}
	log.WriteString("Nov 25 10:06:00 web sudo: bert : PWD=/etc ; USER=root ; COMMAND=/usr/bin/vi hosts\n")
	f := login(t, log.String(), "bert ran commands by sudo")
	assert.Contains(t, f.Evidence, report.Path.Of("/etc/hosts"), "what names a file comes first")
	assert.Contains(t, f.Detail, "61 commands")
	assert.Contains(t, f.Detail, "Not named here: 41 commands")
	assert.LessOrEqual(t, len(f.Evidence), 256)
}

func TestTheEndOfASessionIsToldWhenItComes(t *testing.T) {
	m := hosttest.New(machine)
	require.NoError(t, m.WriteFile("/var/log/auth.log", []byte("Nov 25 10:00:00 web sshd[4711]: Accepted publickey for anna from 192.0.2.7 port 40022 ssh2\n"), 0o640))
	set := &suite.Suite{Checks: []report.Checker{sessions.Logins{Host: m.Host()}}, Store: &reporttest.Store{}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rep.Results[0].Findings, 1)
	assert.Equal(t, "Still open: 1.", rep.Results[0].Findings[0].Detail)
	m.SetNow(noon.Add(time.Hour))
	require.NoError(t, m.AppendFile("/var/log/auth.log", []byte("Nov 25 12:30:00 web sshd[4711]: pam_unix(sshd:session): session closed for user anna\n")))
	rep, err = set.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rep.Changes, 1)
	assert.Equal(t, report.Updated, rep.Changes[0].Kind)
	assert.Equal(t, 1, rep.Changes[0].Finding.Count, "it is the same session")
	assert.Contains(t, rep.Changes[0].Finding.Evidence, report.AtTime(noon.Add(30*time.Minute)))
}

func TestAFloodOfOneServiceHidesNoLoginByAnother(t *testing.T) {
	var log strings.Builder
	for i := range 5_100 {
		fmt.Fprintf(&log, "Nov 25 10:00:00 web su[%d]: (to root) x%d on pts/1\n", i+1, i)
	}
	var c sessions.Collector
	collect(&c, log.String()+auth)
	assert.Equal(t, map[string]int{"su": 101}, c.Lost)
	found := false
	for _, s := range c.Sessions() {
		found = found || s.ID == "ssh:4711" && !s.End.IsZero()
	}
	assert.True(t, found)
}

func TestALineThatWasWrittenInTheNameOfSudoIsTold(t *testing.T) {
	m := hosttest.New(strings.NewReplacer("-- /var/log/journal absent --", "-- /var/log/journal/ dir --", "-- /run/log/journal absent --\n", "").Replace(machine))
	at := noon.Add(-115 * time.Minute)
	export := fmt.Sprintf("__CURSOR=c1\n__REALTIME_TIMESTAMP=%d\n_HOSTNAME=web\nSYSLOG_IDENTIFIER=sudo\n_PID=7\n_UID=1000\n_EXE=/usr/bin/logger\nMESSAGE=%s\n\n", at.UnixMicro(), ranID)
	since := noon.Add(-24 * time.Hour).Unix()
	m.SetCommand([]string{"journalctl", "--output=export", "--all", "--no-pager", fmt.Sprintf("--since=@%d", since)}, host.Output{Stdout: []byte(export)}, nil)
	m.SetCommand([]string{"journalctl", "--output=export", "--all", "--no-pager", "--cursor=c1"}, host.Output{}, nil)
	require.NoError(t, m.WriteFile("/var/log/auth.log", []byte("Nov 25 10:05:00 web sudo: "+ranID+"\n"), 0o640))
	res, err := suite.Collect(t.Context(), sessions.Logins{Host: m.Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1, "%v", res.Problems)
	f := res.Findings[0]
	assert.Equal(t, []any{report.Warning, "/usr/bin/logger of user number 1000 wrote to the log in the name of sudo", report.Program.Of("/usr/bin/logger")}, []any{f.Severity, f.Title, f.Subject})
}

func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		"sudo|" + ranID, "sudo|anna : (command continued) /etc/hosts", "doas|anna ran command vi hosts as root from /etc", "su|(to root) anna on pts/0",
		"sudo|a : PWD=/ ; USER=root ; COMMAND=/bin/sh -c 'echo x >/etc/hosts' \\'", "sshd|Accepted password for a from ::1%25x port 1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag, message, _ := strings.Cut(text, "|")
		var c sessions.Collector
		for range 2 {
			c.Record(entry(tag, "7", message, ""))
		}
		if got := c.Sessions(); len(got) > 1 {
			t.Fatalf("%d sessions of one line", len(got))
		}
		for _, s := range c.Sessions() {
			for _, cmd := range s.Commands {
				if len(cmd.Paths) > 16 || len(cmd.Text) > 410 {
					t.Fatalf("%d paths, a text of %d bytes", len(cmd.Paths), len(cmd.Text))
				}
				for _, name := range cmd.Paths {
					if name[0] != '/' {
						t.Fatalf("the path %q is not absolute", name)
					}
				}
			}
		}
	})
}
