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
	keepMessages = 1000
	keepBytes    = 600 << 10 // of these
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
			return errNameless
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
	Ended      bool   `json:"ended,omitempty"`
	Epoch      uint64 `json:"epoch,omitempty"`
	Via        uint64 `json:"via,omitempty"` // the epoch that went to the filter it came back from
}

// kept gives a message that another run goes on with; most bounds the bytes of
// an address.
func (s *Stats) kept(m *message, most int) openMessage {
	out := openMessage{
		Name: m.name, Last: m.last, Size: m.size, Sender: m.sender.kept(most), Client: m.client.kept(most), Origin: m.origin[:min(len(m.origin), most)],
		To: m.to.kept(most), Relay: m.relay.kept(most), Accepted: m.accepted, Local: m.local, Queued: m.queued, Received: m.received,
		ReceivedAt: m.receivedAt, Filtered: m.filtered, Deferred: m.deferred, Ended: m.ended, Epoch: m.epoch, Via: m.via,
	}
	if parent := s.messages.byHash[m.parent]; parent != nil {
		out.Parent = parent.name
	}
	return out
}

// size is about how many bytes of JSON it has.
func (o *openMessage) size() int {
	return 300 + 4*(len(o.Name)+len(o.Sender)+len(o.Client)+len(o.Origin)+len(o.To)+len(o.Relay)+len(o.Parent))/3
}

func (k *key) kept(most int) []byte {
	if k == nil {
		return nil
	}
	return []byte(k.text[:min(len(k.text), most)])
}

// keyOf gives the key of a text as it is counted.
func keyOf(text []byte) *key {
	_, domain, _ := bytes.Cut(text[max(0, bytes.LastIndexByte(text, '@')):], []byte("@"))
	return &key{text: string(text), domain: string(domain)}
}

// resume goes on with messages of another run, the one used last first. One of a
// name that is followed already is left out.
func (s *Stats) resume(kept []openMessage) error {
	epochs, came := map[uint64]uint64{}, map[*message]uint64{}
	for _, o := range slices.Backward(kept) {
		if bytes.Count(o.Name, []byte{0}) != 2 {
			return errNameless
		}
		if server, id := s.named(o.Name); s.messages.byHash[server.hash^s.own.hash(id)] != nil {
			continue
		}
		m := s.goOn(o)
		epochs[o.Epoch] = m.epoch
		if o.Via != 0 {
			came[m] = o.Via
		}
	}
	for m, via := range came {
		m.via = epochs[via]
	}
	return nil
}

var errNameless = errors.New("a message has no name")

func (s *Stats) goOn(o openMessage) *message {
	e := &step{at: o.Last, size: o.Size}
	e.server, e.id = s.named(o.Name)
	e.hash = e.server.hash ^ s.own.hash(e.id)
	m := s.begin(e)
	m.size, m.origin = o.Size, o.Origin
	m.sender, m.client, m.to, m.relay = keyOf(o.Sender), keyOf(o.Client), keyOf(o.To), keyOf(o.Relay)
	m.accepted, m.local, m.queued, m.received, m.receivedAt, m.filtered, m.deferred = o.Accepted, o.Local, o.Queued, o.Received, o.ReceivedAt, o.Filtered, o.Deferred
	if !o.Queued {
		m.sender = nil
	}
	if len(o.Parent) > 0 {
		server, id := s.named(o.Parent)
		m.parent = server.hash ^ s.own.hash(id)
	}
	if o.Ended {
		s.messages.end(m)
	}
	return m
}

// named takes the name of an epoch apart.
func (s *Stats) named(name []byte) (*server, []byte) {
	host, rest, _ := bytes.Cut(name, []byte{0})
	instance, id, _ := bytes.Cut(rest, []byte{0})
	return s.own.server(host, instance), id
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
	next.Hours = m.Hours.Add(read, now)
	next.Open = nil
	room := keepBytes
	keep := func(msg *message) bool {
		out := s.kept(msg, keepText)
		if len(msg.name) > 2*keepText || len(next.Open) == keepMessages || out.size() > room {
			return false
		}
		next.Open, room = append(next.Open, out), room-out.size()
		return true
	}
	// An end that a filter's reply is yet to come for is worth what room is left.
	for _, ended := range []bool{false, true} {
		for _, msg := range s.messages.followed() {
			if msg.ended == ended && now.Sub(time.Unix(msg.last, 0)) <= idle && !keep(msg) && !ended {
				forgotten++
			}
		}
	}
	return next, forgotten
}

// open is how many messages are not over.
func (m memory) open() (n int) {
	for _, msg := range m.Open {
		if !msg.Ended {
			n++
		}
	}
	return n
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
