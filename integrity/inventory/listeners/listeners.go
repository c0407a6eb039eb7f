package listeners

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// A Listener is a socket that waits for others.
type Listener struct {
	Network string         `json:"network"` // "tcp" or "udp"
	Addr    netip.AddrPort `json:"addr"`
	Program string         `json:"program,omitempty"` // name of the process; "" when not known

	// Uptime is that of the kernel when the process started, which no setting of
	// a clock changes. Zero: not known, as when an older process may hold the
	// socket too and cannot be seen.
	Uptime time.Duration `json:"uptime,omitempty"`

	Exe     string    `json:"exe,omitempty"`     // path of the program; "" when not known
	Deleted bool      `json:"deleted,omitempty"` // Exe is no longer the file that runs
	User    string    `json:"user,omitempty"`    // login name or number of who opened it; "" when not known
	Unit    string    `json:"unit,omitempty"`    // of systemd, such as "ssh.service"; "" when not known
	Start   time.Time `json:"-"`                 // of the process; zero when not known
	PID     int       `json:"-"`                 // zero when not known
	Inode   uint64    `json:"-"`                 // of the socket; zero elsewhere than on Linux, and for the kernel's own
}

// Reachable reports whether other machines can reach it, as far as its address
// says.
func (l Listener) Reachable() bool { return !l.Addr.Addr().IsLoopback() }

// A Table is what was read of one network: its listeners by address, or the
// reason why they are not known.
type Table struct {
	Network   string // "tcp" or "udp"
	Listeners []Listener
	Err       error
	Hidden    bool // some processes may not be looked into
}

// ReadListeners returns the tables of TCP and of UDP, in this order.
func ReadListeners(ctx context.Context, h host.Host) []Table {
	names := userNames(ctx, h)
	var tables []Table
	for _, from := range sysview.Sockets(ctx, h) {
		t := Table{Network: from.Network, Err: from.Err, Hidden: from.Hidden}
		for _, s := range from.Sockets {
			l := listenerOf(s, names)
			if from.Hidden {
				l.Uptime = 0
			}
			t.Listeners = append(t.Listeners, l)
		}
		tables = append(tables, t)
	}
	return tables
}

func listenerOf(s sysview.Socket, names map[uint32]string) Listener {
	l := Listener{
		Network: s.Network, Addr: s.Local, Program: s.Process.Name,
		Exe: s.Process.Exe, Deleted: s.Process.Deleted, Start: s.Process.Start,
		Uptime: s.Process.Uptime, Unit: s.Process.Unit, User: s.User, PID: s.Process.PID, Inode: s.Inode,
	}
	if s.HasUID {
		l.User = cmp.Or(names[s.UID], strconv.FormatUint(uint64(s.UID), 10))
	}
	return l
}

// userNames gives the login names; without them numbers are shown.
func userNames(ctx context.Context, h host.Host) map[uint32]string {
	users, err := etc.ReadPasswd(ctx, h, etc.PasswdFile)
	if err != nil {
		return nil
	}
	return etc.Names(users.Entries)
}

// Ports is the range of ports which the system gives to sockets that did not
// ask for one. The zero Ports is empty.
type Ports struct{ First, Last uint16 }

func (p Ports) has(port uint16) bool { return p.First != 0 && p.First <= port && port <= p.Last }

// A ListenerChange is what became of one listener.
type ListenerChange struct {
	Was, Now *Listener // Was is nil for a new one, Now for one that is gone
}

// CompareListeners tells which listeners are new, gone, or run by another
// program than before, in the order of their addresses. A program that is not
// known on one side is not compared. That a UDP socket is gone which may have
// been the client side of a conversation means nothing; to leave out the new
// ones, see Settled.
func CompareListeners(before, after []Listener, chosen Ports) []ListenerChange {
	var changes []ListenerChange
	client := clientSide(after, chosen)
	gone := unmatched(before, after)
	for _, now := range unmatched(after, before) {
		i := slices.IndexFunc(gone, func(was Listener) bool { return succeeds(was, now, chosen) })
		switch {
		case i >= 0 && moved(gone[i], now, chosen):
			gone = slices.Delete(gone, i, i+1)
		case i >= 0:
			was := gone[i]
			gone = slices.Delete(gone, i, i+1)
			changes = append(changes, ListenerChange{&was, &now})
		default:
			changes = append(changes, ListenerChange{nil, &now})
		}
	}
	for _, was := range gone {
		if !client.may(was) {
			changes = append(changes, ListenerChange{&was, nil})
		}
	}
	slices.SortStableFunc(changes, func(a, b ListenerChange) int { return a.addr().Compare(b.addr()) })
	return changes
}

// gone gives the listeners that are no longer there.
func gone(changes []ListenerChange) (out []Listener) {
	for _, c := range changes {
		if c.Now == nil {
			out = append(out, *c.Was)
		}
	}
	return out
}

