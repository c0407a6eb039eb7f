package foreign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Place is a directory with backups of one kind.
type Place struct {
	Path   string        // absolute
	Source string        // a path of what is backed up, if it is on this system; "": not known
	Every  time.Duration // how often a backup is made; zero: learned

	// Files opens, for each look, what Path lies in where that is not the Host, such
	// as a bucket, and In names that in reports: "s3:https://s3.example/backups".
	Files func() host.FS
	In    string
}

// name is what a place is known by.
func (p Place) name() string {
	if p.In != "" {
		return p.In + strings.TrimSuffix(p.Path, "/")
	}
	return p.Path
}

// attr is the attribute that says where something lies.
func (p Place) attr(name string) report.Attr {
	if p.In != "" {
		return report.Attr{Key: report.Repository, Value: name}
	}
	return report.Attr{Key: report.Path, Value: name}
}

// of names a file of the place.
func (p Place) of(file string) string { return p.In + path.Join(p.Path, file) }

// A Kind is a program that makes backups.
type Kind string

// The kinds.
const (
	Restic    Kind = "restic"
	Borg      Kind = "borg"
	Kopia     Kind = "kopia"
	Rsnapshot Kind = "rsnapshot"
	RdiffBack Kind = "rdiff-backup"
	Duplicity Kind = "duplicity"
	Archives  Kind = "archives" // tar, compressed files and dumps of databases
)

// formats are the kinds in the order in which they are looked for.
var formats = []struct {
	kind Kind
	is   func(names []string) bool
	read func(*look)
}{
	{Restic, has("config", "data", "snapshots", "keys"), readRestic},
	{Borg, func(n []string) bool { return has("config", "data")(n) || has("config", "packs")(n) }, readBorg},
	{Kopia, func(n []string) bool { return has("kopia.repository")(n) || has("kopia.repository.f")(n) }, readKopia},
	{RdiffBack, has("rdiff-backup-data"), readRdiff},
	{Rsnapshot, func(n []string) bool { return slices.ContainsFunc(n, isLevel) }, readRsnapshot},
	{Duplicity, func(n []string) bool {
		return slices.ContainsFunc(n, func(s string) bool { _, ok := parseVolume(s); return ok })
	}, readDuplicity},
	{Archives, func(n []string) bool { return slices.ContainsFunc(n, isArchive) }, readArchives},
}

func has(all ...string) func([]string) bool {
	return func(names []string) bool {
		return !slices.ContainsFunc(all, func(want string) bool { return !slices.Contains(names, want) })
	}
}

// kindOf says what is in a directory; false where nothing is known of it.
func kindOf(list []host.Stat) (Kind, bool) {
	var names []string
	for _, st := range list {
		if st.IsDir() || st.IsRegular() {
			names = append(names, st.Name)
		}
	}
	for _, f := range formats {
		if f.is(names) {
			return f.kind, true
		}
	}
	return "", false
}

// usual are the directories in which backups use to be.
var usual = []string{
	"/backup", "/backups", "/srv/backup", "/srv/backups", "/var/backup", "/var/backups", "/mnt/backup", "/mnt/backups", "/home/backup",
	"/home/backups", "/var/lib/automysqlbackup", "/var/lib/autopostgresqlbackup", "/var/lib/backup", "/opt/backup", "/opt/backups",
	"/var/cache/rsnapshot", "/.snapshots", "/root/backup", "/root/backups",
}

// systems are directories of usual whose own files are no backups of a customer:
// the system writes them when its packages change.
var systems = []string{"/var/backups"}

const (
	nested    = 2   // how deep below a usual directory a place may lie
	mostFound = 100 // places
)

// Find gives the places that are where backups use to be: in the usual
// directories, and where rsnapshot's configuration says. What cannot be listed is
// in the error; the others stand.
func Find(ctx context.Context, h host.Host) ([]Place, error) {
	var out []Place
	var errs []error
	conf, err := h.ReadFile(ctx, "/etc/rsnapshot.conf", 1<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	roots := slices.Clone(usual)
	if root := snapshotRoot(conf); root != "" {
		roots = append(roots, root)
	}
	slices.Sort(roots)
	errs = append(errs, find(ctx, h, slices.Compact(roots), nested, &out)...)
	slices.SortFunc(out, func(a, b Place) int { return tree.Compare(a.Path, b.Path) })
	out = slices.CompactFunc(out, func(a, b Place) bool { return a.Path == b.Path })
	if len(out) > mostFound {
		errs = append(errs, fmt.Errorf("there are %d backups in the usual places, and %d are looked at", len(out), mostFound))
		out = out[:mostFound]
	}
	return out, some(errs)
}

// some joins errors, and counts those that are too many to be read.
func some(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	const few = 2
	if n := len(errs) - few; n > 0 {
		errs = append(errs[:few], fmt.Errorf("and %d more", n))
	}
	return errors.Join(errs...)
}

// find looks into directories, and into what lies below them, a level at a time.
func find(ctx context.Context, h host.Host, dirs []string, depth int, out *[]Place) (errs []error) {
	asks := make([]host.Ask, len(dirs))
	for i, dir := range dirs {
		asks[i] = host.Ask{Op: host.OpList, Name: dir}
	}
	var below []string
	err := h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if a.Err != nil {
			if !errors.Is(a.Err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("look for backups: %w", a.Err))
			}
			return nil
		}
		kind, ok := kindOf(a.List)
		if ok && !slices.Contains(systems, dirs[i]) {
			*out = append(*out, Place{Path: dirs[i]})
			if kind != Archives {
				return nil // what is below is its own
			}
		}
		for _, st := range a.List {
			if st.IsDir() {
				below = append(below, path.Join(dirs[i], st.Name))
			}
		}
		return nil
	})
	if err != nil {
		return append(errs, fmt.Errorf("look for backups: %w", err))
	}
	if depth > 0 && len(below) > 0 {
		errs = append(errs, find(ctx, h, below, depth-1, out)...)
	}
	return errs
}

// snapshotRoot reads where rsnapshot keeps its levels.
func snapshotRoot(conf []byte) string {
	for line := range strings.Lines(string(conf)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "snapshot_root" && path.IsAbs(f[1]) {
			return path.Clean(f[1])
		}
	}
	return ""
}
