package weblog

import (
	"bytes"
	"net/netip"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// A part reads the lines of a piece of a log, for Stats to count.
type part struct {
	opt     Options // its own: pseudonyms are remembered
	statics map[string]bool
	parser  Parser
	agents  agents
	visitor []byte
	spare   chan *notes
	*notes
}

// notes are what a part made of some lines.
type notes struct {
	hits   []hit
	keys   []byte // memory of hit.request
	failed int64
}

// A hit is one request with what is counted of it.
type hit struct {
	Entry
	request []byte // see appendRequest
	visitor uint64 // the hash of an address with a program
	static  bool
	agent   agent
	attack  string
}

func newPart(o *Options, spare chan *notes) *part {
	p := &part{opt: *o, statics: statics, agents: agents{}, spare: spare, parser: Parser{Zone: o.Zone, Layout: o.Layout}}
	if o.Goaccess {
		p.statics = peerStatics
	}
	p.notes = p.blank()
	return p
}

func (p *part) blank() *notes {
	select {
	case n := <-p.spare:
		return n
	default:
		return &notes{}
	}
}

// Noted implements traffic.Part.
func (p *part) Noted() any {
	out := p.notes
	p.notes = p.blank()
	return out
}

// AddRaw implements traffic.RawPart.
func (p *part) AddRaw(line []byte) bool {
	h := p.grow()
	if line[0] != '#' && p.parser.Parse(line, &h.Entry) && p.takes(&h.Entry) {
		p.note(h)
		return true
	}
	p.hits = p.hits[:len(p.hits)-1]
	return false
}

// Heading implements traffic.Headed.
func (p *part) Heading(line []byte) { p.parser.heading(line) }

// Add reports false for a line that is no request.
func (p *part) Add(r *logstream.Record) bool {
	h := p.grow()
	ok := p.parser.Parse(r.Raw, &h.Entry)
	heading := !ok && h.Format == W3C || len(r.Raw) > 0 && r.Raw[0] == '#'
	if !heading && !ok && !p.opt.Goaccess && r.Format != syslog.Plain && len(r.Message) > 0 {
		ok = p.parser.Parse(r.Message, &h.Entry)
	}
	if !heading && ok && p.takes(&h.Entry) {
		p.note(h)
		for range min(r.Events, maxRepeats) - 1 { // a repeat line
			p.hits = append(p.hits, p.hits[len(p.hits)-1])
		}
		return true
	}
	p.hits = p.hits[:len(p.hits)-1]
	if !heading {
		p.failed++
	}
	return heading
}

// maxRepeats bounds what a line can claim to stand for.
const maxRepeats = 10_000

func (p *part) grow() *hit {
	if n := len(p.hits); n < cap(p.hits) {
		p.hits = p.hits[:n+1]
	} else {
		p.hits = append(p.hits, hit{})
	}
	return &p.hits[len(p.hits)-1]
}

// takes reports whether a line is counted; goaccess takes fewer.
func (p *part) takes(e *Entry) bool {
	if !p.opt.Goaccess {
		return e.Status >= 0
	}
	_, err := netip.ParseAddr(string(e.Client))
	return e.Format == Combined && err == nil && e.Status >= 100 && e.Status < 600 && len(e.VHost) == 0
}

// note makes of an entry what is counted.
func (p *part) note(h *hit) {
	h.Client, h.User = p.opt.Pseudonyms.Of(h.Client), p.opt.Pseudonyms.Of(h.User)
	h.agent, h.attack = p.agents.of(h.Agent), attackOf(h.URL)
	if len(p.opt.Pseudonyms.Secret) > 0 {
		h.URL, h.Referrer = withoutNames(h.URL), withoutNames(h.Referrer)
		if isAddress(siteOf(h.Referrer)) {
			h.Referrer = hidden
		}
	}
	if p.opt.Goaccess && len(h.Method) > 0 && len(h.Protocol) == 0 { // of HTTP 0.9; there all are one
		h.URL, h.Method = unknown, nil
	}
	at := len(p.keys)
	p.keys = appendRequest(p.keys, &h.Entry)
	h.request = p.keys[at:]
	p.visitor = append(append(append(p.visitor[:0], h.Client...), 0), h.Agent...)
	h.visitor = traffic.Hash(p.opt.Seed, p.visitor)
	h.static = isStatic(h.request[:bytes.IndexByte(h.request, 0)], p.statics)
	if len(h.Referrer) == 0 {
		h.Referrer = unknown
	}
}

// maxSpare is how much memory of notes is kept to be used again.
const maxSpare = 16

// unknown is how a log writes what it does not know.
var unknown = []byte("-")

// Part implements traffic.Divided.
func (s *Stats) Part() traffic.Part { return newPart(&s.opt, s.spare) }

// Join implements traffic.Divided.
func (s *Stats) Join(noted any) {
	n := noted.(*notes)
	s.Failed += n.failed
	for i := range n.hits {
		s.count(&n.hits[i])
	}
	if s.hits += len(n.hits); s.hits > s.opt.Keys/16 {
		s.boundVisitors()
	}
	n.hits, n.keys, n.failed = n.hits[:0], n.keys[:0], 0
	select {
	case s.spare <- n:
	default:
	}
}

// Heading implements traffic.Headed.
func (s *Stats) Heading(line []byte) { s.own.Heading(line) }

// Add counts one line. It reports false for a line that is no request.
func (s *Stats) Add(r *logstream.Record) bool {
	ok := s.own.Add(r)
	s.Join(s.own.Noted())
	return ok
}
