package protocol

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// mailboxSchemes are those by which people read their mail.
func mailboxSchemes() []netprobe.Scheme {
	plain, secure := slices.Concat(startTLSOption, netprobe.TLSOptions(), passOption), slices.Concat(netprobe.TLSOptions(), passOption)
	return []netprobe.Scheme{
		{Name: "imap", Port: "143", About: "greets a mailbox server and leaves with LOGOUT", Options: plain, Build: buildIMAP},
		{Name: "imaps", Port: "993", About: "the same with TLS from the start", Options: secure, Build: buildIMAP},
		{Name: "pop3", Port: "110", About: "greets a mailbox server and leaves with QUIT", Options: plain, Build: buildPOP3},
		{Name: "pop3s", Port: "995", About: "the same with TLS from the start", Options: secure, Build: buildPOP3},
		{Name: "sieve", Port: "4190", About: "greets a ManageSieve server and leaves with LOGOUT", Options: slices.Concat(startTLSOption, netprobe.TLSOptions()), Build: buildSieve},
	}
}

func buildIMAP(u netprobe.URL) (netprobe.Prober, error) {
	p := IMAP{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy, TLS: u.Scheme == "imaps"}
	err := u.NoPath()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	if err == nil {
		p.User, p.Password, err = u.Login()
	}
	return p, err
}

func buildPOP3(u netprobe.URL) (netprobe.Prober, error) {
	p := POP3{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy, TLS: u.Scheme == "pop3s"}
	err := u.NoPath()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	if err == nil {
		p.User, p.Password, err = u.Login()
	}
	return p, err
}

func buildSieve(u netprobe.URL) (netprobe.Prober, error) {
	p := Sieve{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy}
	err := u.Bare()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	return p, err
}
