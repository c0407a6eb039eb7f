package mta

import (
	"bytes"
	"time"
)

// parsePostfix reads a line of Postfix. The tag is instance/service/daemon: the
// service may be missing, and further instances have names of their own behind
// "postfix-".
//
//	postfix/smtpd[7]: 4CA1B2: client=mail.example.org[192.0.2.7], sasl_username=anna
//	postfix/qmgr[8]: 4CA1B2: from=<a@example.org>, size=512, nrcpt=1 (queue active)
//	postfix/smtp[9]: 4CA1B2: to=<b@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (250 ok)
//	postfix/qmgr[8]: 4CA1B2: removed
func parsePostfix(tag, msg []byte, e *Event) bool {
	e.Kind = Ignored
	e.Instance, _, _ = cut(tag, '/')
	word := msg[:idLen(msg)]
	rest, ok := bytes.CutPrefix(msg[len(word):], []byte(": "))
	if !ok {
		if bytes.HasPrefix(msg, []byte("reject_warning: ")) {
			return postfixRefusal(msg, e)
		}
		return postfixConnection(msg, e)
	}
	switch string(word) {
	case "warning", "fatal", "panic", "error":
		e.Kind, e.Detail = Trouble, msg
		return true
	case "NOQUEUE":
		return postfixRefusal(rest, e)
	case "reject":
		return postfixRefusal(msg, e)
	}
	if len(word) < 5 || len(word) > 24 {
		return postfixConnection(msg, e)
	}
	e.ID = word
	return postfixMessage(rest, e)
}

// idLen is how many letters and digits stand at the front of b.
func idLen(b []byte) int {
	for i, c := range b {
		if c-'0' > 9 && c|0x20-'a' > 'z'-'a' {
			return i
		}
	}
	return len(b)
}

// postfixConnection reads what is about no message.
func postfixConnection(msg []byte, e *Event) bool {
	if kind, rest, ok := bytes.Cut(msg, []byte(" TLS connection established ")); ok && len(kind) < 12 {
		_, version, _ := bytes.Cut(rest, []byte(": "))
		e.Kind, e.Detail = Secured, before(version, " ")
	}
	return true
}

func postfixMessage(msg []byte, e *Event) bool {
	switch {
	case bytes.HasPrefix(msg, []byte("to=<")):
		return postfixAttempt(msg, e)
	case bytes.HasPrefix(msg, []byte("from=<")):
		return postfixQueued(msg, e)
	case is(msg, "removed"):
		e.Kind = Ended
	case bytes.HasPrefix(msg, []byte("client=")):
		postfixClient(msg, e)
	case bytes.HasPrefix(msg, []byte("uid=")):
		e.Kind, e.Local = Accepted, true
		e.Client = []byte("local")
	case bytes.HasPrefix(msg, []byte("message-id=")):
		e.Kind = Taken
	default:
		return postfixRefusal(msg, e)
	}
	return true
}

// postfixClient reads "client=NAME[ADDRESS], sasl_method=…, sasl_username=…,
// sasl_sender=…, orig_queue_id=…, orig_client=…".
func postfixClient(msg []byte, e *Event) {
	e.Kind = Accepted
	client, rest, _ := cutComma(msg[len("client="):])
	e.Client, e.Local = client, loopback(client)
	for len(rest) > 0 {
		var field []byte
		field, rest, _ = cutComma(rest)
		key, value, _ := cut(field, '=')
		switch string(key) {
		case "sasl_username":
			e.User = value
		case "orig_queue_id":
			e.Origin = value
		}
	}
}

func loopback(client []byte) bool {
	return bytes.Contains(client, []byte("[127.")) || bytes.Contains(client, []byte("[::1]"))
}

// postfixQueued reads what the queue manager says of a sender. It stands behind
// the last address that the line can hold.
func postfixQueued(msg []byte, e *Event) bool {
	end := bytes.LastIndexByte(msg, '>')
	if end < len("from=<") {
		return true
	}
	sender, rest := msg[len("from=<"):end], msg[end+1:]
	if number, ok := bytes.CutPrefix(rest, []byte(", size=")); ok {
		size, _, ok := digits(number)
		e.Kind, e.Sender, e.Size = Sized, sender, size
		return ok
	}
	if bytes.HasPrefix(rest, []byte(", status=expired")) {
		e.Kind, e.Sender = Expired, sender
	}
	return true
}

