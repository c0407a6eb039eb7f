package capture

import (
	"context"
	"errors"
	"fmt"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/report"
)

// keptSnapshot is what the last stored report knew: number and digest of a
// snapshot.
var keptSnapshot = report.State[backup.Head]{Name: "snapshot", Version: 2}

func (c Configuration) recordNumbers(rec *report.Recorder, s backup.Snapshot, reported bool) {
	stored := int64(0)
	for _, p := range s.Packs {
		stored += p.Size
	}
	written := s.NewBytes
	if reported {
		written = 0 // by an earlier run
	}
	durable := int64(1)
	if level := backup.DurabilityOf(c.Repo.Store); level < backup.FileAndDir {
		durable = 0
		rec.Finding(c.volatile(level))
	}
	for _, m := range []struct {
		name, unit string
		value      int64
	}{
		{"backup_snapshot", "", int64(s.Seq)},
		{"backup_files", "", int64(s.Files)},
		{"backup_unreadable", "", int64(s.Errors)},
		{"backup_source_bytes", "bytes", s.Bytes},
		{"backup_stored_bytes", "bytes", stored},
		{"backup_new_bytes", "bytes", written},
		{"backup_store_durable", "", durable},
	} {
		rec.Metric(report.Metric{Name: m.name, Unit: m.unit, Value: report.Count(uint64(m.value)), Attrs: []report.Attr{c.store()}, Time: s.Time})
	}
	age := max(0, c.Host.Time().Sub(s.Time).Seconds())
	rec.Metric(report.Metric{Name: "backup_last_change_seconds", Unit: "seconds", Value: report.Measure(age), Attrs: []report.Attr{c.store()}})
}

// recordChanges counts from the snapshot that the last stored report knew, so
// that a report that was lost loses no change.
func (c Configuration) recordChanges(ctx context.Context, rec *report.Recorder, repo backup.Repo, now backup.Snapshot, fresh []backup.Change, s *seen) {
	rec.Covered(scopeChanges)
	changes, err := changesSince(ctx, repo, now, fresh)
	count := len(changes)
	if repo.Known.Seq > 0 && repo.Known == now.Base && repo.Known != now.Head() {
		count = now.Changed.Total() // of very many only the first are given
	}
	if err != nil {
		rec.Problem(fmt.Errorf("what changed since the last report is not known: %w", err), scopeChanges)
	} else {
		rec.Metric(report.Metric{Name: "backup_changed_files", Value: report.Count(uint64(count)), Attrs: []report.Attr{c.store()}, Noun: report.Noun{One: "file changed in the backup", Many: "files changed in the backup"}})
	}
	if len(changes) > 0 {
		rec.Artifact("changes.txt", "text/plain; charset=utf-8", s.list(ctx, changes, count-len(changes)))
	}
	if err := keptSnapshot.Keep(rec, now.Head()); err != nil {
		rec.Problem(err, scopeChanges)
	}
}

var errOtherBase = errors.New("the snapshot that was last reported is not there as it was")

func changesSince(ctx context.Context, repo backup.Repo, now backup.Snapshot, fresh []backup.Change) ([]backup.Change, error) {
	known := repo.Known
	switch {
	case known.Seq == 0, known == now.Head():
		return nil, nil // the baseline, or nothing since
	case known == now.Base:
		return fresh, nil
	}
	repo.Host = ""
	s, err := repo.Snapshot(ctx, known.Seq)
	if err != nil {
		return nil, err
	}
	if s.Digest != known.Digest {
		return nil, errOtherBase
	}
	return repo.Diff(ctx, known.Seq, now.Seq)
}
