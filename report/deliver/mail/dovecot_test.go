package mail

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

const dovecotConf = `base_dir = DIR/imap/run
state_dir = DIR/imap/state
log_path = DIR/imap/log
protocols = imap
ssl = no
mail_location = maildir:DIR/mail/box
disable_plaintext_auth = no
first_valid_uid = 1
passdb {
  driver = static
  args = password=sesame
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=DIR/mail
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = PORT
  }
  inet_listener imaps {
    port = 0
  }
}
`

// dovecot serves the mailbox of postfix in dir by IMAP.
func dovecot(t *testing.T, dir string) (addr string) {
	t.Helper()
	program := need.Program(t, "dovecot")
	port := need.Port(t)
	addr = "127.0.0.1:" + port
	require.NoError(t, os.Mkdir(filepath.Join(dir, "imap"), 0o755))
	conf := filepath.Join(dir, "imap/dovecot.conf")
	require.NoError(t, os.WriteFile(conf, []byte(strings.NewReplacer("DIR", dir, "PORT", port).Replace(dovecotConf)), 0o644))
	cmd := exec.CommandContext(t.Context(), program, "-F", "-c", conf)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Wait() //nolint:errcheck // the end of the test's context ended it
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "imap/log"))
			t.Log(string(log))
		}
	})
	return addr
}

// fetch logs in and gives all mails of the mailbox, as they are sent.
func fetch(t *testing.T, addr string) (mails []string) {
	t.Helper()
	var c net.Conn
	require.Eventually(t, func() (ok bool) {
		var err error
		c, err = net.Dial("tcp", addr)
		return err == nil
	}, time.Minute, 100*time.Millisecond)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	in := bufio.NewReader(c)
	for _, command := range []string{"a LOGIN ops sesame", "b SELECT INBOX", "c FETCH 1:* BODY[]"} {
		_, err := fmt.Fprintf(c, "%s\r\n", command)
		require.NoError(t, err)
		for {
			line, err := in.ReadString('\n')
			require.NoError(t, err, command)
			if strings.HasPrefix(line, command[:2]) {
				require.Contains(t, line, command[:2]+"OK", command)
				break
			}
			if at := strings.LastIndexByte(line, '{'); at >= 0 && strings.HasSuffix(line, "}\r\n") {
				n, err := strconv.Atoi(line[at+1 : len(line)-3])
				require.NoError(t, err)
				mail := make([]byte, n)
				_, err = io.ReadFull(in, mail)
				require.NoError(t, err)
				mails = append(mails, string(mail))
			}
		}
	}
	return mails
}

// What a person's mail program gets is what was sent: a real server took the mails,
// another gives them out, and a parser of MIME finds both parts.
func TestAMailIsReadBackFromAMailbox(t *testing.T) {
	need.Long(t)
	dir := t.TempDir()
	pool := certified(t, dir)
	port, maildir := postfix(t, dir)
	addr := dovecot(t, dir)
	out := SMTP{Message: message, Host: "localhost", Port: port, Config: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
	sent := map[string]map[string]string{}
	reports := []*report.Report{rendertest.Sample(), rendertest.Quiet(), rendertest.Hostile(rendertest.Joined())}
	for i, rep := range reports {
		rep.ID = fmt.Sprintf("r1:%032x", i)
		require.NoError(t, out.Report(t.Context(), rep))
		m, body := parts(t, composed(t, rep))
		sent[m.Header.Get("Message-Id")] = body
	}
	require.Len(t, sent, len(reports), "each report is a mail of its own")
	require.Eventually(t, func() bool {
		names, _ := filepath.Glob(maildir + "/*")
		return len(names) == 2*len(reports)
	}, time.Minute, 100*time.Millisecond, "one for each recipient")
	mails := fetch(t, addr)
	require.Len(t, mails, 2*len(reports))
	threads := map[string]bool{}
	for _, raw := range mails {
		m, body := parts(t, []byte(raw))
		assert.Equal(t, sent[m.Header.Get("Message-Id")], body)
		assert.Equal(t, "bulk", m.Header.Get("Precedence"))
		threads[m.Header.Get("References")] = true
	}
	assert.Len(t, threads, 2, "the reports of a host are one thread")
}
