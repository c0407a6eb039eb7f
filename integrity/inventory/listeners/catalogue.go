package listeners

import "github.com/pugetsoundtech/upkeep/report"

// Rules returns the catalogue.
func (Sockets) Rules() []report.Rule {
	return []report.Rule{{
		ID: "integrity.listeners.new", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A program listens that did not before",
		Explain: "What listens can be talked to: a forgotten service is a way in, and a hidden one is a sign of an intruder.",
		Remedy:  "Find out who started the program and why; stop it. If it belongs here, nothing more is needed.",
	}, {
		ID: "integrity.listeners.gone", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program no longer listens",
		Explain: "A service that was there is not reachable any more.",
		Remedy:  "Start the service again. If it was stopped for good, nothing more is needed.",
	}, {
		ID: "integrity.listeners.program", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "Another program listens in the place of the accepted one",
		Explain: "Whoever takes the place of a service gets what is meant for it, passwords too.",
		Remedy:  "Find out who started the program and why; stop it. If it belongs here, nothing more is needed.",
	}, {
		ID: ruleNoFile, Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "A program listens whose file is gone",
		Explain: "A program that runs from memory or from a file that was removed cannot be looked at. Intruders hide their servers so.",
		Remedy:  remedyStrange,
	}, {
		ID: ruleUnowned, Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program listens that no package owns",
		Explain: "Nobody brings updates for it, and nothing says what it should be.",
		Remedy:  "If it was installed by hand, accept it. Otherwise find out who started it.",
	}, unusualRule, {
		ID: "integrity.listeners.many", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program holds very many UDP sockets that are new",
		Explain: "Resolvers ask from many ports. A server among such sockets cannot be told from them.",
		Remedy:  "If it is a resolver or the like, accept it. Otherwise find out what it does.",
	}, {
		ID: "integrity.listeners.other-network", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program listens in another network of this machine",
		Explain: "Containers have networks of their own, and what listens there is not among the sockets of the machine. Intruders hide servers so.",
		Remedy:  "If it is a container's, accept it. Otherwise find out who started it.",
	}, {
		ID: ruleHidden, Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "A process or a socket is hidden",
		Explain: "The kernel knows it, and the listing of processes or the table of sockets does not show it, or something was mounted over it. Programs that are meant to be seen are not hidden.",
		Remedy:  remedyStrange,
	}, {
		ID: ruleRestarted, Kind: report.Event, Severity: report.Info, Since: since,
		Title:   "A program that listens was restarted",
		Explain: "Updates and people restart services, and so does a supervisor after a crash. The program now runs with the files that were there at its start.",
		Remedy:  "If neither an update nor a person did it, read the program's log of that time.",
	}}
}

const remedyStrange = "Take it for an intruder's until you know better: note what it is connected to, keep a copy of its memory and of /proc/PID/exe, and only then end it."