// postfixAttempt reads "to=<A>, orig_to=<B>, relay=R, conn_use=2, delay=1.2,
// delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (TEXT)". What stands in TEXT was
// chosen by the other server and is read no further.
func postfixAttempt(msg []byte, e *Event) bool {
	to, tail := postfixAddress(msg[len("to=<"):])
	if original, ok := bytes.CutPrefix(tail, []byte("orig_to=<")); ok {
		_, tail = postfixAddress(original)
	}
	tail, ok := bytes.CutPrefix(tail, []byte("relay="))
	if !ok {
		return false
	}
	e.Kind, e.To = Attempt, to
	e.Relay, tail, _ = cutComma(tail)
	for len(tail) > 0 {
		var key, value []byte
		key, value, ok = cut(tail, '=')
		if !ok {
			return false
		}
		if is(key, "status") {
			return postfixStatus(value, e)
		}
		value, tail, _ = cutComma(value)
		switch string(key) {
		case "delay":
			e.Delay, _ = seconds(value)
		case "delays":
			postfixStages(value, e)
		}
	}
	return false
}

// postfixAddress cuts an address, which begins b, and the ">, " behind it. In a
// local part in quotes its sender may have written the rest of the line.
func postfixAddress(b []byte) (address, rest []byte) {
	at := quotedLen(b)
	for {
		i := bytes.Index(b[at:], []byte(">, "))
		if i < 0 {
			return b, nil
		}
		at += i + len(">, ")
		if rest = b[at:]; bytes.HasPrefix(rest, []byte("relay=")) || bytes.HasPrefix(rest, []byte("orig_to=<")) {
			return b[:at-len(">, ")], rest
		}
	}
}

func postfixStages(value []byte, e *Event) {
	var stages [4]time.Duration
	for i := range stages {
		var one []byte
		one, value, _ = cut(value, '/')
		d, ok := seconds(one)
		if !ok {
			return
		}
		stages[i] = d
	}
	e.Stages = stages
}

func postfixStatus(value []byte, e *Event) bool {
	word, text, _ := cut(value, ' ')
	e.Detail = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("(")), []byte(")"))
	switch string(word) {
	case "sent":
		e.Outcome = Sent
		if bytes.HasPrefix(e.Detail, []byte("forwarded as ")) {
			e.Outcome = Forwarded
		}
		if i := bytes.LastIndexByte(e.Detail, ' '); i > 0 && bytes.HasSuffix(e.Detail[:i], []byte(" queued as")) {
			e.Next = bytes.TrimRight(e.Detail[i+1:], ")")
		}
	case "deferred":
		e.Outcome = Deferred
	case "bounced":
		e.Outcome = Bounced
	case "deliverable", "undeliverable":
		e.Outcome = Verified
	default:
		e.Kind = Ignored
	}
	return true
}

var refusals = map[string]Kind{
	"reject": Rejected, "milter-reject": Rejected, "reject_warning": Warned, "warning": Warned,
	"hold": Held, "milter-hold": Held, "discard": Discarded, "milter-discard": Discarded,
}

// postfixRefusal reads "reject: RCPT from CLIENT: 554 5.7.1 <x>: why; from=<a>
// to=<b> proto=SMTP helo=<c>", and what cleanup says of headers and bodies.
func postfixRefusal(msg []byte, e *Event) bool {
	word, rest, ok := bytes.Cut(msg, []byte(": "))
	kind := refusals[string(word)]
	if !ok || kind == 0 {
		e.Kind = Ignored
		return true
	}
	e.Kind, e.Whole = kind, !bytes.HasPrefix(rest, []byte("RCPT "))
	body, tail := rest, []byte(nil)
	if i := bytes.LastIndex(rest, []byte("; from=<")); i >= 0 {
		body, tail = rest[:i], rest[i+len("; from=<"):]
		e.Sender = before(tail, ">")
		if to, ok := between(tail, "> to=<", ">"); ok {
			e.To = to
		}
	}
	stage, reason, ok := bytes.Cut(body, []byte(" from "))
	if !ok || len(stage) > 40 {
		e.Detail = body
		return true
	}
	e.Client, e.Detail, ok = bytes.Cut(reason, []byte(": "))
	if !ok {
		e.Client, e.Detail = before(e.Client, ";"), stage
	}
	return true
}
