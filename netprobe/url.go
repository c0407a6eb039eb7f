package netprobe

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Scheme is a protocol as URLs name it.
type Scheme struct {
	Name     string
	Port     string // where a URL names none; "": it has to
	About    string // one sentence
	Options  []Option
	Fragment bool // they stand in the fragment, since the query is the server's
	Build    func(URL) (Prober, error)
}

// An Option is a query parameter of a URL, or a parameter in its fragment.
type Option struct{ Name, About string }

// A URL is a target as a person writes it, taken apart.
type URL struct {
	Scheme  string
	Addr    string // host:port
	Host    string
	Path    string // with the query where that is the server's
	User    string
	Options url.Values // known ones only
	Timeout time.Duration
	Net     Net
	Policy  TLSPolicy
}

// Get returns the first value of an option, or "".
func (u URL) Get(name string) string { return u.Options.Get(name) }

// A Parser makes probers of URLs. Its zero value knows tcp and tls alone; the
// schemes of the protocols are in netprobe/protocol.
type Parser struct {
	Timeout time.Duration // of each probe; zero means 10s
	Net     Net
	Schemes []Scheme // more than tcp and tls, or in their place

	// Allow are networks that strangers may reach though they are not public.
	Allow []netip.Prefix

	// Strangers says that those who wrote the targets are not to be trusted with
	// this machine and its network: a target may have public addresses but those of
	// this machine (unless Allow or Net.Guard says otherwise) and the ports of known protocols (unless Net.Ports
	// does), may name no file of this machine, may send no more than one line, and
	// may take no longer than Timeout or DefaultTimeout.
	Strangers bool
}

// Parse makes a prober of a URL. An error says what is wrong with it.
func (p Parser) Parse(target string) (Prober, error) {
	prober, err := p.parse(target)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", strconv.QuoteToASCII(withoutPassword(target)), err)
	}
	return prober, nil
}

// headerValue is what a header of a request says, which may be who asks.
var headerValue = regexp.MustCompile(`(?i)([#&?]header=[^&]*?(?::|%3a))[^&]*`)

// withoutPassword leaves out what may be a password, also of what is no URL.
func withoutPassword(target string) string {
	target = headerValue.ReplaceAllString(target[:min(len(target), 300)], "${1}[hidden]")
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok {
		scheme, rest = "", target
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":")
		rest = user + rest[at:]
	}
	if !ok {
		return rest
	}
	return scheme + "://" + rest
}

func (p Parser) parse(target string) (Prober, error) {
	if strings.IndexFunc(target, func(r rune) bool { return r <= ' ' || r == 0x7f }) >= 0 {
		return nil, errors.New("blanks and control characters have no place in a URL")
	}
	raw, err := url.Parse(target)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err // the whole would quote the URL, and a password in it
		}
		return nil, err
	}
	scheme, err := p.scheme(raw)
	if err != nil {
		return nil, err
	}
	u, err := p.take(raw, scheme)
	if err != nil {
		return nil, err
	}
	prober, err := scheme.Build(u)
	if err != nil {
		return nil, err
	}
	return timed(prober, u)
}

func (p Parser) scheme(raw *url.URL) (Scheme, error) {
	var names []string
	for _, s := range p.All() {
		if s.Name == raw.Scheme {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scheme{}, fmt.Errorf("%.40q is no protocol that is known here; these are: %s", raw.Scheme, strings.Join(names, ", "))
}

// take checks the parts of a URL.
func (p Parser) take(raw *url.URL, s Scheme) (URL, error) {
	u := URL{Scheme: s.Name, Host: raw.Hostname(), User: raw.User.Username(), Path: raw.RequestURI(), Timeout: p.Timeout, Net: p.Net}
	if _, set := raw.User.Password(); set {
		return u, errors.New("a password has no place in a URL, where everybody can read it: use pass-file=FILE")
	}
	if raw.Opaque != "" || u.Host == "" {
		return u, fmt.Errorf("it names no host: write %s://HOST", s.Name)
	}
	if err := CheckHost(u.Host); err != nil {
		return u, err
	}
	port := raw.Port()
	if port == "" {
		port = s.Port
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return u, fmt.Errorf("%.20q is no port: write %s://HOST:PORT", port, s.Name)
	}
	u.Addr = net.JoinHostPort(u.Host, port)
	text := raw.RawQuery
	if s.Fragment {
		text = raw.EscapedFragment()
	} else if raw.Fragment != "" {
		return u, errors.New("options stand behind a question mark, not behind #")
	}
	var err error
	if u.Options, err = url.ParseQuery(text); err != nil {
		return u, err
	}
	if err := p.strange(&u); err != nil {
		return u, err
	}
	if err := u.common(s); err != nil {
		return u, err
	}
	if longest := max(p.Timeout, DefaultTimeout); p.Strangers && u.Timeout > longest {
		u.Timeout = longest
	}
	return u, nil
}

// CheckHost returns what is wrong with the name or address of a host.
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if len(host) > 253 {
		return errors.New("its host name has more than 253 characters")
	}
	for _, label := range strings.Split(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("%.80q is no host name; names beyond ASCII are written as xn--…", host)
		}
	}
	return nil
}

// common reads the options that every scheme has, and refuses unknown ones.
func (u *URL) common(s Scheme) error {
	for name, values := range u.Options {
		if !slices.ContainsFunc(append(slices.Clone(commonOptions), s.Options...), func(o Option) bool { return o.Name == name }) {
			return fmt.Errorf("%.40q is no option of %s://; see probe -h %s", name, s.Name, s.Name)
		}
		if len(values) > 1 && name != "rcpt" && name != "header" {
			return fmt.Errorf("the option %s is given twice", name)
		}
	}
	if u.Options.Has("timeout") {
		d, err := time.ParseDuration(u.Get("timeout"))
		if err != nil || d <= 0 || d > time.Hour {
			return fmt.Errorf("timeout=%.40s is no time such as 5s", u.Get("timeout"))
		}
		u.Timeout = d
	}
	switch ip := u.Get("ip"); ip {
	case "", "4", "6":
		u.Net.Family, _ = strconv.Atoi(ip)
	default:
		return fmt.Errorf("ip=%.40s is neither 4 nor 6", ip)
	}
	switch u.Get("addresses") {
	case "", "any":
	case "all":
		u.Net.All = true
	default:
		return fmt.Errorf("addresses=%.40s is neither any nor all", u.Get("addresses"))
	}
	return u.certificates()
}

// certificates reads the options of TLS.
func (u *URL) certificates() error {
	u.Policy.ServerName = u.Get("name")
	if days := u.Get("cert-days"); days != "" {
		var limits [2]time.Duration
		for i, text := range strings.SplitN(days, ",", 2) {
			n, err := strconv.ParseUint(text, 10, 16)
			if err != nil {
				return fmt.Errorf("cert-days=%.40s is no number of days, nor two such as 14,7", days)
			}
			limits[i] = max(time.Nanosecond, time.Duration(n)*day)
		}
		u.Policy.Warn, u.Policy.Crit = limits[0], max(time.Nanosecond, limits[1])
	}
	if name := u.Get("ca"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("authorities: %w", err)
		}
		u.Policy.Roots = x509.NewCertPool()
		if !u.Policy.Roots.AppendCertsFromPEM(text) {
			return fmt.Errorf("authorities: %s has no certificate in PEM", name)
		}
	}
	return nil
}
