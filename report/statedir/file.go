package statedir

import (
	"io"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// A File is a file of a program's own that must survive a crash, a full disk and a
// flipped bit: it is replaced whole, has a head with form, version and checksum, and
// may keep the copy before.
type File struct {
	Name     string // path
	Form     string // of what it holds, such as "logscan"
	Version  int
	Limit    int64  // bytes; more is neither written nor read
	Previous string // suffix of the name of the copy before; "": ".1"
}

func (f File) sealed() durable.Sealed {
	return durable.Sealed{
		File: durable.File{Name: f.Name, Previous: f.Previous}, Form: durable.Form{Name: f.Form, Version: f.Version, Limit: f.Limit},
	}
}

// Load gives the content to decode, of the copy before where the newest is damaged;
// unusable then says why. Where there is none, the error is fs.ErrNotExist.
func (f File) Load(decode func(body []byte) error) (unusable, err error) {
	return f.sealed().Load(decode)
}

// Save replaces the content.
func (f File) Save(body []byte) error { return f.sealed().Save(body) }

// Lock keeps other processes out until it is closed or the process ends. Where one
// is at work, the error wraps ErrLocked and names it.
func Lock(name string) (io.Closer, error) {
	l, err := durable.Acquire(name)
	if err != nil {
		return nil, err
	}
	return unlocker{l}, nil
}

type unlocker struct{ lock *durable.Lock }

// Close gives the lock back.
func (u unlocker) Close() error { return u.lock.Release() }

// MkdirAll makes a folder for one user alone, and those above it, and syncs them.
func MkdirAll(dir string) error { return durable.MkdirAll(dir) }

// Write replaces a small file whole.
func Write(name string, data []byte) error { return durable.Write(name, data) }

// Read reads a regular file of at most limit bytes, without following a link.
func Read(name string, limit int64) ([]byte, error) { return durable.Read(name, limit) }
