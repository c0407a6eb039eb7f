package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// A Repo is the history of one system in a store.
type Repo struct{ Store Store }

// List gives the snapshots in the store, oldest first. Beside an error, which
// names every one that cannot be read, it gives the others.
func (r Repo) List(ctx context.Context) ([]Snapshot, error) {
	seqs, err := r.seqs(ctx)
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

// seqs gives the numbers of the snapshots in ascending order.
func (r Repo) seqs(ctx context.Context) ([]uint64, error) {
	infos, err := r.Store.List(ctx, snapPrefix)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var seqs []uint64
	for _, info := range infos {
		seq, err := parseSnapName(info.Name)
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

func (r Repo) snapshot(ctx context.Context, seq uint64) (s Snapshot, file []byte, err error) {
	file, err = r.Store.Read(ctx, snapName(seq), maxSnapshot)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil, fmt.Errorf("snapshot %d: %w", seq, ErrNoSnapshot)
	}
	if err == nil {
		s, err = decodeSnapshot(file)
	}
	if err == nil && s.Seq != seq {
		err = fmt.Errorf("it says that it is %d: %w", s.Seq, ErrDamaged)
	}
	if err != nil {
		return Snapshot{}, file, fmt.Errorf("snapshot %d: %w", seq, err)
	}
	return s, file, nil
}

// Entries gives all that a snapshot has captured, in the order of a walk.
func (r Repo) Entries(ctx context.Context, s Snapshot) ([]Entry, error) {
	segments, err := r.segments(ctx, s, nil)
	if err != nil {
		return nil, fmt.Errorf("snapshot %d: %w", s.Seq, err)
	}
	return flatten(segments), nil
}

// Diff gives the changes from one snapshot to another.
func (r Repo) Diff(ctx context.Context, from, to uint64) ([]Change, error) {
	var sides [2][]Entry
	for i, seq := range []uint64{from, to} {
		s, err := r.Snapshot(ctx, seq)
		if err != nil {
			return nil, err
		}
		if sides[i], err = r.Entries(ctx, s); err != nil {
			return nil, err
		}
	}
	return Compare(sides[0], sides[1]), nil
}

// Content gives the bytes of a regular file of a snapshot.
func (r Repo) Content(ctx context.Context, s Snapshot, e Entry) ([]byte, error) {
	if e.Type != Regular || e.Object == "" {
		return nil, fmt.Errorf("%q in snapshot %d has no content: %w", e.Path, s.Seq, errors.ErrUnsupported)
	}
	pack, err := s.pack(e.Pack)
	if err != nil {
		return nil, err
	}
	var content []byte
	err = readPack(ctx, r.Store, pack, func(member string, data []byte) error {
		if member == "o/"+e.Object {
			content = data
		}
		return nil
	})
	if err == nil && content == nil {
		err = fmt.Errorf("pack %s does not hold it: %w", pack.ID, ErrDamaged)
	}
	if err != nil {
		return nil, fmt.Errorf("content of %q: %w", e.Path, err)
	}
	return content, nil
}
