package logs

import (
	"cmp"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

// finding makes the finding of a tally. When it was is told by First and Last
// alone, and what it means by the rule, so that no report says it twice.
func (ta *tally) finding() report.Finding {
	f := report.Finding{
		Rule: ruleUnexplained, Subject: ta.subject(), Scope: scopeOf(ta.source), Severity: ta.severity(),
		Count: ta.count, First: ta.first, Last: ta.last,
		Detail: ta.who(),
	}
	if ta.rule == nil {
		f.Title = ta.unexplainedTitle()
		if ta.bare {
			f.Rule, f.Subject = ruleBare, report.Attr{Key: report.Source, Value: ta.source}
		}
		f.Detail = "Whether this is harmless is not known."
		f.Fix = "Harmless lines need nothing done, and are told again only when more of them are written."
		f.Identity = []report.Attr{{Key: report.Template, Value: logwatch.TemplateID([]byte(ta.tag), ta.template)}}
	} else {
		f.Rule = prefix + ta.rule.Name
		f.Title = prose.Clip(ta.fill(ta.rule.Say), 300)
		f.Fix = ta.advise(remedyOf(*ta.rule))
		f.Identity = ta.identityAttrs(f.Subject)
	}
	f.Evidence = ta.evidence(f.Identity)
	return f
}

// subject is the unit or program, or the source of a line that names none.
func (ta *tally) subject() report.Attr {
	for _, name := range []string{ta.holes["unit"], ta.tag} {
		if a := (report.Attr{Key: report.Service, Value: name}); a.Validate() == nil {
			return a
		}
	}
	return report.Attr{Key: report.Source, Value: ta.source}
}

// identityAttrs gives the captures of the rule's key, one of each type.
func (ta *tally) identityAttrs(subject report.Attr) []report.Attr {
	var out []report.Attr
	used := map[report.Key]bool{subject.Key: true}
	for _, name := range ta.rule.Key {
		a, ok := attrOf(name, ta.holes[name])
		if ok && !used[a.Key] {
			used[a.Key] = true
			out = append(out, a)
		}
	}
	return out
}

// attrOf types a capture; false when its value has not the form of its type.
func attrOf(name, value string) (report.Attr, bool) {
	a := report.Attr{Value: value}
	switch name {
	case "addr":
		a.Key = report.Addr
		if ip, err := netip.ParseAddr(value); err == nil {
			a.Value = ip.String()
		}
	case "user", "login":
		a.Key = report.User
	case "group":
		a.Key = report.Group
	case "proc":
		a.Key = report.Process
	case "unit":
		a.Key = report.Service
	case "path":
		a.Key, a.Value = report.Path, path.Clean(strings.TrimRight(value, ",:"))
	case "dev":
		a.Key, a.Value = report.System, value
		if strings.HasPrefix(value, "sd") || strings.HasPrefix(value, "nvme") || strings.HasPrefix(value, "md") || strings.HasPrefix(value, "dm-") || strings.HasPrefix(value, "vd") {
			a.Key, a.Value = report.Path, path.Clean("/dev/"+strings.TrimRight(value, ",:"))
		}
	default:
		a.Key = report.Key("x-" + name)
	}
	return a, a.Validate() == nil
}

// evidence is the samples, where and when, and who.
func (ta *tally) evidence(identity []report.Attr) []report.Attr {
	out := []report.Attr{{Key: report.Source, Value: ta.source}}
	if !ta.last.IsZero() {
		out = append(out, report.AtTime(ta.last))
	}
	for _, s := range ta.shown() {
		if s != "" {
			out = append(out, report.Attr{Key: report.Sample, Value: s})
		}
	}
	if a := (report.Attr{Key: report.Service, Value: ta.unit}); a.Validate() == nil {
		out = append(out, a)
	}
	for _, who := range []struct {
		name   string
		counts map[string]int
	}{{"addr", ta.addrs}, {"user", ta.users}} {
		for _, value := range often(who.counts) {
			if a, ok := attrOf(who.name, value); ok && !contains(identity, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

func contains(attrs []report.Attr, a report.Attr) bool {
	for _, b := range attrs {
		if a == b {
			return true
		}
	}
	return false
}

// who says which addresses and users, where there are several.
func (ta *tally) who() string {
	var b strings.Builder
	most(&b, "Addresses", ta.addrs, ta.capped)
	most(&b, "Users", ta.users, ta.capped)
	return strings.TrimSpace(b.String())
}

// most names the most frequent ones.
func most(b *strings.Builder, what string, counts map[string]int, more bool) {
	names := often(counts)
	if len(counts) < 2 || len(names) == 0 {
		return
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%d)", printable([]byte(prose.Clip(name, 60))), counts[name])
	}
	b.WriteString(" " + what + ": " + prose.ListOf(names, len(counts)))
	if more {
		b.WriteString(" or others still")
	}
	b.WriteString(".")
}

// fill replaces the holes of a title.
func (ta *tally) fill(text string) string {
	return ta.replace(text, func(_, value string) string { return printable([]byte(prose.Clip(value, 80))) })
}

// advise replaces the holes of a remedy. A person may paste it into a shell, so
// a name that is not plain stands there as a word in capitals.
func (ta *tally) advise(text string) string {
	return ta.replace(text, func(name, value string) string {
		if isPlain(value) {
			return value
		}
		return strings.ToUpper(name)
	})
}

func (ta *tally) replace(text string, show func(name, value string) string) string {
	text = strings.ReplaceAll(text, " {times}", times(ta.count))
	text = strings.ReplaceAll(text, "{from}", ta.from())
	return field.ReplaceAllStringFunc(text, func(in string) string {
		name := in[1 : len(in)-1]
		switch name {
		case "times":
			return strings.TrimSpace(times(ta.count))
		case "program":
			return show(name, ta.program())
		}
		return show(name, cmp.Or(ta.holes[name], ta.said[name], "(unknown)"))
	})
}

// field is what a text of a rule has a value of its line for.
var field = regexp.MustCompile(`\{[a-z0-9-]+\}`)

// isPlain reports whether a shell takes a word as it is, and no program takes
// it for an option.
func isPlain(word string) bool {
	for _, c := range []byte(word) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("._-/:@+", c) >= 0:
		default:
			return false
		}
	}
	return word != "" && word[0] != '-' && len(word) <= 80
}

func (ta *tally) program() string {
	if ta.tag == "" {
		return ta.source
	}
	return printable([]byte(ta.tag))
}

// unexplainedTitle shows the first of the lines: a template is for machines.
func (ta *tally) unexplainedTitle() string {
	text := prose.Clip(afterStamp(ta.message), 140)
	if ta.bare {
		return fmt.Sprintf("%s has %s without a header that is known, such as: %s", ta.source, prose.Count(ta.count, "line"), text)
	}
	if ta.count == 1 {
		return fmt.Sprintf("%s wrote a line that no rule explains: %s", ta.program(), text)
	}
	return fmt.Sprintf("%s wrote %s of a kind that no rule explains, such as: %s", ta.program(), prose.Count(ta.count, "line"), text)
}

// afterStamp leaves out the date and time with which some programs begin their
// messages once more.
func afterStamp(message string) string {
	for range 2 {
		word, rest, ok := strings.Cut(message, " ")
		if !ok || len(word) < 8 || strings.Trim(word, "0123456789-/:.,TZ+[]") != "" {
			break
		}
		message = rest
	}
	return message
}

// times says how often, with a blank before it; what happened once is told
// without a number.
func times(n int) string {
	if n == 1 {
		return ""
	}
	return " " + prose.Count(n, "time")
}

// from says from where, with a blank before it.
func (ta *tally) from() string {
	switch n := len(ta.addrs); {
	case n == 0:
		return ""
	case n == 1:
		return " from " + top(ta.addrs, 1)[0]
	case ta.capped:
		return " from more than " + prose.Count(n, "address")
	default:
		return " from " + prose.Count(n, "address")
	}
}

// scopeOf is the coverage scope of a source.
func scopeOf(source string) string {
	if strings.HasPrefix(source, "/") {
		return "logs" + source
	}
	return source
}
