package apk

import (
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Offered says which of the packages, named as apk:openssl, a repository has just as they
// are installed. apk tells packages by the sum of what they are, not by their versions
// alone, and takes no index whose signature it cannot verify.
func (m *Manager) Offered(ctx context.Context, packages []string) (map[string]bool, error) {
	installed := m.Installed(ctx)
	command, ids := []string{"apk", "--no-network", "policy"}, map[string]string{}
	for _, p := range pkgupdate.Named(installed.Value, packages) {
		command, ids[p.Name] = append(command, p.Name), p.ID()
	}
	if len(ids) == 0 {
		return nil, installed.Reason
	}
	out, err := m.Host.Query(ctx, command...)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("apk policy: %w", err)
	}
	offered, id, here := map[string]bool{}, "", false
	for _, line := range lines {
		name, isName := strings.CutSuffix(line, " policy:")
		switch {
		case isName:
			id, here = ids[name], false
		case strings.HasPrefix(line, "    ") && strings.HasSuffix(line, "lib/apk/db/installed"):
			here = true
			offered[id] = false
		case strings.HasPrefix(line, "    "): // a repository, perhaps of a tag; or apk's own cache
			offered[id] = offered[id] || here && strings.Contains(line, "/")
		default: // the next version
			here = false
		}
	}
	for name, id := range ids {
		if _, told := offered[id]; !told {
			return offered, fmt.Errorf("apk policy does not say where %s is from: %w", name, pkgupdate.ErrIncomplete)
		}
	}
	return offered, installed.Reason
}
