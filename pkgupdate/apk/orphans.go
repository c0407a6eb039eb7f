package apk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Orphans asks apk to compare each installed package with the indexes: what none has
// is marked with a question mark, and what none has in a version so new with '>'.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	out, err := m.Host.Query(ctx, "apk", "--no-network", "version", "-v", "-l", "<=>?")
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	lines, err := pkgupdate.Lines(out)
	mark := map[string]string{}
	for _, line := range lines {
		if f := strings.Fields(line); len(f) >= 2 && len(f[1]) == 1 && strings.Contains("<=>?", f[1]) {
			mark[f[0]] = f[1]
		}
	}
	var list []pkgupdate.Package
	for _, p := range installed {
		switch mark[p.Name+"-"+p.Version.String()] {
		case "?", ">":
			list = append(list, p)
		case "":
			err = errors.Join(err, &pkgupdate.RecordError{Record: p.Name, Err: errors.New("apk version does not list it")})
		}
	}
	if err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packages were compared with the indexes", len(mark)), m.Host.Time())
}
