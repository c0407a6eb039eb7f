package pflogsumm

import (
	"regexp"
	"strings"
)

// cutTo cuts a text as pflogsumm does.
func cutTo(s string, most int) string {
	if len(s) > most {
		return s[:most-3] + "..."
	}
	return s
}

// shorten shortens a reply from the left: what one server said of another first.
func shorten(s string, most int) string {
	for len(s) > most {
		if i := strings.LastIndex(s, " said: "); i >= 0 {
			s = s[i+len(" said: "):]
		} else if i := strings.IndexByte(s, ':'); i >= 0 {
			s = strings.TrimLeft(s[i+1:], " ")
		} else {
			return cutTo(s, most)
		}
	}
	return s
}

var (
	reCode         = regexp.MustCompile(`^\d{3} `)
	reDeferralText = regexp.MustCompile(`, status=deferred \(([^)]+)`)
	reBounceText   = regexp.MustCompile(`, status=bounced \((.+)\)`)
)

func deferralReason(line string) string {
	text := reCode.ReplaceAllString(shorten(firstGroup(reDeferralText, line), 65), "")
	return strings.TrimPrefix(text, "connect to ")
}

func bounceReason(line string) string {
	return reCode.ReplaceAllString(shorten(firstGroup(reBounceText, line), 66), "")
}

func firstGroup(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// lowerDomain lower-cases an address from its first '@' on.
func lowerDomain(addr string) string {
	at := strings.IndexByte(addr, '@')
	if at < 0 || at == len(addr)-1 {
		return addr
	}
	return addr[:at] + strings.ToLower(addr[at:])
}

// behindAt gives what stands behind the first '@', which is not the first
// character of an address.
func behindAt(addr string) (string, bool) {
	at := strings.IndexByte(addr, '@')
	if at <= 0 || at == len(addr)-1 {
		return "", false
	}
	return addr[at+1:], true
}

var (
	reClientV4    = regexp.MustCompile(`^([^\[]*)\[((?:\d{1,3}\.){3}\d{1,3})\]`)
	reClientSlash = regexp.MustCompile(`(?i)^([^/]*)/([0-9a-f.:]+)`)
	reClientAny   = regexp.MustCompile(`^([^\[(/]*)[\[(/]([^\])]+)[\])]:?\d*$`)
	reShortName   = regexp.MustCompile(`^(.*)\.([^.]+)\.([^.]{3}|[^.]{2,3}\.[^.]{2})$`)
)

// clientDomain gives the domain of a client: the last two parts of its name under
// some top-level domains, the whole name under others, else its address.
func clientDomain(client string) string {
	m := reClientV4.FindStringSubmatch(client)
	if m == nil {
		m = reClientSlash.FindStringSubmatch(client)
	}
	if m == nil {
		m = reClientAny.FindStringSubmatch(client)
	}
	switch {
	case m == nil:
		return ""
	case m[1] == "", m[1] == "unknown":
		return m[2]
	}
	if n := reShortName.FindStringSubmatch(m[1]); n != nil {
		return strings.ToLower(n[2] + "." + n[3])
	}
	return m[1]
}

var (
	reReject     = regexp.MustCompile(`^.* \b(?:reject(?:_warning)?|hold|discard): (\S+) from (\S+?): (.*)$`)
	reBracketed  = regexp.MustCompile(`^(\d{3} <).*?(>:)`)
	reProtocol   = regexp.MustCompile(`^(?:\d{3} \d\.\d\.\d )(Protocol error);.*$`)
	reWhy        = regexp.MustCompile(`^(?:.*?[:;] )(?:\[[^\]]+\] )?([^;,]+)[;,].*$`)
	reAddressWhy = regexp.MustCompile(`^((?:Sender|Recipient) address rejected: [^:]+):.*$`)
	reBlocked    = regexp.MustCompile(`(client|Client host|Sender address) .+? blocked`)
	reMailWhy    = regexp.MustCompile(`^\d{3} (?:<.+>: )?([^;:]+)[;:]?.*$`)
	reOtherWhy   = regexp.MustCompile(`^(?:.*[:;] )?([^,]+).*$`)
	reToPlain    = regexp.MustCompile(`to=<([^>]+)>`)
	reToUnknown  = regexp.MustCompile(`\d{3} <([^>]+)>: User unknown `)
	reToOpen     = regexp.MustCompile(`to=<(.*?)(?:[, ]|$)`)
	reFromPlain  = regexp.MustCompile(`from=<([^>]+)>`)
	rePipelining = regexp.MustCompile(`^.*?\d{3} (Improper use of SMTP command pipelining);.*$`)
	reTooLarge   = regexp.MustCompile(`^.*?\d{3} (Message size exceeds fixed limit);.*$`)
	reServer     = regexp.MustCompile(`^.*?\d{3} (Server configuration (?:error|problem));.*$`)
	reSource     = regexp.MustCompile(`^.+? from (\S+?):.*$`)
	reRecipient  = regexp.MustCompile(`^(Recipient address rejected:|User unknown( |$))`)
)

// refuse counts what smtpd refused, warned of, held or threw away.
func (p *Stats) refuse(kind string, rest []byte) {
	to := &p.RejectDetail
	switch kind {
	case "reject":
		p.Rejected++
	case "reject_warning":
		p.RejectWarnings++
		to = &p.WarningDetail
	case "hold":
		p.Held++
		to = &p.HoldDetail
	case "discard":
		p.Discarded++
		to = &p.DiscardDetail
	}
	p.hour.Rejected++
	p.day.Rejected++
	line := string(rest)
	stage, client, text := "", "", ""
	if m := reReject.FindStringSubmatch(line); m != nil {
		stage, client, text = m[1], m[2], m[3]
	}
	reason, about := aboutWhom(line, client, text, reasonOf(stage, text))
	tally3(to, stage, reason, about)
}

func reasonOf(stage, text string) string {
	switch stage {
	case "RCPT", "DATA", "CONNECT":
		text = reBracketed.ReplaceAllString(text, "$1$2")
		text = reProtocol.ReplaceAllString(text, "$1")
		text = reWhy.ReplaceAllString(text, "$1")
		text = reAddressWhy.ReplaceAllString(text, "$1")
		if at := reBlocked.FindStringIndex(text); at != nil {
			text = text[:at[0]] + "blocked" + text[at[1]:]
		}
		return text
	case "MAIL":
		return reMailWhy.ReplaceAllString(text, "$1")
	}
	return reOtherWhy.ReplaceAllString(text, "$1")
}

// aboutWhom gives the reason as it is listed, and whom it is about.
func aboutWhom(line, client, text, reason string) (string, string) {
	switch {
	case strings.HasPrefix(reason, "Sender address rejected:"):
		return reason, orElse(firstGroup(reFromPlain, text), "<>")
	case reRecipient.MatchString(reason):
		return reason, orElse(firstGroup(reToPlain, text), orElse(firstGroup(reToUnknown, text), orElse(firstGroup(reToOpen, text), "<>")))
	case rePipelining.MatchString(reason):
		return rePipelining.ReplaceAllString(reason, "$1"), firstGroup(reSource, line)
	case reTooLarge.MatchString(reason):
		reason = reTooLarge.ReplaceAllString(reason, "$1")
	case reServer.MatchString(reason):
		reason = reServer.ReplaceAllString(reason, "(Local) $1")
	}
	return reason, clientDomain(client)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
