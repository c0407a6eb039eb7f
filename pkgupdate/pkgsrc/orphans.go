package pkgsrc

import (
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// Orphans are the packages that pkgin's repositories do not have in their version or a
// newer one.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	out, err := m.Host.Query(ctx, "pkgin", "-p", "avail")
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	lines, err := pkgupdate.Lines(out)
	offered := map[string]version.Version{}
	for _, line := range lines {
		full, _, ok := strings.Cut(line, ";")
		p, nameErr := m.parseName(full)
		if !ok || nameErr != nil {
			continue
		}
		if best, known := offered[p.Name]; !known || version.Compare(p.Version, best) == version.Newer {
			offered[p.Name] = p.Version
		}
	}
	if err == nil && len(offered) == 0 {
		err = fmt.Errorf("pkgin avail: %w", pkgupdate.ErrIncomplete)
	}
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	var list []pkgupdate.Package
	for _, p := range installed {
		if best, ok := offered[p.Name]; !ok || version.Compare(best, p.Version) == version.Older {
			list = append(list, p)
		}
	}
	return pkgupdate.Proven(list, fmt.Sprintf("pkgin lists %d packages", len(offered)), m.Host.Time())
}
