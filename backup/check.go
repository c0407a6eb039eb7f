package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/lock"
	"github.com/pugetsoundtech/upkeep/report"
)

// Config backs up the configuration of a system and verifies what is stored.
// It reports whether that worked; what the changes mean is for others to say.
type Config struct {
	Host  host.Host
	Store Store
	Label string   // of the store in reports, one word; "": "configuration"
	Paths []string // nil: /etc
}

// Name returns "backup.config".
func (c Config) Name() string { return "backup.config" }

const (
	ruleFailed     = "backup.failed"
	ruleIncomplete = "backup.incomplete"
	ruleDamaged    = "backup.store-damaged"

	scopeCommit  = "commit"
	scopeStore   = "store"
	scopeFiles   = "files"
	scopeChanges = "changes"

	keptName = "snapshot"
	// Each run reads the newest snapshots in full, and a part of the others, so
	// that every one is read once in a while.
	verified = 8
	parts    = 30
)

// Rules is the catalogue.
func (c Config) Rules() []report.Rule {
	rule := func(id string, severity report.Severity, title, explain, remedy string) report.Rule {
		return report.Rule{ID: id, Kind: report.Condition, Severity: severity, Title: title, Explain: explain, Remedy: remedy, Since: "0.1.0"}
	}
	return []report.Rule{
		rule(ruleFailed, report.Critical, "the configuration was not backed up",
			"What was changed since the last backup, and what changes from now on, cannot be restored.",
			"Remove the cause that is named here: often the disk of the store is full (df -h). The next run makes up for it."),
		rule(ruleIncomplete, report.Warning, "the backup lacks a file",
			"This file cannot be restored in its present state.",
			"Remove the cause that is named here. What is no configuration, such as a large file of data, belongs elsewhere."),
		rule(ruleDamaged, report.Critical, "the backup store is damaged",
			"The snapshots that are named here cannot be restored whole. A disk that damages one file may damage others.",
			"Check the disk (smartctl -a, dmesg). Copy the named file back from another copy of the store. Without one, move it away: the next run stores again what still exists, and the snapshots that are named stay incomplete; acknowledge this then."),
	}
}

// Check commits what changed and verifies the newest snapshots.
func (c Config) Check(ctx context.Context, rec *report.Recorder) error {
	repo := Repo{Store: c.Store}
	snap, _, err := repo.Commit(ctx, Source{Host: c.Host, Paths: c.Paths})
	if err != nil {
		if ctx.Err() == nil && isFact(err) {
			rec.Finding(c.failed(err))
		}
		return fmt.Errorf("back up: %w", err)
	}
	rec.Covered(scopeCommit)
	c.verify(ctx, rec, repo)
	entries, err := repo.Entries(ctx, snap)
	if err != nil {
		return err
	}
	c.recordErrors(rec, entries)
	c.recordNumbers(rec, snap)
	c.recordChanges(ctx, rec, repo, snap)
	return ctx.Err()
}

// isFact reports whether a failed commit says something about the backup, and
// not only about what this run may do.
func isFact(err error) bool {
	for _, own := range []error{fs.ErrPermission, errors.ErrUnsupported, lock.ErrLocked} {
		if errors.Is(err, own) {
			return false
		}
	}
	return true
}

func (c Config) store() report.Attr {
	if c.Label == "" {
		return report.Attr{Key: report.Repository, Value: "configuration"}
	}
	return report.Attr{Key: report.Repository, Value: c.Label}
}

func (c Config) failed(err error) report.Finding {
	return report.Finding{
		Rule: ruleFailed, Subject: c.store(), Scope: scopeCommit,
		Title:  "the configuration was not backed up: " + cause(err),
		Detail: fmt.Sprintf("Snapshots that were stored before are not touched by this.%s The whole message: %v.", c.place(), err),
	}
}

