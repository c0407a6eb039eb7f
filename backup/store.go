package backup

import (
	"context"
	"errors"
	"io/fs"
)

// A Store keeps files that are written once.
//
//  1. Create makes a file whole: it is there with all its bytes, durably, when
//     Create returns nil; after any error or crash it is whole or not there.
//  2. Create of a name that exists changes nothing. It succeeds when the bytes
//     are the same, else the error wraps ErrExists.
//  3. Read gives all bytes; of a name that does not exist the error wraps
//     fs.ErrNotExist, of one that is longer than limit ErrTooLarge.
//  4. List gives the files whose names begin with prefix, sorted by name:
//     complete, or an error. A store where nothing was created is empty.
//  5. A name is one to six parts of a-z, 0-9 and '-', joined by slashes;
//     others are an error that wraps fs.ErrInvalid.
//  6. A cancelled context ends each call with the context's error.
type Store interface {
	Create(ctx context.Context, name string, data []byte) error
	Read(ctx context.Context, name string, limit int64) ([]byte, error)
	List(ctx context.Context, prefix string) ([]Info, error)
}

// Info describes one stored file.
type Info struct {
	Name string
	Size int64 // bytes
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
)

// isDamage reports whether err says that something stored is lost or spoiled,
// and not merely out of reach.
func isDamage(err error) bool {
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
