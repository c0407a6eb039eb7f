package mailpath

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Schemes are mailpath://DOMAIN, mailloop://HOST and mailloops://HOST, for a
// netprobe.Parser.
func Schemes() []netprobe.Scheme {
	all := slices.Concat(netprobe.TLSOptions(), []netprobe.Option{
		{Name: "from", About: "sender of the mail"},
		{Name: "to", About: "its recipient, whose mailbox it is"},
		{Name: "pass-file", About: "file whose first line is the password of USER@, who sends; none of both: nobody logs in to send"},
		{Name: "mailbox", About: "imaps://USER@HOST[:993] where it must arrive, or imap://USER@HOST[:143] with STARTTLS"},
		{Name: "mailbox-pass-file", About: "file whose first line is the password of that user"},
		{Name: "late", About: "longer on the way is a warning, such as 2m (default 95s); longer than timeout (here 5m by default) is critical"},
		{Name: "poll", About: "time between two looks into the mailbox (default 5s)"},
	})
	const about = "sends a mail and waits for it in its mailbox, where it deletes it: "
	return []netprobe.Scheme{
		domainScheme(),
		{Name: "mailloop", Port: "587", About: about + "with STARTTLS", Options: all, Build: buildLoop},
		{Name: "mailloops", Port: "465", About: about + "with TLS from the start", Options: all, Build: buildLoop},
	}
}

func buildLoop(u netprobe.URL) (netprobe.Prober, error) {
	l := Loop{
		Submit: Account{Addr: u.Addr, TLS: u.Scheme == "mailloops", Policy: u.Policy},
		From:   u.Get("from"), To: u.Get("to"), Net: u.Net,
	}
	if u.Options.Has("timeout") {
		l.Crit = u.Timeout
	}
	for name, d := range map[string]*time.Duration{"late": &l.Warn, "poll": &l.Poll} {
		text := u.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *d, err = time.ParseDuration(text); err != nil || *d < time.Second || *d > time.Hour {
			return nil, fmt.Errorf("%s=%.40s is no time such as 30s", name, text)
		}
	}
	for name, word := range map[string]string{"from": l.From, "to": l.To} {
		if !isAddress(word) {
			return nil, fmt.Errorf("%s=%.80q is no address of mail", name, word)
		}
	}
	err := u.NoPath()
	if err == nil {
		l.Submit.User, l.Submit.Password, err = u.Login()
	}
	if err == nil {
		l.Mailbox, err = mailbox(u)
	}
	return l, err
}

// mailbox reads the second server that a loop has. Who cannot name the file with
// its password has no mailbox, and so cannot let mails be sent from here.
func mailbox(u netprobe.URL) (Account, error) {
	form := errors.New("mailbox= is of the form imaps://USER@HOST[:993]")
	raw, err := url.Parse(u.Get("mailbox"))
	if err != nil || raw.Path != "" || raw.RawQuery != "" || raw.Fragment != "" || raw.User.Username() == "" {
		return Account{}, form // what is there may be a password
	}
	port, known := map[string]string{"imap": "143", "imaps": "993"}[raw.Scheme]
	if _, told := raw.User.Password(); told || !known {
		return Account{}, form
	}
	if err := netprobe.CheckHost(raw.Hostname()); err != nil {
		return Account{}, fmt.Errorf("mailbox: %w", err)
	}
	if raw.Port() != "" {
		port = raw.Port()
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return Account{}, fmt.Errorf("mailbox: %.20q is no port", port)
	}
	a := Account{Addr: net.JoinHostPort(raw.Hostname(), port), TLS: raw.Scheme == "imaps", Policy: u.Policy, User: raw.User.Username()}
	a.Policy.ServerName = "" // name= is that of the first server
	if u.Get("mailbox-pass-file") == "" {
		return Account{}, errors.New("mailbox= needs a password: use mailbox-pass-file=FILE")
	}
	a.Password, err = netprobe.ReadSecret(u.Get("mailbox-pass-file"))
	return a, err
}
