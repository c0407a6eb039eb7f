package pkgupdate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A Manager is a package manager of one system, which it only reads.
//
//  1. Info is the same at every call.
//  2. Present reports whether the manager's database is on this system. An
//     error says that this could not be found out.
//  3. Installed lists the packages whose files are there, sorted by name and
//     architecture; broken ones carry their Fault.
//  4. Pending lists upgrades, sorted likewise: held and kept back ones as well.
//  5. A failed command, a missing or old index or an ended context gives an
//     Unknown Answer, never an Empty one.
type Manager interface {
	Info() Info
	Present(ctx context.Context) (bool, error)
	Installed(ctx context.Context) Answer[[]Package]
	Pending(ctx context.Context) Answer[[]Upgrade]
}

// Info says what a Manager is.
type Info struct {
	ID       string // lower-case, such as "apt"
	Scheme   version.Scheme
	Commands Commands
}

// Commands are what a person types; nothing here runs them.
type Commands struct {
	Refresh     string // fetches the index
	Upgrade     string // installs what is pending
	UpgradeAll  string // and what needs the removal of something
	UpgradeSome string // installs updates of the packages whose names follow
	Unhold      string // permits changes of the packages whose names follow
	Repair      string // mends half-done work
}

// An Attestor says what a package database knows of paths. A path without an
// entry is unknown; an entry without Package is known to be owned by none.
type Attestor interface {
	Attest(ctx context.Context, paths []string) (map[string]host.Claim, error)
}

// An Auditor knows what an interrupted run of the manager left undone. While
// the manager is at work the Answer is Unknown with ErrBusy.
type Auditor interface {
	Audit(ctx context.Context) Answer[[]Fault]
}

// A Fault is work that the manager left half done.
type Fault struct {
	Pkg  Package // zero: the manager's database itself
	What string  // what is wrong, such as "half-configured"
}

// A Historian knows when packages were changed. It returns what happened at or
// after since, oldest first.
type Historian interface {
	History(ctx context.Context, since time.Time) ([]Event, error)
}

// An Event is one entry of a manager's own log.
type Event struct {
	At   time.Time
	Name string
	Arch string
	To   string // version; "" for a removal
}

var (
	// ErrInterrupted says that the manager's last run did not end; nothing can
	// be installed before it is repaired.
	ErrInterrupted = errors.New("the package manager was interrupted")
	// ErrBusy says that a package manager seems to be at work right now.
	ErrBusy = errors.New("a package manager is at work")
	// ErrUnclassified says that the list of upgrades is complete otherwise, but
	// which of them are security fixes is not known.
	ErrUnclassified = errors.New("which pending updates are security fixes is not known")
	// ErrBroken says that the installed packages lack what they depend on.
	ErrBroken = errors.New("unmet dependencies of installed packages")
)

// A LockedError says that another process holds the manager's lock.
type LockedError struct {
	Path   string
	Holder string // program name; "" when not known
	PID    int    // zero when not known
}

// Error names the lock and, where known, its holder.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "package manager is locked: " + e.Path
	}
	return fmt.Sprintf("package manager is locked: %s is held by process %d (%s)", e.Path, e.PID, e.Holder)
}

// ErrNeverFetched is matched by a StaleError of an index that is not there.
var ErrNeverFetched = errors.New("never fetched")

// A StaleError says that the package index is too old to know what is pending,
// or was never fetched.
type StaleError struct {
	Index   string        // which index; "" is all
	Age     time.Duration // since the last sign of a refresh; zero: never fetched
	Refresh string        // the command that fetches it
	Note    string        // more that a person needs to know; may be empty
}

// Error says how old the index is and what to do.
func (e *StaleError) Error() string {
	name := "package index"
	if e.Index != "" {
		name += " of " + e.Index
	}
	text := name + " has never been fetched"
	if e.Age > 0 {
		text = fmt.Sprintf("%s was last refreshed %s ago", name, ageText(e.Age))
	}
	text += ": run " + e.Refresh
	if e.Note != "" {
		text += " (" + e.Note + ")"
	}
	return text
}

// Is reports whether target is ErrNeverFetched and this index was never fetched.
func (e *StaleError) Is(target error) bool { return target == ErrNeverFetched && e.Age == 0 }

func ageText(d time.Duration) string {
	if hours := int(d.Hours()); hours < 72 {
		return fmt.Sprintf("%d hours", hours)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
