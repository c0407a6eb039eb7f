package maillog

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// A private is a mail server of Debian that cannot be installed beside Postfix:
// it is unpacked into a root of its own, and runs with users of its own.
type private struct {
	t         *testing.T
	dir, root string
	port      string
	ports     [3]string // of who takes all, who asks to come later, and who refuses
	log       string
}

// All of them are unpacked into one root: fetching them is most of the time.
func TestARealServerLogsWhatWeCount(t *testing.T) {
	need.Long(t)
	need.Root(t)
	for _, name := range []string{"smtp-source", "smtp-sink", "unshare"} {
		need.Program(t, name)
	}
	root := need.Unpacked(t, "exim4-daemon-light", "exim4-base", "libidn12", "opensmtpd", "sendmail-bin", "sendmail-cf", "sendmail-base", "m4", "libsigsegv2")
	for name, logs := range map[string]func(*private){"exim": eximLogs, "opensmtpd": openSMTPDLogs, "sendmail": sendmailLogs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logs(newPrivate(t, root))
		})
	}
}

func newPrivate(t *testing.T, root string) *private {
	dir, err := os.MkdirTemp("", "mail")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	p := &private{t: t, dir: dir, root: root, port: need.Port(t), log: filepath.Join(dir, "log")}
	for i, how := range [][]string{nil, {"-r", "rcpt"}, {"-f", "rcpt"}} {
		p.ports[i] = need.Port(t)
		p.start("smtp-sink", append(append([]string{"-u", "nobody"}, how...), "127.0.0.1:"+p.ports[i], "100")...)
	}
	for file, form := range map[string]string{"passwd": "%[1]s:x:%[2]d:%[2]d::/:/bin/false\n", "group": "%[1]s:x:%[2]d:\n"} {
		text, err := os.ReadFile("/etc/" + file)
		require.NoError(t, err)
		for i, name := range []string{"Debian-exim", "opensmtpd", "opensmtpq"} {
			text = fmt.Appendf(text, form, name, 64900+i)
		}
		p.write(file, string(text))
	}
	return p
}

// fill puts folders and ports into a text.
func (p *private) fill(text string) string {
	return strings.NewReplacer("DIR/", p.dir+"/", "ROOT/", p.root+"/", "PORT", p.port, "SINK", p.ports[0], "LATER", p.ports[1], "NEVER", p.ports[2]).Replace(text)
}

func (p *private) write(name, text string) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, name), []byte(p.fill(text)), 0o644))
}

func (p *private) start(name string, args ...string) {
	cmd := exec.Command(name, args...)
	said, err := os.CreateTemp(p.dir, "said") // a pipe would be held open by what it starts
	require.NoError(p.t, err)
	cmd.Stdout, cmd.Stderr = said, said
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		defer said.Close()
		if text, _ := os.ReadFile(said.Name()); p.t.Failed() {
			p.t.Logf("%s: %s", name, text)
		}
		cmd.Process.Kill() //nolint:errcheck // it is ours
		cmd.Wait()         //nolint:errcheck // it was killed
	})
}

// apart gives the command that runs a script where the users are the private
// ones; with the namespace of processes all that it started ends with it. The shell
// stays its first process: a set-user-id program would outlive the command.
func (p *private) apart(script string) []string {
	return []string{"-mpfu", "--kill-child", "sh", "-ec", p.fill("hostname mail.example; mount --bind DIR/passwd /etc/passwd; mount --bind DIR/group /etc/group; " + script)}
}

// drive sends what each server has to log: three messages that are taken, two
// for later, two that are refused behind it, two to a list of two, and one to
// somebody whom it refuses itself.
func (p *private) drive() {
	require.Eventually(p.t, func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+p.port)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 100*time.Millisecond, "it does not answer")
	for _, to := range []struct{ address, times string }{{"x@example.net", "3"}, {"x@later.example", "2"}, {"x@never.example", "2"}, {"list@example.org", "2"}} {
		out, err := exec.Command("smtp-source", "-f", "a@example.org", "-t", to.address, "-m", to.times, "-l", "500", "127.0.0.1:"+p.port).CombinedOutput()
		require.NoError(p.t, err, "%s", out)
	}
	talk(p.t, p.port, "220", [2]string{"HELO x", "250"}, [2]string{"MAIL FROM:<a@example.org>", "250"}, [2]string{"RCPT TO:<bad@example.net>", "5"}, [2]string{"QUIT", "221"})
}

// want waits until the log counts as much as was driven; sizes are the server's.
func (p *private) want(c Counts) *Stats {
	s := p.counts(c)
	for to, n := range map[string]int64{"x@example.net": 3, "one@example.net": 2, "two@example.net": 2} {
		assert.Equal(p.t, n, s.Recipients.Get(to).Count, to)
	}
	assert.EqualValues(p.t, 9, s.Senders.Get("a@example.org").Count)
	return s
}

