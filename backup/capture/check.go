package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/backup/retain"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Configuration is the checker "backup.config": it backs up the configuration
// of a system and verifies what is stored. It reports whether that worked; what
// the changes mean is for others to say.
type Configuration struct {
	Host   host.Host
	Repo   backup.Repo
	Label  string   // of the store in reports, one word; "": "configuration"
	Paths  []string // nil: /etc; see Paths
	States bool     // what is no file as well; see Queries

	// DailyBytes bounds what a run reads of what is stored, as far as all of it is
	// still read within thirty runs; zero: 256 MiB.
	DailyBytes int64

	// Rehearsals is a folder of this machine in which, once a week, the newest snapshot is
	// restored and compared, also with the system, and removed again: what has more
	// than DailyBytes in shares, one a run. It takes an identity, and its room; meanwhile
	// all that was backed up lies there in clear. "": nothing is restored.
	Rehearsals string

	// Owners tells which files are as their package ships them; nil: nobody does.
	Owners interface {
		Attest(ctx context.Context, paths []string) (map[string]host.Claim, error)
	}

	// Texts keeps what files held, without their secrets, for the differences in
	// the report and for whoever shows them without a key; nil: there are none.
	Texts *confdiff.Cache
}

// Name returns "backup.config".
func (c Configuration) Name() string { return name }

const (
	scopeCommit  = "commit"
	scopeStore   = "store"
	scopeFiles   = "files"
	scopeChanges = "changes"
	scopeRestore = "restore"
)

// Check verifies what is stored, and then commits what changed. What is damaged
// is stored again, as far as it is still there.
func (c Configuration) Check(ctx context.Context, rec *report.Recorder) error {
	repo := c.Repo
	known, had, err := keptSnapshot.Load(rec)
	if err != nil {
		rec.Problem(err, scopeChanges)
	}
	if had {
		repo.Known = known
		c.compareKnown(ctx, rec, repo)
	}
	before, _ := repo.Snapshot(ctx, known.Seq) // compareKnown has said what is wrong with it
	dates := c.verifiedDates(rec)
	repo.Distrust = c.verify(ctx, rec, repo, dates)
	src := commit.Source{Host: c.Host, Paths: c.Paths}
	if c.States {
		src.Queries = Queries(ctx, c.Host)
	}
	seen := newSeen(c)
	src.Text = seen.text
	snap, changes, err := commit.Run(ctx, repo, src)
	if err != nil {
		if ctx.Err() == nil && isFact(err) {
			rec.Finding(c.failed(err))
		}
		return fmt.Errorf("back up: %w", err)
	}
	rec.Covered(scopeCommit)
	c.recordErrors(rec, snap)
	c.recordSilent(rec, changes)
	c.recordOdd(rec, before, snap)
	c.recordNumbers(rec, snap, had && known.Seq == snap.Seq)
	c.recordChanges(ctx, rec, repo, snap, changes, seen)
	c.rehearse(ctx, rec, repo, snap, dates)
	c.recordDates(rec, dates)
	if c.Texts != nil {
		if err := c.Texts.Save(); err != nil {
			rec.Problem(fmt.Errorf("keep the texts to compare with: %w", err), scopeChanges)
		}
	}
	return ctx.Err()
}

// compareKnown says before anything is committed that the snapshot which was
// last reported is gone, or is another.
func (c Configuration) compareKnown(ctx context.Context, rec *report.Recorder, repo backup.Repo) {
	err := repo.CheckKnown(ctx)
	name := backup.SnapshotName(repo.Known.Seq)
	switch {
	case errors.Is(err, backup.ErrNoSnapshot):
		rec.Finding(c.damaged(name, "The backup store has lost its newest snapshots",
			fmt.Sprintf("Snapshot %d was reported, and now it is not there: files were removed, or the store is an older copy.", repo.Known.Seq)))
	case errors.Is(err, backup.ErrOther):
		rec.Finding(c.damaged(name, "The backup store has another snapshot than was reported",
			fmt.Sprintf("Snapshot %d is another than the one that was reported: somebody replaced it, or the store is that of another time.", repo.Known.Seq)))
	}
}

// storeFacts is what a system says of a store that cannot take the backup.
// After any other error nobody knows.
var storeFacts = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, backup.ErrDamaged, backup.ErrExists, backup.ErrGap}

// isFact reports whether a failed commit says something about the backup, and
// not only about this run.
func isFact(err error) bool {
	return slices.ContainsFunc(storeFacts, func(fact error) bool { return errors.Is(err, fact) })
}

// recordErrors reports what could not be captured: what is wrong with a file as
// a fact, everything else as what this run does not know.
func (c Configuration) recordErrors(rec *report.Recorder, snap backup.Snapshot) {
	rec.Covered(scopeFiles)
	if snap.FailedMore > 0 {
		rec.Problem(fmt.Errorf("back up: %d more files could not be captured, and are not named", snap.FailedMore), scopeFiles)
	}
	for _, e := range snap.Failed {
		switch {
		case e.Error == "" && e.Unstable:
			rec.Finding(c.torn(e))
		case e.Cause.Fact():
			rec.Finding(c.incomplete(e))
		case e.Cause == backup.Denied:
			rec.Problem(fmt.Errorf("back up %s: %w", e.Path, fs.ErrPermission), scopeFiles+e.Path)
		default:
			rec.Problem(fmt.Errorf("back up %s: %s", e.Path, e.Error), scopeFiles+e.Path)
		}
	}
}

// recordSilent reports contents that changed behind the back of the times.
func (c Configuration) recordSilent(rec *report.Recorder, changes []backup.Change) {
	for _, ch := range changes {
		if ch.Silent {
			rec.Finding(c.silent(ch))
		}
	}
}

// recordOdd reports a snapshot that is unlike the one that was reported last.
func (c Configuration) recordOdd(rec *report.Recorder, before, now backup.Snapshot) {
	if before.Seq == 0 || now.Seq <= before.Seq {
		return
	}
	if reasons := retain.Unlike(before, now, time.Time{}); len(reasons) > 0 {
		rec.Finding(c.odd(now, reasons))
	}
}
