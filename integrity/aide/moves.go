package aide

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// Moves follows files that got another name in their folder, as the attributes I (by
// the inode) and compressed (by the content that gzip packed) ask for: logs that were
// rotated. Take takes each change that may be of one, and Left gives what is left of
// them, as AIDE reports it:
//
//	moved in, or ANF                a new file is not reported
//	moved out, or ARF               neither is one that is gone
//	moved out, and another came     what stands there now is of nobody: added
//	moved in over another           what stood there is gone: removed
type Moves struct {
	Config *Config
	Files  host.FS // in which contents are read once more

	held []integrity.Change
}

// mostMoves bounds the changes that are remembered; those beyond are told as they are.
const mostMoves = 1 << 15

// Take takes a change in which a file may have gone or come by another name, and
// reports whether it did. The changes are those that Config.Reported has not seen.
func (m *Moves) Take(ch integrity.Change) bool {
	if ch.Kind > integrity.Changed || !m.Config.follows() || len(m.held) >= mostMoves {
		return false
	}
	m.held = append(m.held, ch)
	return true
}

// follows reports whether any rule asks for what Moves finds out.
func (c *Config) follows() bool {
	return slices.ContainsFunc(c.Rules, func(r Rule) bool { return r.Attrs.Has("I") || r.Attrs.Has("compressed") })
}

// A end is one change, with what became of both its ends.
type end struct {
	integrity.Change
	out, in   Attrs // of the rules for what stood there, and for what does
	movedOut  bool
	movedIn   bool
	told      integrity.Change // as the rules would have it, without a move
	reporting bool
}

// Left gives what is left of the changes that were taken, in their order. grown is as
// for Config.Reported. An error is one of reading; what it is of counts as not moved.
func (m *Moves) Left(ctx context.Context, grown func(path string) bool) (left []integrity.Change, errs []error) {
	folders := map[string][]*end{}
	all := make([]*end, len(m.held))
	for i, ch := range m.held {
		e := &end{Change: ch}
		e.told, e.reporting = m.Config.Reported(ch, grown)
		if ch.Kind != integrity.Added {
			e.out = m.attrs(ch.Was)
		}
		if ch.Kind != integrity.Removed {
			e.in = m.attrs(ch.Now)
		}
		all[i] = e
		folders[path.Dir(ch.Path)] = append(folders[path.Dir(ch.Path)], e)
	}
	for _, e := range all {
		if e.Kind == integrity.Removed || e.Kind == integrity.Changed && !e.reporting {
			continue // nothing came
		}
		if err := m.follow(ctx, e, folders[path.Dir(e.Path)]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.Path, err))
		}
	}
	for _, e := range all {
		if ch, ok := e.reported(); ok {
			left = append(left, ch)
		}
	}
	return left, errs
}

func (m *Moves) attrs(e host.Entry) Attrs {
	if v := m.Config.Verdict(e.Path, e.Stat); v.Rule != nil {
		return v.Rule.Attrs
	}
	return 0
}

// follow looks for the old entry that stands at a new place.
func (m *Moves) follow(ctx context.Context, to *end, folder []*end) error {
	for _, from := range folder {
		if from == to || from.Kind == integrity.Added || from.movedOut || !alike(from.out, to.in) || !from.out.Has("I") || !isOne(from.Was.Stat, to.Now.Stat) {
			continue
		}
		same, err := m.unchanged(ctx, from, to)
		if err != nil {
			return err
		}
		if same {
			from.movedOut, to.movedIn = true, true
			return nil
		}
	}
	if !to.in.Has("compressed") || !to.Now.Hashed() {
		return nil
	}
	for _, from := range folder {
		if from == to || from.Kind == integrity.Added || from.movedOut || !alike(from.out, to.in) || !from.Was.Hashed() {
			continue
		}
		const other = tree.FieldCtime | tree.FieldSize | tree.FieldInode | tree.FieldContent
		if tree.Diff(&from.Was, &to.Now, from.out.Fields()&^other) != 0 {
			continue
		}
		same, err := m.packs(ctx, to.Path, from.Was)
		if err != nil {
			return err
		}
		if same {
			from.movedOut, to.movedIn = true, true
			return nil
		}
	}
	return nil
}

// special are the attributes in which the two ends of a move may differ; of digests
// each is another name of the content here.
var special = bits["ANF"] | bits["ARF"] | bits["I"] | bits["growing"] | bits["compressed"]

// alike reports whether two sets of attributes are one as far as a move is concerned.
func alike(a, b Attrs) bool {
	content := func(x Attrs) bool { return x.Fields()&tree.FieldContent != 0 }
	return a != 0 && (a^b)&^(special|allDigests()) == 0 && content(a) == content(b)
}

func allDigests() Attrs {
	out, _ := eval(bits, digests) //nolint:errcheck // a test evaluates them
	return out
}

func isOne(a, b host.Stat) bool {
	return a.Known.Has(host.KnownInode) && b.Known.Has(host.KnownInode) && a.Dev == b.Dev && a.Ino == b.Ino
}

// unchanged reports whether what was moved is what it was, or grew where it may.
func (m *Moves) unchanged(ctx context.Context, from, to *end) (bool, error) {
	fields := from.out.Fields() &^ tree.FieldCtime
	was, now := from.Was, to.Now
	if !from.out.Has("growing") || was.Stat.Size > now.Stat.Size {
		return tree.Diff(&was, &now, fields) == 0, nil
	}
	diff := tree.Diff(&was, &now, fields&^(tree.FieldSize|tree.FieldMtime))
	if diff == tree.FieldContent && was.Hashed() && was.Stat.Size < now.Stat.Size {
		return m.begins(ctx, to.Path, was)
	}
	return diff == 0, nil
}

// begins reports whether a file begins with what another one held.
func (m *Moves) begins(ctx context.Context, name string, was host.Entry) (bool, error) {
	f, err := m.Files.Open(ctx, name)
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return holds(io.LimitReader(f, was.Stat.Size), was)
}

// packs reports whether a file is, packed by gzip, what another one held. It takes no
// more of what is packed than that.
func (m *Moves) packs(ctx context.Context, name string, was host.Entry) (bool, error) {
	f, err := m.Files.Open(ctx, name)
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return false, nil //nolint:nilerr // it is not packed
	}
	return holds(io.LimitReader(unpacked, was.Stat.Size+1), was)
}

func holds(r io.Reader, was host.Entry) (bool, error) {
	algorithm := was.Digests[0].Algorithm
	h := host.NewHash(algorithm)
	if h == nil {
		return false, nil
	}
	if _, err := io.Copy(h, r); err != nil {
		return false, err
	}
	return host.NewDigest(algorithm, h.Sum(nil)) == was.Digests[0], nil
}

// reported gives a change as AIDE reports it.
func (e *end) reported() (integrity.Change, bool) {
	switch {
	case e.Kind == integrity.Added:
		return e.told, e.reporting && !e.movedIn
	case e.Kind == integrity.Removed:
		return e.told, e.reporting && !e.movedOut
	case e.movedIn && e.movedOut:
		return e.told, false
	case e.movedOut:
		return integrity.Change{Kind: integrity.Added, Path: e.Path, Now: e.Now}, !e.in.Has("ANF")
	case e.movedIn:
		return integrity.Change{Kind: integrity.Removed, Path: e.Path, Was: e.Was}, !e.out.Has("ARF")
	}
	return e.told, e.reporting
}
