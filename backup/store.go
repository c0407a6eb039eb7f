package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"
)

// A Store keeps files that are written once.
//
//  1. Create makes a file of the size bytes that body has: it is there with all
//     of them, as durably as Durability says, when Create returns nil; after any
//     error or crash it is whole or not there.
//  2. Create of a name that exists changes nothing. It succeeds when the bytes
//     are the same, else the error wraps ErrExists.
//  3. Open gives a file by ranges. Of a name that does not exist the error wraps
//     fs.ErrNotExist, of what is no regular file ErrDamaged.
//  4. List gives the files whose names begin with prefix, sorted by name, each
//     with its size and the time at which the store got it, by the store's clock:
//     complete, or an error, which is the last. A store where nothing was created
//     is empty.
//  5. A name is one to six parts of a-z, 0-9 and '-', joined by slashes;
//     others are an error that wraps fs.ErrInvalid.
//  6. A cancelled context ends each call with the context's error.
type Store interface {
	Create(ctx context.Context, name string, body io.ReaderAt, size int64) error
	Open(ctx context.Context, name string) (Blob, error)
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// Held is a body for Create that is in memory: a Store need not copy it.
type Held []byte

// ReadAt is io.ReaderAt.
func (h Held) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(h).ReadAt(p, off) }

// A Blob is one stored file, open for reading.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Info describes one stored file.
type Info struct {
	Name string
	Size int64     // bytes
	Time time.Time // by the store's clock; zero: unknown
}

// Durability is what a nil error of Create stands for. The zero value is not known.
type Durability uint8

// The levels: what survives when the store loses its power.
const (
	Unstated   Durability = iota
	FileOnly              // the bytes, but perhaps not the name
	FileAndDir            // both
)

// String says the level in words.
func (d Durability) String() string {
	return [...]string{"not known", "file, not its name", "file and name"}[min(d, FileAndDir)]
}

// A Leveler is a Store that states how durable it is.
type Leveler interface{ Durability() Durability }

// DurabilityOf gives what a Store states; of one that is no Leveler it is Unstated.
func DurabilityOf(s Store) Durability {
	if l, ok := s.(Leveler); ok {
		return l.Durability()
	}
	return Unstated
}

// A Locker is a Store that can keep other writers out. Lock also clears what a
// killed writer has left.
type Locker interface {
	Lock() (release func() error, err error)
}

var (
	// ErrExists says that the name is taken by other bytes.
	ErrExists = errors.New("exists with other content")
	// ErrTooLarge says that a file is larger than it may be.
	ErrTooLarge = errors.New("too large")
	// ErrDamaged says that what is stored is not what was written.
	ErrDamaged = errors.New("the store is damaged")
	// ErrNoSnapshot says that the store has no such snapshot.
	ErrNoSnapshot = errors.New("no such snapshot")
	// ErrOther says that a snapshot is not the one that was reported.
	ErrOther = errors.New("another snapshot than was reported")
	// ErrGap says that a server lacks the snapshots before the one that it was given.
	ErrGap = errors.New("the server does not know of the snapshots before")
	// ErrNoIdentity says that there is no key with which the store can be read.
	ErrNoIdentity = errors.New("no identity to decrypt with")
)

// Read gives a whole file of at most limit bytes; of a longer one the error
// wraps ErrTooLarge.
func Read(ctx context.Context, s Store, name string, limit int64) ([]byte, error) {
	b, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.Size() > limit {
		return nil, fmt.Errorf("read %s: %d bytes: %w", name, b.Size(), ErrTooLarge)
	}
	data := make([]byte, b.Size())
	n, err := b.ReadAt(data, 0)
	if n == len(data) {
		return data, nil
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("it ends after %d bytes: %w", n, ErrDamaged)
	}
	return nil, fmt.Errorf("read %s: %w", name, err)
}

// IsDamage reports whether err says that something stored is lost or spoiled,
// and not merely out of reach.
func IsDamage(err error) bool {
	for _, target := range []error{ErrDamaged, ErrNoSnapshot, ErrTooLarge, fs.ErrNotExist} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// ValidName reports whether name keeps the grammar of names of a Store.
func ValidName(name string) bool {
	parts, length := 1, 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '/':
			if length == 0 {
				return false
			}
			parts, length = parts+1, 0
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
			length++
		default:
			return false
		}
	}
	return length > 0 && parts <= 6 && len(name) <= 255
}
