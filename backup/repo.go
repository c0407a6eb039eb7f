package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// A Repo is the history of one system in a store.
type Repo struct {
	Store Store
	Keys  Keys
	Host  string // names the system in its snapshots; may be ""

	// State is a folder of this machine for what a writer remembers of its last
	// commit; "": nothing is remembered, and each commit reads the last snapshot,
	// which takes an identity, and every file.
	State string

	// Known is the snapshot that was last reported. A commit never uses a number
	// up to its own again.
	Known Head
	// Distrust are IDs of packs that are damaged: what they hold is stored again.
	Distrust []string
}

// List gives the snapshots in the store, oldest first. Beside an error, which
// names every one that cannot be read, it gives the others.
func (r Repo) List(ctx context.Context) ([]Snapshot, error) {
	seqs, err := r.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	var out []Snapshot
	var errs []error
	for _, seq := range seqs {
		s, err := r.Snapshot(ctx, seq)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, s)
	}
	return out, errors.Join(errs...)
}

// Numbers gives the numbers of the snapshots in ascending order.
func (r Repo) Numbers(ctx context.Context) ([]uint64, error) {
	var seqs []uint64
	for info, err := range r.Store.List(ctx, SnapPrefix) {
		if err != nil {
			return nil, fmt.Errorf("list snapshots: %w", err)
		}
		seq, err := SnapshotSeq(info.Name)
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	return seqs, nil
}

// Snapshot reads the head of one snapshot. The error wraps ErrNoSnapshot or
// ErrDamaged where one of these is the reason.
func (r Repo) Snapshot(ctx context.Context, seq uint64) (Snapshot, error) {
	s, _, err := r.snapshot(ctx, seq)
	return s, err
}

// snapshot gives the digest of the file beside an error as well, where it could
// be read.
func (r Repo) snapshot(ctx context.Context, seq uint64) (s Snapshot, digest string, err error) {
	file, err := Read(ctx, r.Store, SnapshotName(seq), MaxSnapshot)
	if errors.Is(err, fs.ErrNotExist) {
		return s, "", fmt.Errorf("snapshot %d: %w", seq, ErrNoSnapshot)
	}
	if err == nil {
		digest = Digest(file)
		s, err = ParseSnapshot(file, r.Keys.Verifier)
	}
	if err == nil && s.Seq != seq {
		err = fmt.Errorf("it says that it is %d: %w", s.Seq, ErrDamaged)
	}
	if err == nil && r.Host != "" && s.Host != r.Host {
		err = fmt.Errorf("it is of another system, %.80q: %w", s.Host, ErrDamaged)
	}
	if err != nil {
		return Snapshot{}, digest, fmt.Errorf("snapshot %d: %w", seq, err)
	}
	return s, digest, nil
}

// Entries gives all that a snapshot has captured, in the order of a walk, and
// behind the files what is none.
func (r Repo) Entries(ctx context.Context, s Snapshot) ([]Entry, error) {
	return NewReader(r).Entries(ctx, s)
}

// Diff gives the changes from one snapshot to another.
func (r Repo) Diff(ctx context.Context, from, to uint64) ([]Change, error) {
	rd := NewReader(r)
	var sides [2][]Entry
	for i, seq := range []uint64{from, to} {
		s, err := r.Snapshot(ctx, seq)
		if err != nil {
			return nil, err
		}
		if sides[i], err = rd.Entries(ctx, s); err != nil {
			return nil, err
		}
	}
	return Compare(sides[0], sides[1]), nil
}

// Content writes the content of an entry of a snapshot.
func (r Repo) Content(ctx context.Context, s Snapshot, e Entry, to io.Writer) error {
	return NewReader(r).Content(ctx, s, e, to)
}
