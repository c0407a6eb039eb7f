package local

import (
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// startAgain says how a service that ended is started; nothing where the rule's
// own remedy says all that is known.
func startAgain(t Target, guide howto.Guide) (string, *report.Remedy) {
	read, start := guide.Command(howto.ServiceLog, t.Unit), guide.Command(howto.Start, t.Unit)
	if read == nil || start == nil {
		return "", nil
	}
	return "Read why it ended: " + prose.Quote(read...) + "; then start it: " + prose.Quote(start...) +
		". If it was taken out of use, sign this off.", withStatus(guide, t.Unit, start)
}

// fix says what to do about an outage that a restart may end; nothing about
// others, of which the rule says what to do.
func (o outage) fix(rule string, guide func() howto.Guide) (string, *report.Remedy) {
	if o[0].Listener == "" || rule != ruleUnreachable && rule != ruleProtocol {
		return "", nil
	}
	g := guide()
	text := "See whether the program runs and listens"
	if command := g.Command(howto.Listeners); command != nil {
		text += ": " + prose.Quote(command...)
	}
	text += "; read the end of its log"
	if command := g.Command(howto.ServiceLog, o[0].Unit); command != nil {
		text += ": " + prose.Quote(command...)
	}
	restart := g.Command(howto.Restart, o[0].Unit)
	if restart == nil {
		return text + "; then restart it.", nil
	}
	return text + "; then restart it: " + prose.Quote(restart...) + ".", withStatus(g, o[0].Unit, restart)
}

// withStatus is the remedy whose success the state of the unit shows.
func withStatus(guide howto.Guide, unit string, command []string) *report.Remedy {
	return &report.Remedy{Do: howto.Commands(command), Verify: howto.Commands(guide.Command(howto.Status, unit))}
}
