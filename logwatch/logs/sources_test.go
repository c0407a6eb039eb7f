package logs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

func (m *machine) mkdir(name string) {
	m.t.Helper()
	require.NoError(m.t, os.MkdirAll(m.path(name), 0o755))
}

// age sets when a log was changed last.
func (m *machine) age(name string, at time.Time) {
	m.t.Helper()
	require.NoError(m.t, os.Chtimes(m.path(name), at, at))
}

func TestLogsInFoldersAreRead(t *testing.T) {
	m := newMachine(t)
	for _, dir := range []string{"apache2", "nginx", "audit", "postgresql", "mysql", "exim4", "apt", "journal"} {
		m.mkdir(dir)
	}
	m.append("apache2/error.log", "[Wed Nov 25 11:00:00.123456 2026] [core:notice] [pid 7:tid 7] AH00052: child pid 712 exit signal Segmentation fault (11)\n")
	m.append("nginx/error.log", "2026/11/25 11:00:00 [emerg] 7#7: bind() to 0.0.0.0:443 failed (98: Address already in use)\n")
	m.append("audit/audit.log", "type=ANOM_PROMISCUOUS msg=audit(1795604400.123:42): dev=eth0 prom=256 old_prom=0 auid=0 uid=0 gid=0 ses=1\n")
	m.append("postgresql/postgresql-15-main.log", "2026-11-25 11:00:00.123 UTC [123] ERROR:  invalid page in block 5 of relation base/16384/2619\n")
	m.append("mysql/error.log", "2026-11-25  9:00:00 0 [ERROR] InnoDB: Database page corruption on disk\n")
	m.append("exim4/paniclog", "2026-11-25 11:00:00 1abc failed to open DB file /var/spool/exim4/db/retry\n")
	m.append("apt/term.log", "Log started: wombat\n")
	m.append("nginx/access.log", "192.0.2.7 - - wombat\n")
	m.append("nginx/error.log.1", "wombat\n")
	got := titles(m.run())
	for _, want := range []string{
		"warning logwatch.logs.web-server-fault: The web server lost a process", "warning logwatch.logs.service-fatal: nginx gave up",
		"warning logwatch.logs.audit-anomaly", "critical logwatch.logs.database-page", "warning logwatch.logs.mail-server-panic", "InnoDB: Database page corruption on disk",
	} {
		assert.Contains(t, got, want)
	}
	assert.NotContains(t, got, "wombat")
}

func TestALinkOfRootIsTheFileThatItNames(t *testing.T) {
	need.Root(t)
	m := newMachine(t)
	m.mkdir("real")
	m.append("real/syslog-data", stamp(noon)+" web odd: wombat sighted\n")
	require.NoError(t, os.Symlink("real/syslog-data", m.path("syslog")))
	res := m.run()
	assert.Contains(t, titles(res), "wombat sighted")
	assert.Empty(t, res.Problems)

	m = newMachine(t)
	m.mkdir("real")
	m.append("real/syslog-data", stamp(noon)+" web odd: wombat sighted\n")
	require.NoError(t, os.Symlink("real/syslog-data", m.path("syslog")))
	require.NoError(t, os.Lchown(m.path("syslog"), 1000, 1000))
	res = m.run()
	assert.NotContains(t, titles(res), "wombat sighted", "a link of another user is not followed")
	assert.Len(t, res.Problems, 1)
}

func TestLogsThatNobodyReadsAreNamed(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", "")
	m.mkdir("shop")
	m.append("shop/orders.txt", "an order\n")
	m.append("shop/shop.log", "")
	res := m.run()
	assert.Equal(t, "notice logwatch.logs.not-read: No check reads 1 log in /var/log", titles(res))
	assert.Equal(t, "/var/log/shop/orders.txt.", res.Findings[0].Detail)
	assert.True(t, res.Covers("unread"))
	m.check.Extra = []string{"/var/log/shop/orders.txt"}
	assert.Contains(t, titles(m.run()), "/var/log/shop/orders.txt has 1 line without a header that is known, such as: an order")
}

