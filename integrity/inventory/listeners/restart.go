package listeners

import (
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

const ruleRestarted = "integrity.listeners.restarted"

// Restarted gives those of now in whose place the same program listened at the
// last run, but as a process that started earlier. Both lists are of one start
// of the system. Where a program or a start is not known, nothing is said; nor
// of a UDP socket that may be the client side of a conversation.
func Restarted(last, now []Listener, chosen Ports) []Listener {
	client := clientSide(now, chosen)
	var out []Listener
	for _, l := range now {
		if l.Start.IsZero() || client.may(l) {
			continue
		}
		if slices.ContainsFunc(last, l.restarts) {
			out = append(out, l)
		}
	}
	return out
}

// restarts reports whether l is was, started again. That a process is older
// than the one before is no restart: another one with the same name had the
// place for a time.
func (l Listener) restarts(was Listener) bool {
	return samePlace(was, l) && was.Program != "" && l.Program != "" && sameProgram(was, l) &&
		was.Uptime != 0 && was.Uptime < l.Uptime
}

// byProcess puts together the places of one process, in their order.
func byProcess(list []Listener) [][]Listener {
	var groups [][]Listener
	for _, l := range list {
		i := slices.IndexFunc(groups, func(g []Listener) bool { return g[0].Program == l.Program && g[0].Uptime == l.Uptime })
		if i < 0 {
			groups = append(groups, []Listener{l})
			continue
		}
		groups[i] = append(groups[i], l)
	}
	return groups
}

// restartFinding is the finding about one process and all its places.
func restartFinding(places []Listener) report.Finding {
	l := places[0]
	start := l.Start.UTC()
	f := report.Finding{
		Rule: ruleRestarted, Subject: report.ListenerOf(l.Network, l.Addr), Scope: "listeners/" + l.Network,
		Title:  l.Program + " on " + portsOf(places) + " was restarted",
		Detail: "The process that was there at the last run is gone, and what was connected to it may have been cut off." + about(l),
		Fix:    "If no update and no person restarted it, read its log of that time" + logOf(l) + ".",
		First:  start, Last: start,
		Evidence: append(evidenceOf(l), report.AtTime(start)),
	}
	for _, other := range places[1:] {
		f.Evidence = append(f.Evidence, report.ListenerOf(other.Network, other.Addr))
	}
	return f
}

// portsOf names the ports of listeners, each once: "tcp port 80 and tcp port 443".
func portsOf(places []Listener) string {
	const most = 3
	var names []string
	for _, l := range places {
		if name := fmt.Sprintf("%s port %d", l.Network, l.Addr.Port()); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return inWords(names)
}

// inWords is "a, b and c".
func inWords(names []string) string { return prose.List(names, len(names)) }

// logOf gives the command that shows the program's log, where one is known.
func logOf(l Listener) string {
	if l.Unit == "" {
		return ""
	}
	return fmt.Sprintf(": journalctl -u '%s' --since '%s'", l.Unit, l.Start.UTC().Format("2006-01-02 15:04:05 UTC"))
}
