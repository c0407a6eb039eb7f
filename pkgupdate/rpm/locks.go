package rpm

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// lockFiles are where a person forbids changes: versionlock's lists of dnf 4, yum and
// dnf 5, and zypper's. Each form is read by its own expression.
var lockFiles = map[string]*regexp.Regexp{
	"/etc/dnf/plugins/versionlock.list":      lockedEVR,
	"/etc/yum/pluginconf.d/versionlock.list": lockedEVR,
	"/etc/dnf/versionlock.toml":              regexp.MustCompile(`(?m)^\s*name\s*=\s*"([^"]+)"`),
	"/etc/zypp/locks":                        regexp.MustCompile(`(?m)^solvable_name:\s*(\S+)`),
}

// lockedEVR takes "foo-0:1.0-1.*", and "!foo-0:1.0-1.*" for a version that is not
// wanted.
var lockedEVR = regexp.MustCompile(`(?m)^!?([^#\s]+)-\d+:[^-\s]+-[^-\s]+$`)

const maxLocks = 1 << 20

// locks gives the patterns of names that a person locked.
func (m *Manager) locks(ctx context.Context) ([]string, error) {
	var list []string
	var errs []error
	for name, form := range lockFiles {
		text, err := m.Host.ReadFile(ctx, name, maxLocks)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, f := range form.FindAllStringSubmatch(string(text), -1) {
			list = append(list, f[1])
		}
	}
	slices.Sort(list)
	return list, errors.Join(errs...)
}

// hold marks the updates of locked packages, and adds those that the front end leaves
// out, of which more is the whole list.
func hold(into *pkgupdate.Pending, more []pkgupdate.Upgrade, locks []string, otherwise pkgupdate.Block) {
	for _, u := range more {
		if !slices.ContainsFunc(into.Upgrades, func(o pkgupdate.Upgrade) bool { return o.Pkg.Name == u.Pkg.Name && o.Pkg.Arch == u.Pkg.Arch }) {
			u.Blocked = otherwise
			into.Upgrades = append(into.Upgrades, u)
		}
	}
	for i := range into.Upgrades {
		u := &into.Upgrades[i]
		locked := slices.ContainsFunc(locks, func(pattern string) bool {
			ok, err := path.Match(pattern, u.Pkg.Name)
			return ok && err == nil
		})
		if locked && !u.New {
			u.Blocked = pkgupdate.Held
		}
		u.Pkg.Held = u.Blocked == pkgupdate.Held
	}
}
