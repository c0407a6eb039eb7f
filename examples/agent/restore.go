package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

const maxShown = 1 << 20 // bytes of a file that is shown or compared

// diffVerb shows how a file differs from its last other version in the backup.
func (r *round) diffVerb(ctx context.Context, c cli.Call) (int, error) {
	d, err := r.openDesk(ctx)
	if err != nil {
		return 0, err
	}
	defer d.target.Close()
	return d.diff(ctx, c, c.Args[0])
}

// earlier finds the newest snapshot in which a path had other content than now.
func (d *desk) earlier(ctx context.Context, path string, now []byte, missing bool) (backup.Snapshot, []byte, bool, error) {
	snaps, err := d.repo.List(ctx)
	if err != nil {
		return backup.Snapshot{}, nil, false, err
	}
	had := false
	for _, snap := range slices.Backward(snaps) {
		old, err := d.repo.Text(ctx, snap, path, maxShown)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if had {
				return snap, nil, true, nil
			}
		case err != nil:
			return snap, nil, false, err
		case missing || !bytes.Equal(old, now):
			return snap, old, true, nil
		default:
			had = true
		}
	}
	return backup.Snapshot{}, nil, false, nil
}

// present reads the file as it is.
func (d *desk) present(ctx context.Context, path string) (data []byte, missing bool, err error) {
	data, err = d.target.Host.ReadFile(ctx, path, maxShown)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	return data, false, err
}

// changed gives the lines by which a file differs from its last other version in
// the backup, below two that name both; none where there is no such version.
func (d *desk) changed(ctx context.Context, path string) ([]string, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%q is no absolute path", path)
	}
	now, missing, err := d.present(ctx, path)
	if err != nil {
		return nil, err
	}
	if was, found := d.kept(path, now, missing); found {
		return versus(path, was.Time, confdiff.Of(path, was.Text, now, d.state.RedactKey())), nil
	}
	snap, old, found, err := d.earlier(ctx, path, now, missing)
	if err != nil || !found {
		return nil, err
	}
	return versus(path, snap.Time, confdiff.Of(path, old, now, d.state.RedactKey())), nil
}

// kept finds the newest other content of a path that is known without a key.
func (d *desk) kept(path string, now []byte, missing bool) (confdiff.Text, bool) {
	digest := backup.Digest(now)
	for _, t := range daily.TextsOf(d.state).Texts(path) {
		if missing || t.SHA256 != digest {
			return t, true
		}
	}
	return confdiff.Text{}, false
}

func versus(path string, then time.Time, lines []string) []string {
	return append([]string{"--- " + path + " of " + then.Local().Format("2006-01-02 15:04"), "+++ " + path + " now"}, lines...)
}

func (d *desk) diff(ctx context.Context, c cli.Call, path string) (int, error) {
	lines, err := d.changed(ctx, path)
	switch {
	case err != nil:
		return exitRefused, err
	case lines == nil:
		return exitRefused, c.Say(map[string]any{"path": path, "versions": 0}, "the backup has no other version of "+path)
	}
	for _, line := range lines {
		fmt.Fprintln(c.Stdout, cli.Visible(line))
	}
	return 0, nil
}

// inPlace restores a path where it was.
func inPlace(path string) restore.Options {
	return restore.Options{Paths: []string{path}, Keep: ".before-restore"}
}

// restore says what of a path the backup would put back, and does it with -apply.
func (r *round) restore(ctx context.Context, c cli.Call) (int, error) {
	d, err := r.openDesk(ctx)
	if err != nil {
		return 0, err
	}
	defer d.target.Close()
	path := c.Args[0]
	if !d.target.Local {
		return 0, errors.New("only this machine's own files can be restored")
	}
	now, missing, err := d.present(ctx, path)
	if err != nil {
		return 0, err
	}
	snap, old, found, err := d.earlier(ctx, path, now, missing)
	if err == nil && (!found || old == nil) {
		return exitRefused, fmt.Errorf("the backup has no other version of %s to put back", path)
	}
	if errors.Is(err, backup.ErrNoIdentity) {
		return 0, cli.Advise(err, "give the secret key of a recipient with -identity FILE")
	}
	if err != nil {
		return 0, err
	}
	when := snap.Time.Local().Format("2006-01-02 15:04")
	if r.apply {
		return d.putBack(ctx, c, snap, path)
	}
	lines := confdiff.Of(path, now, old, d.state.RedactKey())
	for _, line := range lines {
		if c.JSON {
			break
		}
		if err := c.Say(nil, line); err != nil {
			return 0, err
		}
	}
	return 0, c.Say(map[string]any{"path": path, "snapshot": snap.Seq, "lines": lines}, fmt.Sprintf(
		"%s would be put back as it was in the backup of %s; what is there now is kept as %s. Add -apply to do it.", path, when, inPlace(path).Kept(path)))
}

func (d *desk) putBack(ctx context.Context, c cli.Call, snap backup.Snapshot, path string) (int, error) {
	root, err := os.OpenRoot("/")
	if err != nil {
		return 0, err
	}
	defer root.Close() //nolint:errcheck // it is only a place
	done, err := restore.Into(ctx, d.repo, snap, root, inPlace(path))
	if err != nil {
		return 0, err
	}
	status := 0
	for _, one := range done {
		words := []string{one.Entry.Path, "put back"}
		switch {
		case one.Err != nil:
			words[1], status = "not put back: "+one.Err.Error(), exitRefused
		case len(one.Left) > 0:
			words[1] += " without its " + strings.Join(one.Left, ", ")
		}
		if one.Kept != "" {
			words = append(words, "the old one is "+one.Kept)
		}
		if err := c.Say(one, words...); err != nil {
			return 0, err
		}
	}
	if len(done) == 0 {
		return exitRefused, fmt.Errorf("the backup of %s has no %s", snap.Time.Local().Format("2006-01-02 15:04"), path)
	}
	return status, nil
}
