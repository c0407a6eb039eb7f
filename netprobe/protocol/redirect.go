package protocol

import (
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// follow makes the prober of where a redirect leads: the same guard, no
// credentials, headers and words of another host's.
func (p HTTP) follow(to *url.URL, code int) (HTTP, error) {
	next := p
	if p.Method == http.MethodPost && code != http.StatusTemporaryRedirect && code != http.StatusPermanentRedirect {
		next.Method, next.Body = "", ""
	}
	next.TLS, next.Host, next.Path = to.Scheme == "https", to.Host, to.RequestURI()
	if to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "" || netprobe.CheckHost(to.Hostname()) != nil {
		return p, errors.New("not to be followed")
	}
	port := to.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[next.TLS]
	}
	next.Addr = net.JoinHostPort(to.Hostname(), port)
	if next.Addr != p.Addr {
		next.Header, next.Auth, next.Body = nil, "", ""
	}
	next.Policy.ServerName = ""
	return next, nil
}
