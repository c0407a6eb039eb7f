package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// ErrLocked says that another process works in the folder.
var ErrLocked = durable.ErrLocked

// Options say whose state it is, and where.
type Options struct {
	Root string // the folder of all machines' folders: see Default
	Host string // the machine's name

	// Machine is what the machine is known by whatever its name: the machine-id of
	// Linux, the host id of a BSD, a key. "": not known, and the name serves. Where
	// machines were cloned with their identity, give something that tells them apart.
	Machine string

	// Reading takes no lock and makes nothing: for who reads what is stored, and
	// writes only files that have locks of their own, while a run may be under way.
	// Where there is no folder of the machine, the error is fs.ErrNotExist.
	Reading bool
}

// A Dir is the state folder of one machine, locked until Close or the end of
// the process.
type Dir struct {
	path    string
	name    string
	machine string
	lock    *durable.Lock
	store   memory.Store
	key     []byte
	notices []string
	after   []func() error // what takes effect once the notices are stored
}

// Default is where state is kept when nobody says it: /var/lib/upkeep for
// root, else the user's state folder: stateHome (XDG_STATE_HOME) if it is an
// absolute path, or home/.local/state.
func Default(uid int, stateHome, home string) (string, error) {
	switch {
	case uid == 0:
		return "/var/lib/upkeep", nil
	case filepath.IsAbs(stateHome):
		return filepath.Join(stateHome, "upkeep"), nil
	case filepath.IsAbs(home):
		return filepath.Join(home, ".local", "state", "upkeep"), nil
	}
	return "", errors.New("no place for the state: neither a state folder nor a home is known")
}

// Open finds or makes the folder of a machine, checks that it is private, and
// takes its lock. The error wraps ErrLocked while another process has it; see
// Unwritable for one with which a program may go on.
func Open(o Options) (*Dir, error) {
	root, err := filepath.Abs(o.Root)
	if err != nil || o.Root == "" {
		return nil, errors.Join(errors.New("no folder for the state was given"), err)
	}
	if !o.Reading {
		err = makeRoot(root)
	}
	if err != nil {
		return nil, err
	}
	if err := trusted(root, 0); err != nil {
		return nil, err
	}
	d := &Dir{name: o.Host, machine: identity(o.Machine)}
	if err := d.find(root); err != nil {
		return nil, err
	}
	take := d.take
	if o.Reading {
		take = func() error {
			if err := private(d.path); err != nil {
				return err
			}
			d.borrowKey()
			return nil
		}
	}
	if err := take(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.store = &store{FileStore: memory.FileStore{Dir: d.path}, dir: d}
	return d, nil
}

// makeRoot makes nothing where others could lead it elsewhere.
func makeRoot(root string) error {
	ground := root
	for there := false; !there; {
		var err error
		if there, err = exists(ground); err != nil {
			return err
		}
		if !there {
			ground = filepath.Dir(ground)
		}
	}
	if err := trusted(ground, 0); err != nil {
		return err
	}
	return durable.MkdirAll(root)
}

// take makes the folder this process's own.
func (d *Dir) take() (err error) {
	if err := durable.MkdirAll(d.path); err != nil {
		return err
	}
	if err := private(d.path); err != nil {
		return err
	}
	if d.lock, err = durable.Acquire(d.Path("lock")); err != nil {
		return err
	}
	if err := d.register(); err != nil {
		return err
	}
	return d.readKey()
}

// Path is that of a name in the folder.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Store is the folder's store. Its Load adds what a person should know of the
// folder to the notices.
func (d *Dir) Store() memory.Store { return d.store }

// RedactKey is the key of the marks that stand for secrets: the same at every
// run, so that a mark stands for the same secret.
func (d *Dir) RedactKey() []byte { return d.key }

// Notices say what a person should know of the folder. The store's Load hands
// them on; who uses another store adds them.
func (d *Dir) Notices() []string { return d.notices }

// Close gives the lock back.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Release()
}

// Unwritable reports whether an error of Open says that nothing can be written
// there. That is no reason not to look: Without gives a Dir to go on with.
func Unwritable(err error) bool {
	for _, e := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Without is the Dir of o in which nothing is stored: its store answers with why,
// so that the report says it, and its key is good for this run alone. Its paths
// are where things would be.
func Without(o Options, why error) *Dir {
	return &Dir{path: filepath.Join(o.Root, FolderName(o.Host)), key: newKey(), store: none{fmt.Errorf("nothing is remembered: %w", why)}}
}
