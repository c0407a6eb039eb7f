package render

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// maxHost bounds a host name in the verdict, in columns.
const maxHost = 40

// verdict gives the two parts of it.
func verdict(rep *report.Report, d Digest) (lead, rest string) {
	host := term.Truncate(term.Visible(rep.Labels.Host), maxHost, "...")
	if strings.TrimSpace(host) == "" {
		host = "this host"
	}
	loud, calm := d.loud(), d.calm()
	switch {
	case len(loud) == 0:
		loud, calm = calm[:1], calm[1:]
	case d.Baseline && len(loud) == 1 && !d.news():
		loud, calm = append(loud, calm[:min(1, len(calm))]...), calm[min(1, len(calm)):]
	}
	if len(calm) > 0 {
		rest = "; " + strings.Join(calm, "; ")
	}
	return host + ": " + strings.Join(loud, "; "), rest
}

// loud says what needs a person.
func (d Digest) loud() []string {
	var out []string
	if d.Baseline {
		out = append(out, "baseline taken")
	}
	return nonEmpty(append(out,
		severities(d.entries("baseline"), "already there"),
		severities(d.entries("new"), "new"),
		severities(d.entries("worse"), "worse"),
		severities(d.entries("regressed"), "back"),
	))
}

// calm says the rest; it is not empty if loud is.
func (d Digest) calm() []string {
	if d.Checks.All == 0 && len(d.Sections) == 0 {
		return []string{"nobody has looked"}
	}
	return nonEmpty([]string{
		counted(len(d.entries("updated")), "changed"),
		counted(len(d.entries("new-checks")), "from new checks"),
		d.quiet(),
		counted(len(d.entries("stale")), "out of sight"),
		counted(len(d.entries("fixed")), "fixed"),
		counted(len(d.entries("retired")), "no longer asked"),
		counted(len(d.entries("still")), "still open"),
		d.unseen(),
	})
}

// news reports whether anything is told that was not told before.
func (d Digest) news() bool {
	for _, id := range news {
		if len(d.entries(id)) > 0 {
			return true
		}
	}
	return false
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

// quiet says what is explained, or that there is nothing.
func (d Digest) quiet() string {
	nothing := !d.news()
	explained := 0
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			explained += len(g.Entries)
		}
	}
	switch {
	case explained > 0 && nothing:
		return fmt.Sprintf("%d found, all explained", explained)
	case explained > 0:
		return fmt.Sprintf("%d more explained", explained)
	case !nothing || d.Checks.All > 0 && d.Checks.Failed == d.Checks.All:
		return ""
	case d.Baseline:
		return "nothing found"
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
		out = append(out, fmt.Sprintf("%d of %s %s root", rights, checks(d.Checks.All), lack))
	}
	return strings.Join(out, "; ")
}

// entries are those of a section that are not fully explained.
func (d Digest) entries(id string) []Entry {
	for _, s := range d.Sections {
		if s.ID == id {
			return s.unexplained()
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
