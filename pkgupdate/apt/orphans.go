package apt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// Orphans asks apt-cache which versions of each package the sources have: an orphan is
// one of which none has the installed version or a newer one.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	args := []string{"apt-cache", "policy"}
	for _, p := range installed {
		args = append(args, p.Name+":"+p.Arch)
	}
	if len(installed) == 0 {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, errors.New("no package is installed"))
	}
	out, err := m.policy(ctx, args)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	offered := parsePolicy(out)
	var list []pkgupdate.Package
	var errs []error
	for _, p := range installed {
		best, known := offered[p.Name+":"+p.Arch]
		if !known {
			best, known = offered[p.Name]
		}
		switch {
		case !known:
			errs = append(errs, &pkgupdate.RecordError{Record: p.Label(), Err: errors.New("apt-cache policy does not tell of it")})
		case best.IsZero() || version.Compare(best, p.Version) == version.Older:
			list = append(list, p)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return pkgupdate.Unproven(list, pkgupdate.Limited(errs)[0])
	}
	return pkgupdate.Proven(list, fmt.Sprintf("apt-cache policy tells of %d packages", len(offered)), m.Host.Time())
}

// policy asks apt-cache, which takes longer than all else, or remembers what it said.
func (m *Manager) policy(ctx context.Context, args []string) ([]byte, error) {
	m, keep := m.recall(ctx)
	out, err := m.run(ctx, host.Command{Args: args, Limit: maxPolicy})
	if err == nil {
		keep()
	}
	return out, err
}

const maxPolicy = 64 << 20

// parsePolicy gives the newest version that a source has of each package; zero where
// none has any. A package is headed by its name; below a version stand its places, of
// which dpkg's own database is no source:
//
//	bash:
//	  Installed: 5.2.15-2+b8
//	  Version table:
//	 *** 5.2.15-2+b8 500
//	        500 http://deb.debian.org/debian bookworm/main amd64 Packages
//	        100 /var/lib/dpkg/status
func parsePolicy(out []byte) map[string]version.Version {
	offered := map[string]version.Version{}
	name := ""
	var of version.Version
	for raw := range bytes.Lines(out) {
		line := strings.TrimSuffix(string(raw), "\n")
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case line[0] != ' ' && strings.HasSuffix(line, ":"):
			name, of = strings.TrimSuffix(line, ":"), version.Version{}
			offered[name] = version.Version{}
		case strings.HasPrefix(line, "        "):
			if len(f) > 2 && !of.IsZero() && version.Compare(of, offered[name]) != version.Older {
				offered[name] = of
			}
		case strings.HasPrefix(line, " *** ") || strings.HasPrefix(line, "     "):
			of, _ = version.Parse(version.Deb, strings.Fields(line[5:])[0]) // zero: no version
		}
	}
	return offered
}
