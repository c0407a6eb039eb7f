package updates

import (
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// An item is an upgrade or a patch, as one reports it.
type item struct {
	id       string   // deb:libssl3
	source   string   // deb:openssl; of a patch its own id
	label    string   // libssl3
	from, to string   // versions; "" where there is none or it is not known
	title    string   // of a patch
	changes  []string // labels of packages
	origins  []string
	evidence []report.Attr
	pkgupdate.Offer
}

// items are what is pending but for new packages: they come with the upgrade
// that needs them.
func items(p pkgupdate.Pending) []item {
	var list []item
	for _, u := range p.Upgrades {
		if !u.New {
			list = append(list, ofUpgrade(u))
		}
	}
	for _, patch := range p.Patches {
		id := patch.Type + ":" + patch.ID
		list = append(list, item{
			id: id, source: id, label: patch.ID, title: patch.Title, changes: patch.Packages, Offer: patch.Offer,
			evidence: []report.Attr{{Key: report.Package, Value: id}},
		})
	}
	return list
}

// ofUpgrade leaves the repositories out of the evidence: their names change at
// each point release, and they are not known while apt-get refuses to plan.
func ofUpgrade(u pkgupdate.Upgrade) item {
	it := item{
		id: u.Pkg.ID(), source: u.Pkg.SourceID(), label: u.Pkg.Label(), changes: []string{u.Pkg.Label()},
		from: u.Pkg.Version.String(), to: u.To().String(), origins: u.Origins, Offer: u.Offer,
		evidence: []report.Attr{packageAttr(u.Pkg)},
	}
	if it.from != "" {
		it.evidence = append(it.evidence, report.Attr{Key: report.Was, Value: "version=" + it.from})
	}
	if v, ok := versionAttr(u.To()); ok {
		it.evidence = append(it.evidence, report.Attr{Key: report.Now, Value: "version=" + it.to}, v)
	}
	return it
}

// line tells an item in a list: "bash 5.2-1 -> 5.2-2 from Debian:12/stable".
func (it item) line() string {
	words := []string{it.label}
	for _, w := range []struct{ before, text string }{
		{"", it.title}, {"", it.from}, {"-> ", it.to}, {"from ", strings.Join(it.origins, ", ")},
	} {
		if w.text != "" {
			words = append(words, w.before+w.text)
		}
	}
	if it.Blocked != "" {
		words = append(words, "("+string(it.Blocked)+")")
	}
	return strings.Join(words, " ")
}

func labels(list []item) []string {
	out := make([]string, len(list))
	for i, it := range list {
		out[i] = it.label
	}
	return out
}
