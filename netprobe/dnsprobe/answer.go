package dnsprobe

import (
	"strconv"

	"github.com/miekg/dns"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

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
	answers := 0 // of the type that was asked for: an alias that leads nowhere is none
	for _, rr := range m.Answer {
		for _, q := range m.Question {
			if q.Qtype == rr.Header().Rrtype || q.Qtype == dns.TypeANY {
				answers++
			}
		}
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
	return p.search(records, answers, critical)
}

func (p DNS) search(records []string, answers int, critical func(netprobe.Cause, string, ...any) error) error {
	found := p.Expect == nil && (answers > 0 || p.rcode() != "NOERROR")
	for _, r := range records {
		if p.Reject != nil && p.Reject.MatchString(r) {
			return critical(netprobe.ProtoUnexpected, "the answer has %.200q, which %.80q matches", r, p.Reject)
		}
		found = found || p.Expect != nil && p.Expect.MatchString(r)
	}
	switch {
	case found:
		return nil
	case p.Expect == nil && len(records) > 0:
		return critical(netprobe.ProtoUnexpected, "none of the %d records of the answer is of the type that was asked for: the first is %.200q", len(records), records[0])
	case p.Expect == nil:
		return critical(netprobe.ProtoUnexpected, "the name has no such record")
	}
	return critical(netprobe.ProtoUnexpected, "%.80q matches none of %d records", p.Expect, len(records))
}
