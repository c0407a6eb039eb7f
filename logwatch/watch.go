package logwatch

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Bounds of what a Watch remembers.
const (
	maxWatched = 20_000 // keys of all rules
	maxKept    = 2_000  // of them, from run to run
	watchParts = 16     // parts of a window whose lines are counted together
)

// A Watch decides lines by a set and by what came before: it knows the words
// over, after, suppress and absent. It is not safe for concurrent use.
type Watch struct {
	set   *RuleSet
	feeds map[string][]*Rule // rules that count the lines of a rule
	ends  map[string][]*Rule // rules that wait for a line of a rule
	late  []Wait             // for whom it came too late
	state WatchState
	lost  int // keys that were forgotten for want of room
}

// WatchState is what a Watch remembers, kept as JSON.
type WatchState struct {
	Begun  time.Time             `json:"begun,omitzero"`
	Counts map[string]*lineCount `json:"counts,omitempty"` // by rule and key
	Raised map[string]time.Time  `json:"raised,omitempty"` // by rule and key: when it raised last
	Seen   map[string]time.Time  `json:"seen,omitempty"`   // by rule with absent: its last line
	Waits  map[string]Wait       `json:"waits,omitempty"`  // by rule with before, and key
}

// A Wait is a line that another must follow.
type Wait struct {
	Rule    string            `json:"rule"`
	Program string            `json:"program"`
	Message string            `json:"message"` // the front of it, as it came
	At      time.Time         `json:"at"`
	Key     map[string]string `json:"key,omitempty"` // fields of the rule's key
}

// maxMessage bounds the front of a message that is kept, in bytes.
const maxMessage = 300

// lineCount is how many lines of a key came when.
type lineCount struct {
	At []int64 `json:"at"` // seconds
	N  []int   `json:"n"`
}

// Valid reports whether a Watch can have written the state.
func (s WatchState) Valid() bool {
	for _, c := range s.Counts {
		if c == nil || len(c.At) != len(c.N) || len(c.At) > 4*watchParts {
			return false
		}
	}
	return len(s.Counts) <= maxWatched && len(s.Waits) <= maxWatched
}

// NewWatch goes on from a state. Now is when a rule with absent began to wait,
// where the state does not know it.
func NewWatch(set *RuleSet, state WatchState, now time.Time) *Watch {
	w := &Watch{set: set, feeds: map[string][]*Rule{}, ends: map[string][]*Rule{}}
	w.state = WatchState{Begun: state.Begun, Counts: maps.Clone(state.Counts), Raised: maps.Clone(state.Raised), Seen: maps.Clone(state.Seen), Waits: maps.Clone(state.Waits)}
	if w.state.Begun.IsZero() {
		w.state.Begun = now
	}
	for _, m := range []*map[string]time.Time{&w.state.Raised, &w.state.Seen} {
		if *m == nil {
			*m = map[string]time.Time{}
		}
	}
	if w.state.Counts == nil {
		w.state.Counts = map[string]*lineCount{}
	}
	if w.state.Waits == nil {
		w.state.Waits = map[string]Wait{}
	}
	for _, c := range set.rules {
		for _, name := range c.After.Rules {
			w.feeds[name] = append(w.feeds[name], &c.Rule)
		}
		if c.Before.In > 0 {
			w.ends[c.Before.Rule] = append(w.ends[c.Before.Rule], &c.Rule)
		}
	}
	return w
}

// Match finds the rule that decides a line which came events times at a time.
// A rule whose threshold is not reached leaves the line to others; where none
// takes it, it is counted.
func (w *Watch) Match(l *Line, at time.Time, events int, m *Match) bool {
	var below *Rule
	found := w.set.match(l, m, func(r *Rule) bool {
		if w.raises(r, m, at, events) {
			return true
		}
		if r.Before.In > 0 {
			w.wait(r, l, m, at)
		}
		if below == nil && r.After.N == 0 {
			below = r
		}
		return false
	})
	if !found && below != nil {
		m.Rule, m.Level = below, Count
		return true
	}
	if found {
		w.met(m, at)
	}
	return found
}

// raises reports whether a rule that matches decides the line.
func (w *Watch) raises(r *Rule, m *Match, at time.Time, events int) bool {
	switch {
	case r.Absent > 0:
		if at.After(w.state.Seen[r.Name]) {
			w.state.Seen[r.Name] = at
		}
		return false
	case r.Before.In > 0:
		return false
	case r.After.N > 0:
		return w.count(r, m).within(at, r.After.In) >= r.After.N
	case r.Over.N > 0:
		c := w.count(r, m)
		c.add(at, events, r.Over.In)
		return c.within(at, r.Over.In) >= r.Over.N && w.speaks(r, m, at)
	}
	return w.speaks(r, m, at)
}

// speaks reports whether the rule may raise again for the key.
func (w *Watch) speaks(r *Rule, m *Match, at time.Time) bool {
	if r.Suppress == 0 {
		return true
	}
	key := keyOf(r, m)
	if last, ok := w.state.Raised[key]; ok && at.Sub(last).Abs() < r.Suppress {
		return false
	}
	if len(w.state.Raised) < maxWatched {
		w.state.Raised[key] = at
	}
	return true
}

// Reported counts a line that was told, for the rules that wait for it.
func (w *Watch) Reported(m *Match, at time.Time, events int) {
	if m.Rule == nil {
		return
	}
	for _, r := range w.feeds[m.Rule.Name] {
		if m.hasKey(r) {
			w.count(r, m).add(at, events, r.After.In)
		}
	}
}

