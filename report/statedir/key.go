package statedir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

const keyBytes = 32

func (d *Dir) keyFile() durable.Sealed {
	return durable.Sealed{
		File: durable.File{Name: d.Path("redact.key")},
		Form: durable.Form{Name: "upkeep-key", Version: 1, Limit: 4 << 10},
	}
}

// loadKey reads the key, or the copy of it; unusable says why not the first.
func (d *Dir) loadKey() (unusable, err error) {
	return d.keyFile().Load(func(body []byte) error {
		if len(body) != keyBytes {
			return fmt.Errorf("it has %d bytes", len(body))
		}
		d.key = append([]byte(nil), body...)
		return nil
	})
}

// borrowKey reads the key, and writes nothing. Where there is none that can be used,
// a mark is good for this process alone: one that could be guessed is worse.
func (d *Dir) borrowKey() {
	if _, err := d.loadKey(); err != nil {
		d.key = newKey()
	}
}

// readKey reads the key, and makes one the first time. One that is damaged is
// said, moved aside, and replaced when a report that says it is stored.
func (d *Dir) readKey() error {
	unusable, err := d.loadKey()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.key = newKey()
		return d.writeKey()
	case errors.Is(err, durable.ErrDamaged):
		d.key = newKey()
		d.notices = append(d.notices, fmt.Sprintf(
			"the key of the marks that stand for secrets cannot be used, and a new one is made: the marks differ from those of earlier reports, so that what has one is told as changed (%v)", err))
		d.after = append(d.after, d.replaceKey)
	case err != nil:
		return err
	case unusable != nil:
		d.notices = append(d.notices, fmt.Sprintf("the key of the marks that stand for secrets was read from its copy: %v", unusable))
		d.after = append(d.after, d.writeKey)
	}
	return nil
}

// writeKey writes the key twice, so that it has a copy from the first day.
func (d *Dir) writeKey() error {
	return errors.Join(d.keyFile().Save(d.key), d.keyFile().Save(d.key))
}

// replaceKey moves the copy before aside too: it is damaged as well.
func (d *Dir) replaceKey() error {
	old := d.keyFile().Name() + ".1"
	if err := os.Rename(old, old+".damaged"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.writeKey()
}

func newKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key) //nolint:errcheck // never fails
	return key
}
