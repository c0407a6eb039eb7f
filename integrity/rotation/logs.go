package rotation

import (
	"cmp"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// Logs takes from a comparison what is the business of logs, by the folders that
// Profile.Logs names: that they grow, and that rotation gives and takes copies,
// by whatever names (numbers, dates, the journal's), packed or not, beside the log
// or in a folder of their own. A log that became shorter is left, or one that was
// written over, unless a copy holds what it held.
//
//	logs := rotation.Logs{Files: h.Files, Profile: p}
//	scan := integrity.Scanner{Files: h.Files, Profile: p, Old: old, Read: logs.Read()}
//	err := integrity.Compare(old, logs.Seen(scan.Entries(ctx, nil)), p.Compared(), func(c integrity.Change) error {
//		if logs.Take(c) {
//			return nil
//		}
//		…
//	})
//	left, rotated := logs.Left(ctx)
type Logs struct {
	Files   host.FS
	Profile integrity.Profile

	// Earlier are Marks of an earlier comparison, by the paths of the logs, for Cut; nil:
	// nothing is known but the baseline.
	Earlier map[string]Mark

	seen []host.Entry // regular files in the folders of logs, as they are now
	kept []integrity.Change

	mu         sync.Mutex
	beginnings bool            // were compared
	grew       map[string]bool // by path, those that are what they were and more

	holdsEarlier map[string]bool // by path, those that are what they were at the earlier look, and more

	named  map[string][]host.Entry // of seen, by the last component
	copies map[string][]host.Entry // by the path of their log, the oldest first
}

// mostLogs bounds the files, and the changes, that are remembered; those beyond
// are compared like any other file.
const mostLogs = 1 << 16

// Seen gives the entries of a scan, and remembers the logs among them.
func (l *Logs) Seen(now integrity.Entries) integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for e, err := range now {
			if err == nil && e.Stat.IsRegular() && l.Profile.IsLog(e.Path) && len(l.seen) < mostLogs {
				l.seen = append(l.seen, e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// Read is for the Scanner of the stream: without it nothing is known of a log that
// was written over and did not become shorter.
func (l *Logs) Read() func(now, was *host.Entry) host.Reading {
	l.beginnings, l.grew = true, map[string]bool{}
	return l.earlier(Grown(func(path string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.grew[path] = true
	}))
}

// Take takes a change in a folder of logs, and reports whether it did.
func (l *Logs) Take(c integrity.Change) bool {
	if !l.Profile.IsLog(c.Path) || len(l.kept) >= mostLogs {
		return false
	}
	l.kept = append(l.kept, c)
	return true
}

// Left gives what is left of the changes that were taken, in their order, and the
// paths of logs that were rotated so often that what they held is gone, or is in a
// copy that cannot be read here.
func (l *Logs) Left(ctx context.Context) (left []integrity.Change, rotated []string) {
	l.index()
	for _, c := range l.kept {
		switch {
		case c.Kind == integrity.Changed && c.Was.Stat.IsRegular() && c.Now.Stat.IsRegular():
			lost := l.lost(c)
			c.Fields = c.Fields&^(tree.FieldContent|tree.FieldSize|tree.FieldMtime|tree.FieldCtime|tree.FieldInode|tree.FieldBtime) | lost
			if lost == 0 {
				break
			}
			explained, gone := l.elsewhere(ctx, c)
			if explained || gone {
				c.Fields &^= lost
			}
			if gone {
				rotated = append(rotated, c.Path)
			}
		case c.Kind == integrity.Added && l.isNewCopy(c.Now), c.Kind == integrity.Removed && l.isOldCopy(c.Was):
			continue
		}
		if c.Kind != integrity.Changed || c.Fields != 0 {
			left = append(left, c)
		}
	}
	return left, rotated
}

// lost gives the attribute by which a log has no more what it held: its size where
// it became shorter, its content where it is not what it was and more.
func (l *Logs) lost(c integrity.Change) tree.Fields {
	another := numbered(c.Path) && l.logOf(c.Path) != nil && !isOneFile(c.Was.Stat, c.Now.Stat)
	switch {
	case another, isWrittenAnew(c.Path):
		return 0
	case c.Now.Stat.Size < c.Was.Stat.Size:
		return tree.FieldSize
	case l.beginnings && c.Was.Hashed() && c.Now.Hashed() && c.Was.Stat.Size > 0 && !l.grew[c.Path] && !isInPlace(c.Path):
		return c.Fields & tree.FieldContent
	}
	return 0
}

// elsewhere reports whether a copy holds what a log held, or whether nothing that
// could explain it is there any more.
func (l *Logs) elsewhere(ctx context.Context, c integrity.Change) (explained, gone bool) {
	copies := l.copies[c.Path]
	younger := slices.DeleteFunc(slices.Clone(copies), func(e host.Entry) bool { return e.Stat.Mtime < c.Was.Stat.Mtime })
	for i, e := range younger[:min(len(younger), 3)] { // the oldest of them has it
		holds, err := l.holds(ctx, e, c.Was)
		switch {
		case holds:
			return true, false
		case errors.Is(err, errors.ErrUnsupported) && i == 0:
			gone = true
		}
	}
	return false, gone || len(copies) >= 2 && len(younger) == len(copies)
}

// isOneFile reports whether two entries are of one file, and not of two that had its
// name: a copy that rotation gave another number is another file.
func isOneFile(a, b host.Stat) bool {
	const both = host.KnownInode | host.KnownBtime
	return a.Known.Has(host.KnownInode) && b.Known.Has(host.KnownInode) && a.Dev == b.Dev && a.Ino == b.Ino &&
		(!a.Known.Has(both) || !b.Known.Has(both) || a.Btime == b.Btime)
}

// index finds out which of the files are copies, and of what.
func (l *Logs) index() {
	l.named, l.copies = map[string][]host.Entry{}, map[string][]host.Entry{}
	for _, e := range l.seen {
		l.named[path.Base(e.Path)] = append(l.named[path.Base(e.Path)], e)
	}
	for _, e := range l.seen {
		if log := l.logOf(e.Path); log != nil {
			l.copies[log.Path] = append(l.copies[log.Path], e)
		}
	}
	for _, list := range l.copies {
		slices.SortStableFunc(list, func(a, b host.Entry) int { return cmp.Compare(a.Stat.Mtime, b.Stat.Mtime) })
	}
}

// logOf gives the log of which a file is a rotated copy: the one beside it, or the
// only one elsewhere; nil: none.
func (l *Logs) logOf(name string) *host.Entry {
	dir, base := path.Split(name)
	var other []host.Entry
	for i := range len(base) {
		if strings.IndexByte(".-@", base[i]) < 0 {
			continue
		}
		for _, log := range []string{base[:i], base[:i] + ".log", base[:i] + ".journal"} {
			if !isCopy(log, base) {
				continue
			}
			for _, e := range l.named[log] {
				if strings.TrimSuffix(e.Path, log) == dir {
					return &e
				}
				other = append(other, e)
			}
		}
	}
	if len(other) == 1 {
		return &other[0]
	}
	return nil
}

// isCopy reports whether rotation gives a copy of base that name.
func isCopy(base, name string) bool {
	stem, journal := strings.CutSuffix(base, ".journal")
	return follow.IsSibling(base, name) || journal && strings.HasPrefix(name, stem+"@")
}

// isNewCopy reports whether an entry is a copy of a log, and no more open than that.
func (l *Logs) isNewCopy(e host.Entry) bool {
	if !e.Stat.IsRegular() {
		return false
	}
	log := l.logOf(e.Path)
	return log != nil && e.Stat.Perm()&^log.Stat.Perm() == 0 && (e.Stat.UID == log.Stat.UID || e.Stat.UID == 0)
}

// isOldCopy reports whether an entry that is gone was an older copy than all that
// are left.
func (l *Logs) isOldCopy(e host.Entry) bool {
	log := l.logOf(e.Path)
	if !e.Stat.IsRegular() || log == nil {
		return false
	}
	copies := l.copies[log.Path]
	return len(copies) > 0 && copies[0].Stat.Mtime > e.Stat.Mtime
}

// holds reports whether a copy begins with what a log held. The error is
// errors.ErrUnsupported where it is packed in a way that is not known here.
func (l *Logs) holds(ctx context.Context, e, was host.Entry) (bool, error) {
	if !was.Hashed() {
		return false, errors.ErrUnsupported
	}
	f, err := l.Files.Open(ctx, e.Path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var content io.Reader = f
	switch path.Ext(e.Path) {
	case ".gz":
		if content, err = gzip.NewReader(f); err != nil {
			return false, err
		}
	case ".bz2":
		content = bzip2.NewReader(f)
	case ".xz", ".zst", ".lzma", ".Z", ".lz4":
		return false, errors.ErrUnsupported
	}
	h := host.NewHash(was.Digests[0].Algorithm)
	if _, err := io.CopyN(h, content, was.Stat.Size); err != nil {
		return false, err
	}
	return host.NewDigest(was.Digests[0].Algorithm, h.Sum(nil)) == was.Digests[0], ctx.Err()
}

// numbered reports whether a name is that of a copy which is another with each
// rotation.
func numbered(name string) bool {
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst", ".lzma", ".Z", ".lz4", ".log"} {
		name = strings.TrimSuffix(name, ext)
	}
	n := strings.TrimLeft(path.Ext(name), ".")
	return n != "" && len(n) <= 4 && strings.Trim(n, "0123456789") == ""
}

// writtenAnew are names of what is no log, but written anew from time to time.
var writtenAnew = []string{"dmesg", "boot", "boot.log", "udev", "fontconfig.log", "eipp.log.xz", "Xorg.*", "checkfs", "checkroot", "sa[0-9][0-9]*", "sar[0-9][0-9]*"}

// inPlace are names of what is written to in the middle: tables by user number, and
// files of the journal.
var inPlace = []string{"lastlog", "lastlog2.db*", "faillog", "tallylog", "*.journal", "*.journal~", "*.db", "*.db-wal", "*.sqlite*", "utmp"}

func isWrittenAnew(name string) bool { return isNamed(name, writtenAnew) }

func isInPlace(name string) bool { return isNamed(name, inPlace) }

func isNamed(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		hit, err := path.Match(pattern, path.Base(name))
		return err == nil && hit
	})
}
