package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// maxHost bounds a host name in the verdict, in columns.
const maxHost = 40

// verdict gives the two parts of it: the worst that is open stands first,
// whether it is new or old.
func verdict(rep *report.Report, d Digest) (lead, rest string) {
	host := term.Truncate(term.Visible(rep.Labels.Host), maxHost, "...")
	if strings.TrimSpace(host) == "" {
		host = "this host"
	}
	if rep.Labels.Place != "" {
		host += " (" + term.Truncate(term.Visible(rep.Labels.Place), maxHost, "...") + ")"
	}
	loud, calm := d.loud(), d.calm()
	if len(loud) == 0 {
		loud, calm = calm[:1], calm[1:]
	}
	if len(calm) > 0 {
		rest = "; " + strings.Join(calm, "; ")
	}
	if n := len(rep.Notices); n > 0 && !d.news() && !slices.Contains(rep.Notices, forCustomer) {
		rest += "; " + prose.Count(n, "note")
	}
	return host + ": " + strings.Join(loud, "; "), rest
}

// part is what is said of one section.
type part struct {
	text  string
	worst report.Severity
}

// loud says what needs a person, the worst first.
func (d Digest) loud() []string {
	var out []string
	switch {
	case d.Baseline && d.interrupted():
		out = append(out, "first look interrupted")
	case d.Baseline:
		out = append(out, "baseline taken")
	}
	var parts []part
	for _, s := range []struct{ id, what string }{
		{"baseline", "already there"},
		{"new", "new"},
		{"worse", "worse"},
		{"regressed", "back"},
		{"updated", "changed"},
		{"new-checks", "from new checks"},
		{"still", "still open"},
		{"stale", "out of sight"},
	} {
		entries := d.entries(s.id)
		p := part{text: severities(entries, s.what)}
		for _, e := range entries {
			p.worst = max(p.worst, Rank(e.Finding.Severity))
		}
		switch { // what is neither news nor out of sight may be said later
		case s.id == "stale" && p.worst <= report.Notice:
		case s.id == "still" && p.worst != report.Critical && (!d.news() || p.worst <= report.Notice):
		default:
			parts = append(parts, p)
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return int(b.worst) - int(a.worst) })
	for _, p := range parts {
		out = append(out, p.text)
	}
	if d.Baseline && len(nonEmpty(out)) == 1 {
		out = append(out, d.quiet())
	}
	return nonEmpty(out)
}

// interrupted reports whether the run was cancelled before every check had ended.
func (d Digest) interrupted() bool {
	return slices.ContainsFunc(d.Unseen, func(res report.Result) bool { return strings.Contains(res.Reason, "the run was cancelled") })
}

// calm says the rest; it is not empty if loud is.
func (d Digest) calm() []string {
	if d.Checks.All == 0 && len(d.Sections) == 0 {
		return []string{"nobody has looked"}
	}
	quiet := d.quiet()
	if d.Baseline {
		quiet = "" // said already
	}
	return nonEmpty([]string{
		quiet,
		d.known(),
		counted(d.explained(), "explained"),
		d.outOfSight(),
		counted(d.count("fixed"), "fixed"),
		counted(d.count("retired"), "no longer asked"),
		d.unseen(),
	})
}

// news reports whether anything is told that was not told before and that a
// person has to look at.
func (d Digest) news() bool {
	return slices.ContainsFunc(news, func(id string) bool { return len(d.entries(id)) > 0 })
}

// known says what is still open, where that is not said first.
func (d Digest) known() string {
	entries := d.entries("still")
	worst, oldest := report.RuleSeverity, 0
	for _, e := range entries {
		worst, oldest = max(worst, Rank(e.Finding.Severity)), max(oldest, e.Days)
	}
	if worst == report.Critical || d.news() && worst > report.Notice {
		return ""
	}
	text := severities(entries, "still open")
	if text != "" && oldest > 1 && !d.news() {
		text += ", oldest " + Age(oldest)
	}
	return text
}

// outOfSight says what nobody could look at again, where that is not said first.
func (d Digest) outOfSight() string {
	if slices.ContainsFunc(d.entries("stale"), func(e Entry) bool { return Rank(e.Finding.Severity) > report.Notice }) {
		return ""
	}
	return counted(d.count("stale"), "out of sight")
}

// explained counts the acts that explain what changed.
func (d Digest) explained() int {
	for _, s := range d.Sections {
		if s.ID == "explained" {
			return len(s.Groups)
		}
	}
	return 0
}

func (d Digest) count(id string) int {
	for _, s := range d.Sections {
		if s.ID == id {
			return s.Count()
		}
	}
	return 0
}

func nonEmpty(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// quiet says that there is nothing, where that is known.
func (d Digest) quiet() string {
	switch {
	case d.news() || d.Checks.All > 0 && d.Checks.Failed == d.Checks.All:
		return ""
	case d.Baseline:
		return "nothing found"
	case d.explained()+d.count("noted") > 0:
		return "nothing new that needs you"
	}
	return "nothing new"
}

func (d Digest) unseen() string {
	var all, part, rights int
	for _, res := range d.Unseen {
		if res.Status == report.Partial || res.Status == report.NotDue && len(res.Covered) > 0 {
			part++
		} else {
			all++
		}
	}
	rights = len(d.Rights)
	var out []string
	if all > 0 {
		out = append(out, fmt.Sprintf("could not look at %d of %s", all, checks(d.Checks.All)))
	}
	if part > 0 {
		out = append(out, fmt.Sprintf("looked only in part at %d of %s", part, checks(d.Checks.All)))
	}
	if rights > 0 {
		lack := "lack"
		if rights == 1 {
			lack = "lacks"
		}
		out = append(out, fmt.Sprintf("%d of %s %s rights", rights, checks(d.Checks.All), lack))
	}
	return strings.Join(out, "; ")
}

// entries are those of a section that nothing fully explains and that are more
// than information.
func (d Digest) entries(id string) []Entry {
	for _, s := range d.Sections {
		if s.ID == id {
			isInfo := func(e Entry) bool { return e.Finding.Severity == report.Info }
			if !slices.ContainsFunc(s.Entries, isInfo) {
				return s.Entries
			}
			return slices.DeleteFunc(slices.Clone(s.Entries), isInfo)
		}
	}
	return nil
}

// severities counts entries as "2 critical, 1 warning new".
func severities(entries []Entry, what string) string {
	count := map[report.Severity]int{}
	for _, e := range entries {
		count[e.Finding.Severity]++
	}
	var out []string
	for s := report.Critical; s >= report.Info; s-- {
		if n := count[s]; n > 0 {
			out = append(out, Tally(n, s))
			delete(count, s)
		}
	}
	rest := 0
	for _, n := range count {
		rest += n
	}
	if rest > 0 {
		out = append(out, fmt.Sprintf("%d unrated", rest))
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, ", ") + " " + what
}

// Tally gives "1 warning", "2 warnings", "2 critical".
func Tally(n int, s report.Severity) string {
	word := Word(s)
	if n != 1 && (s == report.Warning || s == report.Notice) {
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

func counted(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, what)
}

func checks(n int) string {
	if n == 1 {
		return "1 check"
	}
	return fmt.Sprintf("%d checks", n)
}
