package exchange

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// A Record is one observation as a store keeps it.
type Record struct {
	Key      verdict.Key
	Seq      uint64
	Signed   Signed
	Received time.Time // by the clock of who stored it first; zero: it came late
}

// Later reports whether r counts and not the other record of its key. Two of one
// number are an anomaly, in which every reader must come to the same.
func (r Record) Later(than Record) bool {
	return cmp.Or(cmp.Compare(r.Seq, than.Seq), bytes.Compare(r.Signed.Body, than.Signed.Body)) > 0
}

// A Store keeps the last record of each key. Put takes what is later than what is
// there, says what that was, and leaves the rest; it returns once the store is as
// safe as it gets. netprobetest.TestStore is its contract.
type Store interface {
	Put(ctx context.Context, records ...Record) (taken []Record, err error)
	All(ctx context.Context) ([]Record, error)
}

// A Leaser is a Store that gives a task to one vantage at a time. The token grows
// with each new holder, so that what a former one does late can be refused.
type Leaser interface {
	Lease(ctx context.Context, task, holder string, length time.Duration) (token uint64, err error)
}

// ErrLeased says that another vantage holds the task.
var ErrLeased = errors.New("another vantage holds this task")

// ErrNoLease says that this store cannot give a task to one vantage alone.
var ErrNoLease = errors.New("this store gives no lease: a task that only one vantage may do is not done")

// Lease asks a store for a task; ErrNoLease where it is no Leaser.
func Lease(ctx context.Context, s Store, task, holder string, length time.Duration) (token uint64, err error) {
	l, ok := s.(Leaser)
	if !ok {
		return 0, ErrNoLease
	}
	return l.Lease(ctx, task, holder, length)
}

// storeForm is the form of a FileStore's file.
var storeForm = durable.Form{Name: "upkeep-observations", Version: 1, Limit: 256 << 20}

// A FileStore keeps the records in one file of this machine. What is lost with a
// power cut is observed again; Flush makes it safe now.
type FileStore struct {
	Name  string
	Every time.Duration // the file is written no oftener; zero: with each Put

	mu      sync.Mutex
	records map[verdict.Key]Record
	written time.Time
	dirty   bool
}

// Put keeps what is later.
func (s *FileStore) Put(_ context.Context, records ...Record) (taken []Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return nil, err
	}
	for _, r := range records {
		if old, ok := s.records[r.Key]; !ok || r.Later(old) {
			s.records[r.Key] = r
			s.dirty = true
			taken = append(taken, r)
		}
	}
	if !s.dirty || time.Since(s.written) < s.Every {
		return taken, nil
	}
	return taken, s.write()
}

// All gives every record, in no order.
func (s *FileStore) All(context.Context) ([]Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return nil, err
	}
	out := make([]Record, 0, len(s.records))
	for _, r := range s.records {
		out = append(out, r)
	}
	return out, nil
}

// Flush writes what is not yet in the file.
func (s *FileStore) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return nil
	}
	return s.write()
}

func (s *FileStore) sealed() durable.Sealed {
	return durable.Sealed{File: durable.File{Name: s.Name}, Form: storeForm}
}

// load reads the file once. One that is damaged beyond its previous copy is
// moved aside by the next write: what it had is observed again.
func (s *FileStore) load() error {
	if s.records != nil {
		return nil
	}
	var list []Record
	_, err := s.sealed().Load(func(body []byte) error { return json.Unmarshal(body, &list) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, durable.ErrDamaged) {
		return fmt.Errorf("observations: %w", err)
	}
	s.records = map[verdict.Key]Record{}
	for _, r := range list {
		s.records[r.Key] = r
	}
	return nil
}

func (s *FileStore) write() error {
	list := make([]Record, 0, len(s.records))
	for _, r := range s.records {
		list = append(list, r)
	}
	body, err := json.Marshal(list)
	if err == nil {
		err = s.sealed().Save(body)
	}
	if err != nil {
		return fmt.Errorf("observations: %w", err)
	}
	s.written, s.dirty = time.Now(), false
	return nil
}

// sequenceForm is the form of a Sequence's file.
var sequenceForm = durable.Form{Name: "upkeep-sequence", Version: 1, Limit: 1024}

// A Sequence gives numbers that grow, and never the same twice, whenever the
// process is ended: it notes that it has given some before it gives them.
type Sequence struct {
	Name string

	mu          sync.Mutex
	next, limit uint64
}

// sequenceStep is how many numbers are noted at once.
const sequenceStep = 1000

// Next gives the next number.
func (s *Sequence) Next() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= s.limit {
		if err := s.reserve(); err != nil {
			return 0, fmt.Errorf("sequence of observations: %w", err)
		}
	}
	s.next++
	return s.next, nil
}

func (s *Sequence) reserve() error {
	file := durable.Sealed{File: durable.File{Name: s.Name}, Form: sequenceForm}
	if s.limit == 0 {
		_, err := file.Load(func(body []byte) error { return json.Unmarshal(body, &s.next) })
		if errors.Is(err, durable.ErrDamaged) {
			s.next = uint64(time.Now().UnixMicro()) // greater than any that can have been given
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	body, err := json.Marshal(s.next + sequenceStep)
	if err == nil {
		err = file.Save(body)
	}
	if err != nil {
		return err
	}
	s.limit = s.next + sequenceStep
	return nil
}
