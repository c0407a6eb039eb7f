package logs

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestARootLoginIsFoundInAFloodOfGuesses(t *testing.T) {
	m := newMachine(t)
	m.run()
	var b strings.Builder
	for i := range 20_000 {
		if i == 9_999 {
			b.WriteString(stamp(noon) + " web sshd[7]: Accepted password for root from 192.0.2.66 port 4 ssh2\n")
		}
		addr := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		fmt.Fprintf(&b, "%s web sshd[%d]: Invalid user u%d from %s port 4\n", stamp(noon), i, i, addr)
		fmt.Fprintf(&b, "%s web sshd[%d]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s\n", stamp(noon), i, addr)
		fmt.Fprintf(&b, "%s web sshd[%d]: Failed password for invalid user u%d from %s port 4 ssh2\n", stamp(noon), i, i, addr)
	}
	m.append("auth.log", b.String())
	res := m.run()
	assert.Equal(t, "warning logwatch.logs.ssh-root-login: root logged in over SSH from 192.0.2.66\n"+
		"notice logwatch.logs.ssh-invalid-user: Users that do not exist were tried over SSH 20,000 times from more than 10,000 addresses", titles(res))
}

func TestAUserOfManyAddressesIsOneFinding(t *testing.T) {
	m := newMachine(t)
	for i := range 300 {
		m.append("auth.log", fmt.Sprintf("%s web sshd[%d]: Accepted publickey for git from 10.0.%d.%d port 4 ssh2\n", stamp(noon), i, i>>8, i&255))
	}
	assert.Equal(t, "notice logwatch.logs.ssh-login: git logged in over SSH 300 times from 300 addresses", titles(m.run()))
}

func TestAFloodHidesNoOtherLineAndHoldsNoPosition(t *testing.T) {
	m := newMachine(t)
	m.run()
	var b strings.Builder
	for i := range 25_000 { // odd kinds of one program, and of many
		fmt.Fprintf(&b, "%s web odd: kind %s\n", stamp(noon), letters(i))
		fmt.Fprintf(&b, "%s web p%d: x\n", stamp(noon), i)
	}
	for i := range 41_000 {
		fmt.Fprintf(&b, "%s web su[1]: FAILED SU (to root) u%d on pts/0\n", stamp(noon), i)
	}
	b.WriteString(stamp(noon) + " web systemd[1]: the real line\n")
	b.WriteString(stamp(noon) + " web kernel: Out of memory: Killed process 7 (mysqld) x\n")
	m.append("syslog", b.String())
	res := m.run()
	assert.Equal(t, report.Critical, res.Findings[0].Severity)
	assert.Contains(t, titles(res), "The kernel killed mysqld")
	assert.Contains(t, titles(res), "several failed to become another user 40,500 times")
	assert.Contains(t, titles(res), "systemd wrote a line that no rule explains: the real line")
	su, unexplained := 0, 0
	for _, f := range res.Findings {
		switch f.Rule {
		case prefix + "su-failed":
			su += f.Count
		case prefix + "unexplained", prefix + "more-unexplained":
			unexplained += f.Count
		}
	}
	assert.Equal(t, 41_000, su, "each line is in a count")
	assert.Equal(t, 50_001, unexplained, "each line is in a count")
	assert.False(t, res.Covers("summary"), "a bound was reached")
	assert.Empty(t, titles(m.run()), "the position moved on")
}

// slowFile takes a second, of the test's own time, for each block that is read of it.
type slowFile struct{ host.File }

func (f slowFile) ReadAt(b []byte, off int64) (int, error) {
	<-time.After(time.Second)
	return f.File.ReadAt(b, off)
}

type slowFS struct {
	host.FS
	path string
}

func (s slowFS) Open(ctx context.Context, name string) (host.File, error) {
	f, err := s.FS.Open(ctx, name)
	if err == nil && name == s.path {
		f = slowFile{f}
	}
	return f, err
}

func TestAHugeLogLeavesTheOthersTheirShareOfTheTimeAndIsReadOnInTheNextRuns(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon)+" web CRON[1]: (root) CMD (x)\n")
	m.append("daemon.log", stamp(noon)+" web CRON[1]: (root) CMD (x)\n")
	m.run()
	require.NoError(t, os.Truncate(m.path("daemon.log"), 200<<20)) // a hole
	m.append("daemon.log", "\n"+stamp(noon)+" web odd: behind the hole\n")
	m.append("syslog", stamp(noon)+" web odd: beside the hole\n")
	m.check.Host.Files = slowFS{m.check.Host.Files, "/var/log/daemon.log"}
	m.timeout = 4 * time.Minute
	var told []string
	synctest.Test(t, func(t *testing.T) {
		for range 6 {
			res := m.run()
			told = append(told, titles(res))
			if len(told) == 1 {
				assert.True(t, res.Covers("logs/var/log/syslog"))
				assert.False(t, res.Covers("logs/var/log/daemon.log"))
				require.Len(t, res.Problems, 1)
				assert.Contains(t, res.Problems[0].Message, "its share of the time is over")
			}
		}
	})
	assert.Contains(t, told[0], "beside the hole")
	assert.Equal(t, 1, strings.Count(strings.Join(told, " "), "beside the hole"))
	assert.Equal(t, 1, strings.Count(strings.Join(told, " "), "behind the hole"))
}

