package netif

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
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
	Last    Sample `json:"last"`           // the last reading that is believed
	ZeroIn  bool   `json:"zin,omitempty"`  // the received bytes were read as zero since
	ZeroOut bool   `json:"zout,omitempty"` // so were the sent bytes
	// OddIn and OddOut were read since, and are more than the interface can carry.
	OddIn    report.Number `json:"oddin,omitzero"`
	OddOut   report.Number `json:"oddout,omitzero"`
	Received uint64        `json:"received"` // bytes in all differences so far
	Sent     uint64        `json:"sent"`
	Hours    Hours         `json:"hours"` // ascending; an hour that nobody observed is missing
	Days     Hours         `json:"days"`  // days of UTC, whose Start is in days

	Gone time.Time `json:"gone,omitzero"` // it was last there then, and is not there now
}

// An Hour is what went through in one hour of UTC.
type Hour struct {
	Start    int64 // hours since 1970
	Received uint64
	Sent     uint64
	Spread   bool // part of it comes from a difference over several hours
	// Classes says which classes but Normal its differences have: 1<<class each.
	Classes uint16
}

// Hours are hours, or days, in their order. They are kept as text of a few bytes
// each: there are thousands.
type Hours []Hour

// Retention is how long hours are kept; on a system with more than ten interfaces
// it is less. An interface that is gone is remembered for Absence.
const (
	Retention = 9 * 7 * 24 * time.Hour
	Absence   = 14 * 24 * time.Hour
	keepDays  = 400
)

// What is remembered stays below the 1 MiB that a run may keep, at up to 450
// bytes for an interface and 36 for an hour or a day.
const (
	maxLines  = 400
	fewLines  = 40     // so many before ephemeral interfaces are left out
	maxHours  = 15_000 // of all interfaces together
	maxDays   = 4_000  // so are these
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
	Returned bool      // it was not there at the last snapshot, but before
}

