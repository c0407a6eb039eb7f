// Package managers lists the package managers that a system may have.
//
//	for _, m := range managers.For(h, system, 0) { … }
//
// It is a literal list, to be copied and changed.
package managers

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apk"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/bsdos"
	"github.com/pugetsoundtech/upkeep/pkgupdate/freebsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgsrc"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
	"github.com/pugetsoundtech/upkeep/pkgupdate/slackware"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// Jobs is the folder of a system in which package apply keeps its plans and transcripts.
const Jobs = "/var/lib/upkeep/apply"

// For gives the managers to ask on a system, its own first. A Linux may have others
// beside it, whoever put them there, and one that is not known any. One whose database is
// not there, or holds nothing, says so. Data older than maxAge is no answer; zero is what
// each takes.
func For(h host.Host, system facts.System, maxAge time.Duration) []pkgupdate.Manager {
	switch system.Family {
	case "freebsd":
		return []pkgupdate.Manager{&freebsd.Manager{Host: h, MaxAge: maxAge}}
	case "openbsd":
		return []pkgupdate.Manager{&openbsd.Manager{Host: h}}
	case "netbsd":
		return []pkgupdate.Manager{&pkgsrc.Manager{Host: h, MaxAge: maxAge}}
	case "bsdos":
		return []pkgupdate.Manager{&bsdos.Manager{Host: h}}
	}
	list := []pkgupdate.Manager{
		&apt.Manager{Host: h, MaxAge: maxAge},
		&rpm.Manager{Host: h, Family: system.Family, Front: rpm.Front(system.ID, system.Version), MaxAge: maxAge},
		&apk.Manager{Host: h, MaxAge: maxAge}, &pacman.Manager{Host: h, MaxAge: maxAge}, &slackware.Manager{Host: h, MaxAge: maxAge},
	}
	n := map[string]int{"redhat": 1, "suse": 1, "mandrake": 1, "alpine": 2, "arch": 3, "slackware": 4}[system.Family]
	own := list[n]
	return slices.Insert(slices.Delete(list, n, n+1), 0, own)
}

// Owners is who knows whose a file is on a system of a family: the first package
// manager that does; where none does, dpkg says that it has no database.
func Owners(h host.Host, family string) integrity.Attestor {
	for _, m := range For(h, facts.System{Family: family}, 0) {
		if owners, ok := m.(integrity.Attestor); ok {
			return owners
		}
	}
	return &apt.Manager{Host: h}
}

// Remember lets those that can keep what they were told, in a file that the state
// folder has for it: then they ask again only when something changed. It is for a
// system whose files are near.
func Remember(list []pkgupdate.Manager, name string) []pkgupdate.Manager {
	for _, m := range list {
		if m, ok := m.(*apt.Manager); ok && filepath.IsAbs(name) {
			m.Kept = kept(name)
		}
	}
	return list
}

// kept is the file of that name.
type kept string

const maxKept = 64 << 20

// Load reads it.
func (k kept) Load() ([]byte, error) { return statedir.Read(string(k), maxKept) }

// Store replaces it whole.
func (k kept) Store(data []byte) error { return statedir.Write(string(k), data) }
