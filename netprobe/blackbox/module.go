package blackbox

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// check finds what a module asks for and nobody could do.
func (m Module) check() error {
	for _, f := range []Family{m.TCP.Family, m.HTTP.Family, m.DNS.Family, m.ICMP} {
		if !slices.Contains([]string{"", "ip4", "ip6"}, f.Preferred) {
			return fmt.Errorf("preferred_ip_protocol is %.20q, and may be ip4 or ip6", f.Preferred)
		}
	}
	switch m.Kind {
	case "tcp":
		_, err := m.TCP.steps()
		return err
	case "http":
		return m.HTTP.check()
	case "dns":
		if len(m.DNS.Rcodes) > 1 || len(m.DNS.Answer.IfNone) > 1 || m.DNS.Name == "" {
			return errors.New("a DNS module has a query_name, and here at most one of valid_rcodes and of fail_if_none_matches_regexp")
		}
		if !slices.Contains([]string{"", "udp", "tcp"}, m.DNS.Transport) {
			return fmt.Errorf("transport_protocol is %.20q, and may be udp or tcp", m.DNS.Transport)
		}
		return nil
	case "icmp":
		return nil
	}
	return fmt.Errorf("the prober %.40q is not known here", m.Kind)
}

// Prober makes the prober of one target, which is written as for
// blackbox_exporter. A DNS module needs a parser that knows dns.
func (m Module) Prober(target string, parser netprobe.Parser) (netprobe.Prober, error) {
	if m.Timeout > 0 {
		parser.Timeout = m.Timeout
	}
	parser.Schemes = append(slices.Clone(parser.Schemes), protocol.Schemes()...)
	var prober netprobe.Prober
	var err error
	switch m.Kind {
	case "tcp":
		m.TCP.apply(&parser.Net)
		prober, err = m.TCP.prober(target, parser)
	case "http":
		m.HTTP.apply(&parser.Net)
		prober, err = m.HTTP.prober(target, parser)
	case "dns":
		m.DNS.apply(&parser.Net)
		prober, err = m.DNS.prober(target, parser)
	default:
		m.ICMP.apply(&parser.Net)
		prober, err = parser.Parse("icmp://" + bracketed(target))
	}
	if err != nil {
		return nil, fmt.Errorf("blackbox module: %w", err)
	}
	return compatible{prober, m.Kind == "tcp" && m.TCP.TLS.Insecure || m.Kind == "http" && m.HTTP.TLS.Insecure}, nil
}

func bracketed(host string) string {
	if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// apply restricts the addresses where a module allows no other.
func (f Family) apply(n *netprobe.Net) {
	if f.Fallback == nil || *f.Fallback {
		return
	}
	n.Family = 6
	if f.Preferred == "ip4" {
		n.Family = 4
	}
}

// compatible drops what blackbox_exporter does not look at.
type compatible struct {
	netprobe.Prober
	insecure bool
}

var unseen = []netprobe.Cause{netprobe.TLSExpiring, netprobe.TLSWeak, netprobe.TLSStaple, netprobe.TLSRevoked, netprobe.ProtoBareLF}

// Probe makes one transaction.
func (c compatible) Probe(ctx context.Context) netprobe.Result {
	return c.Prober.Probe(ctx).Without(func(is netprobe.Issue) bool {
		verified := is.Cause == netprobe.TLSChain || is.Cause == netprobe.TLSHostname || is.Cause == netprobe.TLSExpired || is.Cause == netprobe.TLSNotYet
		return slices.Contains(unseen, is.Cause) || c.insecure && verified || is.Cause == netprobe.TLSExpired && is.State == netprobe.Warning
	})
}

func (t TLS) policy() (netprobe.TLSPolicy, error) {
	p := netprobe.TLSPolicy{ServerName: t.ServerName}
	if t.CAFile == "" {
		return p, nil
	}
	text, err := os.ReadFile(t.CAFile)
	if err != nil {
		return p, err
	}
	p.Roots = x509.NewCertPool()
	if !p.Roots.AppendCertsFromPEM(text) {
		return p, fmt.Errorf("%s has no certificate in PEM", t.CAFile)
	}
	return p, nil
}

func (t TCP) prober(target string, parser netprobe.Parser) (netprobe.Prober, error) {
	if _, _, err := net.SplitHostPort(target); err != nil {
		return nil, err
	}
	made, err := parser.Parse("tcp://" + target) // which holds strangers to what they may reach
	if err != nil {
		return nil, err
	}
	p, ok := made.(netprobe.TCP)
	if !ok {
		return nil, errors.New("the target is no host and port")
	}
	if p.Steps, err = t.steps(); err != nil {
		return nil, err
	}
	p.TLS = t.Secure
	p.Policy, err = t.TLS.policy()
	return p, err
}

func (t TCP) steps() (out []netprobe.Step, err error) {
	for i, turn := range t.Turns {
		step, err := turn.step()
		if err != nil {
			return nil, fmt.Errorf("entry %d of query_response: %w", i+1, err)
		}
		out = append(out, step)
	}
	return out, nil
}

// ends of what is sent.
var ends = map[string]string{"": "\n", "lf": "\n", "crlf": "\r\n", "none": "none"}

func (t Turn) step() (s netprobe.Step, err error) {
	if t.Expect != "" && t.Bytes != "" {
		return s, errors.New("expect and expect_bytes exclude each other")
	}
	if t.Reject != "" && t.Expect == "" {
		return s, errors.New("reject needs an expect")
	}
	eol, ok := ends[t.EOL]
	if !ok {
		return s, fmt.Errorf("eol is %.20q, and may be lf, crlf or none", t.EOL)
	}
	s = netprobe.Step{Bytes: []byte(t.Bytes), Send: t.Send, Expand: t.Expect != "", EOL: eol, StartTLS: t.StartTLS}
	if t.Expect != "" {
		if s.Expect, err = regexp.Compile(t.Expect); err != nil {
			return s, err
		}
	}
	if t.Reject != "" {
		if s.Reject, err = regexp.Compile(t.Reject); err != nil {
			return s, err
		}
	}
	if len(t.Labels) > 0 && t.Expect == "" {
		return s, errors.New("labels need an expect")
	}
	for _, l := range t.Labels {
		if s.Facts == nil {
			s.Facts = map[string]string{}
		}
		s.Facts["label "+l.Name] = l.Value
	}
	return s, nil
}

func (h HTTP) check() error {
	if h.Method != "" && !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions}, h.Method) {
		return fmt.Errorf("the method %.20q is not used here", h.Method)
	}
	if len(h.IfNot) > 1 {
		return errors.New("here at most one fail_if_body_not_matches_regexp may be")
	}
	if err := errors.Join(h.checkAuth(), h.checkPage()); err != nil {
		return err
	}
	_, err := h.patterns()
	if err == nil {
		_, err = h.rules()
	}
	return err
}

