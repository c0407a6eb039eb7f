package logwatch

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/internal/follow"
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

func describe(source string, n follow.Note) (rule, title string) {
	switch n.Kind {
	case follow.Shrunk:
		return ruleShrunk, fmt.Sprintf("%s became %d bytes shorter than what was read of it, and no rotated copy holds that", source, n.Bytes)
	case follow.Rewritten:
		return ruleRewritten, fmt.Sprintf("%s was changed after it had been read, and no rotated copy holds what was there", source)
	case follow.Damaged:
		return ruleDamaged, fmt.Sprintf("%s is damaged: %d bytes of it could be read", n.Path, n.Bytes)
	case follow.Excessive:
		return ruleExcessive, fmt.Sprintf("%s unpacks to more than is sensible: reading stopped after %d bytes", n.Path, n.Bytes)
	}
	if source == Journal {
		return ruleGap, "The journal lost the entry that was read last: entries behind it may be gone unread"
	}
	return ruleGap, fmt.Sprintf("No rotated copy of %s that can be read holds the place up to which it was read: lines behind it are unread", source)
}

// skipped tells that a first reading left out what may be of its own day: it
// met no line that is older.
func (r *run) skipped(in *reader) {
	n := in.counts.skipped
	if n == 0 || in.counts.old > 0 || r.fromEnd {
		return
	}
	r.finding(ruleSkipped, sourceAttr(in.source), scopeOf(in.source), func(f *report.Finding) {
		f.Title = fmt.Sprintf("The first %d bytes of %s were not read: the log is too long for a first reading", n, in.source)
		f.Detail = "Lines of the last day stand there. Later runs read all that is new."
		f.Fix = fmt.Sprintf("Read them by hand: head -c %d FILE | less, where FILE is %s", n, in.source)
		f.Evidence = []report.Attr{report.AtTime(r.now)}
	})
}

// vanished tells that a log that was read before is not there any more. One
// that never could be read is forgotten.
func (r *run) vanished(name string, known *fileState) {
	r.rec.Covered(scopeOf(name))
	if !known.Position.Valid {
		return
	}
	r.finding(ruleVanished, sourceAttr(name), scopeOf(name), func(f *report.Finding) {
		f.Title = fmt.Sprintf("Log file %s was deleted", name)
		f.Detail = fmt.Sprintf("It had been read up to byte %d. No rotated copy holds that position.", known.Position.Offset)
		f.Evidence = []report.Attr{report.AtTime(r.now)}
	})
}

// odd tells of lines that are too long and of runs of NUL bytes.
func (r *run) odd(in *reader) {
	if n := in.counts.oversized; n > 0 {
		r.finding(ruleOversized, sourceAttr(in.source), scopeOf(in.source), func(f *report.Finding) {
			f.Title = fmt.Sprintf("%s has a line of %d bytes, too long to be read whole", in.source, in.counts.longest)
			if n > 1 {
				f.Title = fmt.Sprintf("%s has %d lines that are too long to be read whole, the longest of %d bytes", in.source, n, in.counts.longest)
			}
			f.Count = int(n)
			f.Evidence = []report.Attr{{Key: report.Sample, Value: in.counts.longSample}}
		})
	}
	if n := in.counts.nuls; n > 0 {
		r.finding(ruleNULs, sourceAttr(in.source), scopeOf(in.source), func(f *report.Finding) {
			f.Title = fmt.Sprintf("%s holds %d NUL bytes where lines should begin", in.source, n)
			f.Evidence = []report.Attr{report.AtTime(r.now)}
		})
	}
}
