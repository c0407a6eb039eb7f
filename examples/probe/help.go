package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// protocols lists what there is, for the usage.
func protocols(p netprobe.Parser) string {
	var out strings.Builder
	for _, s := range p.All() {
		fmt.Fprintf(&out, "  %-11s %s\n", s.Name, s.About)
	}
	return out.String()
}

// askedFor returns the protocol of "probe -h PROTOCOL".
func askedFor(args []string, p netprobe.Parser) (netprobe.Scheme, bool) {
	help := slices.ContainsFunc(args, func(a string) bool { return a == "-h" || a == "-help" || a == "--help" })
	for _, s := range p.All() {
		if help && slices.Contains(args, s.Name) {
			return s, true
		}
	}
	return netprobe.Scheme{}, false
}

func explain(w io.Writer, s netprobe.Scheme) {
	form, before := s.Name+"://HOST:PORT", "?"
	if s.Port != "" {
		form = s.Name + "://HOST[:" + s.Port + "]"
	}
	if s.Fragment {
		form, before = form+"/PATH?QUERY", "#"
	}
	fmt.Fprintf(w, "%s%sOPTION=VALUE&…\n\n%s: %s.\n\nOptions:\n", form, before, s.Name, s.About)
	for _, o := range s.AllOptions() {
		fmt.Fprintf(w, "  %-11s %s\n", o.Name, o.About)
	}
}
