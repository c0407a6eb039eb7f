package foreign

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

func (l *look) subject(name string) report.Attr {
	return l.place.attr(l.place.of(name))
}

// what names a backup in a sentence.
func (l *look) what(series string) string {
	if l.kind == Archives {
		return fmt.Sprintf("The backup %s in %s", series, l.place.name())
	}
	return fmt.Sprintf("The %s backup in %s", l.kind, l.place.name())
}

func (l *look) lateFinding(series string, runs []int64, limit time.Duration) report.Finding {
	last := time.Unix(runs[len(runs)-1], 0).UTC()
	learned := "Its earlier backups were made"
	if l.place.Every > 0 {
		learned = "The configuration wants it"
	}
	return report.Finding{
		Rule: ruleLate, Subject: l.subject(""), Identity: []report.Attr{{Key: report.Field, Value: "series=" + series}}, Scope: stateScope(l.place.name()),
		Title: fmt.Sprintf("%s is late: the newest one is %s old", l.what(series), prose.Duration(l.now.Sub(last))),
		Detail: fmt.Sprintf("%s so often that one is late after %s; %s known.", learned, prose.Duration(limit),
			prose.Count(len(runs), "backup")+map[bool]string{true: " is", false: " are"}[len(runs) == 1]),
		Evidence: []report.Attr{{Key: report.At, Value: last.Format(time.RFC3339)}},
	}
}

func (l *look) neverFinding() report.Finding {
	return report.Finding{
		Rule: ruleLate, Subject: l.subject(""), Scope: stateScope(l.place.name()),
		Title:  fmt.Sprintf("No %s backup was ever made in %s", l.kind, l.place.name()),
		Detail: "The repository is there, and holds nothing that could be restored.",
	}
}

func (l *look) shrunkFinding(series string, now, before int64) report.Finding {
	size := func(n int64) string { return prose.Bytes(uint64(max(0, n))) }
	return report.Finding{
		Rule: ruleShrunk, Subject: l.subject(""), Identity: []report.Attr{{Key: report.Field, Value: "series=" + series}}, Scope: stateScope(l.place.name()),
		Title:    fmt.Sprintf("%s has %s, and those before it %s", l.what(series), size(now), size(before)),
		Detail:   "The newest size is less than half of the usual one.",
		Evidence: []report.Attr{{Key: report.Was, Value: "size=" + size(before)}, {Key: report.Now, Value: "size=" + size(now)}},
	}
}

func (l *look) spoiledFinding(name string, why error) report.Finding {
	full := l.place.of(name)
	return report.Finding{
		Rule: ruleSpoiled, Subject: l.subject(name), Scope: fileScope(l.place.name(), name),
		Title:    fmt.Sprintf("%s is spoiled: %v", full, why),
		Detail:   fmt.Sprintf("It is part of the %s backup in %s.", l.kind, l.place.name()),
		Evidence: []report.Attr{{Key: report.Reason, Value: why.Error()}},
	}
}

func (l *look) faultFinding(f Fault) report.Finding {
	return report.Finding{
		Rule: ruleIncomplete, Subject: l.subject(f.Name), Scope: stateScope(l.place.name()),
		Title:    fmt.Sprintf("%s in %s: %s", l.kind, l.place.of(f.Name), f.Reason),
		Detail:   fmt.Sprintf("It is part of the %s backup in %s.", l.kind, l.place.name()),
		Evidence: []report.Attr{{Key: report.Reason, Value: f.Reason}},
	}
}

func (l *look) lockFinding(f file) report.Finding {
	return report.Finding{
		Rule: ruleLocked, Subject: l.subject(f.name), Scope: stateScope(l.place.name()),
		Title:    fmt.Sprintf("A lock in %s is %s old", l.place.name(), prose.Duration(l.now.Sub(f.ModTime()))),
		Detail:   fmt.Sprintf("A %s that runs renews its lock or removes it; whoever made this one was ended.", l.kind),
		Evidence: []report.Attr{{Key: report.At, Value: f.ModTime().UTC().Format(time.RFC3339)}},
	}
}

func goneFinding(p Place, m memory) report.Finding {
	title := fmt.Sprintf("There is no backup of a known kind in %s", p.name())
	if m.Kind != "" {
		title = fmt.Sprintf("The %s backup in %s is gone", m.Kind, p.name())
	}
	return report.Finding{
		Rule: ruleGone, Subject: p.attr(p.name()), Scope: stateScope(p.name()), Title: title,
		Detail: "The directory is not there, or holds no backup any more.",
	}
}

func (l *look) diskFinding() report.Finding {
	return report.Finding{
		Rule: ruleSameDisk, Subject: l.subject(""), Scope: stateScope(l.place.name()),
		Title: fmt.Sprintf("The %s backup in %s is on the same file system as %s", l.kind, l.place.name(), l.place.Source),
	}
}
