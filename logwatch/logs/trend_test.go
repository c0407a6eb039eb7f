package logs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	stored "github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// month is a machine whose check runs every day with one store.
type month struct {
	*machine
	store stored.FileStore
}

func newMonth(t *testing.T) month { return month{newMachine(t), stored.FileStore{Dir: t.TempDir()}} }

// day lets a day pass, on which lines are written an hour before the check.
func (m month) day(lines ...string) report.Result {
	m.t.Helper()
	m.now = m.now.AddDate(0, 0, 1)
	for _, line := range lines {
		m.append("syslog", m.now.Add(-time.Hour).Format("Jan _2 15:04:05")+" web "+line+"\n")
	}
	rep, err := (&suite.Suite{Checks: []report.Checker{m.check}, Store: m.store}).Run(m.t.Context())
	require.NoError(m.t, err)
	require.Empty(m.t, rep.Results[0].Problems)
	return rep.Results[0]
}

const routine = "CRON[7]: pam_unix(cron:session): session closed for user root"

func many(n int, line string) []string {
	return strings.Split(strings.Repeat(line+"\n", n-1)+line, "\n")
}

func details(res report.Result) string {
	var out []string
	for _, f := range res.Findings {
		out = append(out, f.Rule+": "+f.Title+" | "+f.Detail)
	}
	return strings.Join(out, "\n")
}

func TestAnUnexplainedLineSaysHowItIsBesideTheDaysBefore(t *testing.T) {
	m := newMonth(t)
	assert.NotContains(t, details(m.day("odd: wombat 1")), "Never seen", "all is new on the first day")
	for range 5 {
		m.day("odd: wombat 1")
	}
	text := details(m.day("odd: wombat 7", "odd: badger"))
	assert.Contains(t, text, "odd wrote a line that no rule explains: badger | Whether this is harmless is not known. Never seen before, in 6 days.")
	assert.Contains(t, text, "odd wrote a line that no rule explains: wombat 7 | Whether this is harmless is not known. Usually 1 line a day.")
	assert.Less(t, strings.Index(text, "badger"), strings.Index(text, "wombat 7"), "what is new comes first")
}

func TestRoutineThatCameFarTooOftenIsTold(t *testing.T) {
	m := newMonth(t)
	for range 22 {
		require.Empty(t, m.day(routine, routine).Findings)
	}
	assert.Contains(t, details(m.day(many(25, routine)...)), "logwatch.logs.burst: CRON: 25 lines came in one hour, and never more than 2 at that hour of that day of the week, in 3 weeks")
	res := m.day(many(900, routine)...)
	assert.Contains(t, details(res), "logwatch.logs.surge: 900 lines of CRON in a day, of a kind that is taken for routine; before it were at most 25")
	assert.NotContains(t, details(res), "burst", "one trouble is told once")
	assert.Equal(t, report.Warning, res.Findings[0].Severity)
}

func TestWhatAlwaysCameAndStoppedIsTold(t *testing.T) {
	m := newMonth(t)
	for range 14 {
		m.day(routine, "backupd: nightly copy done")
	}
	require.NotContains(t, details(m.day(routine)), "silent")
	m.day(routine)
	text := details(m.day(routine))
	assert.Contains(t, text, "logwatch.logs.gone-silent: backupd does not write any more what it always wrote: nightly copy done | It was never longer than 1 day without it.")
	assert.NotContains(t, text, "silent-log")
	assert.NotContains(t, details(m.day(routine, "backupd: nightly copy done")), "silent", "it is back")
}

func TestSilenceIsKnownOnlyWhereEverySourceWasRead(t *testing.T) {
	m := newMonth(t)
	for range 14 {
		m.day(routine, "backupd: nightly copy done")
	}
	m.day(routine)
	m.day(routine)
	m.mkdir("other")
	m.check.Extra = []string{"/var/log/other"}
	m.now = m.now.AddDate(0, 0, 1)
	rep, err := (&suite.Suite{Checks: []report.Checker{m.check}, Store: m.store}).Run(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, rep.Results[0].Problems)
	assert.NotContains(t, details(rep.Results[0]), "silent", "it may stand in what was not read")
	assert.False(t, rep.Results[0].Covers(historyName))
	m.check.Extra = nil
	assert.Contains(t, details(m.day(routine)), "gone-silent")
}

func TestWhatIsKeptOfALineHoldsNoSecret(t *testing.T) {
	assert.Equal(t, "(a line with a secret)", labelOf("connect with password=Tr0ub4dor-and-3 to the store"))
	assert.Equal(t, "nightly copy of <path> done", labelOf("nightly copy of <path> done"))
}

func TestALogThatHasNoNewLinesIsToldOnceForAllThatStoodInIt(t *testing.T) {
	m := newMonth(t)
	for range 15 {
		m.day(routine, "backupd: nightly copy done")
	}
	m.day()
	m.day()
	res := m.day()
	assert.Contains(t, details(res), "logwatch.logs.silent-log: "+"/var/log/syslog always had new lines, and has none any more")
	assert.Len(t, res.Findings, 1)
	assert.True(t, res.Covers(historyName))
}

func TestTroubleThatCeasedIsNotSilence(t *testing.T) {
	m := newMonth(t)
	for range 15 {
		m.day(routine, "sshd[9]: Accepted password for root from 203.0.113.66 port 9 ssh2")
	}
	for range 3 {
		m.day(routine)
	}
	assert.NotContains(t, details(m.day(routine)), "silent")
}

func TestADamagedHistoryIsAProblemAndBeginsAnew(t *testing.T) {
	m := newMonth(t)
	m.day(routine)
	require.NoError(t, filepath.WalkDir(m.store.Dir, func(name string, d fs.DirEntry, err error) error {
		if len(d.Name()) == 64 && d.Type().IsRegular() {
			return os.WriteFile(name, []byte("x"), 0o600)
		}
		return err
	}))
	rep, err := (&suite.Suite{Checks: []report.Checker{m.check}, Store: m.store}).Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, report.Partial, rep.Results[0].Status)
	assert.False(t, rep.Results[0].Covers(historyName))
	assert.True(t, rep.Results[0].Covers("logs/var/log/syslog"))
	m.day(routine)
}

func TestAStoreWithoutLargeValuesHasNoHistory(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", "Nov 25 11:00:00 web "+routine+"\n")
	res := m.run()
	assert.Equal(t, report.OK, res.Status, fmt.Sprint(res.Problems))
}

func TestALineThatNoOtherFollowsIsAFindingAndAWrongRuleToo(t *testing.T) {
	m := newMonth(t)
	m.check = m.check.With(fstest.MapFS{"backup.rules": {Data: []byte(`logwatch rules 1
program backupd
rule backup-unfinished warning
	title  A backup did not end
	say    {program} began a backup and did not end it
	why    It may be stuck.
	match  start
	before backup-done in 30m
rule backup-done ignore
	match  end
rule bad ignore
	match  {nobody}
`)}})
	text := titles(m.day("backupd: start", "backupd: end"))
	assert.NotContains(t, text, "did not end")
	assert.Contains(t, text, "warning logwatch.logs.bad-rule: 1 rule of your own cannot be used: backup.rules:12")
	assert.Contains(t, titles(m.day("backupd: start")), "warning logwatch.logs.backup-unfinished: backupd began a backup and did not end it")
	assert.NotContains(t, titles(m.day(routine)), "did not end")
}
