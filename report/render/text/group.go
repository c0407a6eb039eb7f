package text

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/report/render"
)

// maxGroups bounds the causes of a section: the update of a whole system is a
// thousand of them.
const maxGroups = 10

func (p *page) groups(s render.Section, apart bool) {
	if apart && len(s.Groups) > 0 {
		p.line("")
	}
	for i, g := range s.Groups {
		if i == maxGroups {
			p.prose(2, 4, dim, fmt.Sprintf("and %d more causes, which explain %s", len(s.Groups)-i, findings(s.Groups[i:])))
			return
		}
		p.group(s, g)
	}
}

func findings(groups []render.Group) string {
	n := 0
	for _, g := range groups {
		n += len(g.Entries) + len(g.Perhaps)
	}
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// group tells a cause, and in a sentence each all that it explains.
func (p *page) group(s render.Section, g render.Group) {
	first, rest, because := 2, 4, g.Text+": "
	if g.Cause != nil {
		p.brief(s, *g.Cause)
		first, rest, because = textAt, textAt+2, ""
	}
	if len(g.Entries) > 0 {
		p.prose(first, rest, dim, fmt.Sprintf("%d explained (%s): %s%s", len(g.Entries), g.Sure, because, render.Subjects(g.Entries)))
	}
	if len(g.Perhaps) > 0 {
		p.prose(first, rest, dim, "perhaps also: "+render.Titles(g.Perhaps))
	}
}
