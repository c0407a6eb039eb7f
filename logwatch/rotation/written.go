package rotation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// grace is how long after a rotation a program may take to open its log anew.
const grace = 5 * time.Minute

// heldScope is covered where all processes of the system were looked into: on Linux,
// by root.
const heldScope = "rotation/held"

// held tells of the processes that go on with a log that is none any more.
func (c Rotation) held(ctx context.Context, rec *report.Recorder, l *look) {
	all, err := heldFiles(ctx, c.Host, l.mounts, l.files)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrNotExist) && all == nil {
		return // not Linux: it stays unknown
	}
	if err != nil {
		rec.Problem(err, heldScope)
	}
	guide := howto.Of(ctx, c.Host)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Path == all[0].Path && all[n].Deleted == all[0].Deleted && all[n].program() == all[0].program() {
			n++
		}
		if f, ok := l.heldBy(all[:n], c.Host.Time()); ok {
			f.Fix, f.Remedy = remedy(all[:n], guide)
			rec.Finding(f)
		}
		all = all[n:]
	}
	if err == nil {
		rec.Covered(heldScope)
	}
}

// program is the file that runs, or where that is not known what the process calls itself.
func (h *Held) program() report.Attr {
	if a := report.Program.Of(h.Process.Exe); a.Validate() == nil {
		return a
	}
	return report.Process.Of(strings.ToValidUTF8(h.Process.Name, "?"))
}

// heldBy makes one finding of the processes of one program that hold one file; not
// where it is the log itself, or was rotated just now.
func (l *look) heldBy(all []Held, now time.Time) (f report.Finding, ok bool) {
	h := &all[0]
	log, isCopy := l.copies[h.Path]
	if !h.Deleted && !isCopy {
		return f, false
	}
	program := strings.ToValidUTF8(prose.Clip(h.Process.Name, 40), "?")
	f = report.Finding{
		Rule: ruleHeld, Scope: heldScope, Subject: report.Path.Of(h.Path), Identity: []report.Attr{h.program()},
		Title:  fmt.Sprintf("%s has %s open for writing, which was deleted", program, h.Path),
		Detail: fmt.Sprintf("It wrote up to byte %d of it; the space is free again when it ends.", h.Offset),
	}
	if isCopy && !h.Deleted {
		if !l.goesOn(h.Path, log, now, program, &f) {
			return f, false
		}
		if st := l.stanza(log); st != nil && l.tool != newsyslog && !st.reopens() {
			f.Detail += fmt.Sprintf(" The stanza of that log, which ends in line %d of %s, has neither a postrotate script nor copytruncate.", st.Line, st.File)
		}
	}
	for i := range all[:min(len(all), 20)] {
		f.Evidence = append(f.Evidence, report.Process.Of(fmt.Sprintf("%s[%d]", strings.ToValidUTF8(all[i].Process.Name, "?"), all[i].Process.PID)))
	}
	if unit := report.Unit.Of(h.Process.Unit); unit.Validate() == nil {
		f.Evidence = append(f.Evidence, unit)
	}
	return f, true
}

// goesOn tells what is known of the writing: a copy that changed later than the log
// in its place began was written to. One that did not yet is told mildly.
func (l *look) goesOn(copied, log string, now time.Time, program string, f *report.Finding) bool {
	f.Title = fmt.Sprintf("%s has %s open for writing, a rotated copy of %s", program, copied, log)
	f.Detail, f.Severity = "Whether it wrote to it since is not known.", report.Notice
	old, new := l.files[copied], l.files[log]
	if !new.Known.Has(host.KnownBtime) {
		return true
	}
	began := time.Unix(0, new.Btime)
	if now.Sub(began) < grace {
		return false
	}
	if !old.Known.Has(host.KnownMtime) {
		return true
	}
	wrote := time.Unix(0, old.Mtime)
	f.Detail = "It wrote nothing since the rotation; what it writes next goes there."
	if wrote.Sub(began) > grace {
		f.Severity, f.Last = report.Warning, wrote
		f.Title = fmt.Sprintf("%s goes on writing to %s, a rotated copy of %s", program, copied, log)
		f.Detail = fmt.Sprintf("It wrote there %s after the rotation.", prose.Duration(wrote.Sub(began)))
	}
	return true
}

// reopens reports whether a stanza has its programs open their log anew, or leaves
// the log in its place.
func (s *Stanza) reopens() bool {
	return slices.ContainsFunc(s.Directives, func(d string) bool {
		word, _, _ := strings.Cut(d, " ")
		return word == "postrotate" || word == "lastaction" || word == "copytruncate" || word == "copy"
	})
}

// remedy shows what was written and says how the program takes up its log.
func remedy(all []Held, guide howto.Guide) (fix string, r *report.Remedy) {
	h := &all[0]
	r, fix = &report.Remedy{Do: howto.Commands(guide.Command(howto.Restart, h.Process.Unit))}, "Restart it, so that it opens its log anew."
	if h.Process.Unit == "" || r.Do == nil {
		r, fix = nil, fmt.Sprintf("Have process %d open its log anew, by restarting its service.", h.Process.PID)
	}
	if !h.Deleted {
		return fix, r
	}
	if r == nil {
		r = &report.Remedy{}
	}
	r.Look = howto.Commands(guide.Command(howto.ReadLog, fmt.Sprintf("/proc/%d/fd/%s", h.Process.PID, h.FD)))
	return "Save what it wrote, if it is needed, before it ends. " + fix, r
}
