package digest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Bounds of a text; the verdict counts all.
const (
	width       = 78
	maxFindings = 40
	share       = 5 // of these, for what one host alone found
	maxHosts    = 100
	maxNames    = 4
	maxOld      = 10
)

// WriteText writes d: one line where there is nothing to look at. Customers see
// no other's names where the digest is of one tenant.
func WriteText(w io.Writer, d Digest, zone *time.Location) error {
	if zone == nil {
		zone = time.UTC
	}
	p := page{zone: zone}
	p.wrap("", "  ", d.Verdict)
	if d.Unread > 0 {
		p.wrap("  ", "    ", prose.Count(d.Unread, "report")+" could not be read")
	}
	p.missing(d.Missing)
	p.findings("New", d.Findings)
	if d.Customer {
		p.reviewed(d.Customers)
	} else {
		p.customers(d.Customers)
	}
	p.old(d.Old)
	p.findings("Fixed", d.Cleared)
	_, err := io.WriteString(w, p.String())
	return err
}

type page struct {
	strings.Builder
	zone *time.Location
}

// wrap writes data as lines of a first indent and another for what follows.
func (p *page) wrap(first, rest, s string) {
	for i, line := range term.Wrap(term.Visible(render.Sentence(s, p.zone)), width-len(rest)) {
		indent := rest
		if i == 0 {
			indent = first
		}
		p.WriteString(indent + line + "\n")
	}
}

func (p *page) heading(s string) { p.WriteString("\n" + strings.ToUpper(s) + "\n") }

func (p *page) missing(list []Missing) {
	if len(list) == 0 {
		return
	}
	p.heading("Did not report")
	for i, m := range list {
		if i == maxHosts {
			p.wrap("  ", "  ", fmt.Sprintf("and %d more", len(list)-i))
			return
		}
		text := "never"
		switch {
		case m.Ahead:
			text = "its report is dated ahead, " + prose.Time(m.Last, p.zone) + ": check its clock"
		case !m.Last.IsZero():
			text = "last on " + prose.Time(m.Last, p.zone)
		}
		p.wrap("  ", "    ", name(m.Host)+": "+text)
	}
}

// old tells what was acknowledged long ago, the oldest first.
func (p *page) old(list []Old) {
	if len(list) == 0 {
		return
	}
	p.heading("Acknowledged long ago, and still there")
	for i, o := range list {
		if i == maxOld {
			p.wrap("  ", "  ", fmt.Sprintf("and %d more", len(list)-i))
			return
		}
		p.wrap("  ", "    ", fmt.Sprintf("%s: %s, by %s %s ago", name(o.Host), o.Title, o.By, prose.Count(o.Days, "day")))
	}
}

func name(h Host) string {
	if h.Tenant == "" {
		return h.Name
	}
	return h.Tenant + ", " + h.Name
}

func (p *page) findings(title string, list []Finding) {
	if len(list) == 0 {
		return
	}
	p.heading(title)
	list, like := folded(list)
	told := fair(list)
	for _, f := range told {
		word := render.Word(f.Severity)
		if render.Rank(f.Severity) >= report.Warning {
			word = strings.ToUpper(word)
		}
		p.wrap("  "+term.Pad(word, 10), "            ", cmp.Or(f.Title, f.Rule))
		text := "on " + hosts(f.Alike)
		if n := len(f.Alike); n > 1 {
			text = "the same on " + prose.Count(n, "host") + ": " + hosts(f.Alike)
		}
		if n := len(f.Differ); n > 0 {
			text += fmt.Sprintf("; %s: %s", verb(n, "differs", "differ"), hosts(f.Differ))
		}
		p.wrap("            ", "            ", text)
		if more := like[likeness(f)][1:]; len(more) > 0 {
			p.wrap("            ", "            ", fmt.Sprintf("and %d more like it there: %s", len(more), prose.List(more, maxNames)))
		}
	}
	if len(told) < len(list) {
		p.wrap("  ", "  ", untold(list, told, like))
	}
}

// alike is what one host alone found by one rule, equally grave: of that, one is told.
type alike struct {
	host     Host
	rule     string
	severity report.Severity
	other    string // of what several hosts have: each is told
}

