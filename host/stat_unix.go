//go:build linux || freebsd || openbsd || netbsd || darwin

package host

import "math"

// knownStat is what stat(2) tells everywhere.
const knownStat = KnownMode | KnownSize | KnownBlocks | KnownOwner | KnownInode | KnownNlink | KnownMtime | KnownCtime

// withRdev sets Rdev where it means something.
func withRdev(st Stat, rdev uint64) Stat {
	if t := st.Type(); t == ModeBlock || t == ModeChar {
		st.Rdev = rdev
		st.Known |= KnownRdev
	}
	return st
}

// nanoseconds since 1970; a time that does not fit (before 1678, after 2261)
// becomes the nearest that does.
func nanoseconds(sec, nsec int64) int64 {
	const edge = math.MaxInt64 / 1_000_000_000
	switch {
	case sec >= edge:
		return math.MaxInt64
	case sec <= -edge:
		return math.MinInt64
	}
	return sec*1_000_000_000 + nsec
}
