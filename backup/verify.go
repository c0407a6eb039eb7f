package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Damage is one stored file that is not what was written, and the snapshots
// that cannot be restored whole because of it.
type Damage struct {
	Name      string
	Pack      string   // ID, when it is a pack
	Snapshots []uint64 // ascending
	Err       error
}

// A Level is how much a verification looks at. The zero value is the most that
// the keys allow. Two more go beyond the store: restore.Rehearse restores a
// snapshot and compares, restore.Compare holds it to the system itself.
type Level uint8

// The levels: each does what those before it do.
const (
	Best     Level = iota
	Heads          // signatures, the chain, and that all packs are there with their sizes
	Bytes          // the bytes of the packs: all that can be seen without an identity
	Contents       // decrypts and unpacks, and finds every content
)

// VerifyOptions say what is verified. The zero value is everything.
type VerifyOptions struct {
	Level Level
	// Want chooses snapshots by number and by age, which counts them from zero for
	// the newest; nil: all.
	Want func(seq uint64, age int) bool
	// Packs chooses the packs that are read; of the others only that they are there
	// with their sizes is seen. Nil: all.
	Packs func(Pack) bool
}

// Verified is what a verification has found.
type Verified struct {
	Level  Level
	Looked []string // files that were read as far as the level says, damaged or not
	Damage []Damage // by name
}

// Verify reads snapshots and what they need, and checks all of it. The error
// says that something could not be looked at.
func (r Repo) Verify(ctx context.Context, o VerifyOptions) (Verified, error) {
	for {
		out, first, err := r.verify(ctx, o)
		if err != nil || len(out.Damage) == 0 {
			return out, err
		}
		// What is not there may have gone, as is right, since it was listed.
		seqs, err := r.Numbers(ctx)
		if err != nil || len(seqs) == 0 || seqs[0] <= first {
			return out, err
		}
	}
}

// verify gives the number of the oldest snapshot that it saw as well.
func (r Repo) verify(ctx context.Context, o VerifyOptions) (_ Verified, first uint64, _ error) {
	v := verifier{repo: r, level: o.Level, wanted: o.Packs, reader: NewReader(r), packs: map[string]*verifiedPack{}, found: map[string]*Damage{}}
	if v.level == Best {
		v.level = v.best()
	}
	if o.Want == nil {
		o.Want = func(uint64, int) bool { return true }
	}
	seqs, err := r.Numbers(ctx)
	if err == nil {
		v.sizes, err = r.packSizes(ctx)
	}
	if err != nil {
		return Verified{}, 0, err
	}
	if len(seqs) > 0 {
		first = seqs[0]
	}
	v.chain(ctx, seqs, o.Want)
	out := Verified{Level: v.level, Looked: v.looked}
	for _, name := range slices.Sorted(maps.Keys(v.found)) {
		out.Damage = append(out.Damage, *v.found[name])
	}
	return out, first, errors.Join(append(v.errs, ctx.Err())...)
}

func (r Repo) packSizes(ctx context.Context) (map[string]int64, error) {
	sizes := map[string]int64{}
	for info, err := range r.Store.List(ctx, "packs/") {
		if err != nil {
			return nil, fmt.Errorf("list packs: %w", err)
		}
		sizes[info.Name] = info.Size
	}
	return sizes, nil
}

type verifier struct {
	repo   Repo
	level  Level
	wanted func(Pack) bool
	reader *Reader
	sizes  map[string]int64
	looked []string
	packs  map[string]*verifiedPack // by ID
	found  map[string]*Damage
	errs   []error
}

type verifiedPack struct {
	err     error
	members map[string]bool // names; nil below the level Contents, and of one that was not read
}

// best is what the keys allow.
func (v *verifier) best() Level {
	if v.repo.Keys.Opener == nil {
		return Bytes
	}
	if _, err := v.repo.Keys.Opener.Unseal(bytes.NewReader(nil)); errors.Is(err, ErrNoIdentity) {
		return Bytes
	}
	return Contents
}

// damaged notes what is wrong with a file; what is only out of reach is an error.
func (v *verifier) damaged(name, pack string, seq uint64, err error) {
	if !IsDamage(err) {
		v.errs = append(v.errs, err)
		return
	}
	d, ok := v.found[name]
	if !ok {
		d = &Damage{Name: name, Pack: pack, Err: err}
		v.found[name] = d
	}
	if !slices.Contains(d.Snapshots, seq) {
		d.Snapshots = append(d.Snapshots, seq)
	}
}

