package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"

	"github.com/pugetsoundtech/upkeep/report"
)

// lines is a file that gets each report as one line.
type lines struct{ name string }

// recent is how much of a file is looked through for a report that was written
// just before the process was ended.
const recent = 4 << 20

// Report writes a line, unless it is already there.
func (l lines) Report(_ context.Context, rep *report.Report) error {
	line, err := report.EncodeLine(*rep)
	if err != nil {
		return err
	}
	mark, err := json.Marshal(rep.ID)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // Sync has said
	st, err := f.Stat()
	if err != nil {
		return err
	}
	tail, err := io.ReadAll(io.NewSectionReader(f, max(0, st.Size()-recent), recent))
	if err != nil || written(tail, mark) {
		return err
	}
	if len(tail) > 0 && tail[len(tail)-1] != '\n' {
		line = append([]byte("\n"), line...) // the end of one that was cut off
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}

// written reports whether a whole line of this id is there.
func written(tail, mark []byte) bool {
	head := append([]byte(`{"schema":"`+report.Schema+`","id":`), mark...)
	for line := range bytes.Lines(tail) {
		if bytes.HasPrefix(line, head) && line[len(line)-1] == '\n' {
			return true
		}
	}
	return false
}
