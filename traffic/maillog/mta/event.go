package mta

import (
	"bytes"
	"iter"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
)

// Kind says what an event is. The zero Kind is none.
type Kind uint8

// The kinds.
const (
	Ignored   Kind = iota + 1 // a line of a mail server that counts for nothing
	Accepted                  // the server took a message in
	Taken                     // its headers came in
	Sized                     // sender and size of a message became known
	Attempt                   // a delivery to one recipient was tried
	Expired                   // it was given up after too many attempts
	Ended                     // the message left the queue
	Rejected                  // a message or recipient was refused
	Warned                    // would have been rejected, but for a rule that only warns
	Held                      // put aside until somebody looks
	Discarded                 // thrown away by a rule
	Trouble                   // the server complains about itself
	Login                     // somebody read mail
	LoginFailed
	Stored  // mail came into a mailbox; the server that handed it over counts it as delivered
	Secured // a connection was encrypted: Detail is the protocol
	Started // a delivery has a number now, Next, by which its Attempt is known
	Opened  // this machine itself began a session, Next, in which it hands in messages
)

// Outcome is how an attempt ended. The zero Outcome is not known.
type Outcome uint8

// The outcomes.
const (
	Sent Outcome = iota + 1
	Forwarded
	Deferred
	Bounced
	Verified // an address was only tried
)

// An Event is what one line of a mail log says. Its slices point into the line;
// what the line does not say is empty, and a duration below zero.
type Event struct {
	Kind     Kind
	Outcome  Outcome // of an Attempt
	Local    bool    // the client is this machine
	Begun    bool    // of Sized: no other line tells that the message was accepted
	Notice   bool    // the message was made by the server: a bounce
	Whole    bool    // of Rejected: the message was refused, not a recipient
	Several  bool    // To may be several addresses, with commas between them
	Instance []byte  // of several servers on one machine
	ID       []byte  // queue id
	Client   []byte  // name[address] as logged
	User     []byte  // who logged in to send or read
	Sender   []byte
	To       []byte
	Relay    []byte
	Detail   []byte // reply, reason or complaint as logged
	Next     []byte // queue id that the next server gave; of Accepted, the session
	Origin   []byte // queue id that the message had before a filter
	Size     int64  // below zero: not said
	Delay    time.Duration
	Stages   [4]time.Duration // before the queue manager, in it, connecting, sending
}

// clear makes e empty, with what is not known below zero.
func (e *Event) clear() {
	*e = Event{Size: -1, Delay: -1, Stages: [4]time.Duration{-1, -1, -1, -1}}
}

// RelayName is the relay without its address.
func (e *Event) RelayName() []byte {
	name, _, _ := cut(e.Relay, '[')
	return name
}

// ToItself reports whether the relay is this machine.
func (e *Event) ToItself() bool {
	begins := func(with string) bool { return bytes.HasPrefix(e.Relay, []byte(with)) }
	return loopback(e.Relay) || begins("localhost") || begins("127.") || begins("[127.")
}

// Recipients gives the addresses of To. What is deferred is one attempt, however
// many wait for it.
func (e *Event) Recipients() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rest, more := e.To, e.Several && e.Outcome != Deferred
		for more {
			var one []byte
			if one, rest, more = cutAddress(rest); !yield(angle(one)) {
				return
			}
		}
		if !e.Several || e.Outcome == Deferred {
			yield(angle(e.To))
		}
	}
}

// cutAddress cuts what Sendmail says of several recipients at once:
// <a@example.org>,<b@example.org> or, of an alias, a@example.org,b@example.org.
func cutAddress(b []byte) (one, rest []byte, more bool) {
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return b[:i], b[i+1:], true
		}
	}
	return b, nil, false
}

// Parse reads one record of any of the servers. It reports false for a line
// that no mail server wrote, or that nobody can read. e is overwritten.
func Parse(r *logstream.Record, e *Event) bool {
	e.clear()
	tag := r.Tag
	switch {
	case bytes.HasPrefix(tag, []byte("postfix")):
		return parsePostfix(tag, r.Message, e)
	case bytes.HasPrefix(tag, []byte("dovecot")):
		return parseDovecot(r.Message, e)
	case bytes.HasPrefix(tag, []byte("qmail")):
		return parseQmail(r.Message, e)
	case is(tag, "smtpd"):
		return parseOpenSMTPD(r.Message, e)
	case is(tag, "sendmail"), is(tag, "sm-mta"), is(tag, "sm-msp-queue"), is(tag, "sm-msp"), is(tag, "sendmail-mta"):
		return parseSendmail(tag, r.Message, e)
	case is(tag, "exim"), is(tag, "exim4"):
		return parseExim(r.Message, e)
	}
	if r.Raw != nil && len(r.Host) == 0 && len(tag) > 0 {
		return parseDovecotFile(tag, r.Message, e)
	}
	if r.Raw != nil && startsWithDate(r.Raw) {
		return parseExim(r.Raw, e)
	}
	return r.Raw != nil && len(r.Tag) == 0 && parseQmail(r.Raw, e)
}

func is(b []byte, s string) bool { return string(b) == s }

// before cuts b at the first sep; without one it is all of b.
func before(b []byte, sep string) []byte {
	head, _, _ := bytes.Cut(b, []byte(sep))
	return head
}

// cut is bytes.Cut at one byte, as most of a line is.
func cut(b []byte, sep byte) (head, rest []byte, ok bool) {
	i := bytes.IndexByte(b, sep)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+1:], true
}

// cutComma is bytes.Cut at ", ".
func cutComma(b []byte) (head, rest []byte, ok bool) {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], ',') + 1
		if at += i; i == 0 {
			return b, nil, false
		}
		if at < len(b) && b[at] == ' ' {
			return b[:at-1], b[at+1:], true
		}
	}
}

// between gives what stands between two texts, where both are there.
func between(b []byte, left, right string) ([]byte, bool) {
	_, rest, ok := bytes.Cut(b, []byte(left))
	if !ok {
		return nil, false
	}
	got, _, ok := bytes.Cut(rest, []byte(right))
	return got, ok
}

// digits reads a number of decimal digits from the front of b.
func digits(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		if n > (1<<63-10)/10 {
			return 0, b, false
		}
		n = n*10 + int64(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}

// seconds reads a number with an optional fraction, such as 0.26, as a duration.
func seconds(b []byte) (time.Duration, bool) {
	whole, rest, ok := digits(b)
	if !ok || whole > 1<<31 {
		return -1, false
	}
	d := time.Duration(whole) * time.Second
	if len(rest) == 0 {
		return d, true
	}
	if rest[0] != '.' {
		return -1, false
	}
	unit := time.Second
	for _, c := range rest[1:] {
		if c < '0' || c > '9' {
			return -1, false
		}
		unit /= 10
		d += unit * time.Duration(c-'0')
	}
	return d, true
}

// quotedLen is how long a text in quotes at the front of b is; zero: there is none.
func quotedLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// angle gives an address without its angle brackets.
func angle(b []byte) []byte {
	if n := len(b); n >= 2 && b[0] == '<' && b[n-1] == '>' {
		return b[1 : n-1]
	}
	return b
}
