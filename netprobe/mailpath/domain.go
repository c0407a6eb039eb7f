package mailpath

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Domain judges all that surrounds the mail of one domain.
type Domain struct {
	Name    string        // required
	Zone    Zone          // required
	Timeout time.Duration // of everything; zero means 60s

	DKIM    []string                                              // selectors whose keys must be there
	DNSBL   []string                                              // block lists on which the servers must not be, such as "zen.spamhaus.org"
	Fetch   func(ctx context.Context, url string) ([]byte, error) // reads the policy of MTA-STS; nil: it is not looked at
	Connect func(mx string, addr netip.AddrPort) netprobe.Prober  // asks a server, for HELO and TLSA; nil: none is
}

// The questions, as phases of the result.
const (
	PhaseMX     netprobe.Phase = "mx"
	PhasePTR    netprobe.Phase = "ptr"
	PhaseHELO   netprobe.Phase = "helo"
	PhaseSPF    netprobe.Phase = "spf"
	PhaseDKIM   netprobe.Phase = "dkim"
	PhaseDMARC  netprobe.Phase = "dmarc"
	PhaseMTASTS netprobe.Phase = "mta-sts"
	PhaseTLSA   netprobe.Phase = "tlsa"
	PhaseDNSBL  netprobe.Phase = "dnsbl"
)

// The causes of this package.
const (
	RecordMissing netprobe.Cause = "mailpath.missing" // a record that should be there
	RecordWrong   netprobe.Cause = "mailpath.wrong"   // one that cannot be used
	RecordWeak    netprobe.Cause = "mailpath.weak"    // one that protects little
	Listed        netprobe.Cause = "mailpath.listed"  // on a block list
)

// Bounds of what a zone makes us ask: it is written by who owns the domain.
const (
	maxServers   = 10 // names of one kind
	maxAddresses = 32 // of all servers together
)

// A server is one address of one MX.
type server struct {
	name string
	addr netip.Addr
}

// survey is one run.
type survey struct {
	Domain
	ctx     context.Context
	res     netprobe.Result
	names   []string // of the MX records
	servers []server
	beyond  int // servers that are not asked
}

