package mailpath

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// submitTimeout is how long taking the mail may last.
const submitTimeout = 30 * time.Second

// submit sends the mail.
func (l Loop) submit(ctx context.Context, token string) netprobe.Result {
	for _, word := range []string{l.From, l.To} {
		if word == "" || strings.ContainsAny(word, " <>\r\n\t") {
			return failed(netprobe.Unknown, netprobe.LocalConfig, PhaseSubmit, fmt.Sprintf("%.80q is no address of mail", word))
		}
	}
	return netprobe.Script{
		Addr: l.Submit.Addr, Net: l.Net, Policy: l.Submit.Policy, Timeout: submitTimeout, Secrets: l.Submit.secrets(),
		Run: func(e *netprobe.Exchange) error {
			if err := l.greet(e); err != nil {
				return err
			}
			return e.Step(PhaseSubmit, func() error { return l.send(e, token) })
		},
	}.Probe(ctx)
}

// greet comes to the point at which a mail may be sent.
func (l Loop) greet(e *netprobe.Exchange) error {
	if l.Submit.TLS {
		if err := e.TLS(); err != nil {
			return err
		}
	}
	err := e.Step(netprobe.PhaseBanner, func() error {
		if err := reply(e, "", 2); err != nil {
			return err
		}
		if err := reply(e, "EHLO upkeep-loop.invalid", 2); err != nil || l.Submit.TLS {
			return err
		}
		return reply(e, "STARTTLS", 2)
	})
	if err != nil {
		return err
	}
	if !l.Submit.TLS {
		if err := e.TLS(); err != nil {
			return err
		}
		if err := e.Step(netprobe.PhaseEHLO, func() error { return reply(e, "EHLO upkeep-loop.invalid", 2) }); err != nil {
			return err
		}
	}
	if l.Submit.User == "" {
		return nil
	}
	return e.Step(netprobe.PhaseAuth, func() error {
		if err := e.Trusted(); err != nil {
			return err
		}
		return reply(e, "AUTH PLAIN "+l.Submit.plain(), 2)
	})
}

func (l Loop) send(e *netprobe.Exchange, token string) error {
	for _, c := range []struct {
		line  string
		class int
	}{{"MAIL FROM:<" + l.From + ">", 2}, {"RCPT TO:<" + l.To + ">", 2}, {"DATA", 3}, {l.text(token), 2}} {
		if err := reply(e, c.line, c.class); err != nil {
			return err
		}
	}
	return reply(e, "QUIT", 2)
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

// reply sends a line, if there is one, and wants a reply of a class.
func reply(e *netprobe.Exchange, line string, class int) error {
	if line != "" {
		if _, err := e.Write([]byte(line + "\r\n")); err != nil {
			return err
		}
	}
	for range 100 {
		got, err := e.ReadLine()
		if err != nil {
			return err
		}
		text := string(got)
		if len(text) < 3 || text[0] < '2' || text[0] > '5' {
			return netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no SMTP reply", text)
		}
		if len(text) > 3 && text[3] == '-' {
			continue
		}
		code := 0
		fmt.Sscan(text[:3], &code) //nolint:errcheck // zero is no code
		e.Result.Code = code
		if code/100 == class {
			return nil
		}
		f := netprobe.Failf(netprobe.ProtoReject, "the server does not take the mail: %.200q", text)
		if code/100 == 4 {
			f.Cause = netprobe.ProtoDefer
		}
		f.Code = code
		return f
	}
	return netprobe.Failf(netprobe.ProtoOversize, "a reply has more than 100 lines")
}
