package text

import (
	"cmp"
	"fmt"

	"github.com/pugetsoundtech/upkeep/report/render"
)

// maxGroups bounds the causes of a section.
const maxGroups = 20

func (p *page) groups(s render.Section) {
	for i, g := range s.Groups {
		if i == maxGroups {
			p.prose(2, 4, dim, fmt.Sprintf("and %d more, which explain %s", len(s.Groups)-i, findings(s.Groups[i:])))
			return
		}
		p.group(g)
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

// group tells what was done in a line, and below it what came of that. It says
// no severity: nobody has to act.
func (p *page) group(g render.Group) {
	text := g.Text
	if g.Cause != nil {
		text = cmp.Or(g.Cause.Finding.Title, g.Cause.Finding.Rule)
	}
	if n := len(g.With); n > 0 {
		text += "; " + render.Titles(g.With)
	}
	p.prose(2, 4, "", text)
	if len(g.Entries) > 0 {
		p.prose(6, 8, dim, fmt.Sprintf("%s: %d, %s", g.Confidence, len(g.Entries), render.FewSubjects(g.Entries)))
	}
	if len(g.Perhaps) > 0 {
		p.prose(6, 8, dim, "perhaps also: "+render.Titles(g.Perhaps))
	}
}

// signing counts what is explained and open all the same, since nobody signed it.
func (p *page) signing(s render.Section) {
	n := 0
	for _, g := range s.Groups {
		n += g.Count()
	}
	if n > 0 {
		p.prose(2, 4, dim, fmt.Sprintf("%s explained earlier, and not signed yet", counted(n, "change")))
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
