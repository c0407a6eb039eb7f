// Package nagios writes a report as the line of a monitoring plugin, for Nagios,
// Icinga, Naemon and their kin.
//
//	line, code := nagios.Line(rep, nagios.Options{})
//	fmt.Println(line)
//	os.Exit(code)
//
// # Design
//
// The state is the worst of what is open: CRITICAL, then UNKNOWN where something
// was not looked at, then WARNING. A notice alarms nobody. No data stands
// where a plugin's grammar has a meaning: '|' and line ends are replaced, and
// performance data are counts of the renderer's own.
package nagios

import (
	"fmt"
	"io"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Options of a line. The zero Options work.
type Options struct {
	Name string // before the state, as plugins do; zero: UPKEEP
}

// Exit codes of a plugin.
const (
	OK = iota
	Warning
	Critical
	Unknown
)

var words = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// maxText bounds the text: servers cut longer output.
const maxText = 1000

// Line gives the line, without a line end, and the exit code.
func Line(rep *report.Report, opt Options) (line string, code int) {
	d := render.NewDigest(rep)
	code = state(d)
	name := opt.Name
	if name == "" {
		name = "UPKEEP"
	}
	count := map[report.Severity]int{}
	for _, c := range rep.Changes {
		if c.Kind != report.Fixed && c.Kind != report.Retired {
			count[render.Rank(c.Finding.Severity)]++
		}
	}
	text := term.Truncate(clean(d.Verdict), maxText, "...")
	perf := fmt.Sprintf("critical=%d;;0;0 warning=%d;0;;0 notice=%d;;;0 unseen=%d;;;0",
		count[report.Critical], count[report.Warning], count[report.Notice], len(d.Unseen)+len(d.Rights))
	return fmt.Sprintf("%s %s - %s | %s", clean(name), words[code], text, perf), code
}

// Write writes the line.
func Write(w io.Writer, rep *report.Report, opt Options) error {
	line, _ := Line(rep, opt)
	if _, err := io.WriteString(w, line+"\n"); err != nil {
		return fmt.Errorf("write plugin line: %w", err)
	}
	return nil
}

func state(d render.Digest) int {
	switch {
	case d.Level == report.Critical:
		return Critical
	case len(d.Unseen)+len(d.Rights) > 0 || d.Checks.All == 0:
		return Unknown
	case d.Level == report.Warning:
		return Warning
	}
	return OK
}

// clean takes out what has a meaning in a plugin's output.
func clean(s string) string { return strings.ReplaceAll(term.Visible(s), "|", "¦") }
