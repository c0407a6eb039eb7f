package apt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A place is where the lists of packages are; the zero one is the system's.
type place struct {
	dir     string
	fetched time.Time // when all was, into dir
}

func (p place) lists() string {
	if p.dir == "" {
		return listsDir
	}
	return p.dir + "/lists"
}

// options tell apt's programs where the lists are.
func (p place) options() []string {
	if p.dir == "" {
		return nil
	}
	return []string{"-o", "Dir::State::lists=" + p.lists(), "-o", "Dir::Cache=" + p.dir + "/cache"}
}

// at gives the command with the options behind the program's name.
func (p place) at(c host.Command) host.Command {
	if options := p.options(); len(options) > 0 && strings.HasPrefix(c.Args[0], "apt-") {
		c.Args = append(append([]string{c.Args[0]}, options...), c.Args[1:]...)
	}
	return c
}

// unhooked takes the programs away that a system's configuration starts at each refresh:
// they are about the system's lists.
const unhooked = "#clear APT::Update;\n"

// Refreshed fetches the lists of packages into a folder. It is a pkgupdate.Refresher.
func (m *Manager) Refreshed(ctx context.Context, dir string) (pkgupdate.Manager, error) {
	if _, err := pkgupdate.Private(ctx, m.Host, dir, "lists/partial", "cache/archives/partial"); err != nil {
		return nil, err
	}
	fresh := &Manager{Host: m.Host, MaxAge: m.MaxAge, place: place{dir: dir, fetched: m.Host.Time()}}
	c := host.Command{Args: []string{"apt-get", "-c", "/dev/stdin", "update", "-q", "--error-on=any"}, Stdin: strings.NewReader(unhooked)}
	if _, err := fresh.run(ctx, c); err != nil {
		return nil, fmt.Errorf("refresh into %s: %w", dir, err)
	}
	return fresh, nil
}
