package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// Latest gives the newest snapshot that can be read. The error wraps
// ErrNoSnapshot where there is none.
func (r Repo) Latest(ctx context.Context) (Snapshot, error) {
	return r.newest(ctx, func(Snapshot) bool { return true })
}

// Before gives the newest snapshot that was taken before t. The error wraps
// ErrNoSnapshot where there is none.
func (r Repo) Before(ctx context.Context, t time.Time) (Snapshot, error) {
	return r.newest(ctx, func(s Snapshot) bool { return s.Time.Before(t) })
}

// newest gives the newest snapshot that is as asked. One that is damaged hides
// no older one.
func (r Repo) newest(ctx context.Context, is func(Snapshot) bool) (Snapshot, error) {
	seqs, err := r.Numbers(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	var damage error
	for _, seq := range slices.Backward(seqs) {
		s, err := r.Snapshot(ctx, seq)
		switch {
		case err == nil && is(s):
			return s, nil
		case err != nil && !IsDamage(err):
			return Snapshot{}, err
		}
		damage = errors.Join(damage, err)
	}
	return Snapshot{}, errors.Join(fmt.Errorf("of that time: %w", ErrNoSnapshot), damage)
}

// Entry gives one path of a snapshot. The error wraps fs.ErrNotExist when the
// snapshot has no such path.
func (r Repo) Entry(ctx context.Context, s Snapshot, path string) (Entry, error) {
	return NewReader(r).Entry(ctx, s, path)
}

// Text gives the content that a path had in a snapshot, with its secrets as they
// are: who shows it redacts it. The error wraps fs.ErrNotExist when the snapshot
// has no such path, errors.ErrUnsupported when it is no regular file or its
// content is not known, and ErrTooLarge when it has more than limit bytes.
func (r Repo) Text(ctx context.Context, s Snapshot, path string, limit int64) ([]byte, error) {
	rd := NewReader(r)
	e, err := rd.Entry(ctx, s, path)
	if err != nil {
		return nil, err
	}
	return rd.text(ctx, s, e, limit)
}

func (r *Reader) text(ctx context.Context, s Snapshot, e Entry, limit int64) ([]byte, error) {
	if e.Size > limit {
		return nil, fmt.Errorf("%q in snapshot %d has %d bytes: %w", e.Path, s.Seq, e.Size, ErrTooLarge)
	}
	var out bytes.Buffer
	err := r.Content(ctx, s, e, &out)
	return out.Bytes(), err
}

// A Shelf finds what files held before, by their digests. It remembers what it
// has read, and a store that did not answer; its zero value with a Repo works, from
// several goroutines.
type Shelf struct {
	Repo Repo
	Most int // snapshots that are searched, newest first; zero: 40

	mu     sync.Mutex
	reader *Reader
	snaps  []Snapshot // newest first
	gone   error      // why the store cannot be asked: it is not waited for again
}

// maxText are the bytes of a text that a Shelf gives.
const maxText = 16 << 20

// OldText gives the whole content that a file had when it was found as was: the
// newest of was.Path with the SHA-256 of was. The error wraps fs.ErrNotExist
// when no snapshot has it.
func (s *Shelf) OldText(ctx context.Context, was host.Entry) ([]byte, error) {
	digest, ok := was.Digest("sha256")
	if !ok {
		return nil, fmt.Errorf("%q has no sha256 to find it by: %w", was.Path, fs.ErrNotExist)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil {
		return nil, s.gone
	}
	if err := s.load(ctx); err != nil {
		return nil, s.lost(ctx, err)
	}
	var damage error
	for _, snap := range s.snaps {
		e, err := s.reader.Entry(ctx, snap, was.Path)
		switch {
		case err == nil && e.Type == Regular && e.Object == digest.Hex():
			return s.reader.text(ctx, snap, e, maxText)
		case err != nil && !IsDamage(err):
			return nil, s.lost(ctx, err)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			damage = errors.Join(damage, err)
		}
	}
	return nil, errors.Join(fmt.Errorf("%q with sha256 %s: %w", was.Path, digest.Hex(), fs.ErrNotExist), damage)
}

// lost remembers why the store did not answer, unless it was not waited for.
func (s *Shelf) lost(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		s.gone = err
	}
	return err
}

// load lists the snapshots once. One that is damaged hides no other.
func (s *Shelf) load(ctx context.Context) error {
	if s.reader != nil {
		return nil
	}
	snaps, err := s.Repo.List(ctx)
	if err != nil && !IsDamage(err) {
		return err
	}
	most := s.Most
	if most == 0 {
		most = 40
	}
	slices.Reverse(snaps)
	s.snaps, s.reader = snaps[:min(most, len(snaps))], NewReader(s.Repo)
	return nil
}
