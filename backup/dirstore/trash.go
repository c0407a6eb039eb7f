package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

const (
	trashDir = "trash"
	trashDay = "20060102"
)

// Trash puts a file aside, below trash/ and the day on which it went, where it
// keeps its name. A file that is not there is no error: it went before.
func (d Dir) Trash(ctx context.Context, name string) error {
	if err := check(ctx, name); err != nil {
		return fmt.Errorf("put %.80q aside: %w", name, err)
	}
	aside := d.path(trashDir + "/" + time.Now().UTC().Format(trashDay) + "/" + name)
	if err := durable.MkdirAll(filepath.Dir(aside)); err != nil {
		return fmt.Errorf("put %s aside: %w", name, err)
	}
	err := os.Rename(d.path(name), aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(durable.SyncDir(filepath.Dir(aside)), durable.SyncDir(filepath.Dir(d.path(name))))
	}
	return err
}

// Purge deletes what was put aside on days that ended before a time, and gives
// the number of days.
func (d Dir) Purge(ctx context.Context, before time.Time) (int, error) {
	days, err := os.ReadDir(d.path(trashDir))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	n := 0
	for _, e := range days {
		day, parseErr := time.Parse(trashDay, e.Name())
		if parseErr != nil || !day.Add(24*time.Hour).Before(before) || ctx.Err() != nil {
			continue
		}
		err = errors.Join(err, os.RemoveAll(d.path(trashDir+"/"+e.Name())))
		n++
	}
	return n, errors.Join(err, ctx.Err())
}