// chain reads the heads, and what each needs: numbers without a gap, each with the hash of the one
// before, and of those before the first a record that they were to go.
func (v *verifier) chain(ctx context.Context, seqs []uint64, want func(seq uint64, age int) bool) {
	prev := ""
	for i, seq := range seqs {
		if i > 0 && seq != seqs[i-1]+1 {
			v.damaged(SnapshotName(seq-1), "", seq-1, fmt.Errorf("snapshot %d is missing: %w", seq-1, ErrDamaged))
			prev = ""
		}
		if !want(seq, len(seqs)-1-i) {
			prev = ""
			continue
		}
		s, digest, err := v.repo.snapshot(ctx, seq)
		switch {
		case err != nil:
			v.damaged(SnapshotName(seq), "", seq, err)
		case prev != "" && s.Prev != prev:
			v.damaged(SnapshotName(seq-1), "", seq-1, fmt.Errorf("snapshot %d was written after another snapshot %d: %w", seq, seq-1, ErrDamaged))
			fallthrough
		default:
			v.snapshot(ctx, s)
		}
		if ctx.Err() != nil {
			return
		}
		if i == 0 && err == nil {
			if err := v.repo.begins(ctx, s); err != nil {
				v.damaged(SnapshotName(seq-1), "", seq-1, err)
			}
		}
		if err == nil || IsDamage(err) {
			v.looked = append(v.looked, SnapshotName(seq))
		}
		prev = digest
	}
}

func (v *verifier) snapshot(ctx context.Context, s Snapshot) {
	whole := true
	for _, p := range s.Packs {
		if got := v.pack(ctx, p); got.err != nil {
			v.damaged(p.Name(), p.ID, s.Seq, got.err)
			whole = false
		}
		if ctx.Err() != nil {
			return
		}
	}
	if v.level < Contents || !whole {
		return // what is missing is said already
	}
	root, err := s.pack(s.Root)
	if err == nil {
		err = v.reader.each(ctx, s, func(e Entry) error {
			if err := v.content(ctx, s, e); err != nil {
				v.damaged(SnapshotName(s.Seq), "", s.Seq, fmt.Errorf("content of %.200q: %w", e.Path, err))
			}
			return nil
		})
	}
	if err != nil {
		v.damaged(root.Name(), root.ID, s.Seq, err)
	}
}

// content looks whether all of a content is there.
func (v *verifier) content(ctx context.Context, s Snapshot, e Entry) error {
	if !e.HasContent() || e.Type == Dir {
		return nil
	}
	if e.List == "" {
		return v.has(s, e.first(), e.Object)
	}
	list, err := v.reader.Parts(ctx, s, e)
	for hash, label := range Parts(list) {
		err = errors.Join(err, v.has(s, label, hash))
	}
	return err
}

func (v *verifier) has(s Snapshot, label, hash string) error {
	p, err := s.pack(label)
	if err != nil || v.packs[p.ID].members == nil {
		return err
	}
	if !v.packs[p.ID].members[ObjectPrefix+hash] {
		err = fmt.Errorf("pack %s lacks it: %w", p.ID, ErrDamaged)
	}
	return err
}

// pack reads each pack once.
func (v *verifier) pack(ctx context.Context, p Pack) *verifiedPack {
	if got, known := v.packs[p.ID]; known {
		return got
	}
	got, level := &verifiedPack{}, v.level
	if v.wanted != nil && !v.wanted(p) {
		level = Heads
	}
	v.packs[p.ID] = got
	got.members, got.err = v.read(ctx, p, level)
	if level >= Bytes && (got.err == nil || IsDamage(got.err)) {
		v.looked = append(v.looked, p.Name())
	}
	return got
}

func (v *verifier) read(ctx context.Context, p Pack, level Level) (map[string]bool, error) {
	switch size, there := v.sizes[p.Name()]; {
	case !there:
		return nil, fmt.Errorf("pack %s: %w", p.ID, fs.ErrNotExist)
	case size != p.Size && level < Bytes:
		return nil, fmt.Errorf("pack %s has %d bytes of %d: %w", p.ID, size, p.Size, ErrDamaged)
	}
	switch {
	case level < Bytes:
		return nil, nil
	case level < Contents:
		data, err := Read(ctx, v.repo.Store, p.Name(), p.Size)
		if err == nil && Digest(data) != p.ID {
			err = fmt.Errorf("its content does not fit its name: %w", ErrDamaged)
		}
		if err != nil {
			err = fmt.Errorf("pack %s: %w", p.ID, err)
		}
		return nil, err
	}
	m, err := v.repo.readPack(ctx, p)
	names := make(map[string]bool, len(m))
	for name := range m {
		names[strings.Clone(name)] = true
	}
	return names, err
}
