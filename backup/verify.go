package backup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Damage is one stored file that is not what was written, and the snapshots
// that cannot be restored whole because of it.
type Damage struct {
	Name      string
	Snapshots []uint64 // ascending
	Err       error
}

// Verify reads the newest snapshots and every pack that they need, and checks
// all hashes and that every content is there. newest is how many snapshots;
// zero: all. The error says that something could not be looked at.
func (r Repo) Verify(ctx context.Context, newest int) ([]Damage, error) {
	_, damage, err := r.verify(ctx, func(_ uint64, age int) bool { return newest <= 0 || age < newest })
	return damage, err
}

// verify does so with the snapshots that want chooses by number and age, which
// counts snapshots from zero for the newest. looked names all that was read.
func (r Repo) verify(ctx context.Context, want func(seq uint64, age int) bool) (looked []string, damage []Damage, err error) {
	seqs, err := r.seqs(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := verifier{repo: r, packs: map[string]map[string]bool{}, cache: map[string][]byte{}, found: map[string]*Damage{}}
	v.chain(ctx, seqs, want)
	for _, s := range v.snaps {
		v.snapshot(ctx, s)
	}
	for _, name := range slices.Sorted(maps.Keys(v.found)) {
		damage = append(damage, *v.found[name])
	}
	return v.looked, damage, errors.Join(append(v.errs, ctx.Err())...)
}

type verifier struct {
	repo   Repo
	snaps  []Snapshot
	looked []string
	packs  map[string]map[string]bool // pack: its objects; nil: it is damaged
	cache  map[string][]byte          // segments
	found  map[string]*Damage
	errs   []error
}

// damaged notes what is wrong with a file; what is only out of reach is an error.
func (v *verifier) damaged(name string, seq uint64, err error) {
	if !isDamage(err) {
		v.errs = append(v.errs, err)
		return
	}
	d, ok := v.found[name]
	if !ok {
		d = &Damage{Name: name, Err: err}
		v.found[name] = d
	}
	if !slices.Contains(d.Snapshots, seq) {
		d.Snapshots = append(d.Snapshots, seq)
	}
}

// chain reads the heads: numbers without a gap, each with the hash of the one
// before.
func (v *verifier) chain(ctx context.Context, seqs []uint64, want func(seq uint64, age int) bool) {
	prev := ""
	for i, seq := range seqs {
		if i > 0 && seq != seqs[i-1]+1 {
			v.damaged(snapName(seq-1), seq-1, fmt.Errorf("snapshot %d is missing: %w", seq-1, ErrDamaged))
			prev = ""
		}
		if !want(seq, len(seqs)-1-i) {
			prev = ""
			continue
		}
		s, file, err := v.repo.snapshot(ctx, seq)
		switch {
		case err != nil:
			v.damaged(snapName(seq), seq, err)
		case prev != "" && s.Prev != prev:
			v.damaged(snapName(seq-1), seq-1, fmt.Errorf("snapshot %d was written after another snapshot %d: %w", seq, seq-1, ErrDamaged))
			fallthrough
		default:
			v.snaps = append(v.snaps, s)
		}
		prev = ""
		if err == nil || isDamage(err) {
			v.looked = append(v.looked, snapName(seq))
		}
		if file != nil {
			prev = hashOf(file)
		}
	}
}

func (v *verifier) snapshot(ctx context.Context, s Snapshot) {
	for _, p := range s.Packs {
		if v.pack(ctx, p, s.Seq); ctx.Err() != nil {
			return
		}
	}
	for _, p := range s.Packs {
		if v.packs[p.ID] == nil {
			return // said already
		}
	}
	segments, err := v.repo.segments(ctx, s, v.cache)
	if err != nil {
		v.damaged(s.Root.name(), s.Seq, err)
		return
	}
	for _, e := range flatten(segments) {
		if e.Object == "" {
			continue
		}
		p, err := s.pack(e.Pack)
		if err == nil && v.packs[p.ID] != nil && !v.packs[p.ID][e.Object] {
			err = fmt.Errorf("pack %s lacks the content of %q: %w", p.ID, e.Path, ErrDamaged)
		}
		if err != nil {
			v.damaged(snapName(s.Seq), s.Seq, err)
		}
	}
}

// pack reads each pack once.
func (v *verifier) pack(ctx context.Context, p Pack, seq uint64) {
	if objects, known := v.packs[p.ID]; known {
		if objects == nil {
			v.damaged(p.name(), seq, ErrDamaged)
		}
		return
	}
	objects := map[string]bool{}
	err := readPack(ctx, v.repo.Store, p, func(member string, _ []byte) error {
		if hash, ok := strings.CutPrefix(member, "o/"); ok {
			objects[hash] = true
		}
		return nil
	})
	if err == nil || isDamage(err) {
		v.looked = append(v.looked, p.name())
	}
	if err != nil {
		v.damaged(p.name(), seq, err)
		objects = nil
	}
	v.packs[p.ID] = objects
}
