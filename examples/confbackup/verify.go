package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

// The levels that -level takes, each with all before it: those of the package
// backup, and two that look beyond the store.
var levels = []string{"heads", "bytes", "contents", "restore", "live"}

const (
	restored = backup.Contents + 1 + iota
	live
)

// verifyLevel gives what -level and -keyless ask for.
func (j *job) verifyLevel() (backup.Level, error) {
	at := backup.Level(slices.Index(levels, j.level) + 1)
	switch {
	case at == 0 && j.level != "":
		return 0, cli.Unknown("level", j.level, levels)
	case j.keyless && at > backup.Bytes:
		return 0, errors.New("-keyless reads no content: the levels that it has are heads and bytes")
	case j.keyless && at == backup.Best:
		return backup.Bytes, nil
	}
	return at, nil
}

func (j *job) verify(ctx context.Context, c cli.Call) (int, error) {
	level, err := j.verifyLevel()
	if err != nil {
		return 0, err
	}
	return j.with(ctx, func(w *work) (int, error) {
		_, lost, err := w.compareKnown(ctx, c)
		if err != nil {
			return 0, err
		}
		status, err := verifyStore(ctx, c, w, min(level, backup.Contents))
		status = max(status, lost)
		if err != nil || status != 0 || level < restored {
			return status, err
		}
		snap, err := w.repo.Latest(ctx)
		if err != nil {
			return 0, err
		}
		if status, err = rehearsed(ctx, c, w, snap); err != nil || level < live {
			return status, err
		}
		now, err := compareLive(ctx, c, w, snap)
		return max(status, now), err
	})
}

func verifyStore(ctx context.Context, c cli.Call, w *work, level backup.Level) (int, error) {
	v, err := w.repo.Verify(ctx, backup.VerifyOptions{Level: level})
	if err != nil {
		return 0, err
	}
	for _, d := range v.Damage {
		object := map[string]any{"name": d.Name, "snapshots": d.Snapshots, "error": d.Err.Error()}
		if err := c.Say(object, "damaged", d.Name, fmt.Sprint("snapshots ", d.Snapshots), d.Err.Error()); err != nil {
			return 0, err
		}
	}
	if len(v.Damage) > 0 {
		return cli.Failed, nil
	}
	if len(v.Looked) == 0 {
		return 0, errNone
	}
	how := map[backup.Level]string{
		backup.Heads: "signatures and chain are right, and every file is there with its size",
		backup.Bytes: "signatures, chain and every byte are right", backup.Contents: "every content can be read",
	}[v.Level]
	return 0, c.Say(map[string]any{"files": len(v.Looked), "level": v.Level}, fmt.Sprintf("%d files: %s", len(v.Looked), how))
}

// rehearsed restores the newest snapshot into the state directory, compares, and
// removes it again. What this user cannot give back is said, and is no failure.
func rehearsed(ctx context.Context, c cli.Call, w *work, snap backup.Snapshot) (int, error) {
	got, err := restore.Rehearse(ctx, w.repo, snap, w.state.Path("rehearsal"), nil)
	if err != nil {
		return 0, fmt.Errorf("restore snapshot %d to compare it: %w", snap.Seq, err)
	}
	for _, one := range got.Left {
		object, words := map[string]any{"path": one.Entry.Path, "left": one.Left}, []string{"restored without " + strings.Join(one.Left, ", "), one.Entry.Path}
		if one.Err != nil {
			object["error"], words = one.Err.Error(), []string{"not restored", one.Entry.Path, one.Err.Error()}
		}
		if err := c.Say(object, words...); err != nil {
			return 0, err
		}
	}
	for _, d := range got.Differences {
		words := "restored otherwise than it was"
		if restore.OnlyRoots(d.Fields) {
			words = "only root can give back"
		}
		if err := c.Say(d, words, d.Path, strings.Join(d.Fields, ", ")); err != nil {
			return 0, err
		}
	}
	if len(got.Faults()) > 0 {
		return cli.Failed, nil
	}
	return 0, c.Say(map[string]any{"snapshot": snap.Seq, "restored": got.Entries}, fmt.Sprintf("snapshot %d restored and compared: %d entries are as they were", snap.Seq, got.Entries-len(got.Differences)))
}

// compareLive says how the system differs from its newest snapshot. That it
// changed since is no fault of the backup; another content of the same size and
// time is one of either.
func compareLive(ctx context.Context, c cli.Call, w *work, snap backup.Snapshot) (int, error) {
	got, err := restore.Compare(ctx, w.repo, snap, w.target.Host, restore.Comparison{Skip: commit.SkipGenerated})
	status := 0
	for _, d := range got {
		words := "changed since the snapshot"
		if d.Silent() {
			words, status = "not as the snapshot has it, and neither size nor time tells why", cli.Failed
		}
		if err := c.Say(d, words, d.Path, strings.Join(d.Fields, ", ")); err != nil {
			return 0, err
		}
	}
	if err != nil {
		return status, err
	}
	return status, c.Say(map[string]any{"snapshot": snap.Seq, "differences": len(got)}, fmt.Sprintf("snapshot %d compared with the system: %d paths differ", snap.Seq, len(got)))
}
