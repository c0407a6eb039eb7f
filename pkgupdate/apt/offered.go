package apt

import (
	"context"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Contents says what dpkg's database has of the content of each package.
func (m *Manager) Contents(ctx context.Context) (map[string]host.Claim, error) {
	return m.database().Contents(ctx)
}

// Offered says which of the packages, named as deb:openssl, are in the version that is
// installed in an index whose signature apt verified. An index has the sum of an archive,
// and of nothing in it: what was built anew under a version that is offered is offered too.
func (m *Manager) Offered(ctx context.Context, packages []string) (map[string]bool, error) {
	all := m.Installed(ctx)
	asked := pkgupdate.Named(all.Value, packages)
	if len(asked) == 0 {
		return nil, all.Reason
	}
	x, err := m.index(ctx, nil, "")
	if err != nil {
		return nil, err
	}
	offered, err := m.policies(ctx, asked)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, p := range asked {
		o, err := offered.of(p)
		if err != nil {
			return nil, err
		}
		for _, place := range o.installed {
			out[p.ID()] = out[p.ID()] || x.verified(place)
		}
	}
	return out, all.Reason
}

// verified reports whether a place, "http://deb.debian.org/debian/dists/sid/main", is of
// a source whose index is signed, and not refused.
func (x *index) verified(place string) bool {
	for _, s := range x.sources {
		if s.Signature == pkgupdate.Signed && strings.HasPrefix(place+"/", s.ID+"/") {
			return true
		}
	}
	return false
}
