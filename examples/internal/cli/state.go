package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// OpenState opens the state folder of a machine below root, or below where state
// is kept when root is empty. A folder in which nothing can be written is no
// reason not to look: the report then says that it was not stored.
func OpenState(root, name, machine string) (*statedir.Dir, error) {
	root, err := stateRoot(root)
	if err != nil {
		return nil, err
	}
	options := statedir.Options{Root: root, Host: name, Machine: machine}
	dir, err := statedir.Open(options)
	switch {
	case errors.Is(err, statedir.ErrLocked):
		return nil, Advise(err, "wait until it has ended, or give another state directory with -state")
	case statedir.Unwritable(err):
		why := fmt.Errorf("%w; another place can be given with -state DIRECTORY", err)
		dir = statedir.Without(options, why)
	case err != nil:
		return nil, Advise(fmt.Errorf("the state directory %s cannot be used: %w", root, err), "mend that, or give another with -state DIRECTORY")
	}
	return dir, nil
}

// ReadState opens the state folder of a machine for who only reads it, also
// while a run is under way.
func ReadState(root, name, machine string) (*statedir.Dir, error) {
	root, err := stateRoot(root)
	if err != nil {
		return nil, err
	}
	dir, err := statedir.Open(statedir.Options{Root: root, Host: name, Machine: machine, Reading: true})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no report of %s in %s yet; look once first", name, root)
	case err != nil:
		return nil, Advise(fmt.Errorf("the state directory %s cannot be used: %w", root, err), "give the one of the reports with -state DIRECTORY")
	}
	return dir, nil
}

func stateRoot(root string) (string, error) {
	if root != "" {
		return root, nil
	}
	home, _ := os.UserHomeDir() //nolint:errcheck // without one, Default says what is missing
	root, err := statedir.Default(os.Geteuid(), os.Getenv("XDG_STATE_HOME"), home)
	return root, Advise(err, "give one with -state DIRECTORY")
}

// Machine asks this system what it is known by whatever its name is; "" is not
// known. An image and a recording are known by where they are: they may have the
// identity of a system that runs. A system that is reached over a network is known
// by how it is reached, and has proved by its key: what it says of itself could be
// another's, whose state it would get.
func (t *Target) Machine(ctx context.Context) string {
	switch {
	case t.Name != "":
		return ""
	case t.Far:
		return "ssh " + t.at
	}
	if id, err := t.Host.ReadFile(ctx, "/etc/machine-id", 256); err == nil {
		return known(id)
	}
	for _, variable := range []string{"kern.hostuuid", "hw.uuid", "machdep.dmi.system-uuid"} {
		if id, err := t.Host.Query(ctx, "sysctl", "-n", variable); err == nil && known(id) != "" {
			return known(id)
		}
	}
	return ""
}

// known gives an identity, unless it is one that many machines have.
func known(id []byte) string {
	text := strings.TrimSpace(string(id))
	if len(text) < 16 || strings.Trim(text, "0fF-") == "" || text == "uninitialized" {
		return ""
	}
	return text
}
