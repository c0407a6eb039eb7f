package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/report"
	stored "github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// machine is a host in a directory, with a check that remembers.
type machine struct {
	t       *testing.T
	dir     string
	now     time.Time
	check   System
	timeout time.Duration // of the check; zero: the suite's
	kept    map[string]map[string][]byte
}

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, dir: t.TempDir(), now: noon}
	require.NoError(t, os.MkdirAll(filepath.Join(m.dir, "var/log"), 0o755))
	h := host.Root(m.dir)
	h.Now = func() time.Time { return m.now }
	m.check = System{Host: h}
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, "var/log", name) }

func (m *machine) append(name, text string) {
	m.t.Helper()
	f, err := os.OpenFile(m.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(m.t, err)
	_, err = f.WriteString(text)
	require.NoError(m.t, err)
	require.NoError(m.t, f.Close())
}

// run runs the check as a stored run does.
func (m *machine) run() report.Result {
	m.t.Helper()
	res, saved := m.runOnly()
	m.kept = saved.Kept
	return res
}

func (m *machine) runOnly() (report.Result, stored.Saved) {
	m.t.Helper()
	store := &reporttest.Store{}
	require.NoError(m.t, store.Save(context.Background(), stored.Saved{Kept: m.kept}))
	s := suite.Suite{Checks: []report.Checker{m.check}, Store: store, Timeout: func(string) time.Duration { return m.timeout }}
	rep, err := s.Run(context.Background())
	require.NoError(m.t, err)
	res := *rep.Result("logwatch.logs")
	for _, p := range res.Problems {
		require.NotEqual(m.t, report.CodeContract, p.Code, "%v", p)
	}
	saved, err := store.Load(context.Background())
	require.NoError(m.t, err)
	return res, saved
}

func titles(res report.Result) string {
	var out []string
	for _, f := range res.Findings {
		out = append(out, f.Severity.String()+" "+f.Rule+": "+f.Title)
	}
	return strings.Join(out, "\n")
}

func stamp(at time.Time) string { return at.Format("Jan _2 15:04:05") }

func TestARunTellsOnlyWhatIsNew(t *testing.T) {
	m := newMachine(t)
	m.append("auth.log", stamp(noon.Add(-time.Hour))+" web sshd[1]: Accepted publickey for root from 192.0.2.7 port 4 ssh2\n")
	res := m.run()
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, "warning logwatch.logs.ssh-root-login: root logged in over SSH from 192.0.2.7", titles(res))
	assert.True(t, res.Covers("logs/var/log/auth.log"))

	assert.Empty(t, titles(m.run()))

	m.append("auth.log", stamp(noon)+" web myapp[9]: something odd happened to item 77\n")
	assert.Equal(t, "notice logwatch.logs.unexplained: myapp wrote a line that no rule explains: something odd happened to item 77", titles(m.run()))
	assert.Empty(t, titles(m.run()))
}

func TestALostReportIsToldAgain(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.append("syslog", stamp(noon)+" web kernel: Out of memory: Killed process 7 (mysqld) total-vm:1kB\n")
	lost, _ := m.runOnly()
	told := m.run()
	assert.Equal(t, titles(lost), titles(told))
	assert.Contains(t, titles(told), "critical logwatch.logs.kernel-oom: The kernel killed mysqld because memory ran out")
	assert.Empty(t, titles(m.run()))
}

func TestAFirstReadingGoesBackOneDay(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon.Add(-25*time.Hour))+" web odd[1]: long ago\n"+
		stamp(noon.Add(-23*time.Hour))+" web odd[1]: lately\n")
	res := m.run()
	assert.Contains(t, titles(res), "lately")
	assert.NotContains(t, titles(res), "long ago")
}

func TestAnInterruptedFirstRunIsStillTheFirst(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon.Add(-48*time.Hour))+" web odd[1]: long ago\n"+stamp(noon)+" web odd[1]: lately\n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	store := &reporttest.Store{}
	_, err := (&suite.Suite{Checks: []report.Checker{m.check}, Store: store}).Run(ctx)
	require.NoError(t, err)
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	m.kept = saved.Kept
	res := m.run()
	assert.Equal(t, "notice logwatch.logs.unexplained: odd wrote a line that no rule explains: lately", titles(res))
}

