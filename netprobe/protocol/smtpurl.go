package protocol

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// smtpSchemes are those of mail servers.
func smtpSchemes() []netprobe.Scheme {
	mail := []netprobe.Option{
		{Name: "helo", About: "name to greet with (default: the address of this end)"},
		{Name: "from", About: "sender for rcpt= (default: the empty one)"},
		{Name: "rcpt", About: "recipient: it is asked whether it would be taken, and no mail is sent; may be given again"},
	}
	all := slices.Concat(startTLSOption, netprobe.TLSOptions(), passOption, mail)
	return []netprobe.Scheme{
		{Name: "smtp", Port: "25", About: "greets a mail server and leaves with QUIT", Options: all, Build: buildSMTP},
		{Name: "submission", Port: "587", About: "greets the server by which users send mail", Options: all, Build: buildSMTP},
		{Name: "smtps", Port: "465", About: "the same with TLS from the start", Options: slices.Concat(netprobe.TLSOptions(), passOption, mail), Build: buildSMTP},
		{Name: "lmtp", Port: "24", About: "greets a server that delivers to mailboxes", Options: all, Build: buildSMTP},
	}
}

func buildSMTP(u netprobe.URL) (netprobe.Prober, error) {
	p := SMTP{
		Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy, TLS: u.Scheme == "smtps", LMTP: u.Scheme == "lmtp",
		HELO: u.Get("helo"), From: u.Get("from"), Rcpt: u.Options["rcpt"],
	}
	err := u.NoPath()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	if err == nil {
		p.User, p.Password, err = u.Login()
	}
	return p, err
}
