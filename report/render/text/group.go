package text

import (
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
	p.prose(2, 4, "", g.Title())
	if len(g.Who) > 0 {
		p.lines(render.Lines(*g.Cause))
	}
	if text := g.Explains(p.opt.Zone); text != "" {
		p.prose(6, 8, dim, text)
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