func TestALogThatBecomesReadableIsReadLikeOnAFirstRun(t *testing.T) {
	m := newMachine(t)
	m.check.Sources = []string{"/var/log/syslog"}
	require.NoError(t, os.Mkdir(m.path("syslog"), 0o755))
	require.NotEmpty(t, m.run().Problems)
	require.NoError(t, os.Remove(m.path("syslog")))
	m.append("syslog", stamp(noon.Add(-48*time.Hour))+" web odd[1]: long ago\n"+stamp(noon)+" web odd[1]: lately\n")
	assert.Equal(t, "notice logwatch.logs.unexplained: odd wrote a line that no rule explains: lately", titles(m.run()))
}

func TestALogThatNeverCouldBeReadAndIsGoneIsForgotten(t *testing.T) {
	m := newMachine(t)
	m.append("odd.log", "x\n")
	require.NoError(t, os.Symlink("odd.log", m.path("link.log")))
	m.check.Sources = []string{"/var/log/odd.log", "/var/log/link.log"} // a link is refused
	assert.NotEmpty(t, m.run().Problems)
	m.check.Sources = nil
	require.NoError(t, os.Remove(m.path("link.log")))
	res := m.run()
	assert.Empty(t, res.Problems, "%v", res.Problems)
	assert.Equal(t, report.OK, res.Status)
}

func TestANewLogFileIsReadFromItsStart(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.append("new.log", stamp(noon.Add(-48*time.Hour))+" web odd[1]: early bird\n")
	assert.Contains(t, titles(m.run()), "early bird")
}

func TestTenThousandLikeLinesAreOneFinding(t *testing.T) {
	m := newMachine(t)
	m.run()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "%s web app[%d]: request %d from 192.0.2.%d took %d.%d ms id %08x\n", stamp(noon), i, i, i%250, i, i, i*7919)
	}
	m.append("syslog", b.String())
	res := m.run()
	require.Equal(t, 1, len(res.Findings), titles(res))
	f := res.Findings[0]
	assert.Equal(t, 10_000, f.Count)
	samples := 0
	for _, a := range f.Evidence {
		if a.Key == report.Sample {
			samples++
		}
	}
	assert.Equal(t, 3, samples)
}

func TestARepeatLineCountsAsWhatItMeans(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.append("messages", stamp(noon)+" bsd sshd[1]: Failed password for root from 192.0.2.7 port 4 ssh2\n")
	first := m.run()
	require.Equal(t, 1, len(first.Findings))
	assert.Equal(t, 1, first.Findings[0].Count)

	m.append("messages", stamp(noon)+" bsd last message repeated 41 times\n")
	res := m.run()
	require.Equal(t, 1, len(res.Findings), titles(res))
	assert.Equal(t, 41, res.Findings[0].Count)
	assert.Equal(t, first.Findings[0].Fingerprint, res.Findings[0].Fingerprint)
}

func TestEveryLineStandsInOneAccount(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon.Add(-30*time.Hour))+" web odd: old\n")
	for _, text := range []string{
		" web sshd[1]: Accepted password for anna from 192.0.2.1 port 2 ssh2\n", " web CRON[1]: (root) CMD (x)\n", " web odd: x\n", " web -- MARK --\n",
		" web last message repeated 3 times\n",
	} {
		m.append("syslog", stamp(noon)+text)
	}
	m.append("syslog", "\n"+stamp(noon)+" web odd: "+strings.Repeat("y", 100_000)+"\n")
	m.append("user.log", stamp(noon)+" web odd: x\n")
	res := m.run()
	sum := map[string]float64{}
	for _, metric := range res.Metrics {
		if metric.Unit == "" {
			sum[metric.Name] += metric.Value.Float()
		}
	}
	assert.Equal(t, map[string]float64{
		"logwatch_lines": 9, "logwatch_lines_counted": 0, "logwatch_lines_matched": 1, "logwatch_lines_ignored": 2, "logwatch_lines_unexplained": 2, "logwatch_lines_duplicate": 1,
		"logwatch_lines_malformed": 1, "logwatch_lines_oversized": 1, "logwatch_lines_old": 1,
	}, sum, titles(res))
	assert.Contains(t, titles(res), "logwatch.logs.oversized")
}

