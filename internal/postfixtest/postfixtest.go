// Package postfixtest starts a Postfix for one test, with a queue, a log and a
// configuration of its own.
//
//	server := postfixtest.Server{Dir: t.TempDir(), Main: []string{"mynetworks ="}}
//	server.Start(t)
//	c, err := smtp.Dial(server.Addr)
//
// It needs root and Debian's postfix, and is a declared skip without.
package postfixtest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// program is the daemon. "postfix start" looks at all of its files first, for seconds.
const program = "/usr/lib/postfix/sbin/master"

// A Server is one Postfix.
type Server struct {
	Dir    string   // all that it has lies below; its daemons, and so others, may look into it
	Addr   string   // where it listens; empty is a free port of 127.0.0.1, which is put here
	Main   []string // lines of main.cf, in place of those of this package with the same names
	Screen bool     // postscreen stands before its smtpd

	cmd *exec.Cmd
}

// main is what each has in its main.cf, DIR being its folder.
var main = []string{
	"compatibility_level = 3.6",
	"queue_directory = DIR/queue", "data_directory = DIR/data", "config_directory = DIR/config",
	"maillog_file = DIR/mail.log", "maillog_file_prefixes = DIR",
	"myhostname = mail.example", "mydestination =", "local_recipient_maps =", "alias_maps =", "alias_database =",
	"inet_interfaces = 127.0.0.1", "inet_protocols = ipv4", "smtputf8_enable = no",
}

// master has every service that a test asked for yet; what is not used does not start.
const master = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// Config is the folder of main.cf and master.cf.
func (s *Server) Config() string { return filepath.Join(s.Dir, "config") }

// Log is the file of its log.
func (s *Server) Log() string { return filepath.Join(s.Dir, "mail.log") }

// Write makes all that the server needs, and gives the command that starts it in
// the background and returns when it listens.
func (s *Server) Write(t testing.TB) (start []string) {
	t.Helper()
	need.Root(t)
	need.Program(t, program)
	owner, err := user.Lookup("postfix")
	need.That(t, "user postfix", err == nil)
	uid, err := strconv.Atoi(owner.Uid)
	must(t, err)
	for _, d := range []string{"config", "queue/pid"} {
		must(t, os.MkdirAll(filepath.Join(s.Dir, d), 0o755))
	}
	for _, d := range []string{
		"data", "queue/active", "queue/bounce", "queue/corrupt", "queue/defer", "queue/deferred", "queue/flush",
		"queue/hold", "queue/incoming", "queue/maildrop", "queue/private", "queue/public", "queue/trace",
	} {
		must(t, os.Mkdir(filepath.Join(s.Dir, d), 0o755))
		must(t, os.Chown(filepath.Join(s.Dir, d), uid, -1))
	}
	for _, d := range []string{s.Dir, filepath.Dir(s.Dir)} {
		must(t, os.Chmod(d, 0o755))
	}
	if s.Addr == "" {
		s.Addr = need.Addr(t)
	}
	must(t, os.WriteFile(filepath.Join(s.Config(), "main.cf"), []byte(s.main()), 0o644))
	must(t, os.WriteFile(filepath.Join(s.Config(), "master.cf"), []byte(s.Addr+" "+s.front()+"\n"+master), 0o644))
	return []string{program, "-w", "-c", s.Config()}
}

// main is the text of main.cf.
func (s *Server) main() string {
	name := func(line string) string {
		before, _, _ := strings.Cut(line, "=")
		return strings.TrimSpace(before)
	}
	var out strings.Builder
	for _, line := range main {
		if !slices.ContainsFunc(s.Main, func(l string) bool { return name(l) == name(line) }) {
			out.WriteString(strings.ReplaceAll(line, "DIR", s.Dir) + "\n")
		}
	}
	for _, line := range s.Main {
		out.WriteString(line + "\n")
	}
	return out.String()
}

// front is what master.cf says of who takes connections.
func (s *Server) front() string {
	if s.Screen {
		return "inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\ndnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy"
	}
	return "inet n - n - - smtpd"
}

// Start writes the server and runs it until the test ends, or Stop. It listens
// when Start returns, and nobody has connected yet.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.Write(t)
	s.cmd = exec.Command(program, "-d", "-c", s.Config())
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it tells its group of its end
	must(t, s.cmd.Start())
	t.Cleanup(func() {
		s.Stop(t)
		if t.Failed() {
			log, _ := os.ReadFile(s.Log())
			t.Logf("%s", log)
		}
	})
	var log []byte
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if log, _ = os.ReadFile(s.Log()); bytes.Contains(log, []byte("daemon started")) {
			return
		}
	}
	t.Fatalf("Postfix does not start: %s", log)
}

// Stop ends the server, whoever started it. It may have ended.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.cmd != nil {
		group := -s.cmd.Process.Pid
		s.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
		s.cmd.Wait()                          //nolint:errcheck // by a signal
		s.cmd = nil
		syscall.Kill(group, syscall.SIGTERM) //nolint:errcheck // its daemons, which listen as well
		for end := time.Now().Add(10 * time.Second); s.listens() && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		syscall.Kill(group, syscall.SIGKILL) //nolint:errcheck // they may have ended
		return
	}
	text, err := os.ReadFile(filepath.Join(s.Dir, "queue/pid/master.pid"))
	if err != nil {
		return // it never ran
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	syscall.Kill(pid, syscall.SIGTERM) //nolint:errcheck // it may have ended
}

func (s *Server) listens() bool {
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return false
	}
	conn.Close() //nolint:errcheck // nothing was said
	return true
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
