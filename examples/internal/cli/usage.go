package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// An Example is a command line that works, as a usage shows it.
type Example struct {
	Args  string // behind the program's name, without quotes
	About string
}

// usage explains the program; without flags it is the short form.
func (p *Program) usage(w io.Writer, flags *flag.FlagSet) {
	head := p.Name + " [flags]"
	if len(p.Verbs) > 1 || p.Verbs[0].Name != "" {
		head += " VERB"
	}
	fmt.Fprintf(w, "Usage: %s\n\n%s\n\n", head, strings.TrimSpace(p.About))
	p.verbs(w)
	if flags == nil {
		fmt.Fprintf(w, "Example: %s\nMore:    %s -h\n", p.line(p.Examples[0]), p.Name)
		return
	}
	width := 0
	for _, e := range p.Examples {
		width = max(width, len(p.line(e)))
	}
	fmt.Fprintln(w, "Examples:")
	for _, e := range p.Examples {
		fmt.Fprintf(w, "  %-*s   %s\n", width, p.line(e), e.About)
	}
	fmt.Fprintf(w, "\n%s\n\nFlags:\n", strings.TrimSpace(p.Exit))
	flags.SetOutput(w)
	flags.PrintDefaults()
	flags.SetOutput(io.Discard)
}

func (p *Program) line(e Example) string { return strings.TrimSpace(p.Name + " " + e.Args) }

func (p *Program) verbs(w io.Writer) {
	width := 0
	for _, v := range p.Verbs {
		width = max(width, len(v.Name)+1+len(v.Args))
	}
	named := false
	for _, v := range p.Verbs {
		if v.Name != "" {
			fmt.Fprintf(w, "  %-*s  %s\n", width, v.Name+" "+v.Args, v.About)
			named = true
		}
	}
	if named {
		fmt.Fprintln(w)
	}
}