func TestALogWithOneByteThatIsNoTextIsNamed(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", "")
	m.mkdir("shop")
	m.append("shop/shop.log", "a request with \x00 in its first line\nERROR: the shop is on fire\n")
	m.append("shop/pictures", "\x89\x00")
	res := m.run()
	assert.Equal(t, "notice logwatch.logs.not-read: No check reads 1 log in /var/log", titles(res))
	assert.Equal(t, "/var/log/shop/shop.log.", res.Findings[0].Detail)
}

func TestAnAccessLogThatNoCheckOfWebServersReadsIsNamed(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", "")
	for _, name := range []string{"nginx/access.log", "squid/access.log"} {
		m.mkdir(filepath.Dir(name))
		m.append(name, "1795604400.123 7 192.0.2.7 TCP_MISS/200 512 GET http://shop.example/ - HIER_DIRECT/192.0.2.9 text/html\n")
	}
	res := m.run()
	assert.Equal(t, "notice logwatch.logs.not-read: No check reads 1 log in /var/log", titles(res))
	assert.Equal(t, "/var/log/squid/access.log.", res.Findings[0].Detail)
}

func TestALogThatIsFoundAfterALookThatFailedIsNotNew(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.RemoveAll(m.path("")))
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, "var/log"), nil, 0o644))
	require.NotEmpty(t, m.run().Problems)
	require.NoError(t, os.Remove(filepath.Join(m.dir, "var/log")))
	m.mkdir("")
	m.append("syslog", stamp(noon.AddDate(0, 0, -3))+" web odd: wombat of last week\n"+stamp(noon)+" web odd: badger of today\n")
	got := titles(m.run())
	assert.Contains(t, got, "badger")
	assert.NotContains(t, got, "wombat")
}

func TestExtraLogsAreReadAlsoWhereTheLogDirectoryCannotBeListed(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.RemoveAll(m.path("")))
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, "var/log"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, "extra.log"), []byte(stamp(noon)+" web odd: wombat sighted\n"), 0o644))
	m.check.Extra = []string{"/extra.log"}
	res := m.run()
	assert.Contains(t, titles(res), "wombat sighted")
	assert.Len(t, res.Problems, 1)
	assert.False(t, res.Covers("unread"))
}

func TestALogWithoutHeadersIsOneFinding(t *testing.T) {
	m := newMachine(t)
	m.append("lynis.log", "")
	m.run()
	words := strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda my")
	for i, a := range words {
		for _, b := range words {
			m.append("lynis.log", fmt.Sprintf("Test %s: checking %s of %d\n", a, b, i))
		}
	}
	assert.Equal(t, "notice logwatch.logs.no-header: /var/log/lynis.log has 144 lines without a header that is known, such as: Test alpha: checking alpha of 0", titles(m.run()))
	m.append("lynis.log", "ERROR: the disk is on fire\n")
	assert.Contains(t, titles(m.run()), "warning logwatch.logs.no-header: /var/log/lynis.log has 1 line without")
}

func TestLinesWithoutATimeAreAsOldAsTheLastChangeOfTheirFile(t *testing.T) {
	m := newMachine(t)
	m.append("lately.log", "wombat lately\n")
	m.age("lately.log", noon.Add(-time.Hour))
	m.append("long-ago.log", "wombat long ago\n")
	m.age("long-ago.log", noon.Add(-48*time.Hour))
	got := titles(m.run())
	assert.Contains(t, got, "wombat lately")
	assert.NotContains(t, got, "wombat long ago")
}

func TestALineThatSaysOfItselfThatItIsAnErrorIsAWarning(t *testing.T) {
	m := newMachine(t)
	m.append("syslog", stamp(noon)+" web wombatd: ERROR the pouch is empty\n"+stamp(noon)+" web wombatd: an error in prose\n")
	got := titles(m.run())
	assert.Contains(t, got, "warning logwatch.logs.unexplained: wombatd wrote a line that no rule explains: ERROR the pouch is empty")
	assert.Contains(t, got, "notice logwatch.logs.unexplained: wombatd wrote a line that no rule explains: an error in prose")
}

