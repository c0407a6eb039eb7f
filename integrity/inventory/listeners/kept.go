package listeners

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

// record is a listener as the baseline has it: what it is, and not as which process.
func (l Listener) record() inventory.Record {
	fields := inventory.Fields("addr", l.Addr.String(), "program", l.Program, "exe", l.Exe, "user", l.User, "unit", l.Unit)
	return inventory.Record{
		Key:    []string{l.Network, l.Addr.String(), cmp.Or(l.Exe, l.Program, "?"), cmp.Or(l.User, "?")},
		Fields: slices.DeleteFunc(fields, func(f host.Attr) bool { return f.Value == "" }),
	}
}

// listenersOf gives the listeners of records.
func listenersOf(records []inventory.Record) ([]Listener, error) {
	var out []Listener
	for _, r := range records {
		addr, err := netip.ParseAddrPort(r.Get("addr"))
		if err != nil {
			return nil, fmt.Errorf("accepted listener %q: %w", r.Key, err)
		}
		out = append(out, Listener{Network: r.Key[0], Addr: addr, Program: r.Get("program"), Exe: r.Get("exe"), User: r.Get("user"), Unit: r.Get("unit")})
	}
	return out, nil
}

// acceptedByPerson gives the listeners that a person accepted.
func acceptedByPerson(records []inventory.Record) (out []Listener) {
	// What is no listener has ended the comparison before.
	out, _ = listenersOf(slices.DeleteFunc(slices.Clone(records), func(r inventory.Record) bool { return !r.Accepted }))
	return out
}

// last gives the listeners of the last run, which are those of this one when there was
// none before or nobody remembers, and keeps these for the next.
func (r *listenerRun) last(table Table) (memory, error) {
	this := memory{Boot: r.boot, Net: r.net, Listeners: table.Listeners}
	if r.rec == nil {
		return this, nil
	}
	now, err := this.encode()
	if err != nil {
		return memory{}, err
	}
	side, err := r.side(table.Network)
	if err != nil {
		return memory{}, err
	}
	before, err := r.kept(table.Network + "-last")
	if err != nil {
		return memory{}, err
	}
	last := this
	if before != nil {
		if last, err = decode(before); err != nil {
			return memory{}, err
		}
	}
	// The new side is what the next run is compared with, so that one change of
	// the network blinds one run only.
	if err := r.keep(table.Network+"-last", now); err != nil {
		return memory{}, err
	}
	err = this.sameSide(last)
	if err == nil || side.Boot != this.Boot || side.Net != this.Net {
		return last, err
	}
	return memory{}, nil // back on the side of the accepted ones
}

// side gives the network that the accepted listeners are of: it is that of the first run.
func (r *listenerRun) side(network string) (memory, error) {
	if data := r.rec.Kept(network); data != nil {
		return decode(data)
	}
	this := memory{Boot: r.boot, Net: r.net}
	data, err := this.encode()
	if err != nil {
		return memory{}, err
	}
	return this, r.rec.Keep(network, data)
}

// smallMemory is kept with the report itself; what is larger has a file of its own.
const smallMemory = 128 << 10

func (r *listenerRun) keep(name string, data []byte) error {
	if len(data) > smallMemory {
		return errors.Join(r.rec.Keep(name, nil), r.rec.KeepLarge(name, data))
	}
	if large, err := r.rec.KeptLarge(name); err == nil && large != nil {
		return errors.Join(r.rec.Keep(name, data), r.rec.KeepLarge(name, nil))
	}
	return r.rec.Keep(name, data)
}

func (r *listenerRun) kept(name string) ([]byte, error) {
	if data := r.rec.Kept(name); data != nil {
		return data, nil
	}
	return r.rec.KeptLarge(name)
}

// memoryVersion is that of the form of a memory.
const memoryVersion = 3

// A memory is the form in which the listeners of a run are kept for the next.
type memory struct {
	Version   int        `json:"version"`
	Boot      string     `json:"boot,omitempty"` // in which the uptimes were counted; "" when not known
	Net       string     `json:"net,omitempty"`  // network namespace, by its number in this boot; "" when not known
	Listeners []Listener `json:"listeners,omitempty"`
}

// maxMemory bounds one memory, in bytes.
const maxMemory = 16 << 20

func (m memory) encode() ([]byte, error) {
	m.Version = memoryVersion
	data, err := json.Marshal(m)
	if err == nil && len(data) > maxMemory {
		err = fmt.Errorf("%d sockets wait for others, more than can be remembered and compared", len(m.Listeners))
	}
	return data, err
}

// sameSide reports an error when the last run looked, in the same boot, at the
// network of another container or namespace.
func (m memory) sameSide(last memory) error {
	if m.Boot != last.Boot || m.Boot == "" || m.Net == "" || last.Net == "" || m.Net == last.Net {
		return nil
	}
	return fmt.Errorf("this run sees another network than the last one (%s in place of %s), as in another container: run it always from the same side",
		m.Net, last.Net)
}

func decode(data []byte) (memory, error) {
	var m memory
	if err := json.Unmarshal(data, &m); err != nil {
		return memory{}, fmt.Errorf("kept listeners: %w", err)
	}
	if m.Version != memoryVersion {
		return memory{}, fmt.Errorf("kept listeners: version %d is not known", m.Version)
	}
	return m, nil
}
