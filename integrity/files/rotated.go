package files

import (
	"path"

	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// rotated takes what is left of the changes of logs, and tells in one finding of
// all whose copies hold no more what the baseline has. After an error of the
// comparison, nobody knows what copies there are where it ended.
func (r *run) rotated(err error) {
	left, rotated := r.logs.Left(r.ctx)
	told := map[string]bool{}
	for _, c := range left {
		if err == nil || r.passed(path.Dir(c.Path)) {
			r.take1(c)
			told[c.Path] = true
		}
	}
	if err == nil && len(r.Profile.Logs) > 0 {
		for _, c := range r.logs.Cut(r.ctx) {
			if !told[c.Path] {
				r.rec.Finding(cut(c))
			}
		}
		r.marks = r.logs.Marks()
	}
	if len(rotated) == 0 {
		return
	}
	f := r.About("rotated", report.Finding{
		Title:  "Rotation took what " + prose.Count(len(rotated), "log") + " held at the baseline: " + prose.Clip(prose.List(rotated, 3), 300),
		Detail: "No copy that can be read here has it any more. Whether lines went missing in between, only the daily reading of the logs can tell.",
	})
	for _, name := range rotated[:min(len(rotated), 20)] {
		f.Evidence = append(f.Evidence, report.Path.Of(name))
	}
	r.rec.Finding(f)
}

// cut tells of a log that lost lines since the last run.
func cut(c integrity.Change) report.Finding {
	name, at := prose.Clip(c.Path, 200), changedAt(c)
	f := report.Finding{
		Rule: ruleCut, Kind: report.Event, Subject: report.Path.Of(c.Path), Scope: scopeOf(c.Path), First: at, Last: at,
		Title:    name + " is not what it was at the last run, and more, and no rotated copy holds that",
		Evidence: append(facts(report.Was, c.Was, tree.FieldSize|tree.FieldContent), facts(report.Now, c.Now, tree.FieldSize|tree.FieldContent)...),
	}
	if c.Now.Stat.Size < c.Was.Stat.Size {
		f.Title = name + " became shorter since the last run, and no rotated copy holds what it held: size " + sizeText(c.Was.Stat.Size) + " to " + sizeText(c.Now.Stat.Size)
	}
	return f
}

// shorter makes the finding of a log that became shorter what it is.
func (r *run) shorter(out *report.Finding, c integrity.Change) {
	if c.Kind != integrity.Changed || c.Fields&tree.FieldSize == 0 || !r.Profile.IsLog(c.Path) || c.Now.Stat.Size >= c.Was.Stat.Size {
		return
	}
	out.Severity = max(out.Severity, report.Warning)
	out.Title = prose.Clip(c.Path, 200) + " became shorter, and no rotated copy holds what it held: size " + sizeText(c.Was.Stat.Size) + " to " + sizeText(c.Now.Stat.Size)
	out.Fix = "If you emptied it, accept it. Otherwise somebody took lines out of it: find out who was on the system, and compare with the copy of a central log."
}
