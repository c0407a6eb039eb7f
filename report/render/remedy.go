package render

import (
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Commands are lines that a person may type for one purpose, quoted for a shell.
type Commands struct {
	Label string // look, run, verify or undo
	Lines []string
}

// Typed gives the commands of a finding that stand on a short page: what shows
// more, and what is to be done.
func Typed(m *report.Remedy) (look, do []string) {
	for _, part := range Remedy(m) {
		switch part.Label {
		case "look":
			look = part.Lines
		case "run":
			do = part.Lines
		}
	}
	return look, do
}

// Remedy gives the commands of a finding, the parts without any left out.
func Remedy(m *report.Remedy) []Commands {
	if m == nil {
		return nil
	}
	var out []Commands
	add := func(label string, commands [][]string) {
		if len(commands) == 0 {
			return
		}
		part := Commands{Label: label}
		for _, command := range commands {
			part.Lines = append(part.Lines, prose.Quote(command...))
		}
		out = append(out, part)
	}
	add("look", m.Look)
	add("run", m.Do)
	add("verify", m.Verify)
	add("undo", m.Undo)
	return out
}
