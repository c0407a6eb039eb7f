package system

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/report"
)

// diversions is where dpkg-divert(1) keeps what is put elsewhere than packages have it: of
// each the place, the place that it gets, and the package for which that is, ":" for none.
// What stands in such a place no update replaces.
const diversions = "/var/lib/dpkg/diversions"

func (r *hookReader) diverted(s setting) {
	for three := range slices.Chunk(strings.Split(strings.TrimSuffix(string(s.data), "\n"), "\n"), 3) {
		if len(three) == 3 {
			r.Add(inventory.Fields(fieldRules, three[0]+" to "+three[1]), secPreload, diversions, three[2], three[0])
		} else if len(s.data) > 0 {
			r.FailBelow(fmt.Errorf("%s: of three lines that belong together the last are not there", diversions), secPreload, diversions)
		}
	}
}

// divertedFor gives the package for which all of some changes are: an update that brings
// them is their reason.
func divertedFor(changes []integrity.Change) (owner report.Attr, ok bool) {
	key := inventory.KeyOf(changes[0].Path)
	if key[1] != diversions || slices.ContainsFunc(changes, func(c integrity.Change) bool { return inventory.KeyOf(c.Path)[2] != key[2] }) {
		return owner, false
	}
	owner = report.Package.Of("deb:" + key[2])
	return owner, key[2] != ":" && owner.Validate() == nil
}