func TestThreeHundredFailuresAndALoginOfTheNextRunAreOneCritical(t *testing.T) {
	m := newMachine(t)
	m.append("auth.log", "")
	m.run()
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "%s web sshd[%d]: Failed password for root from 203.0.113.66 port %d ssh2\n", stamp(m.now.Add(time.Duration(i-300)*time.Second)), i, i+1024)
	}
	m.append("auth.log", b.String())
	m.run()
	m.now = m.now.Add(15 * time.Minute)
	m.append("auth.log", stamp(m.now)+" web sshd[5]: Accepted password for root from 203.0.113.66 port 5 ssh2\n")
	res := m.run()
	assert.Equal(t, "critical logwatch.logs.ssh-login-after-guessing: root logged in over SSH from 203.0.113.66 after many failed logins from there", titles(res))
	assert.Contains(t, res.Findings[0].Fix, "Cut off 203.0.113.66")
}

func TestALineThatDoesNotComeIsACondition(t *testing.T) {
	mine, err := logwatch.ParseRules("mine", []byte("logwatch rules 1\nprogram backup\nrule backup-silent warning\n\ttitle The backup was silent\n\tsay The backup job wrote nothing for a day\n\twhy W\n\tabsent 25h\n\tmatch done\n"))
	require.NoError(t, err)
	set, err := logwatch.Compile(logwatch.Catalogue(), mine)
	require.NoError(t, err)
	m := newMachine(t)
	m.check.Set = set
	m.append("syslog", stamp(noon)+" web backup: done\n")
	assert.Empty(t, titles(m.run()))
	m.now = m.now.Add(24 * time.Hour)
	assert.Empty(t, titles(m.run()))
	m.now = m.now.Add(2 * time.Hour)
	res := m.run()
	assert.Equal(t, "warning logwatch.logs.backup-silent: The backup job wrote nothing for a day", titles(res))
	m.append("syslog", stamp(m.now)+" web backup: done\n")
	res = m.run()
	assert.Empty(t, titles(res))
	assert.True(t, res.Covers("absence"), "so that the finding is closed")
}

func TestExtraLogsMayBePatterns(t *testing.T) {
	m := newMachine(t)
	for _, name := range []string{"srv/a/log/app.log", "srv/b/log/app.log", "srv/b/log/app.log.1", "srv/b/log/notes.txt"} {
		full := filepath.Join(m.dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(stamp(noon)+" web odd: "+name+"\n"), 0o644))
	}
	require.NoError(t, os.Symlink("/srv/a", filepath.Join(m.dir, "srv/c")))
	m.check.Extra = []string{"/srv/*/log/*.log", "/nowhere/*"}
	res := m.run()
	assert.True(t, res.Covers("logs/srv/a/log/app.log") && res.Covers("logs/srv/b/log/app.log"))
	assert.Equal(t, 2, strings.Count(titles(res), "app.log"), titles(res))
	m.check.Extra = []string{"/srv/[/x"}
	res = m.run()
	assert.Equal(t, report.Partial, res.Status)
}

func TestALogOfAProgramsOwnIsOfOneProgramWhateverItsLinesBeginWith(t *testing.T) {
	m := newMachine(t)
	m.append("nightly.log", "")
	m.run()
	for i := range 400 {
		m.append("nightly.log", fmt.Sprintf("%s Step%d: checking item %d\n", noon.Format("2006-01-02 15:04:05"), i, i))
	}
	res := m.run()
	assert.Equal(t, "notice logwatch.logs.unexplained: nightly wrote 400 lines of a kind that no rule explains, such as: Step0: checking item 0", titles(res))
	assert.Equal(t, report.Look([]string{"tail", "-n", "50", "/var/log/nightly.log"}), res.Findings[0].Remedy)
	m.append("nightly.log", noon.Format("2006-01-02 15:04:05")+" sshd[12]: Failed password for root from 192.0.2.1 port 4 ssh2\n")
	assert.Contains(t, titles(m.run()), "failed", "a program that rules name is known by its name")
}
