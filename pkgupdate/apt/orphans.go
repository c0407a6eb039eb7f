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
	offered, err := m.policies(ctx, installed)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	var list []pkgupdate.Package
	var errs []error
	for _, p := range installed {
		o, err := offered.of(p)
		switch {
		case err != nil:
			errs = append(errs, err)
		case o.newest.IsZero() || version.Compare(o.newest, p.Version) == version.Older:
			list = append(list, p)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return pkgupdate.Unproven(list, pkgupdate.Limited(errs)[0])
	}
	return pkgupdate.Proven(list, fmt.Sprintf("apt-cache policy tells of %d packages", len(offered)), m.Host.Time())
}

// Strays asks apt-cache which of the sources have the installed version of each package: a
// stray is one that those of branches in development alone have.
func (m *Manager) Strays(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	branches := pkgupdate.Branched(sources)
	if len(branches) == 0 {
		return pkgupdate.Proven[pkgupdate.Stray](nil, "no source is of a branch in development", m.Host.Time())
	}
	offered, err := m.policies(ctx, installed)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Stray](nil, err)
	}
	var list []pkgupdate.Stray
	var errs []error
	for _, p := range installed {
		o, err := offered.of(p)
		errs = append(errs, err)
		branch := ""
		for _, place := range o.installed {
			if branch = branchOf(place, branches); branch == "" {
				break
			}
		}
		if branch != "" {
			list = append(list, pkgupdate.Stray{Pkg: p, Branch: branch})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("apt-cache policy tells of %d packages", len(offered)), m.Host.Time())
}

// branchOf gives the branch of a place, "http://deb.debian.org/debian/dists/sid/main".
func branchOf(place string, branches map[string]string) string {
	for id, branch := range branches {
		if strings.HasPrefix(place+"/", id+"/") {
			return branch
		}
	}
	return ""
}

// policies asks apt-cache about all of the packages.
func (m *Manager) policies(ctx context.Context, installed []pkgupdate.Package) (policies, error) {
	args := []string{"apt-cache", "policy"}
	for _, p := range installed {
		args = append(args, p.Name+":"+p.Arch)
	}
	if len(installed) == 0 {
		return nil, errors.New("no package is installed")
	}
	out, err := m.policy(ctx, args)
	if err != nil {
		return nil, err
	}
	return parsePolicy(out), nil
}

// policies are what the sources have, by the name of a package as apt-cache gives it.
type policies map[string]offered

// An offered package is what the sources have of one.
type offered struct {
	newest    version.Version // zero where none has any
	candidate version.Version // that apt prefers; zero: none
	installed []string        // the places that have the installed version
}

func (all policies) of(p pkgupdate.Package) (offered, error) {
	o, known := all[p.Name+":"+p.Arch]
	if !known {
		o, known = all[p.Name]
	}
	if !known {
		return o, &pkgupdate.RecordError{Record: p.Label(), Err: errors.New("apt-cache policy does not tell of it")}
	}
	return o, nil
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

// parsePolicy reads what the sources have of each package. It is headed by its name; below
// a version stand its places, of which dpkg's own database is no source:
//
//	bash:
//	  Installed: 5.2.15-2+b8
//	  Version table:
//	 *** 5.2.15-2+b8 500
//	        500 http://deb.debian.org/debian bookworm/main amd64 Packages
//	        100 /var/lib/dpkg/status
func parsePolicy(out []byte) policies {
	all := policies{}
	name := ""
	var of version.Version
	here := false // it is the installed version
	for raw := range bytes.Lines(out) {
		line := strings.TrimSuffix(string(raw), "\n")
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case line[0] != ' ' && strings.HasSuffix(line, ":"):
			name, of, here = strings.TrimSuffix(line, ":"), version.Version{}, false
			all[name] = offered{}
		case strings.HasPrefix(line, "        "):
			if o := all[name]; len(f) > 2 && !of.IsZero() {
				if version.Compare(of, o.newest) != version.Older {
					o.newest = of
				}
				if here {
					o.installed = append(o.installed, pkgupdate.PublicURL(f[1])+"/dists/"+f[2])
				}
				all[name] = o
			}
		case strings.HasPrefix(line, "  Candidate: "):
			o := all[name]
			o.candidate, _ = version.Parse(version.Deb, f[1]) // zero: "(none)"
			all[name] = o
		case strings.HasPrefix(line, " *** ") || strings.HasPrefix(line, "     "):
			of, _ = version.Parse(version.Deb, strings.Fields(line[5:])[0]) // zero: no version
			here = strings.HasPrefix(line, " *** ")
		}
	}
	return all
}
