package render

import (
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Commands are lines that a person may type for one purpose, quoted for a shell.
type Commands struct {
	Label string // run, verify or undo
	Lines []string
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
	add("run", m.Do)
	add("verify", m.Verify)
	add("undo", m.Undo)
	return out
}
