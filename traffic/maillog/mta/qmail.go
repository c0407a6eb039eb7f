package mta

import "bytes"

// parseQmail reads a line of qmail-send, after qmail-log(5). The number of a
// message is its inode, which the next message has again; the number of a
// delivery belongs to it until the delivery ends.
//
//	info msg 93869: bytes 2343 from <a@example.org> qp 18695 uid 7791
//	starting delivery 2392: msg 93869 to remote b@example.net
//	delivery 2392: success: 198.51.100.1_accepted_message./
//	end msg 93869
func parseQmail(msg []byte, e *Event) bool {
	e.Kind, e.Instance = Ignored, []byte("qmail")
	if rest, ok := bytes.CutPrefix(msg, []byte("@4000000")); ok { // TAI64N
		_, msg, _ = bytes.Cut(rest, []byte(" "))
	}
	if n, rest, ok := digits(msg); ok && n > 100_000_000 { // seconds of splogger
		_, msg, _ = bytes.Cut(rest, []byte(" "))
	}
	switch {
	case bytes.HasPrefix(msg, []byte("info msg ")):
		return qmailInfo(msg[len("info msg "):], e) && isNumber(e.ID)
	case bytes.HasPrefix(msg, []byte("starting delivery ")):
		number, rest, _ := bytes.Cut(msg[len("starting delivery "):], []byte(": msg "))
		id, rest, _ := bytes.Cut(rest, []byte(" to "))
		channel, to, ok := bytes.Cut(rest, []byte(" "))
		e.Kind, e.ID, e.Next, e.Relay, e.To = Started, id, number, channel, to
		return ok && isNumber(id) && isNumber(number)
	case bytes.HasPrefix(msg, []byte("delivery ")):
		return qmailResult(msg[len("delivery "):], e) && isNumber(e.Next)
	case bytes.HasPrefix(msg, []byte("end msg ")):
		e.Kind, e.ID = Ended, msg[len("end msg "):]
		return isNumber(e.ID)
	case bytes.HasPrefix(msg, []byte("bounce msg ")), bytes.HasPrefix(msg, []byte("new msg ")), bytes.HasPrefix(msg, []byte("status: ")), bytes.HasPrefix(msg, []byte("double bounce: ")), bytes.HasPrefix(msg, []byte("triple bounce: ")):
	case bytes.HasPrefix(msg, []byte("alert: ")), bytes.HasPrefix(msg, []byte("warning: ")):
		e.Kind, e.Detail = Trouble, msg
	default:
		return false
	}
	return true
}

// isNumber knows the numbers of messages and of deliveries.
func isNumber(b []byte) bool {
	_, rest, ok := digits(b)
	return ok && len(rest) == 0
}

func qmailInfo(b []byte, e *Event) bool {
	id, rest, ok := bytes.Cut(b, []byte(": bytes "))
	size, rest, ok2 := digits(rest)
	sender, ok3 := between(rest, " from <", "> qp ")
	if !ok || !ok2 || !ok3 {
		return false
	}
	e.Kind, e.Begun, e.ID, e.Size, e.Sender = Accepted, true, id, size, sender
	e.Notice = len(sender) == 0 || is(sender, "#@[]")
	return true
}

func qmailResult(b []byte, e *Event) bool {
	number, rest, ok := bytes.Cut(b, []byte(": "))
	word, text, ok2 := bytes.Cut(rest, []byte(": "))
	if !ok || !ok2 {
		return false
	}
	e.Kind, e.Next = Attempt, number
	e.Detail = bytes.TrimSuffix(bytes.ReplaceAll(text, []byte("_"), []byte(" ")), []byte("/"))
	switch string(word) {
	case "success":
		e.Outcome = Sent
	case "failure":
		e.Outcome = Bounced
	case "deferral":
		e.Outcome = Deferred
	default:
		return false
	}
	return true
}
