package maillog

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

const dovecotConf = `base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap pop3 lmtp
ssl = no
mail_location = maildir:DIR/mail/%u
disable_plaintext_auth = no
first_valid_uid = 1
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = DIR/users
}
userdb {
  driver = passwd-file
  args = DIR/users
  default_fields = uid=mail gid=mail home=DIR/mail/%u
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
service pop3-login {
  inet_listener pop3 {
    address = 127.0.0.1
    port = SINK
  }
  inet_listener pop3s {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = LATER
  }
}
`

// talk sends lines to a server, and waits for a line with the wanted text after
// each; the first is its greeting.
func talk(t *testing.T, port, greeting string, dialogue ...[2]string) {
	t.Helper()
	var c net.Conn
	require.Eventually(t, func() (ok bool) {
		var err error
		c, err = net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil
	}, time.Minute, 100*time.Millisecond)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	in := bufio.NewReader(c)
	for _, step := range append([][2]string{{"", greeting}}, dialogue...) {
		if step[0] != "" {
			_, err := fmt.Fprintf(c, "%s\r\n", step[0])
			require.NoError(t, err)
		}
		for line := ""; !strings.Contains(line, step[1]); {
			var err error
			line, err = in.ReadString('\n')
			require.NoError(t, err, "%q is not answered with %q but %q", step[0], step[1], line)
		}
	}
}

func TestARealDovecotLogsWhatWeCount(t *testing.T) {
	need.Long(t)
	need.Root(t)
	program := need.Program(t, "dovecot")
	p := &private{t: t, dir: t.TempDir(), port: need.Port(t), ports: [3]string{need.Port(t), need.Port(t), ""}}
	for dir := p.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	p.log = filepath.Join(p.dir, "log")
	p.write("users", "bob:{PLAIN}sesame::::::\n")
	p.write("dovecot.conf", dovecotConf)
	mail := filepath.Join(p.dir, "mail")
	require.NoError(t, os.Mkdir(mail, 0o777))
	require.NoError(t, os.Chmod(mail, 0o777))
	p.start(program, "-F", "-c", filepath.Join(p.dir, "dovecot.conf"))
	talk(t, p.port, "OK", [2]string{"a login bob sesame", "a OK"}, [2]string{"b logout", "b OK"})
	talk(t, p.port, "OK", [2]string{"a login bob wrong", "a NO"}, [2]string{"b logout", "b OK"})
	talk(t, p.ports[0], "+OK", [2]string{"USER bob", "+OK"}, [2]string{"PASS sesame", "+OK"}, [2]string{"QUIT", "+OK"})
	talk(t, p.ports[0], "+OK", [2]string{"USER bob", "+OK"}, [2]string{"PASS no", "-ERR"}, [2]string{"QUIT", "+OK"})
	talk(t, p.ports[1], "220", [2]string{"LHLO x", "250 "}, [2]string{"MAIL FROM:<a@example.org>", "250"}, [2]string{"RCPT TO:<bob>", "250"},
		[2]string{"DATA", "354"}, [2]string{"Message-ID: <: saved mail to @x>\r\n\r\nhi\r\n.", "250"},
		[2]string{"MAIL FROM:<a@example.org>", "250"}, [2]string{"RCPT TO:<eve>", "550"}, [2]string{"QUIT", "221"})
	s := p.counts(Counts{Logins: 2, LoginFailures: 2, Stored: 1})
	assert.Zero(t, s.Totals().Senders)
}