// cause is the system's own word for an error, without the names on the way.
func cause(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// place is a sentence that says where the store is, if it tells.
func (c Config) place() string {
	if s, ok := c.Store.(fmt.Stringer); ok {
		return fmt.Sprintf(" The store is %s.", s)
	}
	return ""
}

func (c Config) verify(ctx context.Context, rec *report.Recorder, repo Repo) {
	today := uint64(max(0, c.Host.Time().Unix())) / (24 * 60 * 60) % parts
	looked, damage, err := repo.verify(ctx, func(seq uint64, age int) bool { return age < verified || seq%parts == today })
	for _, name := range looked {
		rec.Covered(scopeStore + "/" + name)
	}
	if err != nil {
		rec.Problem(fmt.Errorf("verify the store: %w", err), scopeStore)
	}
	for _, d := range damage {
		rec.Finding(c.damaged(d.Name, fmt.Sprintf("the backup store is damaged in %s", d.Name),
			fmt.Sprintf("%v. Snapshots that are affected, of those that were looked at: %s.", d.Err, numbers(d.Snapshots))))
	}
}

// damaged is about one file of the store: what was not looked at again is not
// taken for mended.
func (c Config) damaged(name, title, detail string) report.Finding {
	return report.Finding{
		Rule: ruleDamaged, Subject: c.store(), Scope: scopeStore + "/" + name,
		Identity: []report.Attr{{Key: report.Field, Value: name}},
		Title:    title, Detail: detail + c.place(),
	}
}

func numbers(seqs []uint64) string {
	words := make([]string, len(seqs))
	for i, seq := range seqs {
		words[i] = strconv.FormatUint(seq, 10)
	}
	return strings.Join(words, ", ")
}

// recordErrors reports what could not be captured: missing rights as what this
// run could not do, everything else as a fact.
func (c Config) recordErrors(rec *report.Recorder, entries []Entry) {
	rec.Covered(scopeFiles)
	for _, e := range entries {
		switch scope := scopeFiles + e.Path; e.Error {
		case "":
		case permissionDenied:
			rec.Problem(fmt.Errorf("back up %s: %w", e.Path, fs.ErrPermission), scope)
		case underUnread:
			// its directory is reported
		default:
			rec.Finding(report.Finding{
				Rule: ruleIncomplete, Subject: report.Attr{Key: report.Path, Value: e.Path}, Scope: scope,
				Title:    fmt.Sprintf("the backup lacks %s: %s", e.Path, e.Error),
				Detail:   "An earlier state is still there if the file was backed up before.",
				Evidence: []report.Attr{{Key: report.Reason, Value: e.Error}},
			})
		}
	}
}

func (c Config) recordNumbers(rec *report.Recorder, s Snapshot) {
	stored := int64(0)
	for _, p := range s.Packs {
		stored += p.Size
	}
	written := s.NewBytes
	if string(rec.Kept(keptName)) == strconv.FormatUint(s.Seq, 10) {
		written = 0 // by an earlier run
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
	} {
		rec.Metric(report.Metric{Name: m.name, Unit: m.unit, Value: report.Count(uint64(m.value)), Attrs: []report.Attr{c.store()}, Time: s.Time})
	}
	age := max(0, c.Host.Time().Sub(s.Time).Seconds())
	rec.Metric(report.Metric{Name: "backup_last_change_seconds", Unit: "seconds", Value: report.Measure(age), Attrs: []report.Attr{c.store()}})
}

// recordChanges counts from the snapshot that the last stored report knew, so
// that a report that was lost loses no change.
func (c Config) recordChanges(ctx context.Context, rec *report.Recorder, repo Repo, now Snapshot) {
	rec.Covered(scopeChanges)
	changes, err := c.changesSince(ctx, repo, rec.Kept(keptName), now.Seq)
	if lost := (lostError{}); errors.As(err, &lost) {
		rec.Finding(c.damaged(snapName(lost.had), "the backup store has lost its newest snapshots",
			fmt.Sprintf("When it was last reported on the newest was %d, and now it is %d: the files were removed, or the store is an older copy.", lost.had, lost.has)))
	}
	if err != nil {
		rec.Problem(fmt.Errorf("what changed since the last report is not known: %w", err), scopeChanges)
	} else {
		rec.Metric(report.Metric{Name: "backup_changed_files", Value: report.Count(uint64(len(changes))), Attrs: []report.Attr{c.store()}})
	}
	if len(changes) > 0 {
		var list bytes.Buffer
		for _, ch := range changes {
			fmt.Fprintln(&list, ch)
		}
		rec.Artifact("changes.txt", "text/plain; charset=utf-8", &list)
	}
	rec.Keep(keptName, strconv.AppendUint(nil, now.Seq, 10))
}

// lostError says that the store once had a newer snapshot than it has.
type lostError struct{ had, has uint64 }

func (e lostError) Error() string {
	return fmt.Sprintf("snapshot %d was the newest, and now it is %d", e.had, e.has)
}

func (c Config) changesSince(ctx context.Context, repo Repo, kept []byte, now uint64) ([]Change, error) {
	if kept == nil {
		return nil, nil // the baseline
	}
	before, err := strconv.ParseUint(string(kept), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the number of the last snapshot: %w", err)
	}
	switch {
	case before == now:
		return nil, nil
	case before > now:
		return nil, lostError{before, now}
	}
	return repo.Diff(ctx, before, now)
}
