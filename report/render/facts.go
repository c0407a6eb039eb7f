package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Fact is one piece of evidence, for a reader.
type Fact struct {
	Label   string // change, line, said, when, the attribute's key, or about for a key that is not known
	Value   string // of all but a change
	Changed bool   // Field went from Was to Now
	Field   string
	Was     string
	Now     string
}

// Facts lists a finding's evidence in its order. The first "was" and the first
// "now" of a field become one fact, a field with one of them is a plain fact,
// and times are given in zone; nil is UTC. What the subject or a change says already is
// left out, and of digests all but the first digits.
func Facts(f report.Finding, zone *time.Location) []Fact {
	if zone == nil {
		zone = time.UTC
	}
	var out []Fact
	change := map[string]int{}
	for _, a := range f.Evidence {
		switch {
		case a == f.Subject || a.Key == report.Version && tellsVersion(f.Evidence, a.Value):
		case a.Key != report.Was && a.Key != report.Now:
			out = addFact(out, a, zone)
		default:
			out = addChange(out, change, a)
		}
	}
	for i := range out {
		out[i] = out[i].inZone(zone).plain()
	}
	return out
}

// tellsVersion reports whether a change says that the version is now this one.
func tellsVersion(evidence []report.Attr, version string) bool {
	_, plain, _ := strings.Cut(version, ":")
	return slices.Contains(evidence, report.Attr{Key: report.Now, Value: "version=" + plain})
}

// addChange puts one side of a change to the other; change holds where.
func addChange(out []Fact, change map[string]int, a report.Attr) []Fact {
	field, value, _ := strings.Cut(a.Value, "=")
	if value == "" {
		value = "empty"
	}
	at, ok := change[field]
	if !ok || a.Key == report.Was && out[at].Was != "" || a.Key == report.Now && out[at].Now != "" {
		at = len(out)
		change[field] = at
		out = append(out, Fact{Label: "change", Changed: true, Field: field})
	}
	if a.Key == report.Was {
		out[at].Was = value
	} else {
		out[at].Now = value
	}
	return out
}

// inZone tells times that changed as all others, and to a part of a second where
// they differ by that alone.
func (f Fact) inZone(zone *time.Location) Fact {
	if !f.Changed {
		return f
	}
	was, now := moved(f.Was, zone, toTheSecond), moved(f.Now, zone, toTheSecond)
	if was == now {
		const finer = "2006-01-02 15:04:05.000000000 MST"
		was, now = moved(f.Was, zone, finer), moved(f.Now, zone, finer)
	}
	f.Was, f.Now = was, now
	return f
}

// moved gives a time in a zone; all else stays as it is.
func moved(s string, zone *time.Location, layout string) string {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at.In(zone).Format(layout)
	}
	return s
}

// plain shortens digests, and makes a plain fact of a change with one side.
func (f Fact) plain() Fact {
	if short, other := shortDigest(f.Was), shortDigest(f.Now); short != other {
		f.Was, f.Now = short, other
	}
	switch {
	case !f.Changed || f.Was != "" && f.Now != "":
		return f
	case f.Was == "":
		return Fact{Label: "now", Value: f.Field + ": " + f.Now}
	}
	return Fact{Label: "was", Value: f.Field + ": " + f.Was}
}

// shortDigits is how much of a digest people compare; the JSON has all of it.
const shortDigits = 12

// shortDigest cuts algorithm:hex; all else stays as it is.
func shortDigest(s string) string {
	algorithm, digits, ok := strings.Cut(s, ":")
	if !ok || len(digits) < 2*shortDigits || len(algorithm) > 16 || strings.Trim(digits, "0123456789abcdef") != "" {
		return s
	}
	return algorithm + ":" + digits[:shortDigits] + "…"
}

func addFact(out []Fact, a report.Attr, zone *time.Location) []Fact {
	f := fact(a, zone)
	for i := range out {
		if lists[a.Key] && out[i].Label == f.Label && !out[i].Changed {
			out[i].Value += ", " + f.Value
			return out
		}
	}
	return append(out, f)
}