// Absent gives the rules of whose lines none came for the time they say, with
// the time of the last; zero where none was ever seen.
func (w *Watch) Absent(now time.Time) map[*Rule]time.Time {
	out := map[*Rule]time.Time{}
	for _, c := range w.set.rules {
		last := w.state.Seen[c.Name]
		since := last
		if since.IsZero() {
			since = w.state.Begun
		}
		if c.Absent > 0 && now.Sub(since) > c.Absent {
			out[&c.Rule] = last
		}
	}
	return out
}

// wait begins to wait for the line that must follow. Where one is awaited
// already, its time counts.
func (w *Watch) wait(r *Rule, l *Line, m *Match, at time.Time) {
	key := keyOf(r, m)
	if old, waits := w.state.Waits[key]; waits && at.Sub(old.At) <= r.Before.In {
		return
	} else if waits {
		w.late = append(w.late, old)
	}
	if len(w.state.Waits) >= maxKept {
		w.lost++
		return
	}
	wait := Wait{Rule: r.Name, Program: string(l.Tag), Message: string(l.Message[:min(len(l.Message), maxMessage)]), At: at}
	for _, name := range r.Key {
		if wait.Key == nil {
			wait.Key = map[string]string{}
		}
		wait.Key[name] = string(m.Field(name))
	}
	w.state.Waits[key] = wait
}

// met ends what waits for a line of the rule that decided one.
func (w *Watch) met(m *Match, at time.Time) {
	for _, r := range w.ends[m.Rule.Name] {
		key := keyOf(r, m)
		old, waits := w.state.Waits[key]
		if !waits || at.Before(old.At) {
			continue
		}
		if at.Sub(old.At) > r.Before.In {
			w.late = append(w.late, old)
		}
		delete(w.state.Waits, key)
	}
}

// Unmet gives the lines that no other followed in time, once, by their time.
func (w *Watch) Unmet(now time.Time) []Wait {
	for _, c := range w.set.rules {
		for key, wait := range w.state.Waits {
			if wait.Rule == c.Name && now.Sub(wait.At) > c.Before.In {
				w.late = append(w.late, wait)
				delete(w.state.Waits, key)
			}
		}
	}
	out := w.late
	w.late = nil
	slices.SortFunc(out, func(a, b Wait) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return out
}

// Lost is how many keys were forgotten for want of room: what waits for their
// lines may not raise.
func (w *Watch) Lost() int { return w.lost }

// State gives what to keep: of many keys those with the most lines.
func (w *Watch) State(now time.Time) WatchState {
	w.forget(now)
	keys := slices.SortedFunc(maps.Keys(w.state.Counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(w.state.Counts[b].sum(), w.state.Counts[a].sum()), cmp.Compare(a, b))
	})
	for _, key := range keys[min(len(keys), maxKept):] {
		delete(w.state.Counts, key)
	}
	return w.state
}

// forget drops what no window reaches any more.
func (w *Watch) forget(now time.Time) {
	maps.DeleteFunc(w.state.Counts, func(_ string, c *lineCount) bool {
		return len(c.At) == 0 || now.Unix()-c.At[len(c.At)-1] > int64(maxWindow/time.Second)
	})
	maps.DeleteFunc(w.state.Raised, func(_ string, at time.Time) bool { return now.Sub(at) > maxWindow })
}

func (w *Watch) count(r *Rule, m *Match) *lineCount {
	key := keyOf(r, m)
	c := w.state.Counts[key]
	if c == nil {
		c = &lineCount{}
		if len(w.state.Counts) >= maxWatched {
			w.drop()
		}
		w.state.Counts[key] = c
	}
	return c
}

// drop makes room: the half of the keys with the fewest lines goes.
func (w *Watch) drop() {
	keys := slices.SortedFunc(maps.Keys(w.state.Counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(w.state.Counts[a].sum(), w.state.Counts[b].sum()), cmp.Compare(a, b))
	})
	for _, key := range keys[:len(keys)/2] {
		delete(w.state.Counts, key)
		w.lost++
	}
}

// keyOf is for whom a rule counts. Who has one address of IPv6 has its whole network
// of 64 bits, and takes another for each line: all of them count as one, and so does
// an address of IPv4 in the form of IPv6.
func keyOf(r *Rule, m *Match) string {
	key := r.Name
	for _, name := range r.Key {
		value := string(m.Field(name))
		if ip, err := netip.ParseAddr(value); name == "addr" && err == nil {
			if ip = ip.Unmap(); ip.Is6() {
				value = netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
			} else {
				value = ip.String()
			}
		}
		key += "\x00" + value
	}
	return key
}

// hasKey reports whether the line names all that the key of a rule asks for.
func (m *Match) hasKey(r *Rule) bool {
	for _, name := range r.Key {
		if len(m.Field(name)) == 0 {
			return false
		}
	}
	return true
}

// add counts lines in the part of the window that their time lies in.
func (c *lineCount) add(at time.Time, n int, in time.Duration) {
	part := max(int64(in/time.Second)/watchParts, 1)
	sec := at.Unix() / part * part
	if last := len(c.At) - 1; last >= 0 && sec <= c.At[last] {
		c.N[last] += n
		return
	}
	c.At, c.N = append(c.At, sec), append(c.N, n)
	if extra := len(c.At) - 2*watchParts; extra > 0 {
		c.At, c.N = c.At[extra:], c.N[extra:]
	}
}

// within sums the lines of the time before at.
func (c *lineCount) within(at time.Time, in time.Duration) int {
	sum := 0
	part := max(int64(in/time.Second)/watchParts, 1)
	for i, sec := range c.At {
		if sec+part > at.Add(-in).Unix() {
			sum += c.N[i]
		}
	}
	return sum
}

func (c *lineCount) sum() int {
	n := 0
	for _, one := range c.N {
		n += one
	}
	return n
}
