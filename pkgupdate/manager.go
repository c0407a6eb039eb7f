package pkgupdate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A Manager is a package manager of one system, which it only reads. What else
// it can do it says by the optional interfaces of this package.
//
//  1. Info is the same at every call.
//  2. Installed lists the packages whose files are there, sorted by name and
//     architecture; broken ones carry their Fault. Where the manager's database
//     is not on this system, the Reason is ErrAbsent.
//  3. Pending lists what could be changed, held and kept back things as well,
//     and every configured source. An Upgrade that is not New is of an
//     installed package and its version.
//  4. A failed command, a missing or old index or an ended context gives an
//     Unknown Answer, never an Empty one. One odd record or source does not
//     hide the others.
//  5. Packages and patches have the Type of Info, versions its Scheme. A patch has a
//     Remedy of its own: the commands of Info take packages.
type Manager interface {
	Info() Info
	Installed(ctx context.Context) Answer[[]Package]
	Pending(ctx context.Context) Answer[Pending]
}

// Info says what a Manager is.
type Info struct {
	ID       string // lower-case, such as "apt"
	Type     string // of its packages, as in package URLs: "deb"
	Scheme   version.Scheme
	Commands Commands
}

// Commands are what a person types; nothing here runs them. Each is a program
// and its arguments. What a manager does not have is nil.
type Commands struct {
	Refresh     [][]string // fetches the index, and fails if any part does
	Upgrade     [][]string // installs what is pending
	UpgradeAll  [][]string // and what needs the removal of something
	UpgradeSome []string   // installs updates of the packages whose labels follow
	Unhold      []string   // permits changes of the packages whose labels follow
	Repair      [][]string // mends half-done work
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

// A Historian knows from the manager's log what was done to packages. It returns
// what began at or after since, oldest first; beside an error what it could read.
type Historian interface {
	History(ctx context.Context, since time.Time) ([]Transaction, error)
}

// A Supporter knows which of the installed packages no configured source offers, in
// their version or a newer one: nobody mends them here. Where a source was never
// fetched the Answer is Unknown.
type Supporter interface {
	Orphans(ctx context.Context, installed []Package) Answer[[]Package]
}

// A Restarter knows what still runs old code after an upgrade.
type Restarter interface {
	Restarts(ctx context.Context) Answer[[]Restart]
}

// A Restart is what has to be started again so that a fix is in effect.
type Restart struct {
	Reboot  bool   // the whole system
	Service string // else the service
	PID     int    // else the process
	Reason  string
}

var (
	// ErrAbsent says that the manager's database is not on this system.
	ErrAbsent = errors.New("the package manager is not on this system")
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