func TestTheReportHasTheAccountOfEachFile(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon)+" web CRON[1]: (root) CMD (x)\n")
	m.run()
	for _, text := range []string{"sshd[1]: Accepted password for anna from 192.0.2.1 port 2 ssh2", "odd: one"} {
		m.append("syslog", stamp(noon)+" web "+text+"\n")
	}
	require.NoError(t, os.Rename(m.path("syslog"), m.path("syslog.1")))
	m.append("syslog", stamp(noon)+" web CRON[1]: (root) CMD (x)\n")
	res := m.run()
	var account string
	for _, a := range res.Artifacts {
		if a.Name == Account {
			account = string(a.Data)
		}
	}
	log := "/var/log/syslog"
	assert.Equal(t, log+": 3 lines, 156 bytes = 1 matched + 1 ignored + 0 counted + 1 unexplained + 0 duplicate + 0 oversized + 0 malformed + 0 old\n"+
		"  "+log+".1: 2 lines, 112 bytes\n  "+log+": 1 lines, 44 bytes\n", account)
}

func TestADamagedPositionIsToldAndReadingGoesOnFromTheEnd(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon)+" web odd: one\n")
	m.run()
	m.append("syslog", stamp(noon)+" web odd: two\n")
	for _, damage := range []string{"{", "v99\n{}", "v1\n{}{}", "v1\n{", `v1
{"sources":{"/var/log/syslog":{"position":{"file":{"offset":-1}}}}}`, "v1\n" + `{"sources":{"/var/log/syslog":null}}`} {
		m.kept["logwatch.logs"]["state"] = []byte(damage)
		assert.Equal(t, "warning logwatch.logs.position-damaged: The position up to which the logs were read is damaged: reading went on at their end", titles(m.run()), damage)
	}
	m.append("syslog", stamp(noon)+" web odd: three\n")
	assert.Contains(t, titles(m.run()), "three")
}

func TestAShrunkenLogIsTold(t *testing.T) {
	m := newMachine(t)
	m.append("auth.log", stamp(noon)+" web CRON[1]: (root) CMD (x)\n"+stamp(noon)+" web CRON[2]: (root) CMD (y)\n")
	m.run()
	require.NoError(t, os.Truncate(m.path("auth.log"), 20))
	res := m.run()
	assert.Contains(t, titles(res), "critical logwatch.logs.shrunk: /var/log/auth.log became")
	assert.False(t, res.Covers("logs/var/log/auth.log"))
}

func TestADeletedLogIsToldOnce(t *testing.T) {
	m := newMachine(t)
	m.append("auth.log", stamp(noon)+" web CRON[1]: (root) CMD (x)\n")
	m.append("syslog", stamp(noon)+" web CRON[1]: (root) CMD (x)\n")
	m.run()
	require.NoError(t, os.Remove(m.path("auth.log")))
	assert.Equal(t, "warning logwatch.logs.vanished: Log file /var/log/auth.log was deleted", titles(m.run()))
	assert.Empty(t, titles(m.run()))
}

func TestAHostWithoutLogsIsAFinding(t *testing.T) {
	m := newMachine(t)
	res := m.run()
	assert.Contains(t, titles(res), "logwatch.logs.no-source")
	m.append("syslog", "")
	res = m.run()
	assert.Empty(t, titles(res))
	assert.True(t, res.Covers("sources"))
}

