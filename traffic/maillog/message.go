package maillog

import (
	"cmp"
	"slices"
	"time"
)

// A message is one epoch of a queue id.
type message struct {
	name   []byte // host, instance and id
	hash   uint64 // of these
	server *server
	last   int64  // when it was last heard of, in seconds since 1970
	used   uint64 // in the order of their use
	epoch  uint64 // the first of these
	via    uint64 // the epoch that went to the filter it came back from
	size   int64  // below zero: not known

	sender, client *key
	origin         []byte
	to, relay      *key   // of a numbered delivery
	parent         uint64 // the message of that delivery

	accepted, local bool
	queued          bool // sender and size were seen
	received        bool // it is in the counts
	receivedAt      int64
	filtered        bool // it came back from a filter
	deferred        bool // an attempt was deferred
	ended           bool
}

// messages are the epochs that are open, and those that ended last: what comes
// back from a filter is told to the message before it only when that one ends.
type messages struct {
	most    int
	byHash  map[uint64]*message
	uses    uint64
	spare   []*message // that are gone: their memory is used again
	ended   []*message // a ring
	next    int
	evicted int64
}

const (
	defaultMessages = 1 << 18
	keepEnded       = 4096
	// idle is how long a message may be silent before it is given up: as long as
	// a mail server tries to deliver it.
	idle = 5 * 24 * time.Hour
)

func newMessages(most int) messages {
	if most <= 0 {
		most = defaultMessages
	}
	return messages{most: most, byHash: map[uint64]*message{}, ended: make([]*message, keepEnded)}
}

// is compares names: a hash is no proof.
func (m *message) is(e *step) bool {
	n := len(e.server.prefix)
	return len(m.name) == n+len(e.id) && string(m.name[:n]) == e.server.prefix && string(m.name[n:]) == string(e.id)
}

func (m *messages) get(e *step) *message {
	msg := m.byHash[e.hash]
	if msg == nil || !msg.is(e) {
		return nil
	}
	if e.at-msg.last > int64(idle/time.Second) {
		m.drop(msg)
		return nil
	}
	m.touch(msg, e.at)
	return msg
}

func (m *messages) touch(msg *message, at int64) {
	m.uses++
	msg.last, msg.used = at, m.uses
}

// begin opens a new epoch; one of the same name that is open is over.
func (m *messages) begin(e *step) *message {
	msg := m.empty()
	msg.name = append(append(msg.name[:0], e.server.prefix...), e.id...)
	msg.hash, msg.server, msg.size = e.hash, e.server, -1
	m.touch(msg, e.at)
	msg.epoch = msg.used
	m.byHash[msg.hash] = msg
	if len(m.byHash) > m.most {
		m.evict()
	}
	return msg
}

// evict makes room: an eighth of the epochs are forgotten, those that ended
// first, then those that were not heard of for longest.
func (m *messages) evict() {
	all := make([]*message, 0, len(m.byHash))
	for _, msg := range m.byHash {
		all = append(all, msg)
	}
	slices.SortFunc(all, func(a, b *message) int {
		if a.ended != b.ended {
			return map[bool]int{true: -1, false: 1}[a.ended]
		}
		return cmp.Compare(a.used, b.used)
	})
	for _, msg := range all[:len(all)/8+1] {
		m.drop(msg)
		if !msg.ended {
			m.evicted++
		}
	}
}

// empty gives a message without anything, in memory that was used if there is any.
func (m *messages) empty() *message {
	n := len(m.spare)
	if n == 0 {
		return &message{}
	}
	msg := m.spare[n-1]
	m.spare = m.spare[:n-1]
	*msg = message{name: msg.name, origin: msg.origin[:0]}
	return msg
}

func (m *messages) drop(msg *message) {
	if m.byHash[msg.hash] == msg {
		delete(m.byHash, msg.hash)
	}
}

// end closes an epoch, which is remembered for a while.
func (m *messages) end(msg *message) {
	if msg.ended {
		return
	}
	msg.ended = true
	if old := m.ended[m.next]; old != nil {
		m.drop(old)
		m.spare = append(m.spare, old)
	}
	m.ended[m.next] = msg
	m.next = (m.next + 1) % len(m.ended)
}

// open is how many epochs are not over.
func (m *messages) open() (n int) {
	for _, msg := range m.followed() {
		if !msg.ended {
			n++
		}
	}
	return n
}
