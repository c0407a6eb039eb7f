package traffictest

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

// A Card is a network interface in a script: each step changes its counters, and
// what truly went through is known.
type Card struct {
	Name           string
	Index          int
	MAC            string
	Width          int // bits of the counters: 32 or 64
	Speed          uint64
	Received, Sent uint64 // what truly went through

	now        time.Time
	boot       int
	in, out    uint64 // as counted
	snapshots  []netif.Snapshot
	next       *netif.Sample // what is read once instead
	unplugged  bool
	clockWrong time.Duration
}

// NewCard makes a card of 64 bits that was just read for the first time.
func NewCard(name string, at time.Time) *Card {
	c := &Card{Name: name, Index: 2, MAC: "52:54:00:12:34:56", Width: 64, now: at}
	return c.read()
}

func (c *Card) counted(n uint64) report.Number {
	if c.Width == 32 {
		n &= 1<<32 - 1
	}
	return report.Count(n)
}

// read takes a snapshot.
func (c *Card) read() *Card {
	snap := netif.Snapshot{Time: c.now.Add(c.clockWrong), Boot: fmt.Sprint("boot", c.boot)}
	s := netif.Sample{
		Name: c.Name, Index: c.Index, MAC: c.MAC, Width: c.Width, Speed: c.Speed, Kind: netif.Physical,
		Received: netif.Counters{Bytes: c.counted(c.in), Packets: report.Count(c.in / 100)},
		Sent:     netif.Counters{Bytes: c.counted(c.out), Packets: report.Count(c.out / 100)},
	}
	if c.next != nil {
		s.Received, s.Sent, c.next = c.next.Received, c.next.Sent, nil
	}
	if !c.unplugged {
		snap.Interfaces = []netif.Sample{s}
	}
	c.snapshots, c.clockWrong = append(c.snapshots, snap), 0
	return c
}

// Carry lets traffic through for a time, then reads.
func (c *Card) Carry(d time.Duration, received, sent uint64) *Card {
	c.now = c.now.Add(d)
	c.in, c.out = c.in+received, c.out+sent
	c.Received, c.Sent = c.Received+received, c.Sent+sent
	return c.read()
}

// Reboot starts the system anew; the next reading is after it.
func (c *Card) Reboot() *Card {
	c.boot, c.in, c.out = c.boot+1, 0, 0
	return c
}

// Renew makes the interface anew, under another number.
func (c *Card) Renew() *Card {
	c.Index, c.in, c.out = c.Index+1, 0, 0
	return c
}

// Rename gives it another name.
func (c *Card) Rename(name string) *Card {
	c.Name = name
	return c
}

// Unplug takes it away for a reading.
func (c *Card) Unplug(d time.Duration) *Card {
	c.now, c.unplugged = c.now.Add(d), true
	c.read()
	c.unplugged = false
	return c
}

// Misread makes the next reading one of other bytes; the counters go on below.
func (c *Card) Misread(received, sent uint64) *Card {
	c.next = &netif.Sample{
		Received: netif.Counters{Bytes: report.Count(received), Packets: report.Count(c.in/100 + 1)},
		Sent:     netif.Counters{Bytes: report.Count(sent), Packets: report.Count(c.out/100 + 1)},
	}
	return c
}

// WrongClock makes the clock of the next reading wrong.
func (c *Card) WrongClock(by time.Duration) *Card {
	c.clockWrong = by
	return c
}

// Snapshots are all readings so far.
func (c *Card) Snapshots() []netif.Snapshot { return c.snapshots }

// Beside makes another card of the machine, with a number and an address of its own,
// which was first read when c was.
func (c *Card) Beside(name string) *Card {
	o := &Card{Name: name, Index: c.Index + 100, MAC: "52:54:00:65:43:21", Width: 64, now: c.snapshots[0].Time}
	return o.read()
}

// Swap exchanges the names of two cards; the next reading of each is after it.
func (c *Card) Swap(o *Card) *Card {
	c.Name, o.Name = o.Name, c.Name
	return c
}

// Together are the readings of cards in one machine, of which each was read as often,
// and at the same times, as the first.
func Together(cards ...*Card) []netif.Snapshot {
	var out []netif.Snapshot
	for i, snap := range cards[0].snapshots {
		for _, c := range cards[1:] {
			snap.Interfaces = append(snap.Interfaces[:len(snap.Interfaces):len(snap.Interfaces)], c.snapshots[i].Interfaces...)
		}
		out = append(out, snap)
	}
	return out
}
