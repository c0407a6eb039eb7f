package hosttest

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// ErrUnlisted is the answer to all that the text of a machine does not list. It
// is neither fs.ErrNotExist nor exec.ErrNotFound.
var ErrUnlisted = errors.New("not listed in the machine text")

// A Machine is a fake system that can be edited between two runs of a check. It
// is a host.FS and a host.Runner, and safe for concurrent use.
type Machine struct {
	mu       sync.Mutex
	comment  string
	now      time.Time // zero: the clock of the process
	defaults host.Stat // of the fields that the machine section gives
	root     *node
	commands map[string]*command // by argument vector, as formatted
	dials    map[string]*dial    // by network/address
	ran      []Ran
}

// Host returns m as a host.Host with all its fields set.
func (m *Machine) Host() host.Host {
	return host.Host{Files: m, Exec: m, Dial: m.dial, Now: m.clock}
}

// Comment returns the text before the first section.
func (m *Machine) Comment() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.comment
}

// A Source says where one part of a machine comes from.
type Source struct {
	Part     string // "dpkg", "etc"
	Evidence string // "recorded live" or "after documentation"
	From     string // the machine and date, or the document
}

var sourceLine = regexp.MustCompile(`(?m)^([^\s:][^:\n]*): (recorded live|after documentation)\b[ ,:]*(.*)$`)

// Sources returns the lines of the comment that say where a part comes from, in
// their order.
func (m *Machine) Sources() []Source {
	var sources []Source
	for _, sub := range sourceLine.FindAllStringSubmatch(m.Comment(), -1) {
		from := strings.TrimSpace(sub[3])
		if strings.HasPrefix(from, "(") && strings.HasSuffix(from, ")") {
			from = from[1 : len(from)-1]
		}
		sources = append(sources, Source{Part: sub[1], Evidence: sub[2], From: from})
	}
	return sources
}

// SetNow sets the machine's clock; the zero time is the clock of the process.
func (m *Machine) SetNow(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t
}

func (m *Machine) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now.IsZero() {
		return time.Now()
	}
	return m.now
}

// SetServer makes connections to addr ("127.0.0.1:25") reach serve, which runs
// in a goroutine of its own for each connection and should close it when done.
// A nil serve refuses the connection.
func (m *Machine) SetServer(network, addr string, serve func(net.Conn)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dials[network+"/"+addr] = &dial{serve: serve, refused: serve == nil}
}

func (m *Machine) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	m.mu.Lock()
	d := m.dials[network+"/"+addr]
	m.mu.Unlock()
	conn, err := d.connect(ctx)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: textAddr{network, addr}, Err: err}
	}
	return conn, nil
}
