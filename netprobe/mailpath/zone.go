package mailpath

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// A Zone answers questions of DNS. An error means that nobody knows; that there
// is no such record is an Answer without records.
type Zone interface {
	Lookup(ctx context.Context, name, kind string) (Answer, error)
}

// An Answer is the records of one name and kind.
type Answer struct {
	Records []string // data as in zone files; of TXT the joined strings, unquoted
	Alias   bool     // the name is a CNAME
	Secure  bool     // the resolver says that it verified the answer by DNSSEC
}

// A Map is a Zone for tests: "example.org MX" leads to the records. What it does
// not hold does not exist.
type Map map[string][]string

// Lookup returns what the map holds.
func (m Map) Lookup(_ context.Context, name, kind string) (Answer, error) {
	return Answer{Records: m[strings.TrimSuffix(strings.ToLower(name), ".")+" "+kind]}, nil
}

// A Resolver is a Zone that asks a resolving server.
type Resolver struct {
	Addr string // host:port; required
	Net  netprobe.Net
}

// Lookup asks over UDP and, where the answer is cut, over TCP.
func (r Resolver) Lookup(ctx context.Context, name, kind string) (Answer, error) {
	number, ok := dns.StringToType[kind]
	if !ok {
		return Answer{}, fmt.Errorf("%q is no type of record", kind)
	}
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), number)
	q.SetEdns0(1232, false)
	q.AuthenticatedData = true
	m, err := r.exchange(ctx, "udp", q)
	if err == nil && m.Truncated {
		m, err = r.exchange(ctx, "tcp", q)
	}
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("ask for %s of %s: %w", kind, name, err)
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		return Answer{}, fmt.Errorf("ask for %s of %s: the resolver answered %s", kind, name, dns.RcodeToString[m.Rcode])
	}
	return answerOf(m, number), nil
}

func (r Resolver) exchange(ctx context.Context, network string, q *dns.Msg) (*dns.Msg, error) {
	dial := r.Net.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	if err := r.allowed(); err != nil {
		return nil, err
	}
	conn, err := dial(ctx, network, r.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	m, _, err := new(dns.Client).ExchangeWithConnContext(ctx, q, &dns.Conn{Conn: conn, UDPSize: 1232})
	return m, err
}

// allowed holds the resolver to what its network may reach.
func (r Resolver) allowed() error {
	if r.Net.Guard == nil && len(r.Net.Ports) == 0 {
		return nil
	}
	at, err := netip.ParseAddrPort(r.Addr)
	if err != nil {
		return fmt.Errorf("resolver %.60q: %w", r.Addr, err)
	}
	return r.Net.Allowed(at)
}

func answerOf(m *dns.Msg, kind uint16) Answer {
	a := Answer{Secure: m.AuthenticatedData}
	for _, rr := range m.Answer {
		switch rr := rr.(type) {
		case *dns.CNAME:
			a.Alias = true
		case *dns.TXT:
			a.Records = append(a.Records, strings.Join(rr.Txt, ""))
		default:
			if rr.Header().Rrtype == kind {
				a.Records = append(a.Records, strings.TrimPrefix(rr.String(), rr.Header().String()))
			}
		}
	}
	return a
}
