package retain

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
)

// An Oddity is what is unlike the snapshot before.
type Oddity struct {
	Seq    uint64 // of the snapshot
	Reason string // a clause, such as "most files changed"
}

const (
	fewFiles = 20
	fewBytes = 1 << 20
	skewed   = 24 * time.Hour
)

// odd compares each snapshot behind the number well with the one before it. What a
// snapshot says of itself a client that was broken into may have made up; odds is
// what the packs show, by number.
func odd(snaps []backup.Snapshot, got func(backup.Snapshot) time.Time, odds map[uint64]string, well uint64) []Oddity {
	var out []Oddity
	for i, s := range snaps {
		if i == 0 || s.Seq <= well {
			continue
		}
		for _, reason := range Unlike(snaps[i-1], s, got(s)) {
			out = append(out, Oddity{s.Seq, reason})
		}
		if reason := odds[s.Seq]; reason != "" {
			out = append(out, Oddity{s.Seq, reason})
		}
	}
	return out
}

// Unlike gives the reasons for which a snapshot is not what follows another, by
// their heads alone: a clause each, such as "most files changed". got is when the
// store got it; zero is not known.
func Unlike(was, now backup.Snapshot, got time.Time) []string {
	var out []string
	say := func(is bool, format string, args ...any) {
		if is {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	changed := now.Changed.Modified + now.Changed.Deleted
	say(was.Entries > fewFiles && changed > was.Entries/2, "most files changed: %d of %d", changed, was.Entries)
	say(now.Bytes > 10*max(was.Bytes, fewBytes), "it has %d bytes, and the one before %d", now.Bytes, was.Bytes)
	say(was.Bytes > fewBytes && now.Bytes < was.Bytes/10, "it has %d bytes, and the one before %d", now.Bytes, was.Bytes)
	say(now.Time.Before(was.Time), "its clock stepped back by %s", was.Time.Sub(now.Time).Round(time.Second))
	skew := now.Time.Sub(got)
	say(!got.IsZero() && (skew > skewed || skew < -skewed), "its clock is off by %s", skew.Round(time.Minute))
	say(now.Host != was.Host, "it is of the system %q, and the one before of %q", now.Host, was.Host)
	say(now.Seq == was.Seq+1 && now.Prev != was.Digest, "it was written after another snapshot %d: two systems have one identity", was.Seq)
	return out
}
