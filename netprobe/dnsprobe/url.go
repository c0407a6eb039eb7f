package dnsprobe

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Scheme is dns://SERVER/NAME, for a netprobe.Parser.
func Scheme() netprobe.Scheme {
	return netprobe.Scheme{
		Name: "dns", Port: "53", About: "asks a DNS server for the name that is the path: dns://SERVER/NAME",
		Options: []netprobe.Option{
			{Name: "type", About: "of the record, such as MX (default A)"},
			{Name: "rcode", About: "response code that the answer must have (default NOERROR)"},
			{Name: "expect", About: "regular expression that must match one record, as zone files write it"},
			{Name: "reject", About: "regular expression that must match none"},
			{Name: "dnssec", About: "required: the server must say that it verified the answer"},
			{Name: "authority", About: "required: the server must be responsible for the name"},
			{Name: "tcp", About: "1: ask over TCP only"},
		},
		Build: build,
	}
}

func build(u netprobe.URL) (netprobe.Prober, error) {
	path, _, _ := strings.Cut(u.Path, "?")
	p := DNS{
		Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Name: strings.Trim(path, "/"), Type: strings.ToUpper(u.Get("type")),
		Rcode: strings.ToUpper(u.Get("rcode")), TCP: u.Get("tcp") == "1",
	}
	if u.User != "" {
		return nil, errors.New("nobody logs in by dns://")
	}
	for name, on := range map[string]*bool{"dnssec": &p.Secure, "authority": &p.Authority} {
		switch v := u.Get(name); v {
		case "":
		case "required":
			*on = true
		default:
			return nil, fmt.Errorf("%s=%.20s is not required", name, v)
		}
	}
	for name, re := range map[string]**regexp.Regexp{"expect": &p.Expect, "reject": &p.Reject} {
		var err error
		if *re, err = u.Pattern(name); err != nil {
			return nil, err
		}
	}
	_, err := p.question()
	return p, err
}
