package netif

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// A Bucket is what went through in one step of a Ring.
type Bucket struct {
	Start    int64 // seconds since 1970
	Received uint64
	Sent     uint64
	Spread   bool   // part of it comes from a difference over several steps
	Classes  uint16 // as in Hour
}

// A Ring is the buckets of one interface at one step. What was dropped, because
// it is older than is kept, is still in Dropped: the sum of all is the sum of all
// differences, always.
type Ring struct {
	Step    time.Duration
	Most    int      // buckets
	Buckets []Bucket // ascending; what nobody observed is missing
	Dropped Bucket   // Received and Sent of what is older
}

// The steps of a Traffic: five minutes for 35 days, unless an Archive says how long,
// hours for 400 days, days of UTC for ten years.
var steps = [...]Ring{
	{Step: 5 * time.Minute, Most: 35 * 24 * 12}, {Step: time.Hour, Most: 400 * 24}, {Step: 24 * time.Hour, Most: 3660},
}

const mostFine = 3660 * 24 * time.Hour

// A Traffic is what is known of one interface.
type Traffic struct {
	Name     string
	Created  time.Time // when it was first read
	Updated  time.Time
	Received uint64 // bytes in all differences
	Sent     uint64
	Rings    [len(steps)]Ring
}

// NewTraffic is that of an interface which was first read at a time.
func NewTraffic(name string, at time.Time) *Traffic {
	return &Traffic{Name: name, Created: at, Rings: steps}
}

// FiveMinutes, Hours and Days are the rings by their steps.
func (t *Traffic) FiveMinutes() *Ring { return &t.Rings[0] }

// Hours is the ring of hours.
func (t *Traffic) Hours() *Ring { return &t.Rings[1] }

// Days is the ring of days of UTC.
func (t *Traffic) Days() *Ring { return &t.Rings[2] }

// An Archive is a History with the buckets of years, of up to 1,000 interfaces: beyond,
// the one that was read longest ago is forgotten. The zero Archive is empty.
type Archive struct {
	History    History
	Interfaces map[string]*Traffic
	// Fine is how long the steps of five minutes are kept, up to ten years; zero means
	// 35 days. Of eight interfaces a year takes some 7 MB.
	Fine time.Duration
}

// Advance adds a snapshot.
func (a *Archive) Advance(snap Snapshot) []Step {
	before := a.History.Time
	next, done := a.History.Advance(snap)
	a.History = next
	a.follow(done)
	for _, s := range done {
		if s.Gone || s.Sample.ephemeral() {
			continue
		}
		t := a.Interfaces[s.Sample.Name]
		if t == nil {
			t = NewTraffic(s.Sample.Name, snap.Time)
			if a.Interfaces == nil {
				a.Interfaces = map[string]*Traffic{}
			}
			a.Interfaces[s.Sample.Name] = t
		}
		if a.Fine > 0 {
			t.FiveMinutes().Most = max(1, int(min(a.Fine, mostFine)/(5*time.Minute)))
		}
		t.add(s, cmp.Or(before, snap.Time))
	}
	for len(a.Interfaces) > maxInterfaces {
		a.forget()
	}
	return done
}

// forget drops the interface that was read longest ago: names come and go.
func (a *Archive) forget() {
	oldest := ""
	for _, name := range a.Names() {
		if oldest == "" || a.Interfaces[name].Updated.Before(a.Interfaces[oldest].Updated) {
			oldest = name
		}
	}
	delete(a.Interfaces, oldest)
}

// follow gives what is known of an interface to its new name. Two may swap.
func (a *Archive) follow(done []Step) {
	moved := map[string]*Traffic{}
	for _, s := range done {
		if t := a.Interfaces[s.Renamed]; s.Renamed != "" && t != nil {
			moved[s.Sample.Name] = t
		}
	}
	for _, t := range moved {
		if a.Interfaces[t.Name] == t {
			delete(a.Interfaces, t.Name)
		}
	}
	for name, t := range moved {
		t.Name = name
		a.Interfaces[name] = t
	}
}

