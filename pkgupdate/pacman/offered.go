package pacman

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const maxDesc = 1 << 20

// Offered says of which of the packages, named as alpm:openssl, pacman verified the
// signature when it installed them: that is what it holds against its keys, while the
// lists of the repositories are signed rarely.
func (m *Manager) Offered(ctx context.Context, packages []string) (map[string]bool, error) {
	installed := m.Installed(ctx)
	offered := map[string]bool{}
	name := func(p pkgupdate.Package) string { return local + "/" + p.Name + "-" + p.Version.String() + "/desc" }
	errs := pkgupdate.Lists(ctx, m.Host, pkgupdate.Named(installed.Value, packages), name, maxDesc, func(p pkgupdate.Package, text []byte) error {
		_, rest, found := strings.Cut(string(text), "%VALIDATION%\n")
		if !found {
			return fmt.Errorf("how it was verified: %w", errors.ErrUnsupported)
		}
		how, _, _ := strings.Cut(rest, "\n\n")
		offered[p.ID()] = slices.Contains(strings.Fields(how), "pgp")
		return nil
	})
	return offered, errors.Join(append(pkgupdate.Limited(errs), installed.Reason)...)
}
