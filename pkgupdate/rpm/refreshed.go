package rpm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A place is where the data of repositories are; the zero one is the system's.
type place struct {
	caches  []string // folders, one a repository in each
	options []string // by which the front end looks there
	fetched time.Time
}

// dnf gives the folders in which dnf 4 and 5 keep one a repository.
func (p place) dnf() []string {
	if p.caches != nil {
		return p.caches
	}
	return []string{"/var/cache/dnf", "/var/cache/libdnf5"}
}

func (p place) zypp() string {
	if p.caches != nil {
		return p.caches[0]
	}
	return "/var/cache/zypp"
}

// at gives a command of the front end with its options behind the program's name.
func (p place) at(args []string) []string {
	return slices.Concat(args[:1:1], p.options, args[1:])
}

func (m *Manager) query(ctx context.Context, args ...string) ([]byte, error) {
	return m.Host.Query(ctx, m.place.at(args)...)
}

// Refreshed fetches the repositories' data into a folder, with dnf or zypper. It is a
// pkgupdate.Refresher; urpmi fetches for the system alone.
func (m *Manager) Refreshed(ctx context.Context, dir string) (pkgupdate.Manager, error) {
	if _, err := pkgupdate.Private(ctx, m.Host, dir); err != nil {
		return nil, err
	}
	fresh := *m
	for _, fetch := range []func(*Manager, context.Context, string) error{(*Manager).dnfFetch, (*Manager).zypperFetch} {
		fresh.place = place{fetched: m.Host.Time()}
		switch err := fetch(&fresh, ctx, dir); {
		case errors.Is(err, exec.ErrNotFound):
		case err != nil:
			return nil, fmt.Errorf("refresh into %s: %w", dir, err)
		default:
			return &fresh, nil
		}
	}
	return nil, fmt.Errorf("refresh into %s: neither dnf nor zypper is here: %w", dir, errors.ErrUnsupported)
}

// dnfFetch fails where a repository does, also where that may be missing.
func (m *Manager) dnfFetch(ctx context.Context, dir string) error {
	cache := dir + "/dnf"
	m.place.caches, m.place.options = []string{cache}, []string{"--setopt=cachedir=" + cache}
	if _, err := m.Host.Lstat(ctx, dnf5); err == nil { // root's has a name of its own
		m.place.options = append(m.place.options, "--setopt=system_cachedir="+cache)
	}
	_, err := m.query(ctx, "dnf", "-q", "--setopt=logdir="+dir, "--setopt=persistdir="+dir+"/state", "--setopt=*.skip_if_unavailable=0", "makecache", "--refresh")
	return err
}

// shown is what zypper needs of the system to refresh in a root of its own, which alone
// it does for an ordinary user: the trusted keys, and what addresses are made of.
var shown = []string{"/var/lib/rpm", "/usr/lib/sysimage/rpm", "/etc/products.d", "/etc/zypp/vars.d", "/etc/zypp/credentials.d"}

func (m *Manager) zypperFetch(ctx context.Context, dir string) error {
	root := dir + "/zypp"
	cache := root + "/var/cache/zypp"
	for _, name := range shown {
		if _, err := m.Host.Query(ctx, "mkdir", "-p", root+path.Dir(name)); err != nil {
			return err
		}
		if _, err := m.Host.Query(ctx, "ln", "-s", "-f", "-n", name, root+name); err != nil {
			return err
		}
	}
	m.place.caches, m.place.options = []string{cache}, []string{"--cache-dir", cache}
	out, err := m.Host.Run(ctx, host.Command{Args: m.place.at([]string{"zypper", "--non-interactive", "--root", root, "--reposd-dir", "/etc/zypp/repos.d", "refresh"})})
	if err == nil {
		err = out.Err()
	}
	return err
}
