package maillog

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// memory is what one run hands to the next.
type memory struct {
	Positions traffic.Positions `json:"positions"`
	Hours     traffic.Hourly    `json:"hours"` // of Counts
	Open      []openMessage     `json:"open"`  // messages that are not over, the one used last first
	Senders   []usualSender     `json:"senders"`
	Seen      bool              `json:"seen"` // a line of a mail server was ever read
}

// usualSender is how much somebody sends in a day, as a mean in which what is
// a week old counts half.
type usualSender struct {
	Key    []byte  `json:"key"`
	PerDay float64 `json:"per_day"`
}

// What is remembered stays below the 1 MiB that a run may keep.
const (
	keepMessages = 1200
	keepSenders  = 500
	keepText     = 128 // bytes of an address
)

var keptMemory = report.State[memory]{Name: "mail", Version: 2, Valid: memory.valid}

func (m memory) valid() error {
	if err := m.Hours.Valid(len(new(Counts).all())); err != nil {
		return err
	}
	for _, p := range m.Positions {
		if !p.Check() {
			return errors.New("a position is damaged")
		}
	}
	for _, msg := range m.Open {
		if bytes.Count(msg.Name, []byte{0}) != 2 {
			return errors.New("a message has no name")
		}
	}
	return nil
}

// An openMessage is a message between two runs.
type openMessage struct {
	Name       []byte `json:"name"`
	Last       int64  `json:"last"`
	Size       int64  `json:"size"`
	Sender     []byte `json:"sender,omitempty"`
	Client     []byte `json:"client,omitempty"`
	Origin     []byte `json:"origin,omitempty"`
	To         []byte `json:"to,omitempty"`
	Relay      []byte `json:"relay,omitempty"`
	Parent     []byte `json:"parent,omitempty"` // the name of the message of a numbered delivery
	Accepted   bool   `json:"accepted,omitempty"`
	Local      bool   `json:"local,omitempty"`
	Queued     bool   `json:"queued,omitempty"`
	Received   bool   `json:"received,omitempty"`
	ReceivedAt int64  `json:"received_at,omitempty"`
	Filtered   bool   `json:"filtered,omitempty"`
	Deferred   bool   `json:"deferred,omitempty"`
}

// kept gives a message that another run goes on with.
func (s *Stats) kept(m *message) openMessage {
	out := openMessage{
		Name: m.name, Last: m.last, Size: m.size, Sender: m.sender.kept(), Client: m.client.kept(), Origin: m.origin[:min(len(m.origin), keepText)],
		To: m.to.kept(), Relay: m.relay.kept(), Accepted: m.accepted, Local: m.local, Queued: m.queued, Received: m.received,
		ReceivedAt: m.receivedAt, Filtered: m.filtered, Deferred: m.deferred,
	}
	if parent := s.messages.byHash[m.parent]; parent != nil {
		out.Parent = parent.name
	}
	return out
}

func (k *key) kept() []byte {
	if k == nil {
		return nil
	}
	return []byte(k.text[:min(len(k.text), keepText)])
}

// keyOf gives the key of a text as it is counted.
func keyOf(text []byte) *key {
	_, domain, _ := bytes.Cut(text[max(0, bytes.LastIndexByte(text, '@')):], []byte("@"))
	return &key{text: string(text), domain: string(domain)}
}

// resume goes on with a message of another run.
func (s *Stats) resume(o openMessage) {
	e := &step{at: o.Last, size: o.Size}
	e.server, e.id = s.named(o.Name)
	e.hash = e.server.hash ^ s.own.hash(e.id)
	m := s.begin(e)
	m.size, m.origin = o.Size, o.Origin
	m.sender, m.client, m.to, m.relay = keyOf(o.Sender), keyOf(o.Client), keyOf(o.To), keyOf(o.Relay)
	m.accepted, m.local, m.queued, m.received, m.receivedAt, m.filtered, m.deferred = o.Accepted, o.Local, o.Queued, o.Received, o.ReceivedAt, o.Filtered, o.Deferred
	if len(o.Parent) > 0 {
		server, id := s.named(o.Parent)
		m.parent = server.hash ^ s.own.hash(id)
	}
}

// named takes the name of an epoch apart.
func (s *Stats) named(name []byte) (*server, []byte) {
	host, rest, _ := bytes.Cut(name, []byte{0})
	instance, id, _ := bytes.Cut(rest, []byte{0})
	return s.own.server(host, instance), id
}

// restore gives the messages that were open to Stats.
func (m memory) restore(s *Stats) {
	for _, msg := range slices.Backward(m.Open) {
		s.resume(msg)
	}
}

// advance adds what was read up to now; forgotten is how many open messages
// there was no room for.
func (m memory) advance(s *Stats, now time.Time) (next memory, forgotten int) {
	next = m
	read := map[int64][]int64{}
	for hour, c := range s.Hours {
		for _, n := range c.all() {
			read[hour] = append(read[hour], *n)
		}
	}
	first, _ := s.Span()
	next.Hours = m.Hours.Add(read, first, now)
	next.Open = nil
	for _, msg := range s.messages.open() {
		if now.Sub(time.Unix(msg.last, 0)) > idle {
			continue
		}
		if len(next.Open) == keepMessages || len(msg.name) > 2*keepText || bytes.Count(msg.name, []byte{0}) != 2 {
			forgotten++
			continue
		}
		next.Open = append(next.Open, s.kept(msg))
	}
	return next, forgotten
}

// column gives one of the counts of an hour.
func column(pick func(*Counts) int64) func(n []int64) int64 {
	return func(n []int64) int64 {
		var c Counts
		for i, to := range c.all() {
			*to = n[i]
		}
		return pick(&c)
	}
}