func TestAZoneThatIsNotKnownIsSaid(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.Mkdir(filepath.Join(m.dir, "etc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, "etc/localtime"), []byte("no zone"), 0o644))
	m.append("syslog", stamp(noon)+" web odd: x\n")
	res := m.run()
	require.Len(t, res.Problems, 1)
	assert.Equal(t, "zone", res.Problems[0].Scope)
	assert.Contains(t, titles(res), "odd wrote a line", "what it is about is read all the same")
}

func TestALinkThatStandsForASystemLogIsNoAbsenceOfLogs(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.Symlink("/srv/syslog", m.path("syslog")))
	require.NoError(t, os.Mkdir(m.path("mail"), 0o755))
	res := m.run()
	require.Len(t, res.Problems, 1, "a directory is no log")
	assert.Equal(t, "logs/var/log/syslog", res.Problems[0].Scope)
	assert.Empty(t, titles(res), "that there are no logs is not known")
}

func TestALinkIsAProblemOfItsScope(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.Symlink("/etc/passwd", m.path("syslog")))
	m.check.Sources = []string{"/var/log/syslog"}
	res := m.run()
	require.Len(t, res.Problems, 1)
	assert.Equal(t, "logs/var/log/syslog", res.Problems[0].Scope)
	assert.False(t, res.Covers("logs/var/log/syslog"))
}

func TestAFirstReadingDoesNotFlood(t *testing.T) {
	m := newMachine(t)
	words := strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda my")
	for _, a := range words {
		for _, b := range words {
			m.append("syslog", stamp(noon)+" web app: "+a+" "+b+"\n")
		}
	}
	m.append("syslog", stamp(noon)+" web useradd[1]: new user: name=eve, UID=1001, GID=1001\n")
	res := m.run()
	assert.Equal(t, 12, len(res.Findings), "no program takes the page for itself")
	assert.Contains(t, titles(res), "User account eve was created")
	assert.Contains(t, titles(res), "134 more kinds of log lines that no rule explains (134 lines)")
	require.Len(t, res.Artifacts, 3)
	assert.Equal(t, "services.txt", res.Artifacts[1].Name)
	assert.Contains(t, string(res.Artifacts[1].Data), "useradd: 1 line, 25 Nov 12:00\n")
	assert.Equal(t, 134, strings.Count(string(res.Artifacts[2].Data), "\n"))
}

func TestWhatAFirstReadingLeavesOutOfItsDayIsTold(t *testing.T) {
	m := newMachine(t)
	m.check.tail = 100
	m.append("syslog", strings.Repeat(stamp(noon)+" web CRON[1]: (root) CMD (x)\n", 10))
	res := m.run()
	assert.Contains(t, titles(res), "notice logwatch.logs.first-part: The first 340 B of /var/log/syslog were not read")
	assert.Empty(t, titles(m.run()))

	old := newMachine(t)
	old.check.tail = 200
	old.append("syslog", strings.Repeat(stamp(noon.Add(-72*time.Hour))+" web CRON[1]: (root) CMD (x)\n", 10))
	assert.Empty(t, titles(old.run()), "what was left out is older than what was asked for")
}

func TestARotationBetweenRunsLosesAndRepeatsNothing(t *testing.T) {
	m := newMachine(t)
	line := func(word string) string { return stamp(noon) + " web app: odd " + word + "\n" }
	m.append("syslog", line("one"))
	assert.Contains(t, titles(m.run()), "odd one")

	m.append("syslog", line("two"))
	require.NoError(t, os.Rename(m.path("syslog"), m.path("syslog.1")))
	m.append("syslog", line("three"))
	got := titles(m.run())
	assert.Contains(t, got, "odd two")
	assert.Contains(t, got, "odd three")
	assert.NotContains(t, got, "odd one")
	assert.Equal(t, 2, strings.Count(got, " logwatch.logs."), "no gap")
	assert.Empty(t, titles(m.run()))
}

func TestALineThatIsTooLongIsToldByItsFrontAndHidesNothingBehindIt(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.append("syslog", stamp(noon)+" web app: "+strings.Repeat("x", 3<<20)+"\n"+
		stamp(noon)+" web sshd[1]: Accepted password for root from 192.0.2.7 port 4 ssh2\n"+
		stamp(noon)+" web kernel: Out of memory: Killed process 7 (mysqld) "+strings.Repeat("y", 3<<20)+"\n")
	got := titles(m.run())
	assert.Contains(t, got, "/var/log/syslog has a line of 1 MiB or more, too long to be read whole")
	assert.Contains(t, got, "root logged in over SSH")
	assert.Contains(t, got, "The kernel killed mysqld", "the front of a long line is enough for a rule")
	assert.Empty(t, titles(m.run()))
}

