package logs

import (
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/summary"
)

// counts is what became of the records of one source. Each is counted once.
type counts struct {
	matched    uint64 // a rule told of it
	ignored    uint64 // a rule knew it as routine
	counted    uint64 // a rule counted it
	reported   uint64 // unexplained
	duplicate  uint64 // told by another source
	oversized  uint64 // too long, and not matched by its front
	longest    int64
	longSample string
}

var errAccounting = errors.New("lines read and lines told differ")

// judge classifies the records of one source.
type judge struct {
	watch   *logwatch.Watch
	rules   *logwatch.RuleSet
	program string // whose log the source is; empty: of many programs
	tallies *tallies
	trends  *trends
	summary *summary.Summary
	whole   *trend // the source as a whole
	dedupe  *deduper
	source  string
	zone    *time.Location
	match   logwatch.Match
	counts  counts
	account logstream.Account // of what was read
	forged  []forgery
}

// balance is the accounting identity of the check: every record that was
// delivered has one verdict.
func (j *judge) balance() error {
	c := &j.counts
	sum := c.matched + c.ignored + c.counted + c.reported + c.duplicate + c.oversized
	if sum != j.account.Delivered {
		return fmt.Errorf("%w: %d and %d", errAccounting, j.account.Delivered, sum)
	}
	return nil
}

// record puts one record into its account.
func (j *judge) record(rec *logstream.Record) {
	line := j.line(rec)
	if j.isForged(rec, &line) {
		j.dedupe.duplicate(j.source, rec.Host, rec.Tag, rec.Message, rec.At)
		j.forge(rec)
		j.counts.matched++
		return
	}
	known := j.watch.Match(&line, rec.At, rec.Events, &j.match)
	j.count(rec, &line)
	switch {
	case known && j.match.Level == logwatch.Ignore:
		j.counts.ignored++
		return
	case known && j.match.Level == logwatch.Count:
		j.counts.counted++
		return
	case !known && rec.Oversized:
		j.counts.oversized++
		if rec.Size > j.counts.longest {
			j.counts.longest, j.counts.longSample = rec.Size, printable(rec.Raw)
		}
		return
	}
	if !rec.Repeated && j.dedupe.duplicate(j.source, rec.Host, rec.Tag, rec.Message, rec.At) {
		j.counts.duplicate++
		return
	}
	if known {
		j.watch.Reported(&j.match, rec.At, rec.Events)
		j.counts.matched++
	} else {
		j.counts.reported++
	}
	ev := event{match: &j.match, line: &line, raw: rec.Text(j.zone), unit: rec.Unit, source: j.source, bare: rec.Format == syslog.Plain, at: rec.At, count: rec.Events, first: string(rec.PID) == "1"}
	if ev.own = ev.bare; !known && j.isOwn(rec) {
		ev.own = true
		line.Message, line.Tag = fmt.Appendf(nil, "%s: %s", rec.Tag, rec.Message), []byte(j.program)
	}
	ta := j.tallies.add(ev)
	if !known {
		j.trends.ofKind(ta, rec.At, rec.Events)
	}
}

// isOwn reports whether a line is of a log that a program writes for itself: what
// stands after the time like the name of a program is a word of its message, else a
// file could be of as many programs as it has lines.
func (j *judge) isOwn(rec *logstream.Record) bool {
	return rec.Raw != nil && rec.Format == syslog.ISO && len(rec.Host) == 0 && len(rec.Tag) > 0 && !j.tallies.named(rec.Tag)
}

// count remembers how often what comes when.
func (j *judge) count(rec *logstream.Record, line *logwatch.Line) {
	if j.match.Rule != nil {
		j.trends.ofRule(j.match.Rule, line, j.source, rec.At, rec.Events)
	}
	j.summary.Add(line.Tag, &j.match, rec.At, rec.Events)
	if j.whole == nil {
		j.whole = j.trends.add("s\x00"+j.source, trend{}, j.source, rec.At, rec.Events)
	} else {
		j.trends.Count(j.whole.Kind, rec.At, rec.Events)
	}
}

// line is what rules see of a record. A log of one program names it where its
// lines don't, and the worse of the priority and the word of severity counts.
func (j *judge) line(rec *logstream.Record) logwatch.Line {
	line := logwatch.Line{Tag: rec.Tag, Message: rec.Message}
	if len(line.Tag) == 0 && rec.Format != syslog.BSD && rec.Format != syslog.BSDYear && rec.Format != syslog.RFC5424 {
		line.Tag = []byte(j.program)
	}
	severity := rec.Severity()
	if word := logwatch.Severity(rec.Message); word >= 0 && (severity < 0 || word < severity) {
		severity = word
	}
	if severity >= 0 {
		line.Priority = max(1, severity)
	}
	return line
}
