package dnsprobe

import (
	"context"
	"encoding/binary"
	"regexp"
	"strconv"
	"time"

	"github.com/miekg/dns"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// DNS asks a server one question, over UDP and, where the answer does not fit,
// over TCP.
type DNS struct {
	Addr    string        // host:port; required
	Timeout time.Duration // of each of at most three questions; zero means 10s
	Net     netprobe.Net

	Name      string         // that is asked for; "": the root
	Type      string         // such as "MX"; "": "A", and "SOA" for the root
	Rcode     string         // that the answer must have; "": "NOERROR"
	Expect    *regexp.Regexp // must match one record of the answer, as zone files write it; nil: there must be one
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
	network := "udp"
	if p.TCP {
		network = "tcp"
	}
	a := p.ask(ctx, network, question, nil)
	if a.msg != nil && a.msg.Truncated && network == "udp" {
		first := a.res
		a = p.ask(ctx, "tcp", question, nil)
		a.res.Attempts = append(first.Attempts, a.res.Attempts...)
	}
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

func exchange(e *netprobe.Exchange, network string, question *dns.Msg) (*dns.Msg, error) {
	packed, err := question.Pack()
	if err != nil {
		return nil, netprobe.Failf(netprobe.LocalConfig, "%v", err)
	}
	if network == "tcp" {
		packed = append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
	}
	if _, err := e.Write(packed); err != nil {
		return nil, err
	}
	for range 8 { // what answers another question is not ours
		data, err := receive(e, network)
		if err != nil {
			return nil, err
		}
		m := new(dns.Msg)
		if err := m.Unpack(data); err != nil {
			return nil, netprobe.Failf(netprobe.ProtoSyntax, "the answer is no message of DNS: %v", err)
		}
		if m.Id == question.Id && m.Response && len(m.Question) == 1 && m.Question[0] == question.Question[0] {
			return m, nil
		}
	}
	return nil, netprobe.Failf(netprobe.ProtoSyntax, "the server answers, and never what was asked")
}

func receive(e *netprobe.Exchange, network string) ([]byte, error) {
	if network == "udp" {
		buf := make([]byte, 4<<10)
		n, err := e.Read(buf)
		return buf[:n], err
	}
	head, err := e.ReadN(2)
	if err != nil {
		return nil, err
	}
	return e.ReadN(int(binary.BigEndian.Uint16(head)))
}

// causes of response codes that refuse.
var causes = map[int]netprobe.Cause{
	dns.RcodeRefused: netprobe.DNSRefused, dns.RcodeServerFailure: netprobe.DNSServfail,
	dns.RcodeNotAuth: netprobe.DNSLame, dns.RcodeNameError: netprobe.DNSNotFound,
}

func (p DNS) judge(e *netprobe.Exchange, m *dns.Msg) error {
	code := dns.RcodeToString[m.Rcode]
	e.Result.Code = m.Rcode
	e.Fact("rcode", code)
	critical := func(cause netprobe.Cause, format string, args ...any) error {
		f := netprobe.Failf(cause, format, args...)
		f.Code = m.Rcode
		return f
	}
	var records []string
	for _, rr := range m.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			e.Fact("serial", strconv.FormatUint(uint64(soa.Serial), 10))
		}
		records = append(records, rr.String())
	}
	e.Fact("answer", records[:min(len(records), maxFacts)]...)
	switch {
	case code != p.rcode():
		cause := causes[m.Rcode]
		if cause == "" {
			cause = netprobe.ProtoUnexpected
		}
		return critical(cause, "the server answered %s, expected was %s", code, p.rcode())
	case p.Authority && !m.Authoritative:
		return critical(netprobe.DNSLame, "the server is not responsible for %s", dns.Fqdn(p.Name))
	case p.Secure && !m.AuthenticatedData:
		return critical(netprobe.DNSBogus, "the server does not say that it verified the answer by DNSSEC")
	}
	return p.search(records, critical)
}

func (p DNS) search(records []string, critical func(netprobe.Cause, string, ...any) error) error {
	found := p.Expect == nil && (len(records) > 0 || p.rcode() != "NOERROR")
	for _, r := range records {
		if p.Reject != nil && p.Reject.MatchString(r) {
			return critical(netprobe.ProtoUnexpected, "the answer has %.200q, which %.80q matches", r, p.Reject)
		}
		found = found || p.Expect != nil && p.Expect.MatchString(r)
	}
	switch {
	case found:
		return nil
	case p.Expect == nil:
		return critical(netprobe.ProtoUnexpected, "the name has no such record")
	}
	return critical(netprobe.ProtoUnexpected, "%.80q matches none of %d records", p.Expect, len(records))
}
