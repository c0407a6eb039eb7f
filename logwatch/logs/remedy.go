package logs

import (
	"context"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// remedy is what the rule of a tally has to be done, by commands of this system;
// nil is by hand. A log says what anybody wants it to say: a unit is only taken
// where each line says that process 1 wrote it, which units of users' own managers
// do not, and where its name has the form of one.
func (r *run) remedy(ctx context.Context, ta *tally) *report.Remedy {
	if ta.rule == nil || ta.rule.Do == "" {
		return nil
	}
	guide := howto.Of(ctx, r.Host)
	var out report.Remedy
	switch unit := ta.holes["unit"]; {
	case ta.rule.Do == "repair packages":
		out.Do = howto.Commands(guide.Command(howto.RepairPackages))
	case ta.others || !isUnit(unit):
		return nil
	default:
		out.Do = howto.Commands(guide.Command(howto.Restart, unit))
		out.Verify = howto.Commands(guide.Command(howto.Status, unit))
	}
	if out.Do == nil {
		return nil
	}
	return &out
}

// isUnit reports whether a name is that of one unit of systemd that can be
// restarted: no pattern, which systemctl takes for many.
func isUnit(name string) bool {
	for _, kind := range []string{".service", ".socket", ".timer", ".mount"} {
		if stem, ok := strings.CutSuffix(name, kind); ok {
			return stem != "" && strings.Trim(stem, `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@\-`) == ""
		}
	}
	return false
}
