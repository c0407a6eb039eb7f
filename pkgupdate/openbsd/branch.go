package openbsd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

var (
	release = regexp.MustCompile(`^OpenBSD (\d+)\.(\d)`)
	origin  = regexp.MustCompile(`(?m)^@url \S*/snapshots/`)
	signer  = regexp.MustCompile(`(?m)^@signer openbsd-(\d+)-pkg$`)
)

// headList holds the annotations of a packing list, which stand before its files.
const headList = 64 << 10

// Strays are the packages that pkg_add says to have from a snapshot, or that are signed
// with the key of a release that is not out for this system. On a snapshot there is none:
// it is what the system is.
func (m *Manager) Strays(ctx context.Context, installed []pkgupdate.Package, _ []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	_, class, err := m.release(ctx)
	if errors.Is(err, pkgupdate.ErrUnclassified) {
		return pkgupdate.Proven[pkgupdate.Stray](nil, "the system is a snapshot", m.Host.Time())
	}
	out, sysErr := m.Host.Query(ctx, "sysctl", "-n", "kern.version")
	if err = errors.Join(err, sysErr); err != nil || class != pkgupdate.Security {
		return pkgupdate.Unproven[[]pkgupdate.Stray](nil, err)
	}
	is, known := releaseOf(release.FindStringSubmatch(string(out)))
	asks := make([]host.Ask, 0, len(installed))
	for _, p := range installed {
		asks = append(asks, host.Ask{Op: host.OpRead, Name: database + "/" + p.Name + "-" + p.Version.String() + "/+CONTENTS", Limit: headList})
	}
	var list []pkgupdate.Stray
	var errs []error
	err = m.Host.Batch(ctx, asks, func(i int, a host.Answer) error {
		if a.Err != nil && !errors.Is(a.Err, host.ErrTruncated) {
			errs = append(errs, &pkgupdate.RecordError{Record: installed[i].Name, Err: a.Err})
			return nil
		}
		by, signed := releaseOf(append(signer.FindStringSubmatch(string(a.Data)), ""))
		if origin.Match(a.Data) || known && signed && by > is {
			list = append(list, pkgupdate.Stray{Pkg: installed[i], Branch: "snapshots"})
		}
		return nil
	})
	if err := errors.Join(append(pkgupdate.Limited(errs), err)...); err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packing lists say where the packages are from", len(installed)), m.Host.Time())
}

// releaseOf reads "7", "9" and "79": 79.
func releaseOf(match []string) (int, bool) {
	if len(match) < 3 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.Join(match[1:3], ""))
	return n, err == nil
}
