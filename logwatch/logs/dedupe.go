package logs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Bounds of the search for one event in two sources.
const (
	maxSeen   = 200_000 // events of one run
	maxRecent = 2_000   // events handed to the next run
	overlap   = 2 * time.Minute
)

// eventKey is an event without its source: host, program, text, second. It is without
// the number of the process: sudo and su write none, so that a file has none, and the
// journal, which asks the kernel, has one.
type eventKey struct {
	sum [16]byte
	sec int64
}

// recentKey is how often an event of the last minutes was seen in one source.
type recentKey struct {
	Sum    string `json:"sum"`
	Sec    int64  `json:"sec"`
	Source string `json:"source"`
	N      int    `json:"n"`
}

// deduper finds events that another source has told already. An event is a
// duplicate in a source when the source has it less often than another.
type deduper struct {
	most  map[eventKey]int            // the most that any source has
	in    map[string]map[eventKey]int // by source
	total int
	full  bool // events came that are not remembered
}

func newDeduper(recent []recentKey) *deduper {
	d := &deduper{most: map[eventKey]int{}, in: map[string]map[eventKey]int{}}
	for _, r := range recent {
		sum, err := hex.DecodeString(r.Sum)
		if err != nil || len(sum) != 16 || r.N < 1 {
			continue
		}
		k := eventKey{[16]byte(sum), r.Sec}
		d.source(r.Source)[k] = r.N
		d.most[k] = max(d.most[k], r.N)
	}
	return d
}

func (d *deduper) source(name string) map[eventKey]int {
	if d.in[name] == nil {
		d.in[name] = map[eventKey]int{}
	}
	return d.in[name]
}

// duplicate notes an event and reports whether another source has told it. The
// clocks of two sources may differ by a second.
func (d *deduper) duplicate(source string, host, tag, msg []byte, at time.Time) bool {
	if at.IsZero() {
		return false
	}
	k := eventKey{sumOf(host, tag, msg), at.Unix()}
	own := d.source(source)
	for _, sec := range [...]int64{k.sec, k.sec - 1, k.sec + 1} {
		near := eventKey{k.sum, sec}
		if own[near] < d.most[near] {
			own[near]++
			return true
		}
	}
	if d.total >= maxSeen {
		d.full = true
		return false
	}
	d.total++
	own[k]++
	d.most[k] = max(d.most[k], own[k])
	return false
}

// sumOf hashes what is the same in a syslog file and in the journal: the short
// host name, and the first line of the message.
func sumOf(host, tag, msg []byte) [16]byte {
	short, _, _ := bytes.Cut(host, []byte("."))
	line, _, _ := bytes.Cut(msg, []byte("\n"))
	line, _, _ = bytes.Cut(line, []byte("#012"))
	h := sha256.New()
	for _, part := range [][]byte{short, tag, bytes.TrimSpace(line)} {
		h.Write(part)
		h.Write([]byte{0})
	}
	return [16]byte(h.Sum(nil)[:16])
}

// recent gives the events since a time, for the next run.
func (d *deduper) recent(since time.Time) []recentKey {
	var out []recentKey
	for source, keys := range d.in {
		for k, n := range keys {
			if k.sec >= since.Unix() {
				out = append(out, recentKey{hex.EncodeToString(k.sum[:]), k.sec, source, n})
			}
		}
	}
	slices.SortFunc(out, func(a, b recentKey) int {
		if a.Sec != b.Sec {
			return int(b.Sec - a.Sec)
		}
		return strings.Compare(a.Sum+a.Source, b.Sum+b.Source)
	})
	return out[:min(len(out), maxRecent)]
}
