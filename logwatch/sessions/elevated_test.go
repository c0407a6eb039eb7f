package sessions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
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

func TestACommandInTwoLogsIsOne(t *testing.T) {
	line := ": anna : PWD=/etc ; USER=root ; COMMAND=/usr/bin/id"
	id := "[/usr/bin/id in /etc as root: ]"
	assert.Equal(t, "sudo anna "+id, one(t, "sudo"+line, "sudo[7]"+line), "of the two one has the process")
	assert.Equal(t, "sudo anna "+id+" "+id, one(t, "sudo"+line, "sudo"+line, "sudo[7]"+line, "sudo[8]"+line), "it was run twice")
	assert.Equal(t, "sudo anna "+id+" "+id, one(t, "sudo[7]"+line, "sudo[8]"+line, "sudo[7]"+line))
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
