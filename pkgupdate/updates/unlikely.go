package updates

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/internal/inventory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// unlikely gives, by the ID of an act, what it says to have replaced and nobody had: a
// version that was neither installed in the last run nor brought since. Whoever
// writes a log for his own changes does not know what was there. Only dpkg's logs tell
// whole versions.
func (c *managerCheck) unlikely(acts []act, old inventory.Inventory) map[string][]string {
	out := map[string][]string{}
	if c.info.Scheme != version.Deb {
		return out
	}
	had := map[string][]string{}
	for _, p := range old.Packages {
		had[p.Name] = append(had[p.Name], p.Version.String())
	}
	acts = slices.Clone(acts)
	slices.SortStableFunc(acts, func(a, b act) int { return a.Begin.Compare(b.Begin) })
	for _, a := range acts {
		for _, e := range a.Events {
			if is := had[e.Name]; is != nil && a.Begin.After(old.At) && e.From != "" && !slices.Contains(is, e.From) {
				out[a.ID] = append(out[a.ID], e.Name+" "+e.From+" (it was "+prose.List(is, 3)+")")
			}
		}
		for _, e := range a.Events {
			if e.To != "" && e.Kind() != pkgupdate.Removed {
				had[e.Name] = append(had[e.Name], e.To)
			}
		}
	}
	return out
}