func (c ListenerChange) addr() netip.AddrPort {
	if c.Now != nil {
		return c.Now.Addr
	}
	return c.Was.Addr
}

// unmatched gives the listeners of list that have no like in other.
func unmatched(list, other []Listener) []Listener {
	var out []Listener
	places := placesOf(other)
	for _, l := range list {
		if !places.has(l) {
			out = append(out, l)
		}
	}
	return out
}

// places are listeners by where they are: there may be thousands.
type places map[place][]Listener

type place struct {
	network string
	addr    netip.AddrPort
}

func placesOf(list []Listener) places {
	p := places{}
	for _, l := range list {
		at := place{l.Network, l.Addr}
		p[at] = append(p[at], l)
	}
	return p
}

// has reports whether the like of l is among them.
func (p places) has(l Listener) bool {
	return slices.ContainsFunc(p[place{l.Network, l.Addr}], l.like)
}

// like reports whether both are one listener, as far as is known.
func (l Listener) like(o Listener) bool { return samePlace(l, o) && sameProgram(l, o) }

func samePlace(a, b Listener) bool { return a.Network == b.Network && a.Addr == b.Addr }

// sameProgram reports whether both are one program, as far as is known: a program
// is its file and its user, and only without a file its name, which it chooses.
func sameProgram(a, b Listener) bool {
	if a.User != "" && b.User != "" && a.User != b.User {
		return false
	}
	if a.Exe != "" && b.Exe != "" {
		return a.Exe == b.Exe
	}
	return a.Program == b.Program || a.Program == "" || b.Program == ""
}

// is reports whether both are one listener of one program, all that is known taken.
func (l Listener) is(o Listener) bool { return samePlace(l, o) && l.identity() == o.identity() }

// identity is what tells the programs of one list apart.
func (l Listener) identity() string { return cmp.Or(l.Exe, l.Program) + "\x00" + l.User }

// reserved are the ports that bindresvport(3) takes at random: of UDP by the
// programs of RPC, at each start.
var reserved = Ports{512, 1023}

// moved reports whether both are one program that was given another port.
func moved(was, now Listener, chosen Ports) bool {
	if was.Network != now.Network || was.Addr.Addr() != now.Addr.Addr() || was.Program == "" || now.Program == "" || !sameProgram(was, now) {
		return false
	}
	return chosen.hasBoth(was, now) || was.Network == "udp" && reserved.hasBoth(was, now)
}

func (p Ports) hasBoth(a, b Listener) bool { return p.has(a.Addr.Port()) && p.has(b.Addr.Port()) }

func succeeds(was, now Listener, chosen Ports) bool {
	return samePlace(was, now) || moved(was, now, chosen)
}

// A clients tells which sockets may be the client side of a conversation: those of
// UDP on a port that the system chose, and on any high port of a program that
// serves a low one too, since resolvers choose their ports themselves.
type clients struct {
	chosen Ports
	serves map[string]bool // by identity: it has a UDP port below 1024
}

func clientSide(list []Listener, chosen Ports) clients {
	c := clients{chosen, map[string]bool{}}
	for _, l := range list {
		if l.Network == "udp" && l.Program != "" && l.Addr.Port() < 1024 {
			c.serves[l.identity()] = true
		}
	}
	return c
}

func (c clients) may(l Listener) bool {
	port := l.Addr.Port()
	return l.Network == "udp" && (c.chosen.has(port) || port >= 1024 && c.serves[l.identity()])
}

// Settled leaves out the sockets that may be the client side of a conversation:
// those of UDP with a port which the system chose, or a program that also serves
// a port below 1024, unless they were there at the last run too. A server stays,
// and is there again at the next run.
func Settled(now, last []Listener, chosen Ports) []Listener {
	client := clientSide(last, chosen)
	before := placesOf(last)
	var out []Listener
	for _, l := range now {
		if !client.may(l) || before.has(l) {
			out = append(out, l)
		}
	}
	return out
}

// manyConversations of one program are more than it serves on chosen ports.
const manyConversations = 64

// folded takes out the new UDP sockets of programs that have very many of them,
// as resolvers do: one finding tells of them all. What is gone, or was there
// before, is left as it is.
func folded(changes []ListenerChange, now []Listener, chosen Ports) (rest []ListenerChange, many [][]Listener) {
	client := clientSide(now, chosen)
	byProgram := map[string][]Listener{}
	var order []string
	for _, c := range changes {
		if c.Was == nil && client.may(*c.Now) {
			id := c.Now.identity()
			if byProgram[id] == nil {
				order = append(order, id)
			}
			byProgram[id] = append(byProgram[id], *c.Now)
		}
	}
	for _, c := range changes {
		if c.Was != nil || !client.may(*c.Now) || len(byProgram[c.Now.identity()]) <= manyConversations {
			rest = append(rest, c)
		}
	}
	for _, id := range order {
		if len(byProgram[id]) > manyConversations {
			many = append(many, byProgram[id])
		}
	}
	return rest, many
}
