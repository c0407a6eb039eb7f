package mailpath

import (
	"context"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// An arrival is what the mailbox has of the mail.
type arrival struct {
	uids   []string
	header []byte // of the first
}

// look opens the mailbox and, when the mail is there, reads its header and
// deletes it.
func (l Loop) look(ctx context.Context, token string, a *arrival) netprobe.Result {
	return netprobe.Script{
		Addr: l.Mailbox.Addr, Net: l.Net, Policy: l.Mailbox.Policy, Secrets: l.Mailbox.secrets(), Max: 256 << 10,
		Run: func(e *netprobe.Exchange) error {
			if err := l.open(e); err != nil {
				return err
			}
			return e.Step(PhaseArrival, func() error { return find(e, token, a) })
		},
	}.Probe(ctx)
}

// open logs in, inside verified TLS.
func (l Loop) open(e *netprobe.Exchange) error {
	if l.Mailbox.TLS {
		if err := e.TLS(); err != nil {
			return err
		}
	}
	err := e.Step(netprobe.PhaseBanner, func() error {
		line, err := e.ReadLine()
		if err == nil && !strings.HasPrefix(string(line), "* OK") {
			err = netprobe.Failf(netprobe.ProtoReject, "the mailbox server greets with %.200q", line)
		}
		if err != nil || l.Mailbox.TLS {
			return err
		}
		_, err = ask(e, "a1", "STARTTLS")
		return err
	})
	if err != nil {
		return err
	}
	if !l.Mailbox.TLS {
		if err := e.TLS(); err != nil {
			return err
		}
	}
	return e.Step(netprobe.PhaseAuth, func() error {
		if err := e.Trusted(); err != nil {
			return err
		}
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		if _, err := ask(e, "a2", `LOGIN "`+quote.Replace(l.Mailbox.User)+`" "`+quote.Replace(string(l.Mailbox.Password))+`"`); err != nil {
			return err
		}
		_, err := ask(e, "a3", "SELECT INBOX")
		return err
	})
}

// find searches for the token alone, and touches nothing else.
func find(e *netprobe.Exchange, token string, a *arrival) error {
	lines, err := ask(e, "a4", "UID SEARCH HEADER "+tokenHeader+" "+token)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "* SEARCH"); ok {
			for _, uid := range strings.Fields(rest) {
				if _, err := strconv.ParseUint(uid, 10, 32); err == nil && len(a.uids) < maxHops {
					a.uids = append(a.uids, uid)
				}
			}
		}
	}
	if len(a.uids) > 0 {
		if lines, err = ask(e, "a5", "UID FETCH "+a.uids[0]+" BODY.PEEK[HEADER]"); err != nil {
			return err
		}
		a.header = headerOf(lines)
		all := strings.Join(a.uids, ",")
		if _, err = ask(e, "a6", "UID STORE "+all+` +FLAGS.SILENT (\Deleted)`); err != nil {
			return err
		}
		// Without UIDPLUS it stays marked: a plain EXPUNGE would take others along.
		ask(e, "a7", "UID EXPUNGE "+all) //nolint:errcheck // see above
	}
	_, err = ask(e, "a9", "LOGOUT")
	return err
}

// headerOf leaves out the lines of IMAP around a header.
func headerOf(lines []string) []byte {
	var out []byte
	inside := false
	for _, line := range lines {
		switch {
		case !inside && strings.Contains(line, "BODY[HEADER]"):
			inside = true
		case inside && line == "":
			return append(out, "\r\n"...)
		case inside:
			out = append(append(out, line...), "\r\n"...)
		}
	}
	return append(out, "\r\n"...)
}

// ask sends a command and returns the lines up to its tagged answer.
func ask(e *netprobe.Exchange, tag, command string) (lines []string, err error) {
	if _, err := e.Write([]byte(tag + " " + command + "\r\n")); err != nil {
		return nil, err
	}
	for range 2000 {
		got, err := e.ReadLine()
		if err != nil {
			return nil, err
		}
		line := string(got)
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			if strings.HasPrefix(strings.ToUpper(rest), "OK") {
				return lines, nil
			}
			return nil, netprobe.Failf(netprobe.ProtoReject, "the mailbox server answered %.200q", rest)
		}
		lines = append(lines, line)
	}
	return nil, netprobe.Failf(netprobe.ProtoOversize, "an answer has more than 2000 lines")
}

// A Hop is one server on the way of a mail, and how long it took to get there.
type Hop struct {
	By   string
	Took time.Duration // since the hop before; zero for the first, and where clocks disagree
}

var received = regexp.MustCompile(`(?is)\bby\s+([^\s;]+)`)

// hops reads the chain of Received headers, the first server first.
func hops(header []byte) []Hop {
	m, err := mail.ReadMessage(strings.NewReader(string(header)))
	if err != nil {
		return nil
	}
	var out []Hop
	var before time.Time
	chain := m.Header["Received"]
	for i := len(chain) - 1; i >= max(0, len(chain)-maxHops); i-- {
		text := chain[i]
		by := received.FindStringSubmatch(text)
		stamp := text[strings.LastIndexByte(text, ';')+1:]
		at, err := mail.ParseDate(strings.TrimSpace(stamp))
		if by == nil || err != nil {
			continue
		}
		hop := Hop{By: by[1]}
		if !before.IsZero() {
			hop.Took = max(0, at.Sub(before))
		}
		before = at
		out = append(out, hop)
	}
	return out
}
