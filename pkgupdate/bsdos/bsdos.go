// Package bsdos stands for the software of BSD/OS, of which nobody knows.
//
//	m := &bsdos.Manager{Host: host.Local()}
//	m.Installed(ctx) // Unknown, with the reason
//
// Its installsw(8) copies files from a medium, and the patches of its maker are scripts
// that replace some; what either leaves behind is documented nowhere that can be read
// today, so no list is made up from it. Nothing is published for it since 2004:
// pkgupdate/lifecycle says so, and the files themselves are watched by integrity.
package bsdos

import (
	"context"
	"errors"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// Scheme is that of its versions, which have no order that is known.
var Scheme = version.New("bsdos", nil, func(a, b string) version.Order {
	if a == b {
		return version.Equal
	}
	return version.Incomparable
})

var (
	// ErrNoRecord says that the system has no list of installed software that is documented.
	ErrNoRecord = errors.New("BSD/OS keeps no record of installed software that is documented: what is installed is not known")
	// ErrUnpublished says that no fix will come.
	ErrUnpublished = errors.New("nothing is published for BSD/OS any more: what it lacks is not known; replace the system, or keep others away from it")
)

// A Manager is a pkgupdate.Manager of one host.
type Manager struct{ Host host.Host }

// Info has no commands.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{ID: "bsdos", Type: "bsdos", Scheme: Scheme}
}

// Installed is Unknown, and on another system absent.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	reason := ErrNoRecord
	switch kernel, err := facts.Uname(ctx, m.Host); {
	case err != nil:
		reason = errors.Join(ErrNoRecord, fmt.Errorf("which system it is cannot be told: %w", err))
	case kernel.System != "BSD/OS":
		reason = pkgupdate.ErrAbsent
	}
	return pkgupdate.Unproven[[]pkgupdate.Package](nil, reason)
}

// Pending is Unknown.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	return pkgupdate.Pending{}.Unproven(errors.Join(ErrUnpublished, ctx.Err()))
}
