package deliver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report"
)

// A File has the newest report in one form. Who reads it finds the report before
// or this one, whole.
type File struct {
	Name  string
	Mode  fs.FileMode // zero: 0600
	Write func(w io.Writer, rep *report.Report) error
}

// Report replaces the file.
func (f File) Report(_ context.Context, rep *report.Report) error {
	var text bytes.Buffer
	if err := f.Write(&text, rep); err != nil {
		return fmt.Errorf("render %s: %w", f.Name, err)
	}
	file := durable.File{Name: f.Name, Mode: f.Mode}
	if err := file.Sweep(); err != nil {
		return err
	}
	return file.Write(text.Bytes())
}
