package mta

import (
	"bytes"
	"time"
)

// startsWithDate reports whether a line begins as Exim's main log: 2026-11-25 12:00:00
func startsWithDate(b []byte) bool {
	return len(b) > 20 && b[4] == '-' && b[7] == '-' && b[10] == ' ' && b[13] == ':' && b[16] == ':'
}

// parseExim reads a line of Exim's main log, with or without the header of
// syslog.
//
//	2026-11-25 12:00:00 1tFabc-000001-2D <= a@example.org H=mail.example.org [192.0.2.7] P=esmtp S=512 id=x@y
//	2026-11-25 12:00:01 1tFabc-000001-2D => b@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1] C="250 ok"
//	2026-11-25 12:00:01 1tFabc-000001-2D Completed
func parseExim(line []byte, e *Event) bool {
	e.Kind = Ignored
	rest := line
	if startsWithDate(rest) {
		rest = bytes.TrimLeft(rest[19:], " ")
	}
	if len(rest) > 6 && (rest[0] == '+' || rest[0] == '-') && rest[5] == ' ' { // log_timezone
		rest = rest[6:]
	}
	if len(rest) > 0 && rest[0] == '[' { // the pid
		_, rest, _ = bytes.Cut(rest, []byte("] "))
	}
	id, tail, _ := bytes.Cut(rest, []byte(" "))
	if !eximID(id) {
		return eximRefusal(rest, e)
	}
	e.ID = id
	sign, what, _ := bytes.Cut(tail, []byte(" "))
	switch string(sign) {
	case "<=":
		eximArrival(what, e)
	case "=>", "->", ">>":
		eximDelivery(what, Sent, e)
	case "**":
		eximDelivery(what, Bounced, e)
	case "==":
		eximDelivery(what, Deferred, e)
	case "Completed":
		e.Kind = Ended
	default:
		return eximRefusal(tail, e)
	}
	return true
}

// eximID knows 1tFabc-000001-2D, and the longer ids of Exim 4.97.
func eximID(b []byte) bool {
	if len(b) != 16 && len(b) != 23 || b[6] != '-' || b[len(b)-3] != '-' && b[len(b)-5] != '-' {
		return false
	}
	for _, c := range b {
		if c != '-' && c-'0' > 9 && c|0x20-'a' > 'z'-'a' {
			return false
		}
	}
	return true
}

// eximField gives the word behind " KEY=" that is not in quotes.
func eximField(b []byte, key string) []byte {
	for i := 0; i < len(b); i++ {
		if n := quotedLen(b[i:]); n > 0 {
			i += n - 1
			continue
		}
		if rest := b[i+1:]; b[i] == ' ' && len(rest) > len(key) && string(rest[:len(key)]) == key && rest[len(key)] == '=' {
			return before(rest[len(key)+1:], " ")
		}
	}
	return nil
}

// eximArrival reads "SENDER H=NAME [ADDRESS] P=esmtpsa A=plain:anna S=512". A
// message that Exim made itself refers to another: R=.
func eximArrival(b []byte, e *Event) {
	sender, rest, _ := bytes.Cut(b, []byte(" "))
	rest = append([]byte(" "), before(rest, " id=")...) // the client chose what is behind
	e.Kind, e.Sender = Accepted, angle(sender)
	e.Begun = true
	if eximField(rest, "R") != nil && len(e.Sender) == 0 {
		e.Kind, e.Notice = Sized, true
	}
	if n, _, ok := digits(eximField(rest, "S")); ok {
		e.Size = n
	}
	if host, ok := between(rest, " H=", "]"); ok {
		e.Client = bytes.Replace(append(bytes.Clone(host), ']'), []byte(" ["), []byte("["), 1)
	} else {
		e.Client, e.Local = []byte("local"), true
	}
	if version := eximField(rest, "X"); version != nil {
		e.Detail = before(version, ":")
	}
	if _, user, ok := bytes.Cut(eximField(rest, "A"), []byte(":")); ok {
		e.User = user
	}
}

// eximDelivery reads "ADDRESS <ORIGINAL> F=<…> R=router T=transport H=HOST
// [ADDRESS] QT=2s DT=1s: reason".
func eximDelivery(b []byte, outcome Outcome, e *Event) {
	e.Kind, e.Outcome = Attempt, outcome
	to, rest, _ := bytes.Cut(b, []byte(" "))
	if original := before(bytes.TrimPrefix(rest, []byte("<")), ">"); len(rest) > 0 && rest[0] == '<' && bytes.IndexByte(original, ' ') < 0 {
		if bytes.IndexByte(to, '@') < 0 { // a pipe, a file or a local part
			to = original
		}
	}
	e.To = angle(to)
	fields := append([]byte(" "), rest...)
	if outcome != Sent {
		fields = before(fields, ": ") // what is behind the other server wrote
	}
	e.Relay = eximField(fields, "T")
	if host, ok := between(fields, " H=", "]"); ok {
		e.Relay = bytes.Replace(append(bytes.Clone(host), ']'), []byte(" ["), []byte("["), 1)
	}
	if d, err := time.ParseDuration(string(eximField(fields, "QT"))); err == nil {
		e.Delay = d
	}
	if outcome == Sent {
		return
	}
	_, e.Detail, _ = bytes.Cut(rest, []byte(": "))
	if i := bytes.Index(rest, []byte(" defer (")); outcome == Deferred && i >= 0 {
		e.Detail = rest[i+len(" defer "):]
	}
}

// eximRefusal reads "H=NAME [ADDRESS] F=<a> rejected RCPT <b>: reason".
func eximRefusal(b []byte, e *Event) bool {
	e.Kind = Ignored
	where, what, ok := bytes.Cut(b, []byte(" rejected "))
	switch {
	case ok && bytes.HasPrefix(b, []byte("H=")):
		e.Kind = Rejected
		client, _, _ := bytes.Cut(where[2:], []byte(" F="))
		e.Client = bytes.Replace(before(client, "]"), []byte(" ["), []byte("["), 1)
		e.Client = append(bytes.Clone(e.Client), ']')
		if sender, ok := between(where, " F=<", ">"); ok {
			e.Sender = sender
		}
		if to, ok := between(what, "RCPT <", ">"); ok {
			e.To = to
		}
		if _, e.Detail, ok = bytes.Cut(what, []byte(": ")); !ok {
			e.Detail = what
		}
	case bytes.Contains(b, []byte(" authenticator failed for ")):
		e.Kind = LoginFailed
	case bytes.HasPrefix(b, []byte("Frozen")), bytes.Contains(b, []byte("*** Frozen")):
		e.Kind = Held
	}
	return true
}
