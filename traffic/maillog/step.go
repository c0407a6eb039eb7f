package maillog

import (
	"hash/maphash"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog/mta"
)

// A step is what an mta.Event says of messages: all that can be made of a line before
// its turn. Its slices are those of the line.
type step struct {
	kind                              mta.Kind
	outcome                           mta.Outcome
	local, begun, notice, whole, near bool // near: the relay is this machine
	told                              bool // the sender was
	times                             int32
	delay                             int32 // milliseconds; below zero: not said
	stages                            [4]int32
	at, size                          int64
	server                            *server
	id, next, origin                  []byte
	hash                              uint64 // of the epoch
	nextHash                          uint64 // of the id next, or of the epoch that it means

	address text // sender or recipient
	name    text // client, or relay of an attempt
	detail  text // user or reason
}

// A text is what is counted, with its hash.
type text struct {
	raw  []byte
	hash uint64
}

// A server is one of those that write a log.
type server struct {
	prefix   string // host and instance, as they begin the name of an epoch
	instance string
	host     uint64 // hash
	hash     uint64 // of host and instance
}

// A part notes lines.
type part struct {
	steps   *[]step
	stats   *Stats
	event   mta.Event
	scratch []byte
	reasons []byte // memory of those that were noted
	servers map[string]*server
	at      *server // the server of the line before
}

func (s *Stats) newPart() *part {
	return &part{stats: s, steps: s.memory(), servers: map[string]*server{}, at: &server{prefix: "\x00\x00"}}
}

// memory is for the steps of one block.
func (s *Stats) memory() *[]step {
	select {
	case steps := <-s.noted:
		return steps
	default:
		steps := make([]step, 0, 3000) // of a block
		return &steps
	}
}

// Noted gives the steps.
func (p *part) Noted() any {
	out := p.steps
	p.reasons = nil
	p.steps = p.stats.memory()
	return out
}

// Add notes one line.
func (p *part) Add(r *logstream.Record) bool {
	e := &p.event
	if !mta.Parse(r, e) || e.Size > traffic.MaxBytes {
		return false
	}
	if e.Kind == mta.Ignored {
		return true
	}
	st := p.step()
	st.kind, st.outcome, st.local, st.begun, st.notice, st.whole = e.Kind, e.Outcome, e.Local, e.Begun, e.Notice, e.Whole
	st.times, st.at, st.size = int32(max(1, min(r.Events, maxRepeats))), r.At.Unix(), e.Size
	switch e.Kind {
	case mta.Trouble, mta.Rejected:
		st.detail = p.reason(e.Detail, e.Kind == mta.Trouble)
	case mta.Secured:
		st.detail = p.text(e.Detail)
	case mta.Accepted:
		st.name, st.origin = p.text(e.Client), e.Origin
		if len(e.User) > 0 {
			st.detail = p.text(e.User)
		}
	}
	if st.told = e.Sender != nil && (e.Kind == mta.Sized || e.Kind == mta.Accepted); st.told {
		st.address = p.text(e.Sender)
	}
	p.epoch(r.Host, st)
	if e.Kind == mta.Attempt || e.Kind == mta.Started {
		p.attempt(st)
	}
	return true
}

func (p *part) step() *step {
	n := len(*p.steps)
	if n < cap(*p.steps) {
		*p.steps = (*p.steps)[:n+1]
		(*p.steps)[n] = step{}
	} else {
		*p.steps = append(*p.steps, step{})
	}
	return &(*p.steps)[n]
}

// The names of what has an epoch, and is no message: they stand for the instance.
const (
	session  = "session"
	delivery = "qmail-delivery"
)

// epoch names the epochs that a step is about.
func (p *part) epoch(host []byte, st *step) {
	e := &p.event
	st.server = p.server(host, e.Instance)
	if st.id = e.ID; len(e.ID) > 0 {
		st.hash = st.server.hash ^ p.hash(e.ID)
	}
	if len(e.Next) == 0 {
		return
	}
	st.next, st.nextHash = e.Next, p.hash(e.Next)
	switch {
	case e.Kind == mta.Opened:
		st.server = p.server(host, []byte(session))
		st.id, st.hash = st.next, st.server.hash^st.nextHash
	case e.Kind == mta.Accepted:
		st.nextHash ^= p.server(host, []byte(session)).hash
	case e.Kind == mta.Started, len(e.ID) == 0:
		st.server = p.server(host, []byte(delivery))
		st.nextHash ^= st.server.hash
	}
}

// maxText is how many bytes of an address or a name are counted: of an address no
// server takes more than 256.
const maxText = 512

func (p *part) text(b []byte) text {
	b = b[:min(len(b), maxText)]
	return text{b, p.hash(b)}
}

func (p *part) hash(b []byte) uint64 { return maphash.Bytes(p.stats.seed, b) }

// maxName is how many bytes the names of a host and of an instance have at most.
const maxName = 255

// server finds who wrote a line.
func (p *part) server(host, instance []byte) *server {
	host, instance = host[:min(len(host), maxName)], instance[:min(len(instance), maxName)]
	if at := p.at.prefix; len(at) == len(host)+len(instance)+2 && at[:len(host)] == string(host) && at[len(host)+1:len(at)-1] == string(instance) {
		return p.at
	}
	name := append(append(append(append(p.scratch[:0], host...), 0), instance...), 0)
	p.scratch = name
	if p.at = p.servers[string(name)]; p.at == nil {
		if len(p.servers) >= maxServers {
			clear(p.servers)
		}
		p.at = p.stats.newServer(string(name), string(instance))
		p.servers[p.at.prefix] = p.at
	}
	return p.at
}

// maxRepeats bounds what a repeat line can claim to stand for.
const maxRepeats = 10_000

// maxServers is how many servers are remembered.
const maxServers = 4096

func (s *Stats) newServer(prefix, instance string) *server {
	host := maphash.String(s.seed, prefix[:len(prefix)-len(instance)-1])
	return &server{prefix: prefix, instance: instance, host: host, hash: host ^ s.instanceHash(instance)}
}

func (s *Stats) instanceHash(instance string) uint64 { return maphash.String(s.seed, "\x00"+instance) }

// attempt notes what is said of a delivery; one line may be about several
// recipients, who get a step each.
func (p *part) attempt(st *step) {
	e := &p.event
	st.name, st.near = p.text(e.RelayName()), e.ToItself()
	st.delay = milliseconds(e.Delay)
	for i, d := range e.Stages {
		st.stages[i] = milliseconds(d)
	}
	if e.Outcome == mta.Deferred || e.Outcome == mta.Bounced {
		st.detail = p.reason(e.Detail, false)
	}
	first := true
	for to := range e.Recipients() {
		if !first {
			again := *st
			st = p.step()
			*st = again
		}
		st.address, first = p.text(to), false
	}
}

func milliseconds(d time.Duration) int32 {
	if d < 0 {
		return -1
	}
	return int32(min(d/time.Millisecond, 1<<31-1))
}
