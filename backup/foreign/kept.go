package foreign

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is what is known of a place from earlier runs.
type memory struct {
	Found  bool                `json:"found"` // and not named by a person
	Kind   Kind                `json:"kind"`
	Series map[string]pastRuns `json:"series,omitempty"`
	Bytes  []int64             `json:"bytes,omitempty"` // look.bytes at each look
	Looked int64               `json:"looked"`          // seconds since 1970
	Next   string              `json:"next"`            // the file behind which reading goes on
	Whole  int64               `json:"whole"`           // when all was read last; seconds since 1970
	Bad    []string            `json:"bad,omitempty"`   // files that were spoiled
	Sums   map[string]pastSum  `json:"sums,omitempty"`  // of files without a checksum of their own, by identity
}

type pastRuns struct {
	Runs  []int64 `json:"runs"`
	Sizes []int64 `json:"sizes"`
}

type pastSum struct {
	Mtime int64  `json:"mtime_ns,string"`
	Sum   string `json:"sum"` // half of the SHA-256, hexadecimal
}

// keptPlaces is what the last stored report knew, by path.
var keptPlaces = report.State[map[string]memory]{Name: "places", Version: 2, Valid: func(v map[string]memory) error {
	for p, m := range v {
		for _, s := range m.Series {
			if len(s.Runs) != len(s.Sizes) {
				return fmt.Errorf("a series of %.80q has not a size for each run", p)
			}
		}
	}
	return nil
}}

const (
	mostSeries = 200
	mostSums   = 2000
	mostBad    = 200
)

// recall adds what is remembered to what is seen.
func (l *look) recall(m memory) {
	for name, s := range m.Series {
		if l.series[name] == nil {
			l.series[name] = &series{}
		}
		l.series[name].join(series{s.Runs, s.Sizes})
	}
	for _, s := range l.series {
		s.sorted()
	}
}

// remember gives what is to be known of the place the next time.
func (l *look) remember(m *memory) {
	m.Kind, m.Looked = l.kind, l.now.Unix()
	m.Series = map[string]pastRuns{}
	// The series with the newest runs are kept.
	names := slices.SortedFunc(maps.Keys(l.series), func(a, b string) int { return int(l.series[b].last() - l.series[a].last()) })
	for _, name := range names[:min(len(names), mostSeries)] {
		s := l.series[name]
		from := max(0, len(s.runs)-kept)
		m.Series[name] = pastRuns{s.runs[from:], s.sizes[from:]}
	}
	if len(m.Bytes) > kept {
		m.Bytes = m.Bytes[len(m.Bytes)-kept:]
	}
}

func (s *series) last() int64 {
	if len(s.runs) == 0 {
		return 0
	}
	return s.runs[len(s.runs)-1]
}

// identity is the same for a file as long as it exists, whatever its name. "": the
// system does not tell.
func identity(st host.Stat) string {
	if !st.Known.Has(host.KnownInode | host.KnownBtime) {
		return ""
	}
	return fmt.Sprintf("%x.%x.%x", st.Dev, st.Ino, st.Btime)
}

// unproven reports whether files of a kind, which are never written again, have no
// checksum that proves all of them.
func (k Kind) unproven() bool { return k == Rsnapshot || k == Kopia }

// compare says whether a content that has no checksum is another than it was. A
// file of a finished level of rsnapshot, or of kopia, is never written again; others
// are, and have then another time.
func (m *memory) compare(f file, kind Kind, sum []byte) error {
	id := identity(f.Stat)
	if id == "" {
		id = fmt.Sprintf("%s %d %d", f.name, f.Size, f.Mtime)
	}
	now := pastSum{f.Mtime, hex.EncodeToString(sum[:16])}
	was, known := m.Sums[id]
	if known && was.Sum != now.Sum && (kind.unproven() || was.Mtime == now.Mtime) {
		return spoiled("its content is another than it was, and no backup was made of that")
	}
	if m.Sums == nil {
		m.Sums = map[string]pastSum{}
	}
	if known || len(m.Sums) < mostSums {
		m.Sums[id] = now
	}
	return nil
}

// forget drops the digests of files that are gone.
func (m *memory) forget(files []file) {
	there := map[string]bool{}
	for _, f := range files {
		there[identity(f.Stat)] = true
		there[fmt.Sprintf("%s %d %d", f.name, f.Size, f.Mtime)] = true
	}
	maps.DeleteFunc(m.Sums, func(id string, _ pastSum) bool { return !there[id] })
}