// Advance adds a snapshot. Interfaces beyond the bound of what is remembered
// have steps of class Base.
func (h History) Advance(snap Snapshot) (History, []Step) {
	next := History{Time: snap.Time, Boot: snap.Boot, Booted: snap.Booted}
	olds := h.match(snap)
	used := map[*Line]bool{}
	var steps []Step
	var lasting, ephemeral []Line
	for i, s := range snap.Interfaces {
		old := olds[i]
		line, step := h.advance(old, s, snap)
		if old != nil {
			used[old] = true
			if old.Last.Name != s.Name {
				step.Renamed = old.Last.Name
			}
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
	prune(next.Lines, h.Time, snap.Time)
	slices.SortStableFunc(next.Lines, func(a, b Line) int { return strings.Compare(a.Last.Name, b.Last.Name) })
	return next, append(steps, left...)
}

// full reports whether interfaces may have been left out.
func (h History) full() bool { return len(h.Lines) >= maxLines }

// left gives the interfaces that are not among used: a step for each that has
// just gone, and the lines of all that are remembered for when they come back.
func (h History) left(used map[*Line]bool, now time.Time) (lines []Line, steps []Step) {
	for i := range h.Lines {
		if used[&h.Lines[i]] {
			continue
		}
		old := h.Lines[i]
		if old.Gone.IsZero() {
			steps = append(steps, Step{Sample: old.Last, Gone: true, From: h.Time, To: now})
			old.Gone = h.Time
		}
		if earlier(now, h.Time).Sub(old.Gone) < Absence && !old.Last.ephemeral() {
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

func (h History) advance(old *Line, s Sample, snap Snapshot) (Line, Step) {
	step := Step{Sample: s, To: snap.Time}
	if old == nil {
		step.Received, step.Sent = Delta{Class: Base}, Delta{Class: Base}
		return Line{Last: s}, step
	}
	line := *old
	before := old.Last
	step.Before, step.From, step.Returned = &before, h.Time, !old.Gone.IsZero()
	line.Gone = time.Time{}
	if over := h.elapsed(snap, h.Time); h.sameBoot(snap) && (snap.Time.Sub(h.Time)-over).Abs() > bootSlack {
		step.From = snap.Time.Add(-over) // the clock was set in between, and the time since the boot was not
	}
	if step.Returned && h.sameInstance(old.Last, s, snap) {
		step.From = old.Gone
	}
	if !h.sameBoot(snap) && snap.Booted.After(h.Time) {
		step.From = snap.Booted
	}
	step.Received, step.Sent = h.deltas(old, s, snap)
	line.ZeroIn, line.ZeroOut = step.Received.Class == Zero, step.Sent.Class == Zero
	line.Last = s
	line.OddIn, line.OddOut = odd(step.Received, s.Received), odd(step.Sent, s.Sent)
	if line.ZeroIn || line.OddIn.Known() {
		line.Last.Received = before.Received
	}
	if line.ZeroOut || line.OddOut.Known() {
		line.Last.Sent = before.Sent
	}
	line.Received += step.Received.Bytes
	line.Sent += step.Sent.Bytes
	line.Hours, line.Days = addHours(line.Hours, line.Days, step)
	return line, step
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
	pair := Pair{Width: s.Width, Speed: fastest(last.Speed, s.Speed), Over: h.elapsed(snap, from)}
	pair.Others = others(last, s)
	in, out := pair, pair
	in.Before, in.After, in.ZeroBefore = last.Received.Bytes, s.Received.Bytes, old.ZeroIn
	out.Before, out.After, out.ZeroBefore = last.Sent.Bytes, s.Sent.Bytes, old.ZeroOut
	return classifyOdd(in, old.OddIn), classifyOdd(out, old.OddOut)
}

// odd is a counter that is not believed until another reading goes on from it.
func odd(d Delta, c Counters) report.Number {
	if d.Class != Implausible {
		return report.Number{}
	}
	return c.Bytes
}

// classifyOdd is Classify after a reading that was not believed: the counter
// goes on from where it was before or, if that cannot be, from there.
func classifyOdd(p Pair, odd report.Number) Delta {
	if !odd.Known() {
		return Classify(p)
	}
	p.Over *= 2
	d := Classify(p)
	p.Before = odd
	if from := Classify(p); d.Class != Normal && from.Class == Normal {
		return from
	}
	return d
}

// elapsed is the time since from by the time since the boot, which nobody sets;
// by the clock where that is not known.
func (h History) elapsed(snap Snapshot, from time.Time) time.Duration {
	byClock := snap.Time.Sub(from)
	if h.Booted.IsZero() || snap.Booted.IsZero() || !from.Equal(h.Time) {
		return byClock
	}
	if sinceBoot := snap.Time.Sub(snap.Booted) - h.Time.Sub(h.Booted); sinceBoot > 0 {
		return sinceBoot
	}
	return byClock
}

// others asks the counters of packets, errors and drops, which do not pass 2³²
// when those of bytes do.
func others(last, s Sample) Sign {
	sign := NoSign
	for _, pair := range [...][2]report.Number{
		{last.Received.Packets, s.Received.Packets},
		{last.Sent.Packets, s.Sent.Packets},
		{last.Received.Errors, s.Received.Errors},
		{last.Sent.Errors, s.Sent.Errors},
		{last.Received.Drops, s.Received.Drops},
		{last.Sent.Drops, s.Sent.Drops},
	} {
		before, ok := pair[0].Uint()
		after, ok2 := pair[1].Uint()
		switch {
		case !ok || !ok2:
		case after < before:
			return Fell
		case before > 0:
			sign = WentOn
		}
	}
	return sign
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

// addHours spreads the differences of a step over its hours, and these over days.
func addHours(hours, days Hours, step Step) (Hours, Hours) {
	hours, days = slices.Clone(hours), slices.Clone(days)
	if !step.Received.counts() && !step.Sent.counts() {
		return hours, days // nothing was observed
	}
	from, to := step.From, step.To
	if !from.Before(to) { // the clock was set back
		from = to.Add(-1)
	}
	in, first := split(step.Received.Bytes, from, to)
	sent, _ := split(step.Sent.Bytes, from, to)
	for i := range in {
		h := Hour{first + int64(i), in[i], sent[i], len(in) > 1, step.classes()}
		hours = addHour(hours, h)
		h.Start = dayOf(h.Start)
		days = addHour(days, h)
	}
	return hours, days
}

// dayOf is the day since 1970 of an hour.
func dayOf(hour int64) int64 { return (hour - (hour%24+24)%24) / 24 }

// counts reports whether the bytes of a difference are known.
func (d Delta) counts() bool { return d.Class > Base && d.Class != Zero && d.Class != Implausible }

// classes gives the classes of a step that are not Normal.
func (s Step) classes() uint16 { return (1<<s.Received.Class | 1<<s.Sent.Class) &^ (1 << Normal) }

// prune drops the hours that are older than the retention by this clock reading
// and by the one before: one that is wrong deletes nothing. What such a reading
// put days ahead is moved to the present hour. Each line keeps its share of what
// can be remembered.
func prune(lines []Line, before, now time.Time) {
	if before.IsZero() {
		before = now
	}
	oldest, newest := hourOf(earlier(before, now).Add(-Retention)), hourOf(later(before, now).Add(futureEnd))
	for i := range lines {
		hours := lines[i].Hours
		first, _ := slices.BinarySearchFunc(hours, oldest, byStart)
		last, _ := slices.BinarySearchFunc(hours, newest+1, byStart)
		ahead := hours[last:]
		hours = hours[min(first, last):last:last]
		for _, h := range ahead {
			h.Start, h.Spread = hourOf(now), true
			hours = addHour(hours, h)
		}
		lines[i].Hours = hours[max(0, len(hours)-maxHours/len(lines)):]
		days := lines[i].Days
		future, _ := slices.BinarySearchFunc(days, dayOf(newest)+1, byStart)
		lines[i].Days = days[max(0, future-min(keepDays, maxDays/len(lines))):future]
	}
}

func byStart(h Hour, start int64) int { return cmp.Compare(h.Start, start) }

func addHour(hours Hours, h Hour) Hours {
	i, found := slices.BinarySearchFunc(hours, h.Start, byStart)
	if !found {
		return slices.Insert(hours, i, h)
	}
	hours[i].Received += h.Received
	hours[i].Sent += h.Sent
	hours[i].Spread = hours[i].Spread || h.Spread
	hours[i].Classes |= h.Classes
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
