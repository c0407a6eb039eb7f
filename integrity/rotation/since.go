package rotation

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"path"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// A Mark is what a log was at an earlier look: a baseline that is not moved does not know
// what came behind it, and which of that went again.
type Mark struct {
	Dev    uint64 `json:"dev"`
	Ino    uint64 `json:"ino"`
	Size   int64  `json:"size"`
	Mtime  int64  `json:"mtime"`
	Digest string `json:"sha256"` // in hexadecimal
}

// mostMarks bounds the logs of which a mark is kept: those that were written to last.
const mostMarks = 1000

// Marks gives what the logs are now, by their paths, for Earlier of a later comparison.
func (l *Logs) Marks() map[string]Mark {
	var logs []host.Entry
	for _, e := range l.seen {
		if e.Hashed() && e.Digests[0].Algorithm == "sha256" && l.logOf(e.Path) == nil && !isWrittenAnew(e.Path) && !isInPlace(e.Path) {
			logs = append(logs, e)
		}
	}
	slices.SortStableFunc(logs, func(a, b host.Entry) int { return cmp.Compare(b.Stat.Mtime, a.Stat.Mtime) })
	out := map[string]Mark{}
	for _, e := range logs[:min(len(logs), mostMarks)] {
		out[e.Path] = Mark{e.Stat.Dev, e.Stat.Ino, e.Stat.Size, e.Stat.Mtime, e.Digests[0].Hex()}
	}
	return out
}

// Cut gives the logs that do not hold what they held at the earlier look, nor does a copy
// of them: as they were then and are now. It is asked for behind Left.
func (l *Logs) Cut(ctx context.Context) (cut []integrity.Change) {
	if !l.beginnings {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(l.Earlier)) {
		was, ok := l.Earlier[name].entry(name)
		i := slices.IndexFunc(l.named[path.Base(name)], func(e host.Entry) bool { return e.Path == name })
		if !ok || i < 0 || l.holdsEarlier[name] {
			continue
		}
		c := integrity.Change{Kind: integrity.Changed, Path: name, Was: was, Now: l.named[path.Base(name)][i]}
		if !c.Now.Hashed() {
			continue // it could not be read, which is told
		}
		if explained, gone := l.elsewhere(ctx, c); !explained && !gone {
			cut = append(cut, c)
		}
	}
	return cut
}

// entry is the log as it was.
func (m Mark) entry(name string) (host.Entry, bool) {
	sum, err := hex.DecodeString(m.Digest)
	st := host.Stat{
		Mode: host.ModeRegular, Dev: m.Dev, Ino: m.Ino, Size: m.Size, Mtime: m.Mtime,
		Known: host.KnownMode | host.KnownInode | host.KnownSize | host.KnownMtime,
	}
	return host.Entry{Path: name, Stat: st, Digests: []host.Digest{host.NewDigest("sha256", sum)}}, err == nil && len(sum) > 0
}

// earlier makes a Read hash what a log held at the earlier look as well.
func (l *Logs) earlier(read func(now, was *host.Entry) host.Reading) func(now, was *host.Entry) host.Reading {
	l.holdsEarlier = map[string]bool{}
	return func(now, was *host.Entry) host.Reading {
		r := read(now, was)
		mark, known := l.Earlier[now.Path]
		then, ok := mark.entry(now.Path)
		if !known || !ok || mark.Size > now.Stat.Size {
			return r
		}
		b := &beginning{path: now.Path, left: mark.Size, hash: host.NewHash("sha256"), want: then.Digests[0], told: func(path string) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.holdsEarlier[path] = true
		}}
		r.Sink = both{r.Sink, b}
		return r
	}
}

// both are two sinks of one content; the first may be none.
type both struct{ first, second host.Sink }

// Write gives both what was read.
func (b both) Write(p []byte) (int, error) {
	if b.first != nil {
		if n, err := b.first.Write(p); err != nil {
			return n, err
		}
	}
	return b.second.Write(p)
}

// End ends both.
func (b both) End(now *host.Entry, err error) error {
	var first error
	if b.first != nil {
		first = b.first.End(now, err)
	}
	return errors.Join(first, b.second.End(now, err))
}
