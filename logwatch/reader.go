package logwatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/follow"
	"github.com/pugetsoundtech/upkeep/internal/syslog"
)

// counts is what became of the lines of one source. Every line is counted once.
type counts struct {
	bytes      uint64
	lines      uint64
	matched    uint64 // a rule told of it
	ignored    uint64 // a rule knew it as routine
	reported   uint64 // unexplained
	duplicate  uint64 // told by another source
	malformed  uint64 // nothing but blanks or NULs
	oversized  uint64 // too long, and not matched by its front
	old        uint64 // from before the first reading
	skipped    uint64 // bytes that a first reading left out; no lines
	nuls       uint64 // bytes
	longest    int64
	longSample string
}

var errAccounting = errors.New("lines read and lines told differ")

// balance is the accounting identity of the package.
func (c *counts) balance() error {
	sum := c.matched + c.ignored + c.reported + c.duplicate + c.malformed + c.oversized + c.old
	if sum != c.lines {
		return fmt.Errorf("%w: %d and %d", errAccounting, c.lines, sum)
	}
	return nil
}

// reader classifies the lines of one source.
type reader struct {
	rules   *RuleSet
	tallies *tallies
	dedupe  *deduper
	source  string
	cutoff  time.Time // older lines are left out; zero: none are
	parser  syslog.Parser
	last    []byte // the line before, for a repeat line
	counts  counts
}

// files reads one log file from its position to its end. The position in st
// moves on with each batch, together with what the tallies took of it.
func (r *reader) file(ctx context.Context, f follow.File, st *fileState) ([]follow.Note, error) {
	in, err := f.Resume(ctx, st.Position)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r.last, r.parser.Last = st.LastLine, st.LastTime
	var notes []follow.Note
	for {
		b, err := in.Next(ctx)
		if err == io.EOF {
			return notes, nil
		}
		if err != nil {
			return notes, err
		}
		r.counts.bytes += uint64(b.Bytes)
		for i := range b.Lines {
			r.fileLine(&b.Lines[i])
		}
		for _, n := range b.Notes {
			if n.Kind == follow.Skipped {
				r.counts.skipped += uint64(n.Bytes)
				continue
			}
			notes = append(notes, n)
		}
		r.last = bytes.Clone(r.last)
		*st = fileState{Position: b.Checkpoint, LastTime: r.parser.Last, LastLine: r.last[:min(len(r.last), maxLastLine)]}
	}
}

// fileLine counts one line of a file.
func (r *reader) fileLine(l *follow.Line) {
	r.counts.lines++
	r.counts.nuls += uint64(l.NULs)
	h := r.parser.Parse(l.Text)
	at := h.Time
	if at.IsZero() {
		at = r.parser.Last
	}
	switch {
	case len(bytes.TrimSpace(l.Text)) == 0:
		r.counts.malformed++
		return
	case at.Before(r.cutoff):
		r.counts.old++
	case h.Mark:
		r.counts.ignored++
		return
	case h.Repeat:
		r.repeat(&h, l.Text)
		return
	default:
		r.count(&h, l, at)
	}
	r.last = l.Text
}

// count classifies one line and puts it into its account.
func (r *reader) count(h *syslog.Header, l *follow.Line, at time.Time) {
	line := lineOf(h)
	var caps captures
	rule := r.rules.find(&line, &caps)
	switch {
	case rule != nil && rule.Level == Ignore:
		r.counts.ignored++
		return
	case rule == nil && l.Oversized:
		r.counts.oversized++
		if l.Size > r.counts.longest {
			r.counts.longest, r.counts.longSample = l.Size, printable(l.Text)
		}
		return
	}
	r.raise(event{rule: rule, caps: &caps, line: &line, raw: l.Text, source: r.source, at: at, count: h.Events}, h.Host, h.PID)
}

// raise tells an event, unless another source told of it.
func (r *reader) raise(e event, host, pid []byte) {
	if r.dedupe.duplicate(r.source, host, e.line.Tag, pid, e.line.Message, e.at) {
		r.counts.duplicate++
		return
	}
	r.tell(e)
}

func (r *reader) tell(e event) {
	if e.rule == nil {
		r.counts.reported++
	} else {
		r.counts.matched++
	}
	r.tallies.add(e)
}

// repeat counts "last message repeated N times" as N more of the line before,
// under its verdict.
func (r *reader) repeat(h *syslog.Header, text []byte) {
	var p syslog.Parser
	before := p.Parse(r.last)
	if len(r.last) == 0 || !bytes.Equal(before.Host, h.Host) {
		r.counts.ignored++ // what was repeated was never seen, so it was read before
		return
	}
	line := lineOf(&before)
	var caps captures
	rule := r.rules.find(&line, &caps)
	if rule != nil && rule.Level == Ignore {
		r.counts.ignored++
		return
	}
	r.tell(event{rule: rule, caps: &caps, line: &line, raw: text, source: r.source, at: h.Time, count: h.Events})
}

func lineOf(h *syslog.Header) Line {
	l := Line{Tag: h.Tag, Message: h.Message, Uptime: h.Uptime}
	if h.HasPriority {
		l.Priority = max(1, h.Severity())
	}
	return l
}

// journal reads the journal from its position to its end.
func (r *reader) journal(ctx context.Context, j follow.Journal, st *journalState, zone *time.Location) (notes []follow.Note, limited, err error) {
	in, err := j.Resume(ctx, st.Position)
	if err != nil {
		return nil, nil, err
	}
	for {
		b, err := in.Next(ctx)
		if err == io.EOF {
			return notes, in.Limited(), nil
		}
		if err != nil {
			return notes, in.Limited(), err
		}
		for i := range b.Entries {
			r.entry(&b.Entries[i], zone)
		}
		notes = append(notes, b.Notes...)
		st.Position = b.Checkpoint
	}
}

// entry counts one entry of the journal.
func (r *reader) entry(e *follow.Entry, zone *time.Location) {
	r.counts.lines++
	r.counts.bytes += uint64(len(e.Message))
	line := Line{Tag: e.Tag, Message: e.Message}
	if e.Priority >= 0 {
		line.Priority = max(1, e.Priority)
	}
	if len(bytes.TrimSpace(e.Message)) == 0 {
		r.counts.malformed++
		return
	}
	var caps captures
	rule := r.rules.find(&line, &caps)
	if rule != nil && rule.Level == Ignore {
		r.counts.ignored++
		return
	}
	raw := fmt.Appendf(nil, "%s %s %s[%s]: %s", e.Time.In(zone).Format("Jan _2 15:04:05"), e.Host, e.Tag, e.PID, e.Message)
	r.raise(event{rule: rule, caps: &caps, line: &line, raw: raw, unit: e.Unit, source: r.source, at: e.Time, count: 1}, e.Host, e.PID)
}
