package protocol

import (
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// follow makes the prober of where a redirect leads: the same guard, no
// credentials, headers and words for another host, nor outside of TLS what was
// inside.
func (p HTTP) follow(location string, code int) (HTTP, error) {
	base := &url.URL{Scheme: map[bool]string{false: "http", true: "https"}[p.TLS], Host: p.host(), Path: "/"}
	to, err := base.Parse(p.Path) // what is relative is so to the page
	if err == nil {
		to, err = to.Parse(location)
	}
	if err != nil {
		return p, errors.New("it is no URL")
	}
	next := p
	if p.Method == http.MethodPost && code != http.StatusTemporaryRedirect && code != http.StatusPermanentRedirect {
		next.Method, next.Body = "", ""
	}
	next.TLS, next.Host, next.Path = to.Scheme == "https", to.Host, to.RequestURI()
	if to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "" || netprobe.CheckHost(to.Hostname()) != nil {
		return p, errors.New("it leads to no web server")
	}
	port := to.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[next.TLS]
	}
	next.Addr = net.JoinHostPort(to.Hostname(), port)
	if next.Addr != p.Addr || p.TLS && !next.TLS {
		next.Header, next.Auth, next.Body = nil, "", ""
	}
	next.Policy.ServerName = ""
	return next, nil
}
