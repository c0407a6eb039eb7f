package netif

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// A History is what is known of the interfaces of one system over time. The
// zero History knows nothing. It is a value: Advance gives a new one.
type History struct {
	Time   time.Time `json:"time"` // of the last snapshot
	Boot   string    `json:"boot,omitempty"`
	Booted time.Time `json:"booted,omitzero"`
	Lines  []Line    `json:"lines"` // by name
}

// A Line is the history of one interface.
type Line struct {
	Last     Sample `json:"last"`           // the last reading that is believed
	ZeroIn   bool   `json:"zin,omitempty"`  // the received bytes were read as zero since
	ZeroOut  bool   `json:"zout,omitempty"` // so were the sent bytes
	Received uint64 `json:"received"`       // bytes in all differences so far
	Sent     uint64 `json:"sent"`
	Hours    []Hour `json:"hours"` // ascending; an hour that nobody observed is missing

	Gone time.Time `json:"gone,omitzero"` // it was last there then, and is not there now
}

// An Hour is what went through in one hour of UTC.
type Hour struct {
	Start    int64 // hours since 1970
	Received uint64
	Sent     uint64
	Spread   bool // part of it comes from a difference over several hours
}

// Retention is how long hours are kept, and interfaces that are gone. On a system
// with more than 40 interfaces hours are kept for a shorter time.
const Retention = 14 * 24 * time.Hour

// What is remembered stays below the 1 MiB that a run may keep, at up to 450
// bytes for an interface and 53 for an hour.
const (
	maxLines  = 400
	fewLines  = 40     // so many before ephemeral interfaces are left out
	maxHours  = 14_000 // of all interfaces together
	futureEnd = 24 * time.Hour
)

// A Step is what Advance saw of one interface.
type Step struct {
	Sample   Sample
	Before   *Sample // nil: it was not there
	Received Delta
	Sent     Delta
	From, To time.Time // what the differences are over; From is zero for a Base
	Renamed  string    // the name that it had before
	Gone     bool      // Sample is the last reading: it is no longer there
	Back     bool      // it was not there at the last snapshot, but before
}

// Advance adds a snapshot. Interfaces beyond the bound of what is remembered
// have steps of class Base.
func (h History) Advance(snap Snapshot) (History, []Step) {
	next := History{Time: snap.Time, Boot: snap.Boot, Booted: snap.Booted}
	used := map[string]bool{}
	var steps []Step
	var lasting, ephemeral []Line
	for _, s := range snap.Interfaces {
		old, renamed := h.find(s, snap)
		line, step := h.advance(old, s, snap)
		if old != nil {
			used[old.Last.Name] = true
		}
		if renamed {
			step.Renamed = old.Last.Name
		}
		steps = append(steps, step)
		if s.ephemeral() {
			ephemeral = append(ephemeral, line)
		} else {
			lasting = append(lasting, line)
		}
	}
	gone, left := h.left(used, snap.Time)
	next.Lines = upTo(maxLines, lasting, gone)
	next.Lines = upTo(max(fewLines, len(next.Lines)), next.Lines, ephemeral)
	prune(next.Lines, snap.Time)
	slices.SortFunc(next.Lines, func(a, b Line) int { return strings.Compare(a.Last.Name, b.Last.Name) })
	return next, append(steps, left...)
}

// full reports whether interfaces may have been left out.
func (h History) full() bool { return len(h.Lines) >= maxLines }

// left gives the interfaces that are not among used: a step for each that has
// just gone, and the lines of all that are remembered for when they come back.
func (h History) left(used map[string]bool, now time.Time) (lines []Line, steps []Step) {
	for _, old := range h.Lines {
		if used[old.Last.Name] {
			continue
		}
		if old.Gone.IsZero() {
			steps = append(steps, Step{Sample: old.Last, Gone: true, From: h.Time, To: now})
			old.Gone = h.Time
		}
		if now.Sub(old.Gone) < Retention && !old.Last.ephemeral() {
			lines = append(lines, old)
		}
	}
	return lines, steps
}

// upTo gives the first n of two lists.
func upTo(n int, a, b []Line) []Line {
	all := slices.Concat(a, b)
	return all[:min(len(all), n)]
}