func likeness(f Finding) alike {
	if f.Hosts() > 1 {
		return alike{other: f.Fingerprint}
	}
	return alike{host: f.Alike[0], rule: f.Rule, severity: render.Rank(f.Severity)}
}

// folded gives the first of each kind, and what all of it is about.
func folded(list []Finding) (first []Finding, about map[alike][]string) {
	about = map[alike][]string{}
	for _, f := range list {
		key := likeness(f)
		if about[key] == nil {
			first = append(first, f)
		}
		about[key] = append(about[key], f.Subject.Value)
	}
	return first, about
}

// fair gives what is told of a list that is too long: the worst first, and of one
// host no more than its share before what others found.
func fair(list []Finding) []Finding {
	if len(list) <= maxFindings {
		return list
	}
	var told, rest []Finding
	of := map[Host]int{}
	for _, f := range list {
		if h := f.Alike[0]; f.Hosts() == 1 {
			if of[h]++; of[h] > share {
				rest = append(rest, f)
				continue
			}
		}
		told = append(told, f)
	}
	told = append(told, rest...)[:maxFindings]
	slices.SortStableFunc(told, func(a, b Finding) int { return int(render.Rank(b.Severity)) - int(render.Rank(a.Severity)) })
	return told
}

// untold counts by severity what is in a list and not told, with all that is like it.
func untold(list, told []Finding, like map[alike][]string) string {
	count, sum := map[report.Severity]int{}, 0
	add := func(list []Finding, sign int) {
		for _, f := range list {
			n := sign * len(like[likeness(f)])
			count[render.Rank(f.Severity)] += n
			sum += n
		}
	}
	add(list, 1)
	add(told, -1)
	var out []string
	for s := report.Critical; s >= report.Info; s-- {
		if count[s] > 0 {
			out = append(out, render.Tally(count[s], s))
		}
	}
	return fmt.Sprintf("and %d more: %s", sum, strings.Join(out, ", "))
}

// reviewed tells who looked at which host's report, and of which nobody has yet.
func (p *page) reviewed(list []Customer) {
	by, names := map[string][]Host{}, []string{}
	var not []Host
	for _, c := range list {
		for _, h := range c.Hosts {
			switch {
			case !h.Reviewed():
				not = append(not, h.Host)
				continue
			case by[h.Signed.By] == nil:
				names = append(names, h.Signed.By)
			}
			by[h.Signed.By] = append(by[h.Signed.By], h.Host)
		}
	}
	if len(list) > 0 {
		p.heading("Review")
	}
	slices.Sort(names)
	for _, name := range names {
		p.wrap("  ", "    ", "reviewed by "+name+": "+hosts(by[name]))
	}
	if len(not) > 0 {
		p.wrap("  ", "    ", "not reviewed yet: "+hosts(not))
	}
}

func verb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func hosts(list []Host) string {
	names, of := make([]string, len(list)), map[string]int{}
	for _, h := range list {
		of[h.Name]++
	}
	for i, h := range list {
		names[i] = h.Name
		if of[h.Name] > 1 { // of several customers
			names[i] += " (" + h.Tenant + ")"
		}
	}
	return prose.List(names, maxNames)
}

// customers tells a line of each host with something to look at, and counts the rest.
func (p *page) customers(list []Customer) {
	for _, c := range list {
		quiet := 0
		for _, h := range c.Hosts {
			if h.Level <= report.Notice && h.Unseen == 0 && h.News == 0 {
				quiet++
			}
		}
		if quiet == len(c.Hosts) {
			continue
		}
		p.heading(term.Visible(cmp.Or(c.Name, "hosts")))
		switch {
		case c.Signed != nil:
			p.wrap("  ", "  ", "signed by "+c.Signed.By+" on "+prose.Time(c.Signed.At, p.zone))
		case len(c.Hosts) > 0:
			p.wrap("  ", "  ", "not signed")
		}
		told := 0
		for _, h := range c.Hosts {
			if h.Level <= report.Notice && h.Unseen == 0 && h.News == 0 {
				continue
			}
			if told++; told > maxHosts {
				break
			}
			p.wrap("  ", "    ", h.Verdict)
		}
		if quiet > 0 {
			p.wrap("  ", "    ", prose.Count(quiet, "host")+" with nothing new")
		}
	}
}