// lists holds the keys whose values, one after another, make one line.
var lists = map[report.Key]bool{report.Package: true, report.Advisory: true, report.Addr: true, report.User: true, report.Repository: true}

func fact(a report.Attr, zone *time.Location) Fact {
	at, err := time.Parse(time.RFC3339Nano, a.Value)
	switch {
	case a.Key == report.At && err == nil:
		return Fact{Label: "when", Value: at.In(zone).Format(toTheSecond)}
	case a.Key == report.Sample:
		return Fact{Label: "line", Value: a.Value}
	case a.Key == report.Reason:
		return Fact{Label: "said", Value: a.Value}
	case a.Key == report.Digest:
		return Fact{Label: "digest", Value: shortDigest(a.Value)}
	}
	if a.Validate() == nil {
		return Fact{Label: string(a.Key), Value: a.Value}
	}
	return Fact{Label: "about", Value: string(a.Key) + " " + a.Value}
}

// Escape spells out what a terminal would obey or hide, on one line: control,
// bidirectional and other invisible characters, and bytes that are not UTF-8.
func Escape(s string) string { return term.Escape(s) }

// ShortID is the part of a fingerprint that people type.
func ShortID(fingerprint string) string {
	id := strings.TrimPrefix(fingerprint, "v1:")
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

// Age says how many days.
func Age(days int) string {
	switch days {
	case 0:
		return "today"
	case 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", days)
}

// How many names or titles stand for a list.
const (
	mostNames  = 10
	mostTitles = 3
)

// Subjects names what the first of the entries are about, and counts the rest.
func Subjects(entries []Entry) string { return subjects(entries, mostNames) }

// FewSubjects is Subjects for what needs no look.
func FewSubjects(entries []Entry) string { return subjects(entries, mostTitles) }

func subjects(entries []Entry, most int) string {
	count := map[string]int{}
	for _, e := range entries {
		count[subject(e.Finding)]++
	}
	return list(entries, most, ", ", func(e Entry) string {
		name := subject(e.Finding)
		if count[name] > 1 {
			name = distinct(e.Finding, name)
		}
		return name
	})
}

func subject(f report.Finding) string {
	if _, name, ok := strings.Cut(f.Subject.Value, ":"); ok && f.Subject.Key == report.Package {
		return name
	}
	return f.Subject.Value
}

// maxQuoted bounds what tells one from others of its name, in bytes.
const maxQuoted = 60

// distinct adds what tells one from others of its name: what it is known by, else the
// line that it quotes, else its title where that names it.
func distinct(f report.Finding, name string) string {
	var known []string
	for _, a := range f.Identity {
		if a.Key != report.Digest && a.Key != report.Template {
			known = append(known, a.Value)
		}
	}
	if len(known) > 0 {
		return name + " " + prose.Clip(strings.Join(known, " "), maxQuoted)
	}
	for _, a := range f.Evidence {
		if a.Key == report.Sample {
			return name + " (" + prose.Clip(message(a.Value), maxQuoted) + ")"
		}
	}
	if strings.Contains(f.Title, name) {
		return prose.Clip(f.Title, maxQuoted)
	}
	return name
}

// message is a log line from its program on, where that can be told: its time and host
// are the same of all.
func message(line string) string {
	for i, word := range strings.Fields(line) {
		if i > 0 && strings.HasSuffix(word, ":") {
			_, rest, _ := strings.Cut(line, word)
			return strings.TrimSpace(rest)
		}
	}
	return line
}

// Titles gives the first titles of the entries, and counts the rest.
func Titles(entries []Entry) string {
	return list(entries, mostTitles, "; ", func(e Entry) string { return e.Finding.Title })
}

// list gives each of the first names once, with how often it is meant.
func list(entries []Entry, most int, separator string, name func(Entry) string) string {
	var names []string
	times := map[string]int{}
	for _, e := range entries {
		n := name(e)
		if times[n]++; times[n] == 1 {
			names = append(names, n)
		}
	}
	var shown []string
	for _, n := range names[:min(len(names), most)] {
		if times[n] > 1 {
			n = fmt.Sprintf("%s (%d)", n, times[n])
		}
		shown = append(shown, n)
	}
	text := strings.Join(shown, separator)
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