// counts waits until the log counts as much, and every line is understood.
func (p *private) counts(c Counts) *Stats {
	var s *Stats
	var reading traffic.Reading
	get := func() Counts {
		text, err := os.ReadFile(p.log)
		require.NoError(p.t, err)
		s = New(Options{})
		reading, err = traffic.ReadFrom(p.t.Context(), bytes.NewReader(text), syslog.Parser{Reference: time.Now()}, s)
		require.NoError(p.t, err)
		got := s.Totals().Counts
		assert.GreaterOrEqual(p.t, got.BytesReceived, 500*got.Received)
		got.BytesReceived, got.BytesDelivered = 0, 0
		return got
	}
	for deadline := time.Now().Add(2 * time.Minute); get() != c && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
	}
	text, _ := os.ReadFile(p.log)
	require.Equal(p.t, c, get(), "%s", text)
	assert.Zero(p.t, reading.Unknown, "%q", reading.Samples)
	return s
}

func eximLogs(p *private) {
	t := p.t
	require.NoError(t, os.Mkdir(filepath.Join(p.dir, "spool"), 0o755))
	require.NoError(t, os.Chown(p.dir, 64900, 64900))
	require.NoError(t, os.Chown(filepath.Join(p.dir, "spool"), 64900, 64900))
	p.log = filepath.Join(p.dir, "mainlog")
	out, err := exec.Command("ldconfig", "-C", p.fill("DIR/cache"), p.fill("ROOT/usr/lib/x86_64-linux-gnu")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	const begin = "mount --bind DIR/cache /etc/ld.so.cache; ROOT/usr/sbin/exim4 -C DIR/exim.conf "
	p.write("exim.conf", `primary_hostname = mail.example
spool_directory = DIR/spool
log_file_path = DIR/%slog
exim_path = ROOT/usr/sbin/exim4
keep_environment =
queue_only
acl_smtp_rcpt = check
tls_advertise_hosts =
begin acl
check:
  deny recipients = bad@example.net
  accept
begin routers
alias:
  driver = redirect
  data = ${if eq{$local_part}{list}{one@example.net, two@example.net}}
  domains = example.org
local:
  driver = accept
  domains = example.org
  transport = nothing
remote:
  driver = manualroute
  route_data = 127.0.0.1::${if eq{$domain}{later.example}{LATER}{${if eq{$domain}{never.example}{NEVER}{SINK}}}}
  transport = smtp
  self = send
begin transports
smtp:
  driver = smtp
nothing:
  driver = appendfile
  file = /dev/null
  user = 64900
  group = 64900
begin retry
* * F,1h,10s
`)
	p.start("unshare", p.apart(begin+"-bdf -oX 127.0.0.1.PORT; true")...)
	p.drive()
	for range 2 { // the second has what came back
		out, err := exec.Command("unshare", p.apart(begin+"-qf")...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	text, err := os.ReadFile(p.log)
	require.NoError(t, err)
	tries := int64(bytes.Count(text, []byte(" == x@later.example ")))
	require.NotZero(t, tries)
	p.want(Counts{Received: 9, Delivered: 3 + 4 + 2, Deferred: 2, Deferrals: tries, Bounced: 2, Rejected: 1, Notices: 2})
}

func openSMTPDLogs(p *private) {
	p.write("smtpd.conf", `listen on 127.0.0.1 port PORT hostname mail.example
table lists { "list" = "one@example.net,two@example.net" }
action "local" maildir "/nonexistent" alias <lists>
action "later" relay host smtp://127.0.0.1:LATER
action "never" relay host smtp://127.0.0.1:NEVER
action "all" relay host smtp://127.0.0.1:SINK
match from any for rcpt-to "list@example.org" action "local"
match from any for domain "later.example" action "later"
match from any for domain "never.example" action "never"
match from any for rcpt-to "bad@example.net" reject
match from any for any action "all"
`)
	// It logs to its standard error what it would tell syslog, without a header.
	p.start("unshare", p.apart(`begin=$(date "+%b %e %T"); mount -t tmpfs -o mode=711 none /var/spool && mount -t tmpfs -o mode=755 none /var/lib
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && chmod 711 /var/spool/smtpd
ROOT/usr/sbin/smtpd -d -f DIR/smtpd.conf 2>&1 | while IFS= read -r line; do echo "$begin mx smtpd[7]: $line"; done >DIR/log`)...)
	p.drive()
	p.want(Counts{Received: 9, Delivered: 3 + 4 + 2, Deferred: 2, Deferrals: 2, Bounced: 2, Rejected: 1, Notices: 2})
}

const sendmailMC = "divert(0)dnl\n" +
	"include(`ROOT/usr/share/sendmail/cf/m4/cf.m4')dnl\n" +
	"OSTYPE(`linux')dnl\n" +
	"define(`confDOMAIN_NAME', `mail.example')dnl\n" +
	"define(`QUEUE_DIR', `DIR/queue')dnl\n" +
	"define(`confPID_FILE', `DIR/pid')dnl\n" +
	"define(`STATUS_FILE', `DIR/status')dnl\n" +
	"define(`ALIAS_FILE', `DIR/aliases')dnl\n" +
	"define(`confCONTROL_SOCKET_NAME', `')dnl\n" +
	"define(`confDONT_BLAME_SENDMAIL', `MapInUnsafeDirPath,IncludeFileInUnsafeDirPath,AssumeSafeChown')dnl\n" +
	"define(`confTO_IDENT', `0')dnl\n" +
	"define(`confREFUSE_LA', `10000')dnl\n" +
	"define(`confQUEUE_LA', `10000')dnl\n" +
	"define(`confSERVICE_SWITCH_FILE', `DIR/switch')dnl\n" +
	"define(`ESMTP_MAILER_ARGS', `TCP $h SINK')dnl\n" +
	"define(`SMTP8_MAILER_ARGS', `TCP $h LATER')dnl\n" +
	"define(`RELAY_MAILER_ARGS', `TCP $h NEVER')dnl\n" +
	"FEATURE(`nocanonify')dnl\n" +
	"FEATURE(`promiscuous_relay')dnl\n" +
	"FEATURE(`accept_unresolvable_domains')dnl\n" +
	"FEATURE(`mailertable', `text -k0 -v1 DIR/mailertable')dnl\n" +
	"FEATURE(`access_db', `text -k0 -v1 DIR/access')dnl\n" +
	"FEATURE(`blocklist_recipients')dnl\n" +
	"define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl\n" +
	"DAEMON_OPTIONS(`Port=PORT, Addr=127.0.0.1, Name=MTA')dnl\n" +
	"FEATURE(`no_default_msa')dnl\n" +
	"MAILER(`local')dnl\n" +
	"MAILER(`smtp')dnl\n" +
	"LOCAL_CONFIG\n" +
	"Cwexample.org\n"

// sendmail logs to /dev/log, which is in a /dev of its own.
const sendmailScript = `
mount --bind DIR/hosts /etc/hosts
mount -t tmpfs none DIR/dev
for n in null zero random urandom; do touch DIR/dev/$n; mount --bind /dev/$n DIR/dev/$n; done
touch DIR/dev/log; mount --bind DIR/logsock DIR/dev/log
mount --rbind DIR/dev /dev
ROOT/usr/libexec/sendmail/sendmail -C DIR/sendmail.cf -bD; true` // its own first process it would not be

func sendmailLogs(p *private) {
	t := p.t
	for name, text := range map[string]string{
		"mailertable": "later.example smtp8:[127.0.0.1]\nnever.example relay:[127.0.0.1]\n",
		"access":      "To:bad@example.net REJECT\n",
		"aliases":     "list: one@example.net, two@example.net\na: /dev/null\n",
		"switch":      "hosts files\naliases files\n",
		"hosts":       "127.0.0.1 mail.example localhost\n",
		"x.mc":        sendmailMC,
	} {
		p.write(name, text)
	}
	for _, name := range []string{"queue", "dev"} {
		require.NoError(t, os.Mkdir(filepath.Join(p.dir, name), 0o700))
	}
	m4 := exec.Command(filepath.Join(p.root, "usr/bin/m4"), p.fill("-D_CF_DIR_=ROOT/usr/share/sendmail/cf/"), filepath.Join(p.dir, "x.mc"))
	m4.Env = append(os.Environ(), p.fill("LD_LIBRARY_PATH=ROOT/usr/lib/x86_64-linux-gnu:ROOT/lib/x86_64-linux-gnu"))
	cf, err := m4.Output()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "sendmail.cf"), cf, 0o644))
	logger, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(p.dir, "logsock")})
	require.NoError(t, err)
	t.Cleanup(func() { logger.Close() })
	log, err := os.Create(p.log)
	require.NoError(t, err)
	go func() {
		defer log.Close()
		line := make([]byte, 64<<10)
		for {
			n, err := logger.Read(line)
			if err != nil {
				return
			}
			log.Write(append(bytes.TrimRight(line[:n], "\x00\n"), '\n')) //nolint:errcheck // the test will miss it
		}
	}()
	p.start("unshare", p.apart(sendmailScript)...)
	p.drive()
	p.want(Counts{Received: 9, Delivered: 3 + 4 + 2, Deferred: 2, Deferrals: 2, Bounced: 2, Rejected: 1, Notices: 2, Unsized: 2}) // it logs no size of its own notices
}