// ephemeral reports whether an interface is made and removed along with a
// container or a virtual machine. Their names are those that Docker, libvirt,
// Proxmox, LXC, systemd-nspawn, Xen, the network plugins of Kubernetes and the
// jails of FreeBSD give.
func (s Sample) ephemeral() bool {
	if bridge, ok := strings.CutPrefix(s.Name, "br-"); ok {
		return len(bridge) == 12 && strings.Trim(bridge, "0123456789abcdef") == "" // of Docker
	}
	if strings.HasPrefix(s.Name, "lxcbr") {
		return false
	}
	return slices.ContainsFunc([]string{
		"veth", "vnet", "tap", "cali", "lxc", "fwbr", "fwpr", "fwln", "ve-", "vb-", "vif", "azv", "epair",
	}, func(p string) bool { return strings.HasPrefix(s.Name, p) })
}

// transient reports whether an interface comes and goes in normal service, and
// begins to count anew each time: a tunnel that is dialled, or an ephemeral one.
func (s Sample) transient() bool { return s.ephemeral() || s.Kind == Tunnel }

// find gives the line of s: that of its name, or that of its number under
// another name which is no longer there.
func (h History) find(s Sample, snap Snapshot) (line *Line, renamed bool) {
	for i := range h.Lines {
		if h.Lines[i].Last.Name == s.Name {
			return &h.Lines[i], false
		}
	}
	for i := range h.Lines {
		last := h.Lines[i].Last
		if last.MAC == "" || !h.Lines[i].Gone.IsZero() {
			continue // a BSD gives the number of a tunnel to the next one
		}
		taken := slices.ContainsFunc(snap.Interfaces, func(o Sample) bool { return o.Name == last.Name })
		if s.Index != 0 && last.Index == s.Index && last.MAC == s.MAC && !taken && h.sameBoot(snap) {
			return &h.Lines[i], true
		}
	}
	return nil, false
}

// bootSlack: the boot time of a BSD moves when its clock is set.
const bootSlack = time.Minute

func (h History) sameBoot(snap Snapshot) bool {
	if h.Boot == "" || snap.Boot == "" || h.Boot == snap.Boot {
		return true
	}
	return h.Boot[0] == 'a' && snap.Boot[0] == 'a' && h.Booted.Sub(snap.Booted).Abs() < bootSlack
}

func (h History) advance(old *Line, s Sample, snap Snapshot) (Line, Step) {
	step := Step{Sample: s, To: snap.Time}
	if old == nil {
		step.Received, step.Sent = Delta{Class: Base}, Delta{Class: Base}
		return Line{Last: s}, step
	}
	line := *old
	before := old.Last
	step.Before, step.From, step.Back = &before, h.Time, !old.Gone.IsZero()
	line.Gone = time.Time{}
	if step.Back && h.sameInstance(old.Last, s, snap) {
		step.From = old.Gone
	}
	if !h.sameBoot(snap) && snap.Booted.After(h.Time) {
		step.From = snap.Booted
	}
	step.Received, step.Sent = h.deltas(old, s, snap)
	line.ZeroIn, line.ZeroOut = step.Received.Class == Zero, step.Sent.Class == Zero
	line.Last = s
	if line.ZeroIn {
		line.Last.Received = before.Received
	}
	if line.ZeroOut {
		line.Last.Sent = before.Sent
	}
	line.Received += step.Received.Bytes
	line.Sent += step.Sent.Bytes
	line.Hours = addHours(line.Hours, step)
	return line, step
}

// sameInstance reports whether an interface is provably the one of before.
func (h History) sameInstance(last, s Sample, snap Snapshot) bool {
	return h.sameBoot(snap) && s.Index != 0 && last.Index == s.Index
}