func TestTheSourceThatWasFinishedTheLongestAgoComesFirst(t *testing.T) {
	r := &run{old: &state{Sources: map[string]*sourceState{"a": {Done: noon}, "b": {Done: noon.Add(-time.Hour)}, "c": {}}}}
	assert.Equal(t, []string{Journal, "c", "d", "b", "a"}, r.order([]string{"a", "b", "c", "d", Journal}), "it knows who wrote what the files have too")
}

func TestEventsThatAreNotRememberedAreSaid(t *testing.T) {
	d := newDeduper(nil)
	d.total = maxSeen - 1
	for _, msg := range []string{"one", "two"} {
		require.False(t, d.full)
		require.False(t, d.duplicate("a", nil, nil, []byte(msg), noon))
	}
	assert.True(t, d.full)
	assert.True(t, d.duplicate("b", nil, nil, []byte("one"), noon), "what is remembered is still told once")
}

// letters writes a number as words without digits, so that it is a kind of its own.
func letters(i int) string {
	var b strings.Builder
	for _, c := range fmt.Sprint(i) {
		b.WriteRune('a' + c - '0')
	}
	return b.String()
}

func TestRulesWithMoreFindingsThanAReportTakesAreFoldedWorstLast(t *testing.T) {
	r := &run{tallies: newTallies(logwatch.Builtin())}
	mild, bad := &logwatch.Rule{Name: "mild", Level: logwatch.Notice}, &logwatch.Rule{Name: "bad", Level: logwatch.Critical}
	for i := range maxTold + 100 {
		id := fmt.Sprint(i)
		r.tallies.byKey[id] = &tally{rule: mild, tag: id, count: 1}
	}
	r.tallies.byKey["bad"] = &tally{rule: bad, count: 1}
	told := r.told()
	require.Len(t, told, maxTold+1)
	assert.Equal(t, bad, told[0].rule)
	assert.Equal(t, 101, told[1].count, "what was folded is one that counts all")
	assert.Equal(t, 101, r.tallies.over)
}

func TestTheNamesOfAllFindingsAreBoundedTogetherAndEachHasSome(t *testing.T) {
	all := newTallies(logwatch.Builtin())
	var last tally
	for i := range 15 {
		last = tally{}
		for n := range maxNames {
			all.countName(&last, &last.addrs, fmt.Appendf(nil, "%d.%d", i, n), 1)
		}
	}
	assert.LessOrEqual(t, all.names, maxAllNames+15*fewNames)
	assert.Len(t, last.addrs, fewNames)
	assert.Equal(t, " from more than 50 addresses", last.from())
}

func TestProgramsAreBoundedByTheWeightOfTheirLines(t *testing.T) {
	all := newTallies(logwatch.Builtin())
	write := func(program, message string, priority int) *tally {
		line := logwatch.Line{Tag: []byte(program), Message: []byte(message), Priority: priority}
		return all.add(event{match: &logwatch.Match{}, line: &line, raw: line.Message, source: "a", at: noon, count: 1})
	}
	for i := range 5_000 {
		write("p"+letters(i), "mild", 5)
	}
	assert.Len(t, all.byKey, maxPrograms+1)
	assert.Equal(t, 5_000-maxPrograms, all.over)
	for i := range 2 * maxKinds {
		write("sshd", "mild kind "+letters(i), 5)
	}
	assert.Equal(t, "vaultd", write("vaultd", "the store is broken", 3).tag, "a severe line of a program that nobody knows")
	assert.Equal(t, "sshd is broken", write("sshd", "sshd is broken", 3).template, "a severe line of a program with very many mild ones")
	for i := range 5_000 {
		write("q"+letters(i), "loud", 3)
	}
	others := write("last", "broken as well", 2)
	assert.True(t, others.severe)
	assert.Equal(t, beyondSevere, others.template, "and not among the mild")
}

func TestLinesThatStandInNoAccountAreAFault(t *testing.T) {
	j := judge{}
	require.NoError(t, j.balance())
	j.account.Delivered = 1
	assert.ErrorIs(t, j.balance(), errAccounting)
}
