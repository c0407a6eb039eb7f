package netif

import (
	"strings"
	"time"
)

// match gives the line of each interface of a snapshot; nil: it has none. On the
// same boot the kernel's number and the hardware address tell which it is,
// whatever its name. The name counts where no number is known, after a boot, and
// for what was made anew.
func (h History) match(snap Snapshot) []*Line {
	out := make([]*Line, len(snap.Interfaces))
	taken := map[*Line]bool{}
	for _, same := range []func(last, s Sample, gone bool) bool{
		func(last, s Sample, gone bool) bool {
			named := last.Name == s.Name && (last.MAC == s.MAC || last.MAC == "" || s.MAC == "")
			moved := last.MAC != "" && last.MAC == s.MAC && !gone // a BSD gives the number of a tunnel to the next one
			return h.sameBoot(snap) && s.Index != 0 && last.Index == s.Index && (named || moved)
		},
		func(last, s Sample, _ bool) bool { return last.Name == s.Name && last.MAC == s.MAC },
		func(last, s Sample, gone bool) bool {
			return !h.sameBoot(snap) && last.MAC != "" && last.MAC == s.MAC && !gone && last.Kind == s.Kind
		},
		func(last, s Sample, _ bool) bool { return last.Name == s.Name },
	} {
		for i, s := range snap.Interfaces {
			for j := range h.Lines {
				l := &h.Lines[j]
				if out[i] == nil && !taken[l] && same(l.Last, s, !l.Gone.IsZero()) {
					out[i], taken[l] = l, true
				}
			}
		}
	}
	return out
}

// bootSlack: the boot time of a BSD moves when its clock is set.
const bootSlack = time.Minute

func (h History) sameBoot(snap Snapshot) bool {
	if h.Boot == "" || snap.Boot == "" || h.Boot == snap.Boot {
		return true
	}
	if !strings.HasPrefix(h.Boot, "at ") || !strings.HasPrefix(snap.Boot, "at ") {
		return false
	}
	return h.Booted.Sub(snap.Booted).Abs() < bootSlack || h.clockWasSet(snap)
}

// clockWasSet reports whether a boot time moved with the clock: it has been up
// for longer than before, and no counter began anew.
func (h History) clockWasSet(snap Snapshot) bool {
	if snap.Time.Sub(snap.Booted) < h.Time.Sub(h.Booted) {
		return false
	}
	compared := false
	for _, s := range snap.Interfaces {
		for _, l := range h.Lines {
			if l.Last.Name != s.Name || !l.Gone.IsZero() {
				continue
			}
			before, ok := l.Last.Received.Bytes.Uint()
			after, ok2 := s.Received.Bytes.Uint()
			if !ok || !ok2 || after < before || others(l.Last, s) == Fell {
				return false
			}
			compared = true
		}
	}
	return compared
}

// sameInstance reports whether an interface is provably the one of before.
func (h History) sameInstance(last, s Sample, snap Snapshot) bool {
	return h.sameBoot(snap) && s.Index != 0 && last.Index == s.Index
}
