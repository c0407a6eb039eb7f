package logs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// finding records an event about the logs themselves, at the present time.
func (r *run) finding(rule string, subject report.Attr, scope string, fill func(*report.Finding)) {
	f := report.Finding{Rule: rule, Subject: subject, Scope: scope, Count: 1, Last: r.now}
	fill(&f)
	r.rec.Finding(f)
}

func sourceAttr(source string) report.Attr { return report.Attr{Key: report.Source, Value: source} }

// note tells what the follower had to say of one source.
func (r *run) note(source string, n follow.Note) {
	rule, title := describe(source, n)
	r.finding(rule, sourceAttr(source), scopeOf(source), func(f *report.Finding) {
		f.Title = title
		f.Evidence = []report.Attr{report.AtTime(r.now)}
		if a := (report.Attr{Key: report.Path, Value: n.Path}); a.Validate() == nil {
			f.Evidence = append(f.Evidence, a)
		}
		if n.Err != nil {
			f.Detail = "The system said: " + n.Err.Error() + "."
		}
	})
}

// size writes a number of bytes that the follower gave.
func size(n int64) string { return prose.Bytes(uint64(max(n, 0))) }

func describe(source string, n follow.Note) (rule, title string) {
	switch n.Kind {
	case follow.Shrunk:
		return ruleShrunk, fmt.Sprintf("%s became %s shorter than what was read of it, and no rotated copy holds that", source, size(n.Bytes))
	case follow.Rewritten:
		if n.Bytes > 0 {
			return ruleRewritten, fmt.Sprintf("%s was changed in the first %s of it, which had been read: what stood there is in no rotated copy", n.Path, size(n.Bytes))
		}
		return ruleRewritten, fmt.Sprintf("%s was changed after it had been read, and no rotated copy holds what was there", source)
	case follow.Ambiguous:
		return ruleAmbiguous, fmt.Sprintf("%s was copied to %s and emptied about when it was read: lines written in between may be missing", source, n.Path)
	case follow.Damaged:
		return ruleDamaged, fmt.Sprintf("%s is damaged: %s of it could be read", n.Path, size(n.Bytes))
	case follow.Excessive:
		return ruleExcessive, fmt.Sprintf("%s unpacks to more than is sensible: reading stopped after %s", n.Path, size(n.Bytes))
	}
	if source == Journal {
		return ruleGap, "The journal lost the entry that was read last: entries behind it may be gone unread"
	}
	return ruleGap, fmt.Sprintf("No rotated copy of %s that can be read holds the place up to which it was read: lines behind it are unread", source)
}

// faults tells of rules that are wrong and not used.
func (r *run) faults() {
	const scope = "rules"
	if r.Faults != nil {
		list := strings.Split(r.Faults.Error(), "\n")
		r.rec.Finding(report.Finding{
			Rule: ruleBadRule, Subject: report.Attr{Key: report.System, Value: "logs"}, Scope: scope, Count: len(list),
			Title:  prose.Count(len(list), "rule") + " of your own cannot be used: " + prose.Clip(printable([]byte(list[0])), 200),
			Detail: printable([]byte(prose.ListOf(list[:min(len(list), maxNamed)], len(list)))) + ".",
		})
	}
	r.rec.Covered(scope)
}

// skipped tells that a first reading left out what may be of its own day: it
// met no line that is older.
func (r *run) skipped(in *judge) {
	n := in.account.Skipped
	if n == 0 || in.account.Old > 0 || r.fromEnd {
		return
	}
	r.finding(ruleSkipped, sourceAttr(in.source), scopeOf(in.source), func(f *report.Finding) {
		f.Title = fmt.Sprintf("The first %s of %s were not read: the log is too long for a first reading", prose.Bytes(n), in.source)
		f.Detail = "Lines of the last day stand there. Later runs read all that is new."
		f.Fix, f.Remedy = "Read them by hand.", report.Look([]string{"head", "-c", strconv.FormatUint(n, 10), in.source})
		f.Evidence = []report.Attr{report.AtTime(r.now)}
	})
}

// vanished tells that a log that was read before is not there any more. One
// that never could be read is forgotten.
func (r *run) vanished(name string, known *sourceState) {
	r.rec.Covered(scopeOf(name))
	if !known.Position.Begun() {
		return
	}
	r.finding(ruleVanished, sourceAttr(name), scopeOf(name), func(f *report.Finding) {
		f.Title = fmt.Sprintf("Log file %s was deleted", name)
		f.Detail = fmt.Sprintf("It had been read up to byte %d. No rotated copy holds that position.", known.Position.File.Offset)
		f.Evidence = []report.Attr{report.AtTime(r.now)}
	})
}

// odd tells of lines that are too long and of runs of NUL bytes.
func (r *run) odd(in *judge) {
	if n := in.counts.oversized; n > 0 {
		r.finding(ruleOversized, sourceAttr(in.source), scopeOf(in.source), func(f *report.Finding) {
			f.Title = fmt.Sprintf("%s has a line of %s or more, too long to be read whole", in.source, size(in.counts.longest))
			if n > 1 {
				f.Title = fmt.Sprintf("%s has %s that are too long to be read whole, the longest of %s or more", in.source, prose.Count(n, "line"), size(in.counts.longest))
			}
			f.Count = int(n)
			f.Evidence = []report.Attr{{Key: report.Sample, Value: in.counts.longSample}}
		})
	}
	if n := in.account.NULs; n > 0 {
		r.finding(ruleNULs, sourceAttr(in.source), scopeOf(in.source), func(f *report.Finding) {
			f.Title = fmt.Sprintf("%s holds %s of NULs where lines should begin", in.source, prose.Bytes(n))
			f.Evidence = []report.Attr{report.AtTime(r.now)}
		})
	}
}
