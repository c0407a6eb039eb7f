package capture

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/report"
)

// The levels of verification, each with all before it.
const (
	levelHeads    = "heads"
	levelBytes    = "bytes"
	levelContents = "contents"
	levelRestore  = "restore"
	levelLive     = "live"
)

// dates say when all was last found right, by level.
type dates map[string]time.Time

var keptDates = report.State[dates]{Name: "levels", Version: 1}

func (c Configuration) verifiedDates(rec *report.Recorder) dates {
	d, had, err := keptDates.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("when the backup was last verified is not known: %w", err), scopeRestore)
	}
	if err != nil || !had || d == nil {
		return dates{}
	}
	return d
}

// verified notes what a verification without damage has seen: the heads, and of a
// round of shares that is whole the bytes, or the contents.
func (d dates) verified(level backup.Level, whole bool, now time.Time) {
	d[levelHeads] = now
	if whole {
		d[levelBytes] = now
	}
	if whole && level == backup.Contents {
		d[levelContents] = now
	}
}

func (c Configuration) recordDates(rec *report.Recorder, d dates) {
	for _, level := range []string{levelHeads, levelBytes, levelContents, levelRestore, levelLive} {
		if at, ok := d[level]; ok {
			rec.Metric(report.Metric{
				Name: "backup_verified_timestamp_seconds", Unit: "seconds", Value: report.Count(uint64(max(0, at.Unix()))),
				Attrs: []report.Attr{c.store(), {Key: report.Field, Value: level}},
			})
		}
	}
	if err := keptDates.Keep(rec, d); err != nil {
		rec.Problem(err, scopeRestore)
	}
}

// A round is a rehearsal in shares: the next one, and of how many. One that found a
// fault is rehearsed again.
type round struct {
	Share uint64 `json:"share"`
	Of    uint64 `json:"of"` // 0: no round is under way
}

var keptRound = report.State[round]{Name: "rehearsal", Version: 1}

// rehearsed is the age from which a rehearsal is due.
const rehearsed = 7*24*time.Hour - time.Hour

// rehearse restores the share of the snapshot whose turn it is, and compares.
func (c Configuration) rehearse(ctx context.Context, rec *report.Recorder, repo backup.Repo, snap backup.Snapshot, d dates) {
	at, _, err := keptRound.Load(rec)
	if err != nil {
		at = round{} // it begins anew
	}
	now := c.Host.Time()
	age := now.Sub(d[levelRestore])
	if c.Rehearsals == "" || repo.Keys.Opener == nil || at.Of == 0 && age >= 0 && age < rehearsed {
		c.keepRound(rec, at)
		return
	}
	if at.Of == 0 {
		most := c.DailyBytes
		if most == 0 {
			most = dailyBytes
		}
		at = round{Of: min(uint64(snap.Bytes/most)+1, rounds)}
	}
	faults, err := c.rehearseShare(ctx, repo, snap, at)
	switch {
	case errors.Is(err, backup.ErrNoIdentity): // who has one is elsewhere
		at = round{}
	case err != nil:
		rec.Problem(fmt.Errorf("rehearse a restore: %w", err), scopeRestore)
	case len(faults) > 0:
		rec.Covered(scopeRestore)
		rec.Finding(c.unlike(snap, faults))
	default:
		rec.Covered(scopeRestore)
		if at.Share++; at.Share >= at.Of {
			at, d[levelRestore], d[levelLive] = round{}, now, now
		}
	}
	c.keepRound(rec, at)
}

func (c Configuration) keepRound(rec *report.Recorder, at round) {
	if err := keptRound.Keep(rec, at); err != nil {
		rec.Problem(err, scopeRestore)
	}
}

// rehearseShare gives what is restored otherwise than it was, and what the system has
// otherwise though neither size nor time tells why.
func (c Configuration) rehearseShare(ctx context.Context, repo backup.Repo, snap backup.Snapshot, at round) ([]string, error) {
	got, err := restore.Rehearse(ctx, repo, snap, c.Rehearsals, at.has)
	if err != nil {
		return nil, err
	}
	faults := got.Faults()
	now, err := restore.Compare(ctx, repo, snap, c.Host, restore.Comparison{Want: at.has, Skip: commit.SkipGenerated})
	for _, d := range now {
		if d.Silent() {
			faults = append(faults, fmt.Sprintf("%q: the system has another content, and neither size nor time tells why", d.Path))
		}
	}
	return faults, err
}

// has chooses the entries of a share: every directory, and all names of a file.
func (r round) has(e backup.Entry) bool {
	if e.Type == backup.Dir {
		return true
	}
	h, name := fnv.New64a(), e.Path
	if e.Hard != "" {
		name = e.Hard
	}
	_, _ = io.WriteString(h, name) // it has no error
	return h.Sum64()%r.Of == r.Share
}

// unlike is about a restore that gave back something else.
func (c Configuration) unlike(s backup.Snapshot, faults []string) report.Finding {
	const most = 20
	detail := strings.Join(faults[:min(len(faults), most)], "; ")
	if more := len(faults) - most; more > 0 {
		detail += fmt.Sprintf("; and %d more", more)
	}
	return report.Finding{
		Rule: ruleRestore, Subject: c.store(), Scope: scopeRestore,
		Title:  fmt.Sprintf("A restore of backup %d gives back something else", s.Seq),
		Detail: detail + "." + c.place(),
	}
}
