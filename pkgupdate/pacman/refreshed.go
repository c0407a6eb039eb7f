package pacman

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A place is where the lists of the repositories are; the zero one is the system's.
type place struct {
	dir     string
	fetched time.Time // when all were, into dir
}

func (p place) sync() string {
	if p.dir == "" {
		return sync
	}
	return p.dir + "/sync"
}

// command asks pacman for what is in the place.
func (p place) command(args ...string) host.Command {
	if p.dir == "" {
		return host.Command{Args: append([]string{"pacman"}, args...)}
	}
	return host.Command{Args: append([]string{"pacman", "--dbpath", p.dir}, args...)}
}

// pretended are the programs by one of which an ordinary user is root to pacman, which
// refreshes for nobody else, as checkupdates(8) does.
var pretended = [][]string{{"fakeroot", "--"}, {"unshare", "--map-root-user", "--"}}

// Refreshed fetches the lists into a folder, beside a link to the list of what is
// installed. It is a pkgupdate.Refresher.
func (m *Manager) Refreshed(ctx context.Context, dir string) (pkgupdate.Manager, error) {
	uid, err := pkgupdate.Private(ctx, m.Host, dir)
	if err != nil {
		return nil, err
	}
	if _, err := m.Host.Query(ctx, "ln", "-s", "-f", "-n", local, dir+"/local"); err != nil {
		return nil, err
	}
	c, err := m.configuration(ctx)
	if err != nil {
		return nil, err
	}
	fresh := &Manager{Host: m.Host, MaxAge: m.MaxAge, place: place{dir: dir, fetched: m.Host.Time()}}
	fetch := fresh.place.command("-Sy", "--noconfirm", "--logfile", "/dev/null")
	if c.sandboxed { // its other user may not write here
		fetch.Args = append(fetch.Args, "--disable-sandbox")
	}
	if err := m.asRoot(ctx, uid, fetch.Args); err != nil {
		return nil, fmt.Errorf("refresh into %s: %w", dir, err)
	}
	return fresh, nil
}

func (m *Manager) asRoot(ctx context.Context, uid uint32, args []string) error {
	if uid == 0 {
		_, err := m.Host.Query(ctx, args...)
		return err
	}
	for _, by := range pretended {
		_, err := m.Host.Query(ctx, append(by[:len(by):len(by)], args...)...)
		if !errors.Is(err, exec.ErrNotFound) {
			return err
		}
	}
	return errors.New("neither fakeroot nor unshare is here, and pacman refreshes for root alone")
}
