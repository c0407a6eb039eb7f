package files

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// dpkgInfo is where dpkg keeps the scripts that it runs as root, see deb-postinst(5).
const dpkgInfo = "/var/lib/dpkg/info"

var scriptEndings = []string{".preinst", ".postinst", ".prerm", ".postrm", ".config"}

// scriptOf gives the package whose script of dpkg a file is, with its architecture
// where dpkg names that; "" for all others.
func scriptOf(name string) string {
	if path.Dir(name) != dpkgInfo || !slices.Contains(scriptEndings, path.Ext(name)) {
		return ""
	}
	return strings.TrimSuffix(path.Base(name), path.Ext(name))
}

// unpackedWithin is how far what dpkg writes when it unpacks one package lies apart.
const unpackedWithin = time.Minute

// askScripts asks when dpkg wrote the lists of the packages whose scripts changed.
func (c *closer) askScripts(changes []integrity.Change) error {
	c.unpacked = map[string]int64{}
	var asks []host.Ask
	for _, ch := range changes {
		if name := scriptOf(ch.Path); name != "" && ch.Kind != integrity.Removed {
			asks = append(asks, host.Ask{Op: host.OpLstat, Name: dpkgInfo + "/" + name + ".list"})
		}
	}
	if len(asks) == 0 {
		return nil
	}
	var failed error
	err := c.Host.Batch(c.ctx, asks, func(i int, a host.Answer) error {
		switch {
		case a.Err == nil && a.Stat.Known.Has(host.KnownCtime):
			c.unpacked[asks[i].Name] = a.Stat.Ctime
		case a.Err != nil && !errors.Is(a.Err, fs.ErrNotExist):
			failed = a.Err
		}
		return nil
	})
	return errors.Join(err, failed)
}

// script says whose a script of dpkg is, of which no database has a digest. One that
// went, or came in the minute in which dpkg wrote the list of its package, an update
// explains; of another it is only said whose it is. An update of any architecture of a
// package is one of all.
func (c *closer) script(ch integrity.Change) (attestation, bool) {
	name := scriptOf(ch.Path)
	if name == "" {
		return attestation{}, false
	}
	pkg, _, _ := strings.Cut(name, ":")
	a := attestation{Claim: host.Claim{Package: "deb:" + pkg}, standing: owned}
	list, known := c.unpacked[dpkgInfo+"/"+name+".list"]
	apart := time.Duration(ch.Now.Stat.Ctime - list).Abs()
	switch {
	case ch.Kind == integrity.Removed || known && ch.Now.Stat.Known.Has(host.KnownCtime) && apart <= unpackedWithin:
		a.standing, a.how = derived, "It is a script of the package "+a.Package+", and was unpacked with it"
	case !known:
		a = attestation{standing: unowned}
	}
	return a, true
}
