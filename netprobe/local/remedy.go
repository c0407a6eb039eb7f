package local

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// startAgain says how a service that ended is started; nothing where the rule's
// own remedy says all that is known.
func startAgain(t Target, guide howto.Guide) (string, *report.Remedy) {
	read, start := guide.Command(howto.ServiceLog, t.Unit), guide.Command(howto.Start, t.Unit)
	if read == nil || start == nil {
		return "", nil
	}
	return "Read why it ended, then start it. If it was taken out of use, sign this off.", withStatus(guide, t.Unit, start, read)
}

// removed reports whether a service of systemd is known to be installed no more: nothing
// of it is there to be started.
func (s Services) removed(ctx context.Context, unit string) bool {
	if !strings.HasSuffix(unit, ".service") || path.Base(unit) != unit {
		return false
	}
	names := append(sysview.UnitFiles(unit), "/usr/lib/systemd/system", "/lib/systemd/system") // of packages, which one of the two has
	asks := make([]host.Ask, len(names))
	for i, name := range names {
		asks[i] = host.Ask{Op: host.OpLstat, Name: name}
	}
	answers, err := s.Host.BatchAll(ctx, asks)
	if err != nil {
		return false
	}
	units, dirs := answers[:len(asks)-2], answers[len(asks)-2:]
	return slices.ContainsFunc(dirs, func(a host.Answer) bool { return a.Err == nil }) &&
		!slices.ContainsFunc(units, func(a host.Answer) bool { return !errors.Is(a.Err, fs.ErrNotExist) })
}

// fix says what to do about an outage that a restart may end; nothing about
// others, of which the rule says what to do.
func (o outage) fix(rule string, guide func() howto.Guide) (string, *report.Remedy) {
	if o[0].Listener == "" || rule != ruleUnreachable && rule != ruleProtocol {
		return "", nil
	}
	g := guide()
	return "See whether the program runs and listens; read the end of its log; then restart it.",
		withStatus(g, o[0].Unit, g.Command(howto.Restart, o[0].Unit), g.Command(howto.Listeners), g.Command(howto.ServiceLog, o[0].Unit))
}

// withStatus is the remedy whose success the state of the unit shows; nil for one
// without a command.
func withStatus(guide howto.Guide, unit string, do []string, look ...[]string) *report.Remedy {
	m := report.Look(look...)
	if do == nil {
		return m
	}
	if m == nil {
		m = &report.Remedy{}
	}
	m.Do, m.Verify = howto.Commands(do), howto.Commands(guide.Command(howto.Status, unit))
	return m
}
