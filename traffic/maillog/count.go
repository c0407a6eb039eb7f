package maillog

import (
	"bytes"
	"slices"

	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog/mta"
)

// The places of a key in the tables.
const (
	asSender = iota
	asSenderDomain
	asRecipient
	asRecipientDomain

	asClient = 0
	asUser   = 1

	asRelay    = 0
	asProtocol = 1

	asDeferral  = 0
	asBounce    = 1
	asReject    = 2
	asComplaint = 3
)

// join counts steps, in the order of the log.
func (s *Stats) join(steps []step) {
	for i := range steps {
		e := &steps[i]
		s.time(e.at)
		for range e.times {
			s.count(e)
		}
	}
}

// time chooses the hour in which is counted.
func (s *Stats) time(at int64) {
	if at > 0 && (s.last == 0 || at < s.first) {
		s.first = at
	}
	s.last = max(s.last, at)
	if no := at / 3600; s.hour == nil || no != s.hourNo {
		s.hour, s.hourNo = s.hourAt(at), no
	}
}

func (s *Stats) hourAt(at int64) *Counts {
	no := at / 3600
	if no == s.hourNo && s.hour != nil {
		return s.hour
	}
	h := s.Hours[no]
	if h == nil {
		h = new(Counts)
		s.Hours[no] = h
		traffic.Fold(s.Hours, traffic.KeepDays*24, s.fold, no, s.hourNo)
	}
	return h
}

// fold adds an hour to those that are too old to be kept apart.
func (s *Stats) fold(no int64, c *Counts) {
	s.Earlier.Add(*c)
	s.until = max(s.until, no+1)
}

func (s *Stats) count(e *step) {
	switch e.kind {
	case mta.Trouble:
		s.reasons.of(e.detail).add(&s.Complaints, asComplaint, 1, 0)
	case mta.Secured:
		s.texts.of(e.detail).add(&s.Protocols, asProtocol, 1, 0)
	case mta.Login:
		s.hour.Logins++
	case mta.LoginFailed:
		s.hour.LoginFailures++
	case mta.Stored:
		s.hour.Stored++
	case mta.Rejected, mta.Warned:
		s.refuse(e)
	case mta.Held:
		s.hour.Held++
		s.follow(e)
	case mta.Discarded:
		s.hour.Discarded++
		s.follow(e)
	default:
		s.follow(e)
	}
}

// refuse counts what was refused. A message that the server refused at its end
// never was in the queue.
func (s *Stats) refuse(e *step) {
	if e.kind == mta.Warned {
		s.hour.RejectWarnings++
		return
	}
	s.hour.Rejected++
	s.reasons.of(e.detail).add(&s.Rejects, asReject, 1, 0)
	if len(e.id) == 0 || !e.whole {
		return
	}
	if m := s.messages.get(e); m != nil && !m.queued {
		s.takeBack(m)
		s.messages.drop(m)
	}
}

// follow counts an event of a message.
func (s *Stats) follow(e *step) {
	switch {
	case e.kind == mta.Opened:
		s.messages.begin(e)
	case e.kind == mta.Started && len(e.id) > 0:
		s.started(e)
	case e.kind == mta.Attempt && len(e.id) == 0:
		s.finished(e)
	case len(e.id) > 0:
		m := s.messages.get(e)
		if e.kind == mta.Accepted || m == nil || m.ended && e.kind == mta.Sized {
			if e.kind == mta.Ended {
				return
			}
			m = s.begin(e)
		}
		s.step(m, e)
	}
}

func (s *Stats) begin(e *step) *message {
	if !slices.Contains(s.servers, e.server.instance) && len(s.servers) < 32 { // one machine has few
		s.servers = append(s.servers, e.server.instance)
	}
	return s.messages.begin(e)
}

func (s *Stats) step(m *message, e *step) {
	switch e.kind {
	case mta.Accepted:
		m.accepted, m.local = !e.notice, e.local || s.messages.byHash[e.nextHash] != nil
		m.client, m.origin = s.names.of(e.name), append(m.origin[:0], e.origin...)
		m.filtered = len(e.origin) > 0
		if len(e.detail.raw) > 0 {
			s.names.of(e.detail).add(&s.Users, asUser, 1, 0)
		}
		if e.begun {
			s.queue(m, e)
		}
	case mta.Sized:
		s.queue(m, e)
	case mta.Held, mta.Discarded, mta.Taken:
		s.receive(e.at, m)
	case mta.Attempt:
		s.attempt(m, e, nil)
	case mta.Expired:
		s.hour.Bounced++
		s.Bounces.Add([]byte("expired: it could not be delivered in time"), 1, 0)
	case mta.Ended:
		s.messages.end(m)
	}
}

