package mailpath

import (
	"context"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// An arrival is what the mailbox has of the mail.
type arrival struct {
	uids   []string
	header []byte // of the first
}

// look opens the mailbox and, when the mail is there, reads its header and
// deletes it. It takes no longer than what is left.
func (l Loop) look(ctx context.Context, token string, a *arrival, left time.Duration) netprobe.Result {
	p := protocol.IMAP{TLS: l.Mailbox.TLS, StartTLS: protocol.Required, User: l.Mailbox.User, Password: l.Mailbox.Password}
	return netprobe.Script{
		Addr: l.Mailbox.Addr, Net: l.Net, Policy: l.Mailbox.Policy, Secrets: p.Secrets(), Max: 256 << 10,
		Timeout: min(max(left, time.Second), netprobe.DefaultTimeout),
		Run: func(e *netprobe.Exchange) error {
			err := p.Open(e)
			if err == nil {
				err = e.Step(PhaseArrival, func() error { return find(e, token, a) })
			}
			e.Leave("m9 LOGOUT")
			return err
		},
	}.Probe(ctx)
}

// find searches for the token alone, and touches nothing else.
func find(e *netprobe.Exchange, token string, a *arrival) error {
	if err := e.Trusted(); err != nil {
		return err
	}
	if _, err := protocol.Ask(e, "m1", "SELECT INBOX"); err != nil {
		return err
	}
	responses, err := protocol.Ask(e, "m2", "UID SEARCH HEADER "+tokenHeader+" "+token)
	if err != nil {
		return err
	}
	for _, r := range responses {
		if rest, ok := strings.CutPrefix(r, "* SEARCH"); ok {
			for _, uid := range strings.Fields(rest) {
				if _, err := strconv.ParseUint(uid, 10, 32); err == nil && len(a.uids) < maxHops {
					a.uids = append(a.uids, uid)
				}
			}
		}
	}
	if len(a.uids) == 0 {
		return nil
	}
	if responses, err = protocol.Ask(e, "m3", "UID FETCH "+a.uids[0]+" BODY.PEEK[HEADER]"); err != nil {
		return err
	}
	a.header = headerOf(responses)
	all := strings.Join(a.uids, ",")
	if _, err = protocol.Ask(e, "m4", "UID STORE "+all+` +FLAGS.SILENT (\Deleted)`); err != nil {
		return err
	}
	// Without UIDPLUS it stays marked: a plain EXPUNGE would take others along.
	protocol.Ask(e, "m5", "UID EXPUNGE "+all) //nolint:errcheck // see above
	return nil
}

// headerOf gives the literal of the response that has the header.
func headerOf(responses []string) []byte {
	for _, r := range responses {
		if _, rest, ok := strings.Cut(r, "BODY[HEADER] {"); ok {
			_, header, _ := strings.Cut(rest, "\r\n")
			return []byte(header)
		}
	}
	return nil
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
