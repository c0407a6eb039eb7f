package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/atomicfile"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Folder keeps each report as files in one folder of the local disk, and the
// newest once more as latest.EXT. Each file is written whole or not at all.
type Folder struct {
	Dir     string   // is made, with mode 0700, where it is missing
	Formats []Format // one file each
	Keep    int      // reports kept, the newest; zero: 400
}

// A Format is one form of a report in a Folder.
type Format struct {
	Ext   string // without the dot: "html"
	Write func(w io.Writer, rep *report.Report) error
}

// Report writes the files of one report. It tries every format.
func (f Folder) Report(_ context.Context, rep *report.Report) error {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	var errs []error
	for _, format := range f.Formats {
		errs = append(errs, f.write(rep, format))
	}
	return errors.Join(append(errs, f.prune())...)
}

// Name is the path of a report's file in a format.
func (f Folder) Name(rep *report.Report, ext string) string {
	return filepath.Join(f.Dir, fmt.Sprintf("%s-%08d.%s", rep.Started.UTC().Format("2006-01-02"), rep.Seq, ext))
}

func (f Folder) write(rep *report.Report, format Format) error {
	var buf bytes.Buffer
	if err := format.Write(&buf, rep); err != nil {
		return fmt.Errorf("render %s: %w", format.Ext, err)
	}
	for _, name := range []string{f.Name(rep, format.Ext), filepath.Join(f.Dir, "latest."+format.Ext)} {
		if err := atomicfile.Write(name, buf.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// prune removes the files of the oldest reports beyond f.Keep.
func (f Folder) prune() error {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return err
	}
	names := map[string][]string{}
	for _, e := range entries {
		if stem, ok := reportStem(e.Name()); ok && e.Type().IsRegular() {
			names[stem] = append(names[stem], e.Name())
		}
	}
	stems := make([]string, 0, len(names))
	for stem := range names {
		stems = append(stems, stem)
	}
	// By number, which no wrong clock changes.
	slices.SortFunc(stems, func(a, b string) int { return strings.Compare(a[len("2006-01-02-"):], b[len("2006-01-02-"):]) })
	keep := f.Keep
	if keep == 0 {
		keep = 400
	}
	var errs []error
	for _, stem := range stems[:max(len(stems)-keep, 0)] {
		for _, name := range names[stem] {
			if err := os.Remove(filepath.Join(f.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// reportStem takes the names that Folder.Name makes.
func reportStem(name string) (string, bool) {
	stem, _, ok := strings.Cut(name, ".")
	const form = "0000-00-00-00000000"
	if !ok || len(stem) != len(form) {
		return "", false
	}
	for i, c := range []byte(stem) {
		if (form[i] == '-') != (c == '-') || form[i] == '0' && (c < '0' || c > '9') {
			return "", false
		}
	}
	return stem, true
}
