package mta

import (
	"bytes"
	"time"
)

// parseOpenSMTPD reads a line of OpenSMTPD 6 and 7. A message is known by its
// msgid, eight hexadecimal digits, with which each of its envelopes begins.
//
//	smtpd[7]: 4c1f smtp connected address=192.0.2.7 host=mail.example.org
//	smtpd[7]: 4c1f smtp message msgid=b1f20d3a size=512 nrcpt=1 proto=ESMTP
//	smtpd[7]: 4c20 mta delivery evpid=b1f20d3a8f6c1a00 from=<a@example.org> to=<b@example.net> rcpt=<-> source="-" relay="198.51.100.1 (mx)" delay=1s result="Ok" stat="250 ok"
func parseOpenSMTPD(msg []byte, e *Event) bool {
	e.Kind, e.Instance = Ignored, []byte("opensmtpd")
	session, rest, ok := bytes.Cut(msg, []byte(" "))
	if !ok || len(session) != 16 {
		return true
	}
	module, rest, _ := bytes.Cut(rest, []byte(" "))
	verb, fields, _ := bytes.Cut(rest, []byte(" "))
	fields = append([]byte(" "), fields...)
	switch string(module) + " " + string(verb) {
	case "smtp connected":
		if is(smtpdField(fields, "address"), "local") {
			e.Kind, e.Next = Opened, session
		}
	case "smtp message":
		e.Kind, e.Begun, e.ID, e.Next = Accepted, true, smtpdField(fields, "msgid"), session
		e.Size, _, ok = digits(smtpdField(fields, "size"))
		if !ok {
			e.Size = -1
		}
	case "smtp envelope":
		e.Kind, e.ID = Sized, smtpdMessage(fields)
		e.Sender = angle(smtpdField(fields, "from"))
		e.Notice = len(e.Sender) == 0
	case "smtp failed-command":
		// What the client sent stands before it, with its quotes.
		reply := smtpdField(fields[max(0, bytes.LastIndex(fields, []byte(` result="`))):], "result")
		if len(reply) > 0 && (reply[0] == '5' || reply[0] == '4') {
			e.Kind, e.Detail = Rejected, reply
		}
	case "smtp authentication":
		e.User = smtpdField(fields, "user")
		if e.Kind = Ignored; is(smtpdField(fields, "result"), "permfail") {
			e.Kind = LoginFailed
		}
	case "smtp tls", "mta tls":
		e.Kind, e.Detail = Secured, before(smtpdField(fields, "ciphers"), ":")
	case "mta delivery", "mda delivery":
		return smtpdDelivery(fields, e)
	}
	return true
}

func smtpdMessage(fields []byte) []byte {
	id := smtpdField(fields, "evpid")
	return id[:min(8, len(id))]
}

func smtpdDelivery(fields []byte, e *Event) bool {
	e.Kind, e.ID = Attempt, smtpdMessage(fields)
	e.Sender, e.To = angle(smtpdField(fields, "from")), angle(smtpdField(fields, "to"))
	if e.Relay = smtpdField(fields, "relay"); len(e.Relay) == 0 {
		e.Relay = []byte("local")
	}
	if d, err := time.ParseDuration(string(smtpdField(fields, "delay"))); err == nil {
		e.Delay = d
	}
	e.Detail = smtpdField(fields, "stat")
	switch string(smtpdField(fields, "result")) {
	case "Ok":
		e.Outcome = Sent
	case "TempFail":
		e.Outcome = Deferred
	case "PermFail":
		e.Outcome = Bounced
	default:
		return false
	}
	return true
}

// smtpdField gives the value of " key=value" or " key="value"", the quotes
// without escapes.
func smtpdField(b []byte, key string) []byte {
	_, rest, ok := bytes.Cut(b, []byte(" "+key+"="))
	if !ok {
		return nil
	}
	if quoted, ok := bytes.CutPrefix(rest, []byte(`"`)); ok {
		return before(quoted, `"`)
	}
	return before(rest, " ")
}
