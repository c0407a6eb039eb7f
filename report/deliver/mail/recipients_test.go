package mail

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

// A server of a few words, which knows some recipients and gives those who got a mail.
func server(t *testing.T, knows func(rcpt string) string) (port int, got *[]string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	got = new([]string)
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			talk(conn, knows, got)
		}
	}()
	t.Cleanup(func() { l.Close(); <-done }) //nolint:errcheck // nobody is there any more
	return l.Addr().(*net.TCPAddr).Port, got
}

func talk(conn net.Conn, knows func(rcpt string) string, got *[]string) {
	defer conn.Close() //nolint:errcheck // it is over
	say := func(line string) { fmt.Fprint(conn, line+"\r\n") }
	say("220 here")
	var to []string
	data := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case data && line == ".":
			*got, to, data = append(*got, to...), nil, false
			say("250 taken")
		case data:
		case verb == "DATA":
			data = true
			say("354 go on")
		case verb == "RCPT":
			rcpt := line[strings.IndexByte(line, '<')+1 : strings.IndexByte(line, '>')]
			if no := knows(rcpt); no != "" {
				say(no)
				continue
			}
			to = append(to, rcpt)
			say("250 yes")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			to = nil
			say("250 yes")
		}
	}
}

func TestARecipientWhoIsNotThereKeepsTheMailFromNobodyElse(t *testing.T) {
	no := "550 5.1.1 nobody of that name"
	port, got := server(t, func(rcpt string) string {
		if rcpt == "ops@example.net" {
			return no
		}
		return ""
	})
	send := SMTP{Message: message, Host: "127.0.0.1", Port: port, TLS: Plain}
	err := send.Report(t.Context(), rendertest.Quiet())
	partial, is := errors.AsType[deliver.Partial](err)
	require.True(t, is && partial.Partly())
	require.ErrorContains(t, err, "ops@example.net")
	assert.Equal(t, []string{"ann@example.org"}, *got)

	*got, no = nil, "451 later"
	err = send.Report(t.Context(), rendertest.Quiet())
	require.Error(t, err)
	_, is = errors.AsType[deliver.Partial](err)
	require.False(t, is, "it is tried again, for all of them")
	assert.Empty(t, *got)
}