// queue learns sender and size, which a server may tell in two lines, and tells
// again at each attempt.
func (s *Stats) queue(m *message, e *step) {
	if m.size < 0 {
		m.size = e.size
	}
	if e.notice && m.local && m.received && !m.queued { // the server's own, as is only known now
		s.takeBack(m)
		m.accepted = false
	}
	if !e.told || m.queued {
		s.receive(e.at, m)
		return
	}
	m.sender, m.queued = s.addresses.of(e.address), true
	if m.received {
		s.sender(m, 1)
		return
	}
	if !m.accepted && !m.filtered && m.sender.text == "" {
		s.hour.Notices++
	}
	s.receive(e.at, m)
}

// receive counts a message that the server took, once.
func (s *Stats) receive(at int64, m *message) {
	if m.received || m.filtered || !m.accepted {
		return
	}
	m.received, m.receivedAt = true, at
	s.hourAt(at).Received++
	m.client.add(&s.Clients, asClient, 1, 0)
	if m.queued {
		s.sender(m, 1)
	}
}

// takeBack makes a message one that was not received.
func (s *Stats) takeBack(m *message) {
	if !m.received {
		return
	}
	m.received = false
	s.hourAt(m.receivedAt).Received--
	m.client.add(&s.Clients, asClient, -1, 0)
	if m.queued {
		s.sender(m, -1)
	}
}

// sender counts who sent a message, and its size.
func (s *Stats) sender(m *message, n int64) {
	size := n * max(0, m.size)
	s.hourAt(m.receivedAt).BytesReceived += size
	m.sender.add(&s.Senders, asSender, n, size)
	m.sender.addDomain(&s.SenderDomains, asSenderDomain, n, size)
}

// attempt counts one delivery to one recipient; d is what is known of it already,
// if anything.
func (s *Stats) attempt(m *message, e *step, d *message) {
	switch e.outcome {
	case mta.Forwarded:
		s.hour.Forwarded++
	case mta.Sent:
		if s.passed(m, e) {
			s.hour.Passed++
			return
		}
		s.deliver(m, e, d)
	case mta.Deferred:
		s.hour.Deferrals++
		if !m.deferred {
			m.deferred = true
			s.hour.Deferred++
		}
		s.reasons.of(e.detail).add(&s.Deferrals, asDeferral, 1, 0)
	case mta.Bounced:
		s.hour.Bounced++
		s.reasons.of(e.detail).add(&s.Bounces, asBounce, 1, 0)
	}
}

func (s *Stats) deliver(m *message, e *step, d *message) {
	size := max(0, m.size)
	if m.size < 0 {
		s.hour.Unsized++
	}
	s.hour.Delivered++
	s.hour.BytesDelivered += size
	var to, relay *key
	if d != nil {
		to, relay = d.to, d.relay
	} else {
		to, relay = s.addresses.of(e.address), s.texts.of(e.name)
	}
	to.add(&s.Recipients, asRecipient, 1, size)
	to.addDomain(&s.RecipientDomains, asRecipientDomain, 1, size)
	relay.add(&s.Relays, asRelay, 1, size)
	if e.delay >= 0 {
		s.Delays.Add(uint64(e.delay), 1)
	}
	for i, d := range e.stages {
		if d >= 0 {
			s.Stages[i].Add(uint64(d), 1)
		}
	}
}

// passed reports whether a delivery went to a filter of this machine, from which
// the message came back under another id. That one was not received anew.
func (s *Stats) passed(m *message, e *step) bool {
	if len(e.next) == 0 || len(e.id) == 0 {
		return false
	}
	back := s.back(m, e)
	if back == nil {
		return false
	}
	s.takeBack(back)
	back.filtered, back.via = true, m.epoch
	return true
}

// back finds the message that came back. Several instances may use the same id at
// a time: of these it is the one that is known to belong to m, or has its sender.
func (s *Stats) back(m *message, e *step) (found *message) {
	for _, instance := range s.servers {
		back := s.messages.byHash[e.server.host^s.instanceHash(instance)^e.nextHash]
		switch {
		case back == nil || back == m || !bytes.HasSuffix(back.name, e.next):
		case bytes.Equal(back.origin, e.id), e.near && back.via == m.epoch:
			return back
		case back.local && e.near && !back.filtered && (found == nil || m.sender.same(back.sender)):
			found = back
		}
	}
	return found
}

// started remembers a delivery that has a number.
func (s *Stats) started(e *step) {
	d := s.messages.begin(e.numbered())
	d.parent, d.to, d.relay = e.hash, s.addresses.of(e.address), s.texts.of(e.name)
}

// numbered is a step about the delivery of a number.
func (e *step) numbered() *step {
	return &step{at: e.at, server: e.server, id: e.next, hash: e.nextHash}
}

// finished finds the message of a numbered delivery that ended, and counts it.
func (s *Stats) finished(e *step) {
	m := &message{size: -1}
	d := s.messages.get(e.numbered())
	if d != nil {
		s.messages.drop(d)
		if parent := s.messages.byHash[d.parent]; parent != nil {
			s.messages.touch(parent, e.at)
			m = parent
		}
	}
	s.attempt(m, e, d)
}
