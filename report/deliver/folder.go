package deliver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Folder keeps each report as files in one folder of the local disk, and the
// newest once more as latest.EXT. Each file is written whole or not at all.
type Folder struct {
	Dir     string         // is made, with mode 0700, where it is missing
	Formats []Format       // one file each
	Keep    int            // reports kept, the newest; zero: 400
	Plain   int            // of these, the newest that are not compressed; zero: 30
	Zone    *time.Location // of the day in names; nil: UTC
	Bytes   int64          // that all kept reports may have, but for the newest; zero: 256 MiB
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
	return errors.Join(append(errs, f.tidy())...)
}

// Name is the path of a report's file in a format.
func (f Folder) Name(rep *report.Report, ext string) string {
	return filepath.Join(f.Dir, fmt.Sprintf("%s-%08d.%s", rep.Started.In(cmp.Or(f.Zone, time.UTC)).Format(time.DateOnly), rep.Seq, ext))
}

func (f Folder) write(rep *report.Report, format Format) error {
	var buf bytes.Buffer
	if err := format.Write(&buf, rep); err != nil {
		return fmt.Errorf("render %s: %w", format.Ext, err)
	}
	for _, name := range []string{f.Name(rep, format.Ext), filepath.Join(f.Dir, "latest."+format.Ext)} {
		if err := durable.Write(name, buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
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
