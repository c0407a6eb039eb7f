package mailpath

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Loop sends one mail to a mailbox and waits there for it. The mail carries a
// token that nobody can guess, by which alone it is found, and it is deleted
// afterwards: no other mail is read or touched.
type Loop struct {
	Submit  Account       // where it is sent; From is its sender
	Mailbox Account       // where it must arrive, over IMAP
	From    string        // required
	To      string        // required
	Warn    time.Duration // longer on the way is a Warning; zero: 95s
	Crit    time.Duration // and longer than this is Critical; zero: 300s
	Poll    time.Duration // between two looks into the mailbox; zero: 5s
	Net     netprobe.Net
}

// An Account is one at a server. It is used inside verified TLS only.
type Account struct {
	Addr     string // host:port; required
	TLS      bool   // begin with a handshake; else STARTTLS
	Policy   netprobe.TLSPolicy
	User     string // "": nobody logs in
	Password netprobe.Secret
}

// The phases of a Loop.
const (
	PhaseSubmit  netprobe.Phase = "submit"
	PhaseArrival netprobe.Phase = "arrival"
)

// The causes of a Loop.
const (
	Lost      netprobe.Cause = "mailpath.lost"      // the mail did not arrive in time
	Late      netprobe.Cause = "mailpath.late"      // it took longer than its limit
	Duplicate netprobe.Cause = "mailpath.duplicate" // it came more than once
)

const maxHops = 30

// Probe sends one mail and waits for it, at most Crit.
func (l Loop) Probe(ctx context.Context) netprobe.Result {
	l.Warn, l.Crit, l.Poll = orElse(l.Warn, 95*time.Second), orElse(l.Crit, 300*time.Second), orElse(l.Poll, 5*time.Second)
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return failed(netprobe.Unknown, netprobe.LocalError, PhaseSubmit, err.Error())
	}
	token := hex.EncodeToString(random)
	began := time.Now()
	sent, taken := l.submit(ctx, token)
	if !taken {
		return sent
	}
	res := l.await(ctx, token, began)
	res.Attempts = append(sent.Attempts, res.Attempts...)
	res.Issues = append(sent.Issues, res.Issues...)
	res.Start, res.Took = sent.Start, time.Since(began)
	res.Phases = []netprobe.PhaseTiming{{Phase: PhaseSubmit, Took: sent.Took}, {Phase: PhaseArrival, Took: res.Took - sent.Took}}
	return res.Without(func(netprobe.Issue) bool { return false })
}

func orElse(d, standard time.Duration) time.Duration {
	if d <= 0 {
		return standard
	}
	return d
}

func failed(state netprobe.State, cause netprobe.Cause, phase netprobe.Phase, detail string) netprobe.Result {
	r := netprobe.Result{Start: time.Now(), Issues: []netprobe.Issue{{State: state, Cause: cause, Phase: phase, Detail: detail}}}
	return r.Without(func(netprobe.Issue) bool { return false })
}

// await looks into the mailbox until the mail is there or time is up. That the
// mailbox cannot be opened is its own fault and no loss of the mail.
func (l Loop) await(ctx context.Context, token string, began time.Time) netprobe.Result {
	for {
		var a arrival
		res := l.look(ctx, token, &a, l.Crit-time.Since(began))
		took := time.Since(began)
		switch {
		case res.State != netprobe.OK && res.State != netprobe.Warning:
			return res
		case len(a.uids) > 0:
			return l.judge(res, a, took)
		case took+l.Poll > l.Crit:
			res.Issues = append(res.Issues, netprobe.Issue{State: netprobe.Critical, Cause: Lost, Phase: PhaseArrival, Detail: "the mail was taken, and did not arrive within " + prose.Duration(took)})
			return res
		}
		timer := time.NewTimer(l.Poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return failed(netprobe.Unknown, netprobe.LocalCancelled, PhaseArrival, "the caller's context ended before the mail arrived")
		}
	}
}

func (l Loop) judge(res netprobe.Result, a arrival, took time.Duration) netprobe.Result {
	if res.Facts == nil {
		res.Facts = netprobe.Facts{}
	}
	for _, hop := range hops(a.header) {
		res.Facts["hops"] = append(res.Facts["hops"], fmt.Sprintf("%s %ss", prose.Clip(hop.By, 200), strconv.FormatFloat(hop.Took.Seconds(), 'f', 0, 64)))
	}
	add := func(state netprobe.State, cause netprobe.Cause, detail string) {
		res.Issues = append(res.Issues, netprobe.Issue{State: state, Cause: cause, Phase: PhaseArrival, Detail: detail})
	}
	switch {
	case took > l.Crit:
		add(netprobe.Critical, Late, "the mail was on its way for "+prose.Duration(took))
	case took > l.Warn:
		add(netprobe.Warning, Late, "the mail was on its way for "+prose.Duration(took))
	}
	if len(a.uids) > 1 {
		add(netprobe.Warning, Duplicate, "the mail arrived "+prose.Count(len(a.uids), "time"))
	}
	return res
}