// deltas classifies both directions: first by what happened to the whole
// interface, then by each counter.
func (h History) deltas(old *Line, s Sample, snap Snapshot) (received, sent Delta) {
	whole := func(c Class) (Delta, Delta) { return since(c, s.Received), since(c, s.Sent) }
	last, from := old.Last, h.Time
	switch {
	case !h.sameBoot(snap):
		return whole(Reboot)
	case last.Index != 0 && s.Index != 0 && last.Index != s.Index,
		last.Index == 0 && last.MAC != "" && s.MAC != "" && last.MAC != s.MAC:
		return whole(NewInstance)
	case !old.Gone.IsZero():
		if !h.sameInstance(last, s, snap) {
			return whole(NewInstance)
		}
		from = old.Gone
	}
	pair := Pair{Width: s.Width, Speed: fastest(last.Speed, s.Speed), Over: snap.Time.Sub(from)}
	in, out := pair, pair
	in.Before, in.After, in.ZeroBefore = last.Received.Bytes, s.Received.Bytes, old.ZeroIn
	out.Before, out.After, out.ZeroBefore = last.Sent.Bytes, s.Sent.Bytes, old.ZeroOut
	return Classify(in), Classify(out)
}

// fastest is the higher of two speeds, since a link may have been at either in
// between; zero, not known, where one is not.
func fastest(a, b uint64) uint64 {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

// since gives all that a counter holds.
func since(class Class, c Counters) Delta {
	n, ok := c.Bytes.Uint()
	if !ok {
		return Delta{}
	}
	return exactly(class, n)
}

// addHours spreads the differences of a step over its hours.
func addHours(hours []Hour, step Step) []Hour {
	out := slices.Clone(hours)
	if step.Received.Class <= Base && step.Sent.Class <= Base {
		return out // nothing was observed
	}
	from, to := step.From, step.To
	if !from.Before(to) { // the clock was set back
		from = to.Add(-1)
	}
	in, first := split(step.Received.Bytes, from, to)
	sent, _ := split(step.Sent.Bytes, from, to)
	for i := range in {
		out = addHour(out, Hour{first + int64(i), in[i], sent[i], len(in) > 1})
	}
	return out
}

// prune drops the hours that are older than the retention, those that a wrong
// clock put a day into the future, and the oldest of each line that has more
// than its share of what can be remembered.
func prune(lines []Line, now time.Time) {
	oldest, newest := hourOf(now.Add(-Retention)), hourOf(now.Add(futureEnd))
	for i := range lines {
		hours := slices.DeleteFunc(slices.Clone(lines[i].Hours), func(h Hour) bool { return h.Start < oldest || h.Start > newest })
		lines[i].Hours = hours[max(0, len(hours)-maxHours/len(lines)):]
	}
}

func addHour(hours []Hour, h Hour) []Hour {
	i, found := slices.BinarySearchFunc(hours, h.Start, func(a Hour, start int64) int { return cmp.Compare(a.Start, start) })
	if !found {
		return slices.Insert(hours, i, h)
	}
	hours[i].Received += h.Received
	hours[i].Sent += h.Sent
	hours[i].Spread = hours[i].Spread || h.Spread
	return hours
}

func hourOf(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		s -= 3599
	}
	return s / 3600
}

// split shares n over the hours between from and to in proportion to their
// part of the time. What rounding leaves goes to the hours that lost most by
// it, so the shares add up to n exactly. Time before the retention has no hours
// of its own: its share is left out.
func split(n uint64, from, to time.Time) (shares []uint64, first int64) {
	total := uint64(to.Sub(from))
	if oldest := time.Unix(hourOf(to.Add(-Retention))*3600, 0); from.Before(oldest) {
		window := uint64(to.Sub(oldest))
		n, _ = mulDiv(n, window, total)
		from, total = oldest, window
	}
	first = hourOf(from)
	last := hourOf(to.Add(-1))
	shares = make([]uint64, last-first+1)
	rests := make([]uint64, len(shares))
	left := n
	for i := range shares {
		start := time.Unix((first+int64(i))*3600, 0)
		part := uint64(earlier(to, start.Add(time.Hour)).Sub(later(from, start)))
		shares[i], rests[i] = mulDiv(n, part, total)
		left -= shares[i]
	}
	for ; left > 0; left-- {
		most := slices.Index(rests, slices.Max(rests))
		shares[most]++
		rests[most] = 0
	}
	return shares, first
}

// mulDiv gives n·part/total and the rest; part is at most total.
func mulDiv(n, part, total uint64) (quotient, rest uint64) {
	hi, lo := bits.Mul64(n, part)
	return bits.Div64(hi, lo, total)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