// Probe asks every question. One that has no answer leaves the others alone.
func (d Domain) Probe(ctx context.Context) netprobe.Result {
	if d.Timeout <= 0 {
		d.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	s := &survey{Domain: d, ctx: ctx}
	s.res.Start = time.Now()
	s.res.Facts = netprobe.Facts{}
	for _, q := range []struct {
		phase netprobe.Phase
		ask   func()
	}{
		{PhaseMX, s.mx},
		{PhasePTR, s.ptr},
		{PhaseSPF, s.spf},
		{PhaseDKIM, s.dkim},
		{PhaseDMARC, s.dmarc},
		{PhaseMTASTS, s.mtasts},
		{PhaseHELO, s.connect},
		{PhaseDNSBL, s.dnsbl},
	} {
		began := time.Now()
		q.ask()
		s.res.Phases = append(s.res.Phases, netprobe.PhaseTiming{Phase: q.phase, Took: time.Since(began)})
	}
	s.res.Took = time.Since(s.res.Start)
	return s.res.Without(func(netprobe.Issue) bool { return false })
}

func (s *survey) say(state netprobe.State, cause netprobe.Cause, phase netprobe.Phase, format string, args ...any) {
	s.res.Issues = append(s.res.Issues, netprobe.Issue{State: state, Cause: cause, Phase: phase, Detail: fmt.Sprintf(format, args...)})
}

// lookup notes that nobody knows where that is so.
func (s *survey) lookup(phase netprobe.Phase, name, kind string) (Answer, bool) {
	a, err := s.Zone.Lookup(s.ctx, name, kind)
	if err != nil {
		s.say(netprobe.Unknown, netprobe.LocalResolver, phase, "%v", err)
	}
	return a, err == nil
}

// mx finds the servers.
func (s *survey) mx() {
	a, ok := s.lookup(PhaseMX, s.Name, "MX")
	if !ok {
		return
	}
	if len(a.Records) == 0 {
		s.say(netprobe.Critical, RecordMissing, PhaseMX, "%s has no MX record", s.Name)
		return
	}
	for _, r := range a.Records {
		preference, name, _ := strings.Cut(r, " ")
		name = strings.TrimSuffix(strings.TrimSpace(name), ".")
		switch _, err := strconv.ParseUint(preference, 10, 16); {
		case err != nil:
			s.say(netprobe.Critical, RecordWrong, PhaseMX, "the MX record %.100q cannot be read", r)
		case name == "" && len(a.Records) == 1:
			s.say(netprobe.Warning, RecordMissing, PhaseMX, "%s says that it takes no mail (RFC 7505)", s.Name)
		case name == "":
			s.say(netprobe.Critical, RecordWrong, PhaseMX, "%s says that it takes no mail, and has other MX records beside", s.Name)
		default:
			s.names = append(s.names, name)
		}
	}
	s.res.Facts["mx"] = s.names
	for _, name := range s.names[:min(len(s.names), maxServers)] {
		s.addresses(name)
	}
	s.beyond += max(0, len(s.names)-maxServers)
	if s.beyond > 0 {
		s.res.Facts["not-asked"] = []string{prose.Count(s.beyond, "server") + " more"}
	}
}

func (s *survey) addresses(name string) {
	if _, err := netip.ParseAddr(name); err == nil {
		s.say(netprobe.Critical, RecordWrong, PhaseMX, "the MX %s is an address, and has to be a name", name)
		return
	}
	found, known, alias := 0, true, false
	for _, kind := range []string{"A", "AAAA"} {
		a, ok := s.lookup(PhaseMX, name, kind)
		known = known && ok
		alias = alias || a.Alias
		for _, text := range a.Records {
			ip, err := netip.ParseAddr(text)
			if err != nil {
				continue
			}
			found++
			if err := netprobe.Public(ip); err != nil {
				s.say(netprobe.Critical, RecordWrong, PhaseMX, "the MX %s: %v", name, err)
			}
			if len(s.servers) == maxAddresses {
				s.beyond++
				continue
			}
			s.servers = append(s.servers, server{name, ip})
		}
	}
	if alias {
		s.say(netprobe.Warning, RecordWrong, PhaseMX, "the MX %s is an alias, which RFC 5321 forbids", name)
	}
	if found == 0 && known {
		s.say(netprobe.Critical, RecordMissing, PhaseMX, "the MX %s has no address", name)
	}
}

// ptr asks whether each address leads to a name that leads back.
func (s *survey) ptr() {
	for _, srv := range s.servers {
		a, ok := s.lookup(PhasePTR, reverse(srv.addr)+arpa(srv.addr), "PTR")
		if !ok {
			continue
		}
		if len(a.Records) == 0 {
			s.say(netprobe.Warning, RecordMissing, PhasePTR, "%s of %s has no PTR record", srv.addr, srv.name)
			continue
		}
		back := false
		for _, name := range a.Records[:min(len(a.Records), maxServers)] {
			back = back || s.leadsTo(PhasePTR, name, srv.addr)
		}
		if !back {
			s.say(netprobe.Warning, RecordWrong, PhasePTR, "%s leads to %.200q, which does not lead back", srv.addr, a.Records[0])
		}
	}
}

func (s *survey) leadsTo(phase netprobe.Phase, name string, ip netip.Addr) bool {
	kind := "A"
	if ip.Is6() {
		kind = "AAAA"
	}
	a, ok := s.lookup(phase, strings.TrimSuffix(name, "."), kind)
	for _, text := range a.Records {
		if got, err := netip.ParseAddr(text); err == nil && got == ip {
			return true
		}
	}
	return !ok // nobody knows, which is said already
}

// reverse spells an address backwards, with a dot behind.
func reverse(ip netip.Addr) string {
	var out strings.Builder
	if ip.Is4() {
		b := ip.As4()
		return fmt.Sprintf("%d.%d.%d.%d.", b[3], b[2], b[1], b[0])
	}
	b := ip.As16()
	for i := len(b) - 1; i >= 0; i-- {
		fmt.Fprintf(&out, "%x.%x.", b[i]&15, b[i]>>4)
	}
	return out.String()
}

func arpa(ip netip.Addr) string {
	if ip.Is4() {
		return "in-addr.arpa"
	}
	return "ip6.arpa"
}
