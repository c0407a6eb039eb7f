package retain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
)

// A Policy says what may go. The zero value works.
type Policy struct {
	Keep  time.Duration // what the store got since then stays; zero: 400 days, and never less than a day
	Grace time.Duration // how long unused packs stay, and what was put aside; zero: 7 days
	Well  uint64        // odd snapshots up to this number are as they should be, as a person says
}

func (p Policy) keep() time.Duration {
	if p.Keep == 0 {
		return 400 * 24 * time.Hour
	}
	return max(p.Keep, 24*time.Hour)
}

func (p Policy) grace() time.Duration {
	if p.Grace == 0 {
		return 7 * 24 * time.Hour
	}
	return p.Grace
}

// A Trash is a Store that can put files aside, and delete what was put aside.
type Trash interface {
	backup.Store
	// Trash puts a file aside, durably: its name is free, and its bytes are kept.
	Trash(ctx context.Context, name string) error
	// Purge deletes what was put aside before a time, and counts it.
	Purge(ctx context.Context, before time.Time) (int, error)
}

// A Plan is what would go.
type Plan struct {
	Snapshots []uint64  // ascending; all older ones went before
	Packs     []string  // names of packs that no snapshot which stays needs
	Bytes     int64     // of both
	Oddities  []Oddity  // of the snapshots that stay
	Pinned    uint64    // the last snapshot before the first oddity; zero: there is none
	Before    time.Time // what was put aside before is deleted

	repo backup.Repo
	last backup.Head // the newest of Snapshots
	now  time.Time
}

// Look finds what may go. Where a snapshot cannot be read nobody knows which
// packs it needs: then nothing may go, and the error says why. Whoever applies the
// plan keeps writers out from here to there, by the Lock of the store.
func Look(ctx context.Context, repo backup.Repo, p Policy, now time.Time) (Plan, error) {
	plan := Plan{repo: repo, now: now, Before: now.Add(-p.grace())}
	received, packs := map[string]time.Time{}, []backup.Info{}
	sizes := map[string]int64{}
	for info, err := range repo.Store.List(ctx, "") {
		if err != nil {
			return plan, fmt.Errorf("list the store: %w", err)
		}
		received[info.Name], sizes[info.Name] = info.Time, info.Size
		if strings.HasPrefix(info.Name, "packs/") {
			packs = append(packs, info)
		}
	}
	snaps, last, odds, err := heads(ctx, repo, sizes)
	if err != nil {
		return plan, fmt.Errorf("nothing may go: %w", err)
	}
	for _, s := range snaps {
		if _, has := received[backup.ReceiptName(s.Seq)]; !has {
			continue
		}
		r, _, err := repo.Receipt(ctx, s.Head())
		if err != nil {
			return plan, fmt.Errorf("nothing may go: %w", err)
		}
		received[backup.SnapshotName(s.Seq)] = r.Time
	}
	got := func(s backup.Snapshot) time.Time { return received[backup.SnapshotName(s.Seq)] }
	plan.Oddities = odd(snaps, got, odds, p.Well)
	stays := first(snaps, got, now.Add(-p.keep()))
	if len(plan.Oddities) > 0 {
		stays = plan.pin(snaps, stays)
	}
	for _, s := range snaps[:stays] {
		plan.Snapshots = append(plan.Snapshots, s.Seq)
		plan.last = s.Head()
		plan.Bytes += sizes[backup.SnapshotName(s.Seq)]
	}
	for _, info := range packs {
		if len(snaps) > 0 && last[info.Name] < snaps[stays].Seq && !info.Time.IsZero() && info.Time.Before(plan.Before) {
			plan.Packs = append(plan.Packs, info.Name)
			plan.Bytes += info.Size
		}
	}
	return plan, nil
}

// heads gives the snapshots, oldest first and without their packs; of each pack the
// last one that needs it; and what the packs show to be odd, by number. A client may
// name as many packs as it likes, of any size and the same one often: what counts are
// those that the store has, once, by the size that it says.
func heads(ctx context.Context, repo backup.Repo, sizes map[string]int64) (snaps []backup.Snapshot, last map[string]uint64, odds map[uint64]string, err error) {
	seqs, err := repo.Numbers(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	last, odds = map[string]uint64{}, map[uint64]string{}
	var errs []error
	before, needed := uint64(0), int64(0) // the snapshot before, and the bytes that it needs
	for _, seq := range seqs {
		s, err := repo.Snapshot(ctx, seq)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		was, still := needed, int64(0)
		needed = 0
		for _, pack := range s.Packs {
			name := pack.Name()
			size, has := sizes[name]
			if !has || last[name] == seq {
				continue
			}
			if before > 0 && last[name] == before {
				still += size
			}
			needed += size
			last[name] = seq
		}
		if was > fewBytes && still < was/10 {
			odds[seq] = fmt.Sprintf("it needs %d bytes of the %d that the one before needed", still, was)
		}
		s.Packs, before = nil, seq
		snaps = append(snaps, s)
	}
	return snaps, last, odds, errors.Join(errs...)
}

// first gives the index of the oldest snapshot that stays: one that came since
// then, or the newest complete one. A time that the store does not tell is no age.
func first(snaps []backup.Snapshot, got func(backup.Snapshot) time.Time, since time.Time) int {
	stays := len(snaps) - 1
	for i := range snaps {
		if t := got(snaps[i]); t.IsZero() || !t.Before(since) {
			stays = i
			break
		}
	}
	for i := len(snaps) - 1; i >= 0; i-- {
		if snaps[i].Complete {
			return min(stays, i)
		}
	}
	return 0 // none is complete: all may be needed
}

// pin keeps the last complete snapshot before the first oddity.
func (p *Plan) pin(snaps []backup.Snapshot, stays int) int {
	for i := len(snaps) - 1; i >= 0; i-- {
		if snaps[i].Seq < p.Oddities[0].Seq && snaps[i].Complete {
			p.Pinned = snaps[i].Seq
			return min(stays, i)
		}
	}
	return stays
}

// Apply puts aside what may go, after the record of it is stored, and deletes
// what was put aside before the grace. It may be called again after an error.
func (p Plan) Apply(ctx context.Context, to Trash) (*backup.Retention, error) {
	var record *backup.Retention
	if len(p.Snapshots) > 0 {
		record = &backup.Retention{Host: p.repo.Host, Time: p.now.UTC(), Upto: p.last, Packs: len(p.Packs)}
		if err := store(ctx, p.repo, *record); err != nil {
			return nil, fmt.Errorf("record what goes: %w", err)
		}
	}
	for _, seq := range p.Snapshots {
		if err := to.Trash(ctx, backup.SnapshotName(seq)); err != nil {
			return record, err
		}
	}
	for _, name := range p.Packs {
		if err := to.Trash(ctx, name); err != nil {
			return record, err
		}
	}
	_, err := to.Purge(ctx, p.Before)
	return record, err
}

func store(ctx context.Context, repo backup.Repo, r backup.Retention) error {
	name := backup.RetentionName(r.Upto.Seq)
	if _, err := backup.Read(ctx, repo.Store, name, backup.MaxSnapshot); err == nil {
		return nil // of a run that was interrupted
	}
	file, err := r.Seal(repo.Keys.Signer)
	if err != nil {
		return err
	}
	return repo.Store.Create(ctx, name, bytes.NewReader(file), int64(len(file)))
}
