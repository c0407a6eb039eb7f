package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// FileStore is a Store in one file: a head line, then a line of hash and JSON
// for each record. Beside it is a lock, which is held while a record is written
// and no longer. A last line that was not written to its end was never
// acknowledged, and is written over.
type FileStore struct {
	Name string // the folder must exist and be writable by nobody else

	write func(f *os.File, data []byte) error // of tests
}

const (
	fileHead  = "upkeep-review/v1\n"
	fileLimit = 256 << 20
	lockWait  = 10 * time.Second
)

// Acts reads and verifies the log.
func (s FileStore) Acts(ctx context.Context) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	records, _, err := s.read()
	return records, err
}

// Append verifies the log and adds one record at its end.
func (s FileStore) Append(ctx context.Context, act Act) (Record, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return Record{}, err
	}
	defer unlock()
	records, end, err := s.read()
	if err != nil {
		return Record{}, err
	}
	var last Record
	if len(records) > 0 {
		last = records[len(records)-1]
	}
	rec, data, err := Chain(last, act)
	if err != nil {
		return Record{}, err
	}
	line := append([]byte(rec.Hash+" "), data...)
	line = append(line, '\n')
	if end+int64(len(line)) > fileLimit {
		return Record{}, fmt.Errorf("%s would have more than the %d bytes that are ever read again", s.Name, fileLimit)
	}
	if err := s.add(end, line); err != nil {
		return Record{}, fmt.Errorf("the act was not stored: %w", err)
	}
	return rec, nil
}

// read gives the records, and where the last whole line ends.
func (s FileStore) read() ([]Record, int64, error) {
	data, err := durable.Read(s.Name, fileLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	body, ok := bytes.CutPrefix(data, []byte(fileHead))
	if !ok {
		if bytes.HasPrefix([]byte(fileHead), data) {
			return nil, 0, nil // the first write did not come to its end
		}
		return nil, 0, fmt.Errorf("%s is %w: it does not begin as a log of acts", s.Name, ErrDamaged)
	}
	var records []Record
	var last Record
	end := int64(len(fileHead))
	for line := range bytes.Lines(body) {
		if line[len(line)-1] != '\n' {
			break
		}
		hash, data, _ := bytes.Cut(line[:len(line)-1], []byte(" "))
		if last, err = Verify(last, data, string(hash)); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", s.Name, err)
		}
		records, end = append(records, last), end+int64(len(line))
	}
	return records, end, nil
}

// add writes a line at end, where a line that was broken off may stand.
func (s FileStore) add(end int64, line []byte) error {
	f, err := os.OpenFile(s.Name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is synced
	if end == 0 {
		line = append([]byte(fileHead), line...)
	}
	err = f.Truncate(end)
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err == nil {
		err = s.writeAll(f, line)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	return durable.SyncDir(filepath.Dir(s.Name))
}

func (s FileStore) writeAll(f *os.File, data []byte) error {
	if s.write != nil {
		return s.write(f, data)
	}
	_, err := f.Write(data)
	return err
}

// lock waits for other writers, who each need a moment.
func (s FileStore) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lock, err := durable.Acquire(s.Name + ".lock")
		if err == nil {
			return func() { lock.Release() }, nil //nolint:errcheck // closing is what releases
		}
		if !errors.Is(err, durable.ErrLocked) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-again.C:
		}
	}
}
