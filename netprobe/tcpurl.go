package netprobe

import (
	"regexp"
	"slices"
)

// plainSchemes are tcp and tls.
func plainSchemes() []Scheme {
	talk := []Option{
		{"expect", "regular expression that must be found in what the server says"},
		{"reject", "regular expression of a line that is a refusal"},
		{"send", "line that is sent first"},
		{"quit", "line to say goodbye with"},
	}
	return []Scheme{
		{Name: "tcp", Port: "", About: "connects, and holds a dialogue of one line where asked to", Options: talk, Build: buildTCP},
		{Name: "tls", Port: "443", About: "makes a handshake and judges the certificate", Options: slices.Concat(talk, TLSOptions()), Build: buildTCP},
	}
}

func buildTCP(u URL) (Prober, error) {
	p := TCP{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy, TLS: u.Scheme == "tls", Quit: u.Get("quit")}
	if err := u.Bare(); err != nil {
		return nil, err
	}
	expect, err := u.Pattern("expect")
	if err != nil {
		return nil, err
	}
	reject, err := u.Pattern("reject")
	if err != nil {
		return nil, err
	}
	if send := u.Get("send"); send != "" {
		p.Steps = append(p.Steps, Step{Send: send})
	}
	if reject != nil && expect == nil {
		expect = regexp.MustCompile("")
	}
	if expect != nil {
		p.Steps = append(p.Steps, Step{Expect: expect, Reject: reject})
	}
	return p, nil
}
