package mta

import (
	"bytes"
	"time"
)

// parseSendmail reads a line of Sendmail: fields that are separated by ", ",
// behind the queue id.
//
//	sm-mta[7]: 4AP1: from=<a@example.org>, size=512, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, daemon=MTA, relay=mail.example.org [192.0.2.7]
//	sm-mta[8]: 4AP1: 4AP2: DSN: User unknown
//	sm-mta[8]: 4AP1: to=<b@example.net>,<c@example.net>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, relay=mx.example.net. [198.51.100.1], dsn=2.0.0, stat=Sent (ok)
func parseSendmail(tag, msg []byte, e *Event) bool {
	e.Kind, e.Instance = Ignored, []byte("sendmail")
	id, rest, ok := bytes.Cut(msg, []byte(": "))
	if !ok || !sendmailID(id) {
		if bytes.HasPrefix(msg, []byte("ruleset=")) {
			return sendmailFields(msg, e)
		}
		return true
	}
	e.ID = id
	switch {
	case bytes.HasPrefix(rest, []byte("from=")), bytes.HasPrefix(rest, []byte("to=")), bytes.HasPrefix(rest, []byte("ruleset=")):
		return sendmailFields(rest, e)
	case bytes.HasPrefix(rest, []byte("Milter: ")) && bytes.Contains(rest, []byte("reject=")):
		return sendmailFields(rest[len("Milter: "):], e)
	case bytes.Contains(rest, []byte(": DSN: ")), bytes.Contains(rest, []byte(": postmaster notify: ")):
		e.ID, _, _ = bytes.Cut(rest, []byte(": "))
		e.Kind, e.Notice, e.Sender = Sized, true, []byte{}
		if !sendmailID(e.ID) {
			e.Kind = Ignored
		}
	}
	return true
}

// sendmailID knows ids such as 4AP1aBcD000123; NOQUEUE is none.
func sendmailID(b []byte) bool {
	return len(b) >= 8 && len(b) <= 20 && idLen(b) == len(b) || is(b, "NOQUEUE")
}

// sendmailFields reads key=value. The fields stat and reject are the last, and
// what stands in them is read no further.
func sendmailFields(b []byte, e *Event) bool {
	rest, class := b, []byte(nil)
	for len(rest) > 0 {
		key, value, ok := bytes.Cut(rest, []byte("="))
		if !ok {
			return true
		}
		if is(key, "stat") || is(key, "reject") {
			return sendmailEnd(string(key), value, class, e)
		}
		value, rest = sendmailValue(value)
		switch string(key) {
		case "from":
			e.Kind, e.Begun, e.Sender = Accepted, true, angle(value)
		case "to":
			e.Kind, e.To, e.Several = Attempt, value, true
		case "msgid": // the client chose it; the relay is the last field
			rest = rest[max(0, bytes.LastIndex(rest, []byte(", relay="))):]
			rest = bytes.TrimPrefix(rest, []byte(", "))
		case "size":
			if n, _, ok := digits(value); ok {
				e.Size = n
			}
		case "nrcpts":
			if is(value, "0") { // it was refused before it had a recipient
				e.Kind, e.Begun = Ignored, false
			}
		case "delay":
			e.Delay = clockTime(value)
		case "dsn":
			class = before(value, ".")
		case "arg1":
			e.To = angle(value)
		case "relay":
			sendmailRelay(value, e)
		}
	}
	return true
}

// sendmailValue ends a value at the first ", " that a new key follows and that
// is not in quotes, in which a local part may have anything.
func sendmailValue(b []byte) (value, rest []byte) {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(", "))
		if i < 0 {
			return b, nil
		}
		at += i
		key := before(b[at+2:], "=")
		if len(key) < 12 && len(key) < len(b)-at-2 && bytes.IndexByte(key, ' ') < 0 && !inQuotes(b, at) {
			return b[:at], b[at+2:]
		}
		at += 2
	}
}

// inQuotes reports whether a place is between two quotes of which none is escaped.
func inQuotes(b []byte, at int) bool {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case i >= at && !quoted:
			return false
		case b[i] == '\\':
			i++
		case b[i] != '"':
		case i >= at:
			return true
		default:
			quoted = !quoted
		}
	}
	return false
}

func sendmailRelay(value []byte, e *Event) {
	relay := bytes.Replace(value, []byte(" ["), []byte("["), 1)
	if e.Kind == Attempt {
		e.Relay = relay
		return
	}
	e.Client, e.Local = relay, loopback(relay) || bytes.HasSuffix(value, []byte("@localhost")) || is(value, "localhost")
}

// clockTime reads 00:00:01 and 1+02:03:04.
func clockTime(b []byte) time.Duration {
	var total, days int64
	if day, rest, ok := bytes.Cut(b, []byte("+")); ok {
		days, _, _ = digits(day)
		b = rest
	}
	for len(b) > 0 {
		n, rest, ok := digits(b)
		if !ok || n > 99 {
			return -1
		}
		total, b = total*60+n, bytes.TrimPrefix(rest, []byte(":"))
	}
	if days > 10_000 {
		return -1
	}
	return time.Duration(days*86400+total) * time.Second
}

// sendmailEnd judges by the class of the enhanced status, which the text behind
// it follows.
func sendmailEnd(key string, value, class []byte, e *Event) bool {
	e.Detail = value
	if key == "reject" {
		e.Kind = Rejected
		return true
	}
	if e.Kind != Attempt {
		e.Kind = Ignored
		return true
	}
	switch {
	case bytes.HasPrefix(value, []byte("Sent")) && !is(class, "4") && !is(class, "5"): // a reply before it may hold anything
		e.Outcome = Sent
		if next, ok := between(value, "(", " Message accepted for delivery"); ok {
			e.Next = next[bytes.LastIndexByte(next, ' ')+1:]
		}
	case bytes.HasPrefix(value, []byte("queued")):
		e.Kind = Ignored
	case bytes.HasPrefix(value, []byte("Deferred")), is(class, "4"):
		e.Outcome = Deferred
		e.Detail = bytes.TrimPrefix(value, []byte("Deferred: "))
	default:
		e.Outcome = Bounced
	}
	return true
}
