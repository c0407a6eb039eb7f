package sessions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Bounds of what one finding names. The newest sessions, and of the commands those
// that name files, come first.
const (
	maxShown    = 20  // sessions
	maxRan      = 20  // commands
	maxEvidence = 250 // attributes, of the 256 that a report keeps
)

// Attributes that join nothing.
const (
	lineKey report.Key = "x-line"
	dirKey  report.Key = "x-dir"
)

// evidence has, for each session, its id, when it began and, where that is known,
// ended, its address and line; and behind those its commands, each with its text,
// its moment, where it was typed, its program, and the files that it names. It says
// how many commands and files there was no room for.
func (g *group) evidence(commands bool) (out []report.Attr, left int) {
	shown := g.sessions[max(0, len(g.sessions)-maxShown):]
	ran := g.named(shown)
	for _, s := range g.sessions[:len(g.sessions)-len(shown)] {
		left += len(s.Commands)
	}
	most := 0
	for _, s := range shown {
		out = append(out, s.attrs()...)
		left += s.Dropped
		if !commands {
			continue
		}
		for i := range s.Commands {
			c := &s.Commands[i]
			attrs := c.attrs()
			if most >= maxRan || !ran[c] || len(out)+len(attrs) > maxEvidence-maxShown {
				left++
				continue
			}
			most++
			left += c.Left
			out = append(out, attrs...)
		}
	}
	return out[:min(len(out), maxEvidence)], left
}

// named chooses the commands that are shown.
func (g *group) named(shown []*Session) map[*Command]bool {
	var with, without []*Command
	for _, s := range slices.Backward(shown) {
		for i := range slices.Backward(s.Commands) {
			if c := &s.Commands[i]; len(c.Paths) > 0 {
				with = append(with, c)
			} else {
				without = append(without, c)
			}
		}
	}
	all := append(with, without...)
	out := map[*Command]bool{}
	for _, c := range all[:min(len(all), maxRan)] {
		out[c] = true
	}
	return out
}

// attrs are nothing where the session has no id that can be told: what stands
// behind an id is of that session.
func (s *Session) attrs() []report.Attr {
	out := valid(report.Session.Of(s.ID))
	if len(out) == 0 {
		return nil
	}
	out = append(out, report.AtTime(s.Start))
	if !s.End.IsZero() {
		out = append(out, report.AtTime(s.End))
	}
	if s.Addr.IsValid() {
		out = append(out, valid(report.Addr.Of(s.Addr.String()))...)
	}
	return append(out, valid(lineKey.Of(printable(s.Line)))...)
}

func (c *Command) attrs() []report.Attr {
	out := append(valid(report.Sample.Of(printable(c.Text))), report.AtTime(c.At))
	out = append(out, valid(dirKey.Of(printable(c.Dir)))...)
	out = append(out, valid(report.Program.Of(c.Program))...)
	for _, name := range c.Paths {
		out = append(out, valid(report.Path.Of(name))...)
	}
	return out
}

// valid leaves out what a report would refuse: a line can hold anything.
func valid(a report.Attr) []report.Attr {
	if a.Validate() != nil {
		return nil
	}
	return []report.Attr{a}
}

func printable(s string) string { return strings.ToValidUTF8(prose.Clip(s, maxText), "?") }

// detail counts what is open, what was run, and what is not named.
func (g *group) detail(left int) string {
	var say []string
	open, commands := 0, 0
	for _, s := range g.sessions {
		if s.open() {
			open++
		}
		commands += len(s.Commands) + s.Dropped
	}
	if open > 0 {
		say = append(say, fmt.Sprintf("Still open: %d.", open))
	}
	if commands > 0 {
		say = append(say, fmt.Sprintf("With another's rights: %s.", prose.Count(commands, "command")))
	}
	if left > 0 {
		say = append(say, fmt.Sprintf("Not named here: %s or files of them.", prose.Count(left, "command")))
	}
	return strings.Join(say, " ")
}

// last is the latest moment of the sessions that is known.
func (g *group) last() (at time.Time) {
	for _, s := range g.sessions {
		for _, t := range []time.Time{s.Start, s.End} {
			if t.After(at) {
				at = t
			}
		}
	}
	return at
}
