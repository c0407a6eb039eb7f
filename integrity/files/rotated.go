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
	for _, c := range left {
		if err == nil || r.passed(path.Dir(c.Path)) {
			r.take1(c)
		}
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

// shorter makes the finding of a log that became shorter what it is.
func (r *run) shorter(out *report.Finding, c integrity.Change) {
	if c.Kind != integrity.Changed || c.Fields&tree.FieldSize == 0 || !r.Profile.IsLog(c.Path) || c.Now.Stat.Size >= c.Was.Stat.Size {
		return
	}
	out.Severity = max(out.Severity, report.Warning)
	out.Title = prose.Clip(c.Path, 200) + " became shorter, and no rotated copy holds what it held: size " + sizeText(c.Was.Stat.Size) + " to " + sizeText(c.Now.Stat.Size)
	out.Fix = "If you emptied it, accept it. Otherwise somebody took lines out of it: find out who was on the system, and compare with the copy of a central log."
}