// rules returns what the head must and must not have in it. What must not be there
// may be missing altogether.
func (h HTTP) rules() (rules []protocol.HeaderRule, err error) {
	for i, header := range slices.Concat(h.IfHeader, h.IfNoMatch) {
		r := protocol.HeaderRule{Name: header.Name, Not: i < len(h.IfHeader), Missing: header.Missing}
		if r.Pattern, err = regexp.Compile(header.Pattern); err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// patterns returns what the page must and must not have in it.
func (h HTTP) patterns() (p [2]*regexp.Regexp, err error) {
	if len(h.IfNot) == 1 {
		if p[0], err = regexp.Compile(h.IfNot[0]); err != nil {
			return p, err
		}
	}
	if len(h.IfMatches) > 0 {
		p[1], err = regexp.Compile("(?:" + strings.Join(h.IfMatches, ")|(?:") + ")")
	}
	return p, err
}

func (h HTTP) prober(target string, parser netprobe.Parser) (netprobe.Prober, error) {
	if !strings.Contains(target, "://") {
		target = "http://" + bracketed(target)
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, errors.New("the target is no URL")
	}
	u.Fragment = ""
	made, err := parser.Parse(u.String())
	if err != nil {
		return nil, err
	}
	p, ok := made.(protocol.HTTP)
	if !ok {
		return nil, errors.New("the target is no URL of http or https")
	}
	if h.IfTLS && p.TLS || h.IfNotTLS && !p.TLS {
		return nil, errors.New("fail_if_ssl or fail_if_not_ssl is not so")
	}
	patterns, err := h.patterns()
	if err != nil {
		return nil, err
	}
	if p.Headers, err = h.rules(); err != nil {
		return nil, err
	}
	if p.Auth, err = h.auth(); err != nil {
		return nil, err
	}
	if p.Limit, err = h.limit(); err != nil {
		return nil, err
	}
	p.Page, p.Encoding, p.Version1 = h.Method != http.MethodHead, h.Compression, h.HTTP2 != nil && !*h.HTTP2
	p.Method, p.Body, p.Versions = h.Method, h.Body, h.versions()
	p.Expect, p.Reject, p.Status = patterns[0], patterns[1], []string{"2xx"}
	if len(h.Status) > 0 {
		p.Status = nil
		for _, code := range h.Status {
			p.Status = append(p.Status, strconv.Itoa(code))
		}
	}
	if h.NoFollow || h.Follow != nil && !*h.Follow {
		p.Redirects = 0
	}
	for name, value := range h.Headers {
		if strings.EqualFold(name, "Host") {
			p.Host = value
			continue
		}
		if p.Header == nil {
			p.Header = http.Header{}
		}
		p.Header.Set(name, value)
	}
	p.Policy, err = h.TLS.policy()
	return p, err
}

// versions writes HTTP/2, as answers do, HTTP/2.0.
func (h HTTP) versions() (out []string) {
	for _, v := range h.Versions {
		if v == "HTTP/2" {
			v = "HTTP/2.0"
		}
		out = append(out, v)
	}
	return out
}

func (d DNS) prober(target string, parser netprobe.Parser) (netprobe.Prober, error) {
	options := url.Values{}
	for name, value := range map[string]string{
		"type": d.Type, "rcode": strings.Join(d.Rcodes, ""), "expect": strings.Join(d.Answer.IfNone, ""),
		"reject": strings.Join(d.Answer.IfMatches, "|"),
	} {
		if value != "" {
			options.Set(name, value)
		}
	}
	if d.Type == "" {
		options.Set("type", "ANY")
	}
	if d.Transport == "tcp" {
		options.Set("tcp", "1")
	}
	return parser.Parse("dns://" + bracketed(target) + "/" + url.PathEscape(d.Name) + "?" + options.Encode())
}
