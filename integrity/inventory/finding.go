package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Differences gives as evidence each field that a change gave another value.
func Differences(c integrity.Change) (out []report.Attr) {
	was, now := RecordOf(c.Was), RecordOf(c.Now)
	for _, f := range was.Fields {
		if now.Get(f.Name) != f.Value && f.Value != "" {
			out = append(out, Pair(report.Was, f.Name, f.Value))
		}
	}
	for _, f := range now.Fields {
		if was.Get(f.Name) != f.Value && f.Value != "" {
			out = append(out, Pair(report.Now, f.Name, f.Value))
		}
	}
	return out
}

// Either gives the fields that a record has now, and, empty, those that it only had.
func Either(was, now Record) []host.Attr {
	out := slices.Clone(now.Fields)
	for _, f := range was.Fields {
		if !slices.ContainsFunc(out, func(o host.Attr) bool { return o.Name == f.Name }) {
			out = append(out, host.Attr{Name: f.Name})
		}
	}
	return out
}

// Differing says in words which fields a change gave another value, each clipped to so
// many bytes: `options "ro" to "rw"`.
func Differing(c integrity.Change, longest int) (words []string) {
	was, now := RecordOf(c.Was), RecordOf(c.Now)
	for _, f := range Either(was, now) {
		if old := was.Get(f.Name); old != f.Value {
			words = append(words, fmt.Sprintf("%s %q to %q", f.Name, prose.Clip(old, longest), prose.Clip(f.Value, longest)))
		}
	}
	return words
}

// Pair is evidence that a field has, or had, a value.
func Pair(key report.Key, name, value string) report.Attr {
	return key.Of(name + "=" + prose.Clip(value, 300))
}

// ProcessOf gives the process in whose folder of /proc a place is.
func ProcessOf(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, "/proc/")
	first, _, _ := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(first)
	return pid, ok && err == nil
}

// Word makes a name fit for an attribute: blanks and control bytes are shown by
// a question mark.
func Word(name string) string {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
	return prose.Clip(name, 200)
}
