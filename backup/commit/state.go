package commit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// The local state is what the last commit has found: each entry, where its
// content is stored, and by what it is known again; then the snapshot. It is
// written before the snapshot is, under another name, and takes its own name
// when the snapshot is there. Whoever loses it stores everything once more.
const (
	stateMagic   = "upkeep-backup-state/1\n"
	stateName    = "state"
	pendingName  = "state.pending"
	maxRecord    = 4<<20 + backup.MaxList // four times a line of a listing, and a list
	stateTrailer = 64 << 20
)

// A record is an entry and what its file is known by on this system.
type record struct {
	backup.Entry
	known host.Known
	ctime int64
	dev   uint64
	ino   uint64
	parts []byte // the list of a divided content
}

// before is the record as the walker wants it.
func (r record) before() host.Entry {
	e := host.Entry{Path: r.Path, Stat: host.Stat{
		Mode: host.ModeRegular | r.Mode, Size: r.Size, Mtime: r.Mtime, Ctime: r.ctime, Dev: r.dev, Ino: r.ino, Known: r.known,
	}}
	if sum, ok := sumOf(r.Object); ok {
		e.Digests = []host.Digest{host.NewDigest("sha256", sum[:])}
	}
	return e
}

// old is what a commit builds on: nothing when it has no records.
type old struct {
	snap    backup.Snapshot
	root    []byte                   // what the snapshot holds, as it was written
	records iter.Seq2[record, error] // in the order of a commit: a directory behind what is in it
}

var nothing = old{records: func(func(record, error) bool) {}}

// loadState reads a state file through once, and gives fn each record.
func loadState(name string, fn func(record)) (old, error) {
	f, err := os.Open(name)
	if err != nil {
		return nothing, err
	}
	defer f.Close()
	r := newStateReader(f)
	for {
		rec, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nothing, fmt.Errorf("%s: %w", name, err)
		}
		fn(rec)
	}
	o := old{records: readState(name)}
	if err := r.trailer(&o); err != nil {
		return nothing, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

// readState gives the records of a file that was read through before.
func readState(name string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(record{}, err)
			return
		}
		defer f.Close()
		r := newStateReader(f)
		for {
			rec, err := r.next()
			if errors.Is(err, io.EOF) || !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

type stateReader struct {
	in  *bufio.Reader
	sum hash.Hash
	buf []byte
	err error
}

func newStateReader(f io.Reader) *stateReader {
	r := &stateReader{sum: sha256.New()}
	r.in = bufio.NewReaderSize(f, 256<<10)
	head := make([]byte, len(stateMagic))
	if _, err := io.ReadFull(r.in, head); err != nil || string(head) != stateMagic {
		r.err = errors.Join(durable.ErrDamaged, err)
	}
	return r
}

// next gives a record, and io.EOF behind the last.
func (r *stateReader) next() (record, error) {
	if r.err != nil {
		return record{}, r.err
	}
	data, err := r.chunk(maxRecord)
	if err == nil && len(data) == 0 {
		return record{}, io.EOF
	}
	var rec record
	if err == nil {
		rec, err = decodeRecord(data)
	}
	return rec, err
}

func (r *stateReader) chunk(limit uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(r.in)
	if err != nil || n > limit {
		return nil, fmt.Errorf("cut off or malformed: %w", durable.ErrDamaged)
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.in, r.buf); err != nil {
		return nil, fmt.Errorf("cut off: %w", durable.ErrDamaged)
	}
	r.sum.Write(r.buf)
	return r.buf, nil
}

// trailer is what a state file ends with.
type trailer struct {
	Snapshot backup.Snapshot
	Digest   string
	Root     []byte
}

func (r *stateReader) trailer(o *old) error {
	data, err := r.chunk(stateTrailer)
	var t trailer
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", durable.ErrDamaged, err)
	}
	sum := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r.in, sum); err != nil || !bytes.Equal(sum, r.sum.Sum(nil)) {
		return fmt.Errorf("the checksum does not fit: %w", durable.ErrDamaged)
	}
	o.snap, o.root = t.Snapshot, t.Root
	o.snap.Digest = t.Digest
	return nil
}

// A stateWriter writes records into a temporary file.
type stateWriter struct {
	f   *os.File
	out *bufio.Writer
	sum hash.Hash
	buf []byte
	err error
}

// newStateWriter begins a state file; without a folder it writes nowhere.
func newStateWriter(dir string) (*stateWriter, error) {
	w := &stateWriter{sum: sha256.New()}
	if dir == "" {
		return w, nil
	}
	f, err := os.CreateTemp(dir, ".state.tmp-")
	if err != nil {
		return nil, err
	}
	w.f, w.out = f, bufio.NewWriterSize(f, 256<<10)
	_, w.err = w.out.WriteString(stateMagic)
	return w, nil
}

func (w *stateWriter) add(r record) {
	if w.f != nil {
		w.buf = appendRecord(w.buf[:0], r)
		w.chunk(w.buf)
	}
}

func (w *stateWriter) chunk(data []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(binary.AppendUvarint(nil, uint64(len(data))))
	}
	if w.err == nil {
		w.sum.Write(data)
		_, w.err = w.out.Write(data)
	}
}

// finish makes the file durable under the name of what is pending.
func (w *stateWriter) finish(dir string, s backup.Snapshot, root []byte) error {
	if w.f == nil {
		return nil
	}
	data, err := json.Marshal(trailer{s, s.Digest, root})
	if err != nil {
		return err
	}
	w.chunk(nil)
	w.chunk(data)
	if w.err == nil {
		_, w.err = w.out.Write(w.sum.Sum(nil))
	}
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err == nil {
		w.err = w.f.Sync()
	}
	if w.err == nil {
		w.err = os.Rename(w.f.Name(), filepath.Join(dir, pendingName))
	}
	if w.err == nil {
		w.err = durable.SyncDir(dir)
	}
	return w.err
}

// discard removes what is not finished.
func (w *stateWriter) discard() {
	if w.f != nil {
		w.f.Close()
		if err := os.Remove(w.f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.err = errors.Join(w.err, err)
		}
	}
}

// promote gives what was pending its own name.
func promote(dir string) error {
	if dir == "" {
		return nil
	}
	err := os.Rename(filepath.Join(dir, pendingName), filepath.Join(dir, stateName))
	if err == nil {
		err = durable.SyncDir(dir)
	}
	return err
}