// Names are those of the interfaces, in order.
func (a *Archive) Names() []string { return slices.Sorted(maps.Keys(a.Interfaces)) }

// Merge adds what went through an interface of another host, as if both were one. In
// any order and grouping the buckets are the same, and their sum stays that of all
// differences; o is not changed.
func (t *Traffic) Merge(o *Traffic) {
	if t.Created.IsZero() || o.Created.Before(t.Created) {
		t.Created = o.Created
	}
	t.Updated = later(t.Updated, o.Updated)
	t.Received, t.Sent = t.Received+o.Received, t.Sent+o.Sent
	for i := range t.Rings {
		r := &t.Rings[i]
		for _, b := range o.Rings[i].Buckets {
			r.Put(b)
		}
		r.Dropped.Received, r.Dropped.Sent = r.Dropped.Received+o.Rings[i].Dropped.Received, r.Dropped.Sent+o.Rings[i].Dropped.Sent
	}
}

// add adds a step; before is the clock reading before that of the step. What is old
// by the earlier of both is dropped, and what is ahead of the later one is of a clock
// that was wrong.
func (t *Traffic) add(s Step, before time.Time) {
	t.Updated = s.To
	if !s.Received.counts() && !s.Sent.counts() {
		return
	}
	t.Received += s.Received.Bytes
	t.Sent += s.Sent.Bytes
	from, to := s.From, s.To
	if !from.Before(to) { // the clock was set back
		from = to.Add(-1)
	}
	for i := range t.Rings {
		t.Rings[i].add(s, from, to)
		t.Rings[i].recall(later(before, s.To).Add(futureEnd), s.To)
		t.Rings[i].trim(earlier(before, s.To))
	}
}

// add spreads a step over the buckets that it touches, but over no more than are
// kept: the first of these takes what is before it.
func (r *Ring) add(s Step, from, to time.Time) {
	step := int64(r.Step / time.Second)
	last := (to.Unix() - 1) / step
	if to.Nanosecond() > 0 {
		last = to.Unix() / step
	}
	first := max(from.Unix()/step, last-int64(r.Most)+1)
	n := int(last - first + 1)
	if n == 1 {
		r.Put(Bucket{last * step, s.Received.Bytes, s.Sent.Bytes, false, s.classes()})
		return
	}
	parts := make([]uint64, n)
	for i := range parts {
		begin := time.Unix((first+int64(i))*step, 0)
		if i == 0 {
			begin = from
		}
		parts[i] = uint64(earlier(to, time.Unix((first+int64(i)+1)*step, 0)).Sub(later(from, begin)))
	}
	in, out := share(s.Received.Bytes, parts), share(s.Sent.Bytes, parts)
	for i := range parts {
		r.Put(Bucket{(first + int64(i)) * step, in[i], out[i], true, s.classes()})
	}
}

// share divides n in proportion to the parts: the shares add up to n.
func share(n uint64, parts []uint64) []uint64 {
	var total, before uint64
	for _, p := range parts {
		total += p
	}
	out := make([]uint64, len(parts))
	var sum, done uint64
	for i, p := range parts {
		sum += p
		upto := n
		if total > 0 {
			upto, _ = mulDiv(n, sum, total)
		}
		before, done = done, upto
		out[i] = upto - before
	}
	return out
}

// Put adds a bucket; where there is one of its time they are one.
func (r *Ring) Put(b Bucket) {
	i, found := slices.BinarySearchFunc(r.Buckets, b.Start, func(a Bucket, start int64) int { return cmp.Compare(a.Start, start) })
	if !found {
		r.Buckets = slices.Insert(r.Buckets, i, b)
		return
	}
	have := &r.Buckets[i]
	have.Received, have.Sent = have.Received+b.Received, have.Sent+b.Sent
	have.Spread, have.Classes = have.Spread || b.Spread, have.Classes|b.Classes
}

