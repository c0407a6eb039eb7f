package deliver

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// kept is one report of a folder.
type kept struct {
	stem  string
	files []string
	bytes int64
}

// tidy removes the oldest reports beyond the bounds of number and bytes,
// compresses those that are no longer new, and removes what killed writers left.
func (f Folder) tidy() error {
	list, err := f.list()
	if err != nil {
		return err
	}
	var errs []error
	left := cmp.Or(f.Bytes, 256<<20)
	for i, rep := range list {
		left -= rep.bytes
		switch {
		case i >= cmp.Or(f.Keep, 400), i > 0 && left < 0:
			for _, name := range rep.files {
				errs = append(errs, remove(filepath.Join(f.Dir, name)))
			}
		case i >= cmp.Or(f.Plain, 30):
			for _, name := range rep.files {
				errs = append(errs, compress(filepath.Join(f.Dir, name)))
			}
		}
	}
	return errors.Join(errs...)
}

// list gives the reports of the folder, the newest first by number, which no
// wrong clock changes.
func (f Folder) list() ([]*kept, error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, err
	}
	byStem := map[string]*kept{}
	var out []*kept
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if isLeft(e.Name(), info) {
			errs = append(errs, remove(filepath.Join(f.Dir, e.Name())))
			continue
		}
		stem, ok := reportStem(e.Name())
		if !ok {
			continue
		}
		if byStem[stem] == nil {
			byStem[stem] = &kept{stem: stem}
			out = append(out, byStem[stem])
		}
		byStem[stem].files = append(byStem[stem].files, e.Name())
		byStem[stem].bytes += info.Size()
	}
	const date = len("2006-01-02-")
	slices.SortFunc(out, func(a, b *kept) int { return strings.Compare(b.stem[date:], a.stem[date:]) })
	return out, errors.Join(errs...)
}

// isLeft reports whether a file is a temporary one of a writer that was killed:
// one that lives is done within the hour.
func isLeft(name string, info fs.FileInfo) bool {
	base, _, temporary := strings.Cut(strings.TrimPrefix(name, "."), ".tmp-")
	_, ours := reportStem(base)
	return temporary && name[0] == '.' && (ours || strings.HasPrefix(base, "latest.")) && time.Since(info.ModTime()) > time.Hour
}

// compress puts NAME.gz in place of a file.
func compress(name string) error {
	if strings.HasSuffix(name, ".gz") {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := durable.Write(name+".gz", small.Bytes()); err != nil {
		return err
	}
	return remove(name)
}

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
