package mailpath

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// submitTimeout is how long taking the mail may last.
const submitTimeout = 30 * time.Second

// submit sends the mail, and reports whether the server took it.
func (l Loop) submit(ctx context.Context, token string) (sent netprobe.Result, taken bool) {
	for _, word := range []string{l.From, l.To} {
		if !isAddress(word) {
			return failed(netprobe.Unknown, netprobe.LocalConfig, PhaseSubmit, fmt.Sprintf("%.80q is no address of mail", word)), false
		}
	}
	p := protocol.SMTP{HELO: "upkeep-loop.invalid", TLS: l.Submit.TLS, StartTLS: protocol.Required, User: l.Submit.User, Password: l.Submit.Password}
	sent = netprobe.Script{
		Addr: l.Submit.Addr, Net: l.Net, Policy: l.Submit.Policy, Timeout: submitTimeout, Secrets: p.Secrets(),
		Run: func(e *netprobe.Exchange) error {
			err := p.Open(e)
			if err == nil {
				err = e.Step(PhaseSubmit, func() error { return l.send(e, token) })
			}
			taken = err == nil
			e.Leave("QUIT")
			return err
		},
	}.Probe(ctx)
	if taken {
		return sent, true
	}
	for i, is := range sent.Issues {
		if is.Cause == netprobe.ProtoDefer { // a server that is busy is up; a mail that it did not take is not on its way
			sent.Issues[i].State = netprobe.Critical
		}
	}
	return sent.Without(func(netprobe.Issue) bool { return false }), false
}

func isAddress(word string) bool {
	return word != "" && len(word) <= 320 && !strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' })
}

func (l Loop) send(e *netprobe.Exchange, token string) error {
	if err := e.Trusted(); err != nil {
		return err
	}
	for _, c := range []struct {
		line string
		code int
	}{{"MAIL FROM:<" + l.From + ">", 250}, {"RCPT TO:<" + l.To + ">", 250}, {"DATA", 354}, {l.text(token), 250}} {
		if err := protocol.Command(e, c.line, c.code); err != nil {
			return err
		}
	}
	return nil
}

// tokenHeader is the header by which the mail is found.
const tokenHeader = "X-Upkeep-Loop"

func (l Loop) text(token string) string {
	return strings.Join([]string{
		"From: <" + l.From + ">", "To: <" + l.To + ">", "Subject: mail loop test",
		"Date: " + time.Now().Format("Mon, 02 Jan 2006 15:04:05 -0700"),
		"Message-ID: <" + token + "@upkeep-loop.invalid>", "Auto-Submitted: auto-generated", tokenHeader + ": " + token,
		"", "This mail tests the way to this mailbox, and is deleted when it has arrived.", ".",
	}, "\r\n")
}
