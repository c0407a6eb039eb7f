package protocol

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// httpSchemes are those of web servers, whose options stand in the fragment.
func httpSchemes() []netprobe.Scheme {
	page := []netprobe.Option{
		{Name: "status", About: "answers that are fine, such as 200,3xx (default 2xx,3xx)"},
		{Name: "expect", About: "regular expression that must be found in the first MiB of the page"},
		{Name: "reject", About: "regular expression that must not be found there"},
		{Name: "header", About: "NAME:VALUE of the request, and no secret, since everybody can read a URL; may be given again"},
		{Name: "host", About: "name of the host in the request and in the certificate, in place of the URL's"},
		{Name: "redirects", About: "how many are followed, at most 5 (default 5); 0: a redirect is the answer"},
		{Name: "http", About: "1: offer no HTTP/2"},
	}
	token := []netprobe.Option{{Name: "token-file", About: "file whose first line is sent as Authorization: Bearer, inside verified TLS only"}}
	return []netprobe.Scheme{
		{Name: "http", Port: "80", About: "asks a web server for one page; options stand behind # since the query is the server's", Options: page, Fragment: true, Build: buildHTTP},
		{Name: "https", Port: "443", About: "the same inside TLS", Options: slices.Concat(page, passOption, token, netprobe.TLSOptions()), Fragment: true, Build: buildHTTP},
	}
}

func buildHTTP(u netprobe.URL) (netprobe.Prober, error) {
	p := HTTP{
		Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy, TLS: u.Scheme == "https",
		Path: u.Path, Host: hostHeader(u), Status: []string{"2xx", "3xx"}, Redirects: maxRedirect, Version1: u.Get("http") == "1",
	}
	if err := p.authorize(u); err != nil {
		return nil, err
	}
	if v := u.Get("http"); v != "" && v != "1" {
		return nil, fmt.Errorf("http=%.20s is not 1", v)
	}
	if err := p.configure(u); err != nil {
		return nil, err
	}
	for _, h := range u.Options["header"] {
		name, value, ok := strings.Cut(h, ":")
		if !ok || !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("header=%.80q is not NAME:VALUE", name)
		}
		if slices.Contains(secretHeaders, strings.ToLower(name)) {
			return nil, fmt.Errorf("the header %s has no place in a URL, where everybody can read it: use pass-file=FILE or token-file=FILE", name)
		}
		if p.Header == nil {
			p.Header = http.Header{}
		}
		p.Header.Add(name, strings.TrimSpace(value))
	}
	return p, nil
}

// secretHeaders are those whose value is a credential.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie"}

// authorize reads what proves who asks.
func (p *HTTP) authorize(u netprobe.URL) error {
	if !p.TLS {
		return u.NoUser()
	}
	user, pass, err := u.Login()
	file := u.Get("token-file")
	switch {
	case err != nil:
		return err
	case user != "" && file != "":
		return errors.New("pass-file and token-file are two ways to say who asks")
	case user != "":
		p.Auth = netprobe.Secret("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+string(pass))))
	case file != "":
		token, err := netprobe.ReadSecret(file)
		if err != nil {
			return err
		}
		p.Auth = "Bearer " + token
	}
	return nil
}

var (
	headerName = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z-]+$`)
	statusWord = regexp.MustCompile(`^[1-5]([0-9][0-9]|xx)$`)
)

// hostHeader leaves out the port that goes without saying.
func hostHeader(u netprobe.URL) string {
	if host := u.Get("host"); host != "" {
		return host
	}
	return strings.TrimSuffix(u.Addr, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
}

func (p *HTTP) configure(u netprobe.URL) (err error) {
	if text := u.Get("status"); text != "" {
		p.Status = strings.Split(text, ",")
		for _, s := range p.Status {
			if !statusWord.MatchString(s) {
				return fmt.Errorf("status=%.40s is no list such as 200,3xx", text)
			}
		}
	}
	if text := u.Get("redirects"); text != "" {
		if len(text) != 1 || text[0] < '0' || text[0] > '0'+maxRedirect {
			return fmt.Errorf("redirects=%.20s is no number from 0 to %d", text, maxRedirect)
		}
		p.Redirects = int(text[0] - '0')
	}
	if p.Expect, err = u.Pattern("expect"); err != nil {
		return err
	}
	p.Reject, err = u.Pattern("reject")
	return err
}
