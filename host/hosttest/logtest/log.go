package logtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// Path is where the log of a Log stands.
const Path = "/var/log/app.log"

// A Log is a machine with one log file at Path.
type Log struct {
	*hosttest.Machine
	now time.Time
}

// New makes a machine whose log is empty.
func New() (*Log, error) {
	m, err := hosttest.Parse([]byte(`A machine with one log file.
-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/app.log mtime=2026-11-25T12:00:00Z --
-- /var/log/journal absent --
-- /run/log/journal absent --
`))
	return &Log{Machine: m, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}, err
}

// Write appends a line of the program app with this message.
func (l *Log) Write(message string) error { return l.Append(l.header() + message + "\n") }

func (l *Log) header() string { return l.now.Format("Jan _2 15:04:05") + " web app[7]: " }

// Append appends bytes as they are. An hour passes.
func (l *Log) Append(text string) error {
	l.now = l.now.Add(time.Hour)
	l.SetNow(l.now)
	return l.AppendFile(Path, []byte(text))
}

// Rotate renames the log and its older copies by one, and makes an empty one.
func (l *Log) Rotate() error {
	return errors.Join(l.shift(), l.Rename(Path, Path+".1"), l.WriteFile(Path, nil, 0o644))
}

// CopyTruncate copies the log, moves its older copies by one, and empties it.
func (l *Log) CopyTruncate() error {
	data, err := l.content(Path)
	return errors.Join(err, l.shift(), l.WriteFile(Path+".1", data, 0o644), l.WriteFile(Path, nil, 0o644))
}

// Compress packs the newest copy with gzip.
func (l *Log) Compress() error {
	data, err := l.content(Path + ".1")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, writeErr := w.Write(data)
	return errors.Join(err, writeErr, w.Close(), l.Remove(Path+".1"), l.WriteFile(Path+".1.gz", packed.Bytes(), 0o644))
}

// Forbid makes the log one that may not be read.
func (l *Log) Forbid() error { return l.Add("-- " + Path + " error=permission --\n") }

// shift moves the copies from the oldest on.
func (l *Log) shift() error {
	var errs []error
	for n := 9; n > 0; n-- {
		for _, pack := range []string{"", ".gz"} {
			from := Path + "." + strconv.Itoa(n) + pack
			if _, err := l.Lstat(context.Background(), from); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			errs = append(errs, l.Rename(from, Path+"."+strconv.Itoa(n+1)+pack))
		}
	}
	return errors.Join(errs...)
}

func (l *Log) content(name string) ([]byte, error) {
	f, err := l.Open(context.Background(), name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// A Reader reads the log at Path on a host from the position it kept last to
// the present end of the log. It returns the messages of the lines, and the
// position to keep.
type Reader func(ctx context.Context, h host.Host, kept []byte) (messages []string, keep []byte, err error)
