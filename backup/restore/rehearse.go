package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
)

// A Rehearsal is what came of restoring a snapshot into an empty place.
type Rehearsal struct {
	Entries     int          // that were restored
	Left        []Restored   // of which something could not be given back
	Differences []Difference // between what was restored and the snapshot
}

// OnlyRoots reports whether all that differs is what only root can give back, and this
// is another user: an owner, and with it the mode that would give the rights of one
// owner to another.
func OnlyRoots(fields []string) bool {
	others := slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains([]string{"owner", "group", "mode"}, f) })
	return os.Geteuid() != 0 && !others && (slices.Contains(fields, "owner") || slices.Contains(fields, "group"))
}

// Faults say what is wrong with what was restored; nil where all is as it was, but for
// what this user cannot give back, and what was never stored, which the snapshot says.
func (r Rehearsal) Faults() (out []string) {
	for _, one := range r.Left {
		switch {
		case errors.Is(one.Err, errors.ErrUnsupported), one.Err == nil && OnlyRoots(one.Left):
		case one.Err != nil:
			out = append(out, one.Err.Error())
		default:
			out = append(out, fmt.Sprintf("%q without %s", one.Entry.Path, strings.Join(one.Left, ", ")))
		}
	}
	for _, d := range r.Differences {
		if !OnlyRoots(d.Fields) {
			out = append(out, fmt.Sprintf("%q: %s", d.Path, strings.Join(d.Fields, ", ")))
		}
	}
	return out
}

// rehearsal begins the names of the places that are made in a folder of rehearsals.
const rehearsal = "rehearsal-"

// Rehearse restores a whole snapshot into a new directory in dir, which others
// cannot enter, reads all of it again, compares it with the snapshot, and removes
// it: meanwhile all that was backed up lies there in clear. What a killed rehearsal has left there is removed first, so that dir is for
// one at a time. It is made where it is missing, and needs the room of the files. want
// chooses what is rehearsed; nil: all.
func Rehearse(ctx context.Context, r backup.Repo, snap backup.Snapshot, dir string, want func(backup.Entry) bool) (out Rehearsal, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return out, err
	}
	left, err := os.ReadDir(dir)
	for _, e := range left {
		if strings.HasPrefix(e.Name(), rehearsal) {
			err = errors.Join(err, remove(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		return out, fmt.Errorf("remove an earlier rehearsal: %w", err)
	}
	place, err := os.MkdirTemp(dir, rehearsal)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, remove(place)) }()
	into, err := os.OpenRoot(place)
	if err != nil {
		return out, err
	}
	defer into.Close() //nolint:errcheck // it is only a place
	done, err := Into(ctx, r, snap, into, Options{Want: want})
	if err != nil {
		return out, err
	}
	for _, one := range done {
		if one.Err != nil || len(one.Left) > 0 {
			out.Left = append(out.Left, one)
		}
		if one.Err == nil {
			out.Entries++
		}
	}
	out.Differences, err = Compare(ctx, r, snap, host.Root(place), Comparison{Want: want})
	return out, err
}

// remove removes a place with files that nobody could change.
func remove(place string) error {
	err := os.RemoveAll(place)
	if err == nil {
		return nil
	}
	walked := filepath.WalkDir(place, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() && !d.Type().IsRegular() {
			return err
		}
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return clearFlags(fd)
	})
	if again := os.RemoveAll(place); again != nil {
		return errors.Join(again, walked)
	}
	return nil
}