func TestAProgramThatQuotesWhatItWasAskedIsAFewKinds(t *testing.T) {
	m := newMachine(t)
	m.run()
	for i := range 300 {
		m.append("syslog", fmt.Sprintf("%s web resolver[1]: client @0x%012x 192.0.2.7#%d (h%x.example): no '%x.example/A/IN'\n", stamp(noon), i*77777, i+1, i, i*i))
	}
	assert.Equal(t, 1, len(m.run().Findings))
}

func TestTimesAreSaidByFirstAndLastAlone(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon)+" web app: odd\n"+stamp(noon)+" web kernel: Out of memory: Killed process 7 (mysqld) x\n")
	found := m.run().Findings
	require.Len(t, found, 2)
	for _, f := range found {
		text := strings.ReplaceAll(f.Title+f.Detail+f.Fix, m.dir, "") // whose name has a random number
		assert.NotContains(t, text, "2026", f.Title)
		assert.Equal(t, noon, f.Last.UTC())
	}
}

func TestAStateThatIsTooLargeKeepsItsPositions(t *testing.T) {
	s := state{Sources: map[string]*sourceState{}}
	for i := range 600 {
		s.Sources[fmt.Sprintf("/var/log/%d.log", i)] = &sourceState{Position: logstream.Position{LastLine: make([]byte, 2048)}, Unread: true}
	}
	require.NoError(t, s.fit())
	data, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Less(t, len(data), maxState)
	assert.Len(t, s.Sources, 600)
}

func TestHostileLinesStayData(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.append("syslog", stamp(noon)+" web app: \x1b]0;x\x07 \xff\xfe \u202e <script>\n")
	m.append("auth.log", stamp(noon)+" web sshd[1]: Invalid user x from 192.0.2.1 port 4 from 198.51.100.9 port 5\n")
	res := m.run()
	for _, f := range res.Findings {
		for _, text := range []string{f.Title, f.Detail} {
			assert.NotContains(t, text, "\x1b")
			assert.NotContains(t, text, "\u202e")
		}
		if f.Rule == "logwatch.logs.ssh-invalid-user" {
			assert.Contains(t, f.Evidence, report.Attr{Key: report.Addr, Value: "198.51.100.9"})
		}
	}
	assert.Equal(t, 2, len(res.Findings), titles(res))
}

func TestANameFromALogNeverReachesACommand(t *testing.T) {
	m := newMachine(t)
	m.run()
	for _, user := range []string{"x;reboot", "$(reboot)", "-rf", "a b", "`id`"} {
		m.append("auth.log", stamp(noon)+" web sshd[1]: Accepted password for "+user+" from 192.0.2.1 port 4 ssh2\n")
	}
	res := m.run()
	require.Equal(t, 5, len(res.Findings), titles(res))
	for _, f := range res.Findings {
		assert.Equal(t, "If USER does not know of it, change the keys and passwords of the account.", f.Fix)
		assert.Nil(t, f.Remedy)
	}
}

func TestTheCatalogueNamesEveryRuleOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range (System{}).Rules() {
		assert.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		assert.NotEmpty(t, r.Explain, r.ID)
	}
}

func TestOneLineOfAClockThatIsAheadHidesNoOther(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon.Add(7*24*time.Hour))+" web myapp: ahead\n"+
		stamp(noon.Add(-2*time.Hour))+" web sshd[5]: Accepted password for root from 203.0.113.66 port 5 ssh2\n"+
		stamp(noon.Add(-time.Hour))+" web kernel: [99999.1] EXT4-fs error (device sda1): x\n")
	got := titles(m.run())
	assert.Contains(t, got, "root logged in over SSH from 203.0.113.66")
	assert.Contains(t, got, "The file system on sda1 reported damage")
	assert.Contains(t, got, "ahead")
}
