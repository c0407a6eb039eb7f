package protocol

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// HTTP asks a web server for one page, over HTTP/1.1, or HTTP/2 where both ends
// agree on it inside TLS. Without Status every one below 500 is an answer: what a
// page should say is not its question then.
type HTTP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe, redirects included; zero means 10s
	Net     netprobe.Net

	Host   string // of the request, and the name that a certificate must have; "": Addr
	TLS    bool
	Policy netprobe.TLSPolicy

	Method    string          // "": GET
	Body      string          // of the request
	Path      string          // with the query; "": /
	Header    http.Header     // more of the request
	Auth      netprobe.Secret // the value of Authorization, which is sent inside verified TLS only
	Status    []string        // that are fine, such as "200" or "3xx"; none: all below 500
	Expect    *regexp.Regexp  // must be found in the first MiB of the page; nil: it is not looked at
	Reject    *regexp.Regexp  // must not be found there
	Page      bool            // read it where nothing is looked for: it may be cut short
	Limit     int             // bytes that it may have, up to a MiB; zero: what is more is not read
	Encoding  string          // that it must be in: "gzip" or "deflate"; "": as it comes
	Headers   []HeaderRule    // what the head of the answer must and must not have
	Versions  []string        // of HTTP that are fine, such as "HTTP/1.1"; none: all
	Redirects int             // that are followed; zero: a redirect is the answer
	Version1  bool            // offer no HTTP/2
}

const (
	maxBody     = 1 << 20
	maxHead     = 64 << 10
	maxInterim  = 10 // answers of status 1xx before the real one
	maxRedirect = 5
)

// Probe makes one transaction for each redirect that it follows.
func (p HTTP) Probe(ctx context.Context) netprobe.Result {
	deadline := p.Timeout
	if deadline <= 0 {
		deadline = netprobe.DefaultTimeout
	}
	began := time.Now()
	res, location := p.once(ctx, deadline)
	for hops := 0; location != ""; hops++ {
		left := deadline - time.Since(began)
		to, err := p.follow(location, res.Code)
		switch {
		case err != nil:
		case hops >= min(p.Redirects, maxRedirect):
			err = fmt.Errorf("more than %d redirects", hops)
		case left <= 0:
			err = errors.New("no time is left to follow it")
		}
		if err != nil { // nobody has seen a page
			is := netprobe.Issue{State: netprobe.Critical, Cause: netprobe.ProtoUnexpected, Phase: netprobe.PhaseRequest, Code: res.Code}
			is.Detail = fmt.Sprintf("redirected to %.200q: %v", location, err)
			res.Issues = append(res.Issues, is)
			res.Judge()
			return res
		}
		before := res
		p = to
		res, location = p.once(ctx, left)
		res.Attempts = append(before.Attempts, res.Attempts...)
		res.Issues = append(before.Issues, res.Issues...)
		res.Start, res.Took = before.Start, time.Since(began)
		if res.Facts == nil {
			res.Facts = netprobe.Facts{}
		}
		res.Facts["redirects"] = append(before.Facts["redirects"], before.Facts.Get("location"))
		res.Judge()
	}
	return res
}

// once makes one transaction, and gives where it leads to; "": nowhere.
func (p HTTP) once(ctx context.Context, timeout time.Duration) (res netprobe.Result, location string) {
	if p.Policy.ServerName == "" && p.Host != "" {
		p.Policy.ServerName = strings.Trim((&url.URL{Host: p.Host}).Hostname(), "[]")
	}
	res = netprobe.Script{
		Addr: p.Addr, Timeout: timeout, Net: p.Net, Policy: p.Policy, Max: maxBody + maxHead, Secrets: p.secrets(),
		Run: func(s *netprobe.Exchange) error { return p.script(s, &location) },
	}.Probe(ctx)
	if res.State != netprobe.OK && res.State != netprobe.Warning {
		location = ""
	}
	return res, location
}

func (p HTTP) script(s *netprobe.Exchange, location *string) error {
	if p.Path == "" {
		p.Path = "/"
	}
	if !plainWord(p.host()) || !plainWord(p.Path) {
		return netprobe.Failf(netprobe.LocalConfig, "host name or path is no single word")
	}
	if p.TLS {
		protocols := []string{"h2", "http/1.1"}
		if p.Version1 {
			protocols = protocols[1:]
		}
		if err := s.TLS(protocols...); err != nil {
			return err
		}
	}
	if p.Auth != "" {
		if err := s.Trusted(); err != nil {
			return err
		}
	}
	var answer *http.Response
	err := s.Step(netprobe.PhaseRequest, func() (err error) {
		if answer, err = p.request(s); err == nil {
			*location, err = p.judge(s, answer)
		}
		return err
	})
	if answer == nil {
		return err
	}
	defer answer.Body.Close()
	if err != nil || p.Expect == nil && p.Reject == nil && !p.Page && p.Limit == 0 {
		return err
	}
	return s.Step(netprobe.PhaseBody, func() error { return p.search(answer.Body) })
}
