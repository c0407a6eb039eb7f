package mailpath

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"github.com/miekg/dns"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func domainScheme() netprobe.Scheme {
	return netprobe.Scheme{
		Name: "mailpath", Port: "25", About: "judges the DNS and the servers of a mail domain: MX, PTR, SPF, DKIM, DMARC, MTA-STS, TLSA, block lists",
		Options: []netprobe.Option{
			{Name: "resolver", About: "ADDRESS[:PORT] of the resolving DNS server to ask (default: the system's first)"},
			{Name: "dkim", About: "selectors whose keys must be there, with commas between them"},
			{Name: "dnsbl", About: "block lists on which no server may be, with commas between them"},
			{Name: "connect", About: "no: ask DNS alone; else each server is greeted"},
			{Name: "helo", About: "name to greet the servers with"},
		},
		Build: build,
	}
}

func build(u netprobe.URL) (netprobe.Prober, error) {
	if err := u.Bare(); err != nil {
		return nil, err
	}
	d := Domain{Name: u.Host, Timeout: u.Timeout, Fetch: fetcher(u.Net), DKIM: list(u.Get("dkim")), DNSBL: list(u.Get("dnsbl"))}
	server, err := resolverOf(u.Get("resolver"))
	if err != nil {
		return nil, err
	}
	via := netprobe.Net{Dial: u.Net.Dial}
	if u.Get("resolver") != "" { // who wrote the target names an address by it
		via.Guard, via.Ports = u.Net.Guard, u.Net.Ports
	}
	d.Zone = Resolver{Addr: server, Net: via}
	switch u.Get("connect") {
	case "":
		d.Connect = func(mx string, addr netip.AddrPort) netprobe.Prober {
			policy := u.Policy
			policy.ServerName = mx
			policy.AnyName, policy.AnyIssuer = true, true // mail between servers takes any; MTA-STS and TLSA tell more
			return protocol.SMTP{Addr: addr.String(), Net: u.Net, HELO: u.Get("helo"), StartTLS: protocol.Optional, Policy: policy}
		}
	case "no":
	default:
		return nil, fmt.Errorf("connect=%.20s is not no", u.Get("connect"))
	}
	return d, nil
}

// maxList is how many selectors or block lists are asked about.
const maxList = 20

func list(text string) []string {
	all := strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
	return all[:min(len(all), maxList)]
}

// resolverOf completes the address of a resolver.
func resolverOf(text string) (string, error) {
	if text == "" {
		config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil || len(config.Servers) == 0 {
			return "", fmt.Errorf("this system names no resolver; give resolver=ADDRESS (%w)", orNone(err))
		}
		return net.JoinHostPort(config.Servers[0], config.Port), nil
	}
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(ip, 53).String(), nil
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return "", fmt.Errorf("resolver=%.60s is no address", text)
	}
	return at.String(), nil
}

func orNone(err error) error {
	if err == nil {
		return os.ErrNotExist
	}
	return err
}

// fetcher reads a page over verified TLS, follows no redirect (RFC 8461, section
// 3.3), and connects where the guard allows it.
func fetcher(via netprobe.Net) func(context.Context, string) ([]byte, error) {
	allowed := func(addr string) error {
		if via.Guard == nil && len(via.Ports) == 0 {
			return nil
		}
		at, err := netip.ParseAddrPort(addr)
		if err == nil {
			err = via.Allowed(at)
		}
		return err
	}
	dialer := net.Dialer{ControlContext: func(_ context.Context, _, addr string, _ syscall.RawConn) error { return allowed(addr) }}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		connect := via.Dial
		if connect == nil {
			connect = dialer.DialContext
		}
		conn, err := connect(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := allowed(conn.RemoteAddr().String()); err != nil {
			conn.Close()
			return nil, err
		}
		return conn, nil
	}
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, url string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the server answered %.100q", res.Status)
		}
		return io.ReadAll(io.LimitReader(res.Body, maxPolicy+1))
	}
}
