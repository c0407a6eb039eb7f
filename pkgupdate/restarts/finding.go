package restarts

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// outdated is who runs which old files.
type outdated struct {
	programs []string          // by name: the unit, else the program
	units    []string          // that a service manager can restart
	paths    []string          // of the files
	first    bool              // process 1 is one of them
	others   []sysview.Process // that are no service
	files    map[string]bool   // base names of the files
}

// users gives the programs that run files which were replaced.
func users(old []sysview.Outdated, all []sysview.Process) outdated {
	byPID := map[int]sysview.Process{}
	for _, p := range all {
		byPID[p.PID] = p
	}
	programs, units, paths := map[string]bool{}, map[string]bool{}, map[string]bool{}
	o := outdated{files: map[string]bool{}}
	for _, f := range old {
		paths[f.Path], o.files[path.Base(f.Path)] = true, true
		for _, pid := range f.PIDs {
			p := byPID[pid]
			switch {
			case pid == 1:
				o.first = true
				programs[p.Name] = true
			case restartable(p.Unit):
				units[p.Unit], programs[p.Unit] = true, true
			case p.Known():
				programs[p.Name] = true
				if !slices.ContainsFunc(o.others, func(q sysview.Process) bool { return q.PID == pid }) {
					o.others = append(o.others, p)
				}
			}
		}
	}
	o.programs, o.units, o.paths = slices.Sorted(maps.Keys(programs)), slices.Sorted(maps.Keys(units)), slices.Sorted(maps.Keys(paths))
	return o
}

// list gives the services first, and the whole system where the first process is one.
func (o outdated) list() []pkgupdate.Restart {
	var list []pkgupdate.Restart
	for _, unit := range o.units {
		list = append(list, pkgupdate.Restart{Service: unit, Reason: "it runs code that was replaced"})
	}
	for _, p := range o.others {
		list = append(list, pkgupdate.Restart{PID: p.PID, Reason: p.Name + " runs code that was replaced"})
	}
	if o.first {
		list = append(list, pkgupdate.Restart{Reboot: true, Reason: "process 1 runs code that was replaced"})
	}
	return list
}

// restartable: the sessions of users are no services that an administrator restarts.
func restartable(unit string) bool {
	return strings.HasSuffix(unit, ".service") && !strings.HasPrefix(unit, "user@") && !strings.HasPrefix(unit, "user-")
}

const (
	named       = 6   // programs in the title, and files in the detail
	maxEvidence = 100 // programs, and files
)

func (o outdated) finding(guide howto.Guide) report.Finding {
	f := report.Finding{
		Rule: ruleOld, Subject: report.System.Of("old-code"), Scope: scope,
		Title:  prose.Count(len(o.programs), "program") + " still " + runs(len(o.programs)) + " code that was replaced: " + prose.List(o.programs, named),
		Detail: "The files are " + prose.List(slices.Sorted(maps.Keys(o.files)), named) + ".",
	}
	if o.first {
		f.Detail += " Process 1 is among the programs: it takes the new code at the next boot at the latest."
	}
	for _, p := range o.programs[:min(len(o.programs), maxEvidence)] {
		key := report.Process
		if slices.Contains(o.units, p) {
			key = report.Unit
		}
		f.Evidence = append(f.Evidence, report.Attr{Key: key, Value: p})
	}
	for _, p := range o.paths[:min(len(o.paths), maxEvidence)] {
		f.Evidence = append(f.Evidence, report.Path.Of(p))
	}
	remedy := &report.Remedy{}
	for _, unit := range o.units {
		if args := guide.Command(howto.Restart, unit); args != nil {
			remedy.Do = append(remedy.Do, args)
		}
	}
	if len(remedy.Do) > 0 && len(remedy.Do) == len(o.units) {
		f.Remedy = remedy
	}
	return f
}

func runs(n int) string {
	if n == 1 {
		return "runs"
	}
	return "run"
}
