package mailpath

import (
	"net/netip"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// connect asks each server, for its name and its certificate.
func (s *survey) connect() {
	if s.Connect == nil {
		return
	}
	for _, srv := range s.servers {
		res := s.Connect(srv.name, netip.AddrPortFrom(srv.addr, 25)).Probe(s.ctx)
		s.res.Attempts = append(s.res.Attempts, res.Attempts...)
		for _, is := range res.Issues {
			is.Detail = srv.name + ": " + is.Detail
			s.res.Issues = append(s.res.Issues, is)
		}
		if res.State != netprobe.OK && res.State != netprobe.Warning {
			continue
		}
		s.helo(srv, res)
		s.tlsa(srv, res)
	}
}

// helo compares the name by which a server greets.
func (s *survey) helo(srv server, res netprobe.Result) {
	name, _, _ := strings.Cut(res.Facts.Get("banner"), " ")
	switch {
	case !strings.Contains(name, ".") || netprobe.CheckHost(name) != nil:
		s.say(netprobe.Warning, RecordWrong, PhaseHELO, "%s greets as %.80q, which is no full name", srv.name, name)
	case !s.leadsTo(PhaseHELO, name, srv.addr):
		s.say(netprobe.Warning, RecordWrong, PhaseHELO, "%s greets as %.200q, which does not lead to %s", srv.name, name, srv.addr)
	}
}

// tlsa compares the records with the certificates that the server sent (RFC
// 7672). Without DNSSEC they bind nobody.
func (s *survey) tlsa(srv server, res netprobe.Result) {
	a, ok := s.lookup(PhaseTLSA, "_25._tcp."+srv.name, "TLSA")
	if !ok || len(a.Records) == 0 {
		return
	}
	switch {
	case !a.Secure:
		s.say(netprobe.Warning, RecordWeak, PhaseTLSA, "the TLSA records of %s are not secured by DNSSEC, or the resolver does not say so", srv.name)
	case res.TLS == nil:
		s.say(netprobe.Critical, RecordWrong, PhaseTLSA, "%s has TLSA records and offers no TLS: senders that heed them deliver nothing", srv.name)
	case !matches(a.Records, res.TLS.Sent):
		s.say(netprobe.Critical, RecordWrong, PhaseTLSA, "no TLSA record of %s fits its certificate: senders that heed them deliver nothing", srv.name)
	}
}

// matches reports whether one of the records is of a certificate that was sent:
// usage 3 of the first, usage 2 of any; by its whole or its key, in SHA-256.
func matches(records []string, sent []netprobe.CertHash) bool {
	for _, r := range records {
		f := strings.Fields(r)
		if len(f) < 4 || f[2] != "1" {
			continue
		}
		want := strings.ToLower(strings.Join(f[3:], ""))
		for i, h := range sent {
			got := map[string]string{"0": h.Cert, "1": h.Key}[f[1]]
			if got == want && (f[0] == "3" && i == 0 || f[0] == "2") {
				return true
			}
		}
	}
	return false
}

// dnsbl asks block lists about each server, after it has seen that a list works:
// 127.0.0.2 is on every list, and 127.0.0.1 on none (RFC 5782).
func (s *survey) dnsbl() {
	for _, list := range s.DNSBL {
		listed, ok := s.onList(list, netip.AddrFrom4([4]byte{127, 0, 0, 2}))
		if !ok {
			continue
		}
		all, ok := s.onList(list, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
		if !ok {
			continue
		}
		if listed == "" || all != "" {
			s.say(netprobe.Unknown, netprobe.LocalResolver, PhaseDNSBL, "the block list %s does not work: it lists everything, or not what every list has", list)
			continue
		}
		for _, srv := range s.servers {
			if code, ok := s.onList(list, srv.addr); ok && code != "" {
				s.say(netprobe.Critical, Listed, PhaseDNSBL, "%s of %s is on the block list %s (%s)", srv.addr, srv.name, list, code)
			}
		}
	}
}

// errorCodes is what lists answer to whom they do not answer.
var errorCodes = netip.MustParsePrefix("127.255.255.0/24")

// onList returns the answer of a list; false: there is none, which is said.
func (s *survey) onList(list string, ip netip.Addr) (string, bool) {
	a, ok := s.lookup(PhaseDNSBL, reverse(ip)+list, "A")
	if !ok {
		return "", false
	}
	for _, text := range a.Records {
		code, err := netip.ParseAddr(text)
		switch {
		case err == nil && errorCodes.Contains(code):
			s.say(netprobe.Unknown, netprobe.LocalResolver, PhaseDNSBL, "the block list %s answers the error %s to this resolver", list, code)
			return "", false
		case err == nil && netip.MustParsePrefix("127.0.0.0/8").Contains(code):
			return text, true
		}
	}
	return "", true
}
