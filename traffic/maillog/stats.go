package maillog

import (
	"hash/maphash"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// Options of Stats. The zero Options work.
type Options struct {
	Messages int    // that are followed at a time; zero: 262,144
	Keys     int    // of each table, exactly counted; zero: traffic.DefaultKeys
	Seed     uint64 // see traffic.Distinct
	// Pseudonyms, where they have a secret, stand for what is before the @ of an
	// address, for clients and for users.
	Pseudonyms traffic.Pseudonyms
}

// Counts are the numbers of a time.
type Counts struct {
	Received       int64 `json:"received"`  // messages that the server took and queued
	Delivered      int64 `json:"delivered"` // to one recipient each
	Forwarded      int64 `json:"forwarded"` // by the server to another address
	Deferred       int64 `json:"deferred"`  // messages
	Deferrals      int64 `json:"deferrals"` // attempts
	Bounced        int64 `json:"bounced"`   // deliveries that were given up
	Rejected       int64 `json:"rejected"`
	RejectWarnings int64 `json:"reject_warnings"`
	Held           int64 `json:"held"`
	Discarded      int64 `json:"discarded"`
	BytesReceived  int64 `json:"bytes_received"`
	BytesDelivered int64 `json:"bytes_delivered"`
	Passed         int64 `json:"passed"`  // deliveries to a filter from which the message came back
	Notices        int64 `json:"notices"` // bounces and reports that the server itself made
	Unsized        int64 `json:"unsized"` // deliveries of a message whose size is not known
	Logins         int64 `json:"logins"`
	LoginFailures  int64 `json:"login_failures"`
	Stored         int64 `json:"stored"` // by Dovecot into a mailbox
}

// Add adds the numbers of another time.
func (c *Counts) Add(o Counts) {
	to, from := c.all(), o.all()
	for i := range to {
		*to[i] += *from[i]
	}
}

func (c *Counts) all() [18]*int64 {
	return [...]*int64{
		&c.Received, &c.Delivered, &c.Forwarded, &c.Deferred, &c.Deferrals, &c.Bounced, &c.Rejected, &c.RejectWarnings, &c.Held,
		&c.Discarded, &c.BytesReceived, &c.BytesDelivered, &c.Passed, &c.Notices, &c.Unsized, &c.Logins, &c.LoginFailures, &c.Stored,
	}
}

// Totals are the numbers of all that was read.
type Totals struct {
	Counts
	Senders          int64 `json:"senders"`
	Recipients       int64 `json:"recipients"`
	SenderDomains    int64 `json:"sender_domains"`
	RecipientDomains int64 `json:"recipient_domains"`
	// Approximate says that some number is no exact count: a table was full, or
	// more messages were open at a time than are followed.
	Approximate bool `json:"approximate,omitempty"`
}

// Stats are the numbers of a mail log, and the messages that are not over. It
// is a traffic.Analyzer, and traffic.Divided. New makes one.
type Stats struct {
	Hours   map[int64]*Counts // by hours since 1970: those of 400 days
	Earlier Counts            // of older hours together

	until int64 // the hour behind these

	Senders, SenderDomains       traffic.Top
	Recipients, RecipientDomains traffic.Top
	Clients, Relays, Users       traffic.Top
	Deferrals, Bounces, Rejects  traffic.Top // by reason
	Complaints, Protocols        traffic.Top

	Delays traffic.Histogram    // milliseconds, of deliveries
	Stages [4]traffic.Histogram // see mta.Event.Stages

	first, last int64 // seconds since 1970
	seed        maphash.Seed
	pseudonyms  traffic.Pseudonyms
	addresses   keys
	names       keys // of clients and users
	texts       keys // of relays and protocols
	reasons     keys
	own         *part        // of what is added line by line
	noted       chan *[]step // memory to be used again
	messages    messages
	servers     []string // that were seen
	hour        *Counts
	hourNo      int64
}

// New makes empty Stats.
func New(o Options) *Stats {
	s := &Stats{Hours: map[int64]*Counts{}, messages: newMessages(o.Messages), seed: maphash.MakeSeed(), noted: make(chan *[]step, 64), pseudonyms: o.Pseudonyms}
	s.addresses.make, s.names.make, s.texts.make, s.reasons.make = s.addressKey, s.nameKey, s.textKey, plain
	s.own = s.newPart()
	for _, t := range s.tables() {
		t.Most, t.Seed = o.Keys, o.Seed
	}
	return s
}

// Span gives the times of the first and the last line that counted for
// something; they are zero where none did.
func (s *Stats) Span() (first, last time.Time) {
	if s.last == 0 {
		return first, last
	}
	return time.Unix(s.first, 0).UTC(), time.Unix(s.last, 0).UTC()
}

// Add counts one line. It reports false for a line that no mail server wrote.
func (s *Stats) Add(r *logstream.Record) bool {
	ok := s.own.Add(r)
	s.join(*s.own.steps)
	*s.own.steps, s.own.reasons = (*s.own.steps)[:0], s.own.reasons[:0]
	return ok
}

// Part notes lines that Join counts.
func (s *Stats) Part() traffic.Part { return s.newPart() }

// Join counts what a Part noted.
func (s *Stats) Join(noted any) {
	steps := noted.(*[]step)
	s.join(*steps)
	*steps = (*steps)[:0]
	if cap(*steps) > maxSpareSteps {
		return
	}
	select {
	case s.noted <- steps:
	default:
	}
}

// maxSpareSteps is how much memory is kept to be used again; a block that is made
// to be long has more.
const maxSpareSteps = 16_000

func (s *Stats) tables() []*traffic.Top {
	return []*traffic.Top{
		&s.Senders, &s.SenderDomains, &s.Recipients, &s.RecipientDomains, &s.Clients, &s.Relays, &s.Users,
		&s.Deferrals, &s.Bounces, &s.Rejects, &s.Complaints, &s.Protocols,
	}
}

// Totals sums up all hours.
func (s *Stats) Totals() Totals {
	t := Totals{Counts: s.Earlier}
	for _, h := range s.Hours {
		t.Add(*h)
	}
	exact := s.messages.evicted == 0
	for _, c := range []struct {
		to  *int64
		top *traffic.Top
	}{{&t.Senders, &s.Senders}, {&t.SenderDomains, &s.SenderDomains}, {&t.Recipients, &s.Recipients}, {&t.RecipientDomains, &s.RecipientDomains}} {
		n, ok := c.top.Keys()
		*c.to, exact = n, exact && ok
	}
	t.Approximate = !exact
	return t
}
