package dnsprobe

import (
	"cmp"
	"context"
	"regexp"
	"time"

	"github.com/miekg/dns"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// DNS asks a server one question, over UDP and, where the answer does not fit,
// over TCP.
type DNS struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe, of at most three questions; zero means 10s
	Net     netprobe.Net

	Name      string         // that is asked for; "": the root
	Type      string         // such as "MX"; "": "A", and "SOA" for the root
	Rcode     string         // that the answer must have; "": "NOERROR"
	Expect    *regexp.Regexp // must match one record of the answer, as zone files write it; nil: there must be one of the type
	Reject    *regexp.Regexp // must match none
	Secure    bool           // the server must say that it verified the answer by DNSSEC
	Authority bool           // the server must be responsible for the name; it is asked for nothing else
	TCP       bool           // ask over TCP only
}

const phaseQuery netprobe.Phase = "query"

const (
	maxFacts = 20
	udpSize  = 1232 // what passes everywhere without fragments
)

// Probe makes one transaction, and another over TCP where the answer is cut.
func (p DNS) Probe(ctx context.Context) netprobe.Result {
	question, err := p.question()
	if err != nil {
		return p.ask(ctx, "tcp", nil, err).res
	}
	began, whole := time.Now(), cmp.Or(p.Timeout, netprobe.DefaultTimeout)
	left := func() time.Duration { return max(whole-time.Since(began), time.Millisecond) }
	network := "udp"
	if p.TCP {
		network = "tcp"
	}
	a := p.ask(ctx, network, question, nil)
	if a.msg != nil && a.msg.Truncated && network == "udp" {
		first := a.res
		p.Timeout = left()
		a = p.ask(ctx, "tcp", question, nil)
		a.res.Attempts = append(first.Attempts, a.res.Attempts...)
	}
	p.Timeout = left()
	if a.res.Cause == netprobe.DNSServfail && p.bogus(ctx, question) {
		a.res = changed(a.res, netprobe.DNSServfail, netprobe.DNSBogus, "the server answers only when it need not verify by DNSSEC: the answer is forged, or the zone is badly signed")
	}
	return changed(a.res, netprobe.ProtoTimeout, netprobe.DNSTimeout, "")
}

// changed gives a cause its name in DNS.
func changed(res netprobe.Result, from, to netprobe.Cause, detail string) netprobe.Result {
	if res.Cause == from {
		res.Cause = to
		if detail != "" {
			res.Detail = detail
		}
	}
	for i, is := range res.Issues {
		if is.Cause == from {
			res.Issues[i].Cause, res.Issues[i].Detail = to, res.Detail
		}
	}
	for i, a := range res.Attempts {
		if a.Cause == from {
			res.Attempts[i].Cause = to
		}
	}
	return res
}

// bogus asks again without verification.
func (p DNS) bogus(ctx context.Context, question *dns.Msg) bool {
	free := question.Copy()
	free.CheckingDisabled = true
	p.Expect, p.Reject, p.Secure, p.Authority, p.Rcode = nil, nil, false, false, ""
	a := p.ask(ctx, "tcp", free, nil)
	return a.msg != nil && a.msg.Rcode == dns.RcodeSuccess
}

func (p DNS) question() (*dns.Msg, error) {
	kind := p.Type
	if kind == "" {
		kind = map[bool]string{true: "SOA", false: "A"}[p.Name == "" || p.Name == "."]
	}
	number, ok := dns.StringToType[kind]
	if _, valid := dns.IsDomainName(dns.Fqdn(p.Name)); !ok || !valid {
		return nil, netprobe.Failf(netprobe.LocalConfig, "%.20q of %.100q is no question", kind, p.Name)
	}
	if _, ok := dns.StringToRcode[p.rcode()]; !ok {
		return nil, netprobe.Failf(netprobe.LocalConfig, "%.40q is no response code", p.Rcode)
	}
	m := new(dns.Msg).SetQuestion(dns.Fqdn(p.Name), number)
	m.RecursionDesired = !p.Authority
	m.SetEdns0(udpSize, p.Secure)
	m.AuthenticatedData = p.Secure
	return m, nil
}

func (p DNS) rcode() string {
	if p.Rcode == "" {
		return "NOERROR"
	}
	return p.Rcode
}

type answer struct {
	res netprobe.Result
	msg *dns.Msg
}

func (p DNS) ask(ctx context.Context, network string, question *dns.Msg, wrong error) (a answer) {
	a.res = netprobe.Script{
		Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Network: network, Max: 64<<10 + 2,
		Run: func(e *netprobe.Exchange) error {
			return e.Step(phaseQuery, func() (err error) {
				if wrong != nil {
					return wrong
				}
				if a.msg, err = exchange(e, network, question); err != nil || a.msg.Truncated && network == "udp" {
					return err
				}
				return p.judge(e, a.msg)
			})
		},
	}.Probe(ctx)
	return a
}
