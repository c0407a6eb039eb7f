package running

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Replaced is the check "integrity.replaced-code": programs that still run what
// an update has replaced, so that its fixes are not in force, and those that run from a
// file that was removed where anybody may put one, or from memory alone. Its scope is
// replaced-code.
type Replaced struct {
	Host     host.Host
	Attestor integrity.Attestor // knows whose files were replaced; nil: nobody does
}

// Name returns "integrity.replaced-code".
func (Replaced) Name() string { return "integrity.replaced-code" }

const (
	ruleReplacedCode = "integrity.replaced-code.running"
	ruleNoFile       = "integrity.replaced-code.no-file"
)

// Rules returns the catalogue.
func (Replaced) Rules() []report.Rule {
	return []report.Rule{{
		ID: ruleReplacedCode, Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "Programs run code that was replaced",
		Explain: "An update puts new files in place, and what runs goes on with the old ones: a security fix is in force only after a restart.",
		Remedy:  "Restart the programs; start the system again for those that cannot be.",
	}, {
		ID: ruleNoFile, Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A program runs without a file",
		Explain: "What runs from memory, or from a file that was removed where anybody may put one, cannot be looked at. Intruders hide so; a program that was built anew while it ran looks the same.",
		Remedy:  "If you know the program, start it again from its file. Otherwise keep a copy from /proc/PID/exe, see with whom it talks, then end it and find out who started it.",
	}}
}

// Check looks at what all processes have mapped.
func (c Replaced) Check(ctx context.Context, rec *report.Recorder) error {
	view, err := sysview.OutdatedFiles(ctx, c.Host)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrNotExist) {
		return report.Skip("this system does not tell what its programs run")
	}
	if err != nil {
		return err
	}
	if len(view.Unread) > 0 {
		rec.Problem(fmt.Errorf("what %s runs could not be seen: %w", prose.Count(len(view.Unread), "process"), fs.ErrPermission), "replaced-code")
	}
	processes, err := sysview.Processes(ctx, c.Host)
	if err != nil {
		return err
	}
	for _, f := range c.noFiles(ctx, view.Outdated, processes, c.Host.Time()) {
		rec.Finding(f)
	}
	r := replacedCode{units: map[string]bool{}, files: map[string]bool{}}
	for _, f := range view.Outdated {
		if f.Now == sysview.PathReplaced && !passing(f.Path) {
			r.add(f, processes)
		}
	}
	if len(r.files) > 0 {
		rec.Finding(r.finding(ctx, c))
	}
	rec.Covered("replaced-code")
	return nil
}

// passing reports whether programs replace such a file themselves while they run.
func passing(name string) bool {
	for _, top := range []string{"/tmp/", "/var/tmp/", "/dev/", "/run/", "/memfd:", "/SYSV", "/home/", "/var/lib/docker/", "/proc/"} {
		if strings.HasPrefix(name, top) {
			return true
		}
	}
	return false
}

func processOf(processes []sysview.Process, pid int) (sysview.Process, bool) {
	i, ok := slices.BinarySearchFunc(processes, pid, func(p sysview.Process, pid int) int { return cmp.Compare(p.PID, pid) })
	if !ok {
		return sysview.Process{}, false
	}
	return processes[i], true
}

// replacedCode is what runs it, by unit, or by name where there is none.
type replacedCode struct {
	units, files map[string]bool
	restart      []string // units that can be restarted
}

func (r *replacedCode) add(f sysview.Outdated, processes []sysview.Process) {
	r.files[f.Path] = true
	for _, pid := range f.PIDs {
		p, ok := processOf(processes, pid)
		if !ok {
			continue
		}
		name := cmp.Or(strings.TrimSuffix(p.Unit, ".service"), p.Name)
		if p.PID == 1 {
			name = "the first process"
		}
		if !r.units[name] && strings.HasSuffix(p.Unit, ".service") && !strings.HasPrefix(p.Unit, "user@") && p.PID != 1 {
			r.restart = append(r.restart, p.Unit)
		}
		r.units[name] = true
	}
}

func (r *replacedCode) finding(ctx context.Context, c Replaced) report.Finding {
	names := slices.Sorted(maps.Keys(r.units))
	f := report.Finding{
		Rule: ruleReplacedCode, Subject: report.System.Of("replaced-code"), Scope: "replaced-code",
		Title: prose.Count(len(names), "program") + " " + verb(len(names)) + " code that was replaced: " + prose.List(names, 4),
	}
	paths := slices.Sorted(maps.Keys(r.files))
	f.Detail = "It is in " + prose.List(paths, 4) + "."
	for _, name := range names[:min(len(names), 20)] {
		f.Evidence = append(f.Evidence, report.Process.Of(name))
	}
	for _, owner := range c.owners(ctx, paths) {
		f.Evidence = append(f.Evidence, report.Package.Of(owner))
	}
	guide := howto.Of(ctx, c.Host)
	slices.Sort(r.restart)
	var do [][]string
	for _, unit := range r.restart {
		do = append(do, howto.Commands(guide.Command(howto.Restart, unit))...)
	}
	if len(do) > 0 && len(do) <= 16 {
		f.Remedy = &report.Remedy{Do: do}
		f.Fix = "Restart them when nobody is in their way"
		if r.units["the first process"] {
			f.Fix += ". The first process is renewed by starting the system again"
		}
		f.Fix += "."
	}
	return f
}

func verb(n int) string {
	if n == 1 {
		return "runs"
	}
	return "run"
}

// owners gives the packages whose files are outdated: the update of one explains it.
func (c Replaced) owners(ctx context.Context, paths []string) []string {
	if c.Attestor == nil {
		return nil
	}
	claims, err := c.Attestor.Attest(ctx, paths)
	if err != nil {
		return nil
	}
	names := map[string]bool{}
	for _, claim := range claims {
		if report.Package.Of(claim.Package).Validate() == nil {
			names[claim.Package] = true
		}
	}
	out := slices.Sorted(maps.Keys(names))
	return out[:min(len(out), 16)]
}