// recall moves what lies behind an end to the present step.
func (r *Ring) recall(end, now time.Time) {
	n := len(r.Buckets)
	for n > 0 && r.Buckets[n-1].Start > end.Unix() {
		n--
	}
	ahead := slices.Clone(r.Buckets[n:])
	r.Buckets = r.Buckets[:n]
	for _, b := range ahead {
		b.Start, b.Spread = now.Unix()-mod(now.Unix(), int64(r.Step/time.Second)), true
		r.Put(b)
	}
}

// trim drops what is older than is kept, and what there is no room for.
func (r *Ring) trim(safe time.Time) {
	oldest := safe.Add(-r.Step * time.Duration(r.Most)).Unix()
	n := max(0, len(r.Buckets)-2*r.Most)
	for n < len(r.Buckets) && r.Buckets[n].Start < oldest {
		n++
	}
	for _, b := range r.Buckets[:n] {
		r.Dropped.Received, r.Dropped.Sent = r.Dropped.Received+b.Received, r.Dropped.Sent+b.Sent
	}
	r.Buckets = slices.Delete(r.Buckets, 0, n)
}

// Sum adds up all buckets and what was dropped.
func (r *Ring) Sum() (received, sent uint64) {
	received, sent = r.Dropped.Received, r.Dropped.Sent
	for _, b := range r.Buckets {
		received, sent = received+b.Received, sent+b.Sent
	}
	return received, sent
}

// Between gives the buckets from one moment to before another.
func (r *Ring) Between(from, to time.Time) []Bucket {
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(r.Buckets, t.Unix(), func(b Bucket, start int64) int { return cmp.Compare(b.Start, start) })
		return i
	}
	first, last := at(from), at(to)
	return r.Buckets[first:max(first, last)]
}

// A Day is what went through on one day of a zone: of 23 hours, 24 or 25.
type Day struct {
	Begin    time.Time // the first moment of it
	Received uint64
	Sent     uint64
}

// Local gives the hours by the days, months or years of a zone in which they
// begin, and what is older than these by the days of UTC; unit gives the first moment of
// the whole days that a moment belongs to, such as Daily.
func (t *Traffic) Local(zone *time.Location, unit func(time.Time) time.Time) []Day {
	var out []Day
	tomorrow := int64(math.MinInt64)
	add := func(at time.Time, b Bucket) {
		if b.Start >= tomorrow {
			tomorrow = Daily(at).AddDate(0, 0, 1).Unix()
			if begin := unit(at); len(out) == 0 || !out[len(out)-1].Begin.Equal(begin) {
				out = append(out, Day{Begin: begin})
			}
		}
		last := &out[len(out)-1]
		last.Received, last.Sent = last.Received+b.Received, last.Sent+b.Sent
	}
	for _, b := range t.older() {
		y, m, d := time.Unix(b.Start, 0).UTC().Date()
		add(time.Date(y, m, d, 0, 0, 0, 0, zone), b)
	}
	tomorrow = math.MinInt64
	for _, b := range t.Hours().Buckets {
		add(time.Unix(b.Start, 0).In(zone), b)
	}
	return out
}

// older are the days of which the hours are no longer kept, and what is missing of the
// day in which these begin.
func (t *Traffic) older() []Bucket {
	hours, days := t.Hours().Buckets, t.Days().Buckets
	if len(hours) == 0 {
		return days
	}
	n, _ := slices.BinarySearchFunc(days, hours[0].Start-mod(hours[0].Start, 24*3600)+1, func(b Bucket, start int64) int { return cmp.Compare(b.Start, start) })
	out := slices.Clone(days[:n])
	if n == 0 {
		return nil
	}
	last := &out[n-1]
	for _, h := range hours {
		if h.Start >= last.Start+24*3600 {
			break
		}
		last.Received, last.Sent = last.Received-min(h.Received, last.Received), last.Sent-min(h.Sent, last.Sent)
	}
	if last.Received == 0 && last.Sent == 0 {
		out = out[:n-1]
	}
	return out
}

func mod(n, step int64) int64 { return (n%step + step) % step }

// Daily is the first moment of a day.
func Daily(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// Monthly is the first moment of a month.
func Monthly(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

// Yearly is the first moment of a year.
func Yearly(t time.Time) time.Time { return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, t.Location()) }
