package follow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// alikeLen bounds the positions at which a file that was emptied and written
// anew can still pass for the one that was read.
const alikeLen = 2 * headLen

// compareLen is how much of two files that begin alike is compared.
const compareLen = 64 << 10

// emptied looks for a copy of the current file that was made since the last
// reading and goes on in another way: then the file was emptied, and what stands
// in it now only begins like what was read.
func (r *Follower) emptied(ctx context.Context) (gens []generation, err error) {
	if r.cp.Offset > alikeLen || r.cp.Mtime == 0 {
		return nil, nil
	}
	dir, err := r.file.Host.ReadDir(ctx, path.Dir(r.file.Path))
	if err != nil {
		return nil, err
	}
	gens = r.newestNames(siblings(r.file.Path, dir))
	for i, g := range gens {
		if !r.since(g.stat) {
			continue
		}
		st, ok, err := r.probe(ctx, g, r.cp)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		differs, err := r.differs(st.src)
		st.src.close()
		if differs || err != nil {
			return gens[i:], err
		}
	}
	return nil, nil
}

// since reports whether a file was written after the last reading, as far as
// its time can tell.
func (r *Follower) since(st host.Stat) bool {
	return st.Known.Has(host.KnownMtime) && st.Mtime >= r.cp.Mtime-int64(mtimeGrain)
}

// differs compares what a copy and the current file have behind the position. A
// copy that ends there says nothing: it may be of before or of after the lines
// that the file has there now, which is told.
func (r *Follower) differs(copied *source) (bool, error) {
	rest := make([]byte, compareLen)
	n, err := io.ReadFull(copied.r, rest)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	now := make([]byte, n)
	m, err := r.current.file.ReadAt(now, r.cp.Offset)
	if err != nil && err != io.EOF {
		return false, err
	}
	if n == 0 && r.current.stat.Size > r.cp.Offset {
		r.planned = append(r.planned, Note{Kind: Ambiguous, Path: copied.path, Bytes: -1})
	}
	return !bytes.Equal(rest[:n], now[:m]), nil
}

// weakProof is below how many bytes a head may well be that of another file.
const weakProof = 64

// doubt tells of a file that only begins like the little that is known of what was
// read, where a generation that is older than it was written after the last
// reading: it may be another, and what stands between may be unread.
func (r *Follower) doubt(older []generation, name string) {
	read := r.cp.Mtime
	if r.cp.Older != nil {
		read = max(read, r.cp.Older.Mtime) // a late writer's
	}
	later := func(g generation) bool { return g.stat.Known.Has(host.KnownMtime) && g.stat.Mtime > read }
	if r.cp.Head.N < weakProof && r.cp.Mtime != 0 && slices.ContainsFunc(older, later) {
		r.planned = append(r.planned, Note{Kind: Ambiguous, Path: name, Bytes: -1})
	}
}

// copyOf gives the place of a copy of what was read that ends at or before the
// position, -1 when there is none: the file was read once more between copying
// and emptying.
func (r *Follower) copyOf(ctx context.Context, gens []generation) (int, error) {
	for i, g := range gens {
		if !r.since(g.stat) {
			continue
		}
		src, err := r.file.open(ctx, r.pathOf(g), g.stat, g.pack)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return -1, errChanged
		}
		if err != nil {
			return -1, err
		}
		n, err := int64(0), error(nil)
		alike := len(src.head) > 0 && r.cp.Head.startsWith(src.head)
		if alike {
			n, err = discard(ctx, src.r, r.cp.Offset+1)
		}
		src.close()
		if err != nil && err != io.EOF {
			return -1, err
		}
		if alike && n <= r.cp.Offset {
			return i, nil
		}
	}
	return -1, nil
}

// holes tells of generations that are missing between those that are there:
// what comes next to the position and later is in gens[at:].
func (r *Follower) holes(gens []generation, at int) {
	every := rhythm(gens)
	for i := at; i < len(gens); i++ {
		missing := ""
		switch g := gens[i]; {
		case !g.dated:
			newer := 0 // what a count goes down to
			if i+1 < len(gens) {
				newer = gens[i+1].number
			}
			if g.number-newer > 1 && (i+1 == len(gens) || !gens[i+1].dated) {
				missing = path.Base(r.file.Path) + "." + strconv.Itoa(g.number-1)
			}
		case i+1 < len(gens) && every > 0 && day(gens[i+1]).Sub(day(g)) > every:
			missing = path.Base(r.file.Path) + "-" + day(g).Add(every).Format("20060102")
		}
		if missing != "" {
			r.planned = append(r.planned, Note{Kind: Gap, Path: path.Join(path.Dir(r.file.Path), missing), Bytes: -1})
		}
	}
}

// day is the date in the name of a generation; zero where it has none.
func day(g generation) time.Time {
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, g.key)
	if !g.dated || len(digits) < 8 {
		return time.Time{}
	}
	t, err := time.Parse("20060102", digits[:8])
	if err != nil {
		return time.Time{}
	}
	return t
}

// rhythm is how far apart dated generations are that are rotated every day, or
// every week; zero where that is not sure. A log that is rotated only when
// something stands in it leaves out days, and so one that has left out more than
// one has no rhythm.
func rhythm(gens []generation) time.Duration {
	least, kept, left := time.Duration(0), 0, 0
	for i := range gens {
		if day(gens[i]).IsZero() {
			return 0
		}
		if i == 0 {
			continue
		}
		switch apart := day(gens[i]).Sub(day(gens[i-1])); {
		case least == 0 || apart < least:
			least, left, kept = apart, left+kept, 1
		case apart == least:
			kept++
		default:
			left++
		}
	}
	if least%(24*time.Hour) != 0 || left > 1 || kept < 3 {
		return 0
	}
	return least
}

// otherFolders are where rotated copies are put by some.
var otherFolders = [...]string{"", "old", "archive", "OLD"}

// byInode finds what was read under a name that no rotation gives.
func (r *Follower) byInode(ctx context.Context) (step, bool, error) {
	if !r.cp.HasIno || r.cp.Head.N == 0 {
		return step{}, false, nil
	}
	for _, folder := range otherFolders {
		dir, err := r.file.Host.ReadDir(ctx, path.Join(path.Dir(r.file.Path), folder))
		if err != nil && folder != "" {
			continue // it need not be there
		}
		if err != nil {
			return step{}, false, err
		}
		for _, st := range dir {
			if !st.IsRegular() || !st.Known.Has(host.KnownInode) || !r.cp.sameInode(st) {
				continue
			}
			st.Name = path.Join(folder, st.Name)
			found, ok, err := r.probe(ctx, generation{stat: st}, r.cp)
			if ok || err != nil {
				return found, ok, err
			}
		}
	}
	return step{}, false, nil
}
