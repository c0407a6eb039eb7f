package dpkg

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	infoDir      = "/var/lib/dpkg/info"
	diversions   = "/var/lib/dpkg/diversions"
	overrides    = "/var/lib/dpkg/statoverride"
	maxInfo      = 64 << 20
	listSuffix   = ".list"
	md5Algorithm = "md5"
)

// Attest says which package owns each path, and what that package shipped
// there. Digests are MD5 sums from dpkg's own unsigned database; of a
// configuration file, the sum of the packaged version. A path that no list
// names has an entry without a package only when every list was read; the
// error says which were not. A folder of several packages gets the first by
// name. Paths that are not absolute and clean get no entry.
func (d Database) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	text, _, err := d.status(ctx)
	if err != nil {
		return nil, err
	}
	a := d.newAttestation(ctx, paths, text)
	complete := d.lists(ctx, a)
	d.digests(ctx, a)
	for _, c := range parseConffiles(text) {
		a.conffile(c)
	}
	a.override(d.optional(ctx, a, overrides))
	return a.claims(complete), errors.Join(pkgupdate.Limited(a.errs)...)
}

// An attestation gathers claims about the paths that were asked for.
type attestation struct {
	layout   layout
	wanted   map[string][]string // place: paths as asked
	owned    map[string]owned    // place: what is known of it
	owners   map[string]bool     // file stems in dpkg's info folder that own something
	summed   map[string]bool     // file stems that have sums
	native   string
	versions map[string]version.Version // by label
	errs     []error
}

type owned struct {
	stem  string // "openssl" or "libc6:amd64", as the files in dpkg's info folder
	claim host.Claim
}

func (d Database) newAttestation(ctx context.Context, paths []string, status []byte) *attestation {
	a := &attestation{
		wanted: map[string][]string{}, owned: map[string]owned{}, owners: map[string]bool{}, summed: map[string]bool{},
		versions: map[string]version.Version{},
	}
	installed, err := ParseStatus(status)
	if err != nil {
		a.errs = append(a.errs, err)
	}
	a.native = NativeArch(installed)
	for _, p := range installed {
		a.versions[p.Label()] = p.Version
	}
	links, err := pkgupdate.MergedDirs(ctx, d.Host)
	if err != nil {
		a.errs = append(a.errs, err)
	}
	a.layout = layout{links: links, diverted: map[string]diversion{}}
	for _, d := range parseDiversions(d.optional(ctx, a, diversions)) {
		from := string(a.layout.place(nil, []byte(d.from)))
		d.to = string(a.layout.place(nil, []byte(d.to)))
		a.layout.diverted[from] = d
	}
	for _, p := range paths {
		if path.IsAbs(p) && path.Clean(p) == p {
			at := string(a.layout.place(nil, []byte(p)))
			a.wanted[at] = append(a.wanted[at], p)
		}
	}
	return a
}

// optional reads a file of dpkg's database that need not be there.
func (d Database) optional(ctx context.Context, a *attestation, name string) []byte {
	text, err := d.Host.ReadFile(ctx, name, maxInfo)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.errs = append(a.errs, err)
	}
	return text
}

// list notes which wanted paths the list of a package names.
func (a *attestation) list(stem string, text []byte) {
	name, _, _ := strings.Cut(stem, ":")
	var buf []byte
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		buf = a.layout.installed(buf[:0], line, name)
		if a.wanted[string(buf)] == nil {
			continue
		}
		if at := string(buf); a.owned[at].stem == "" {
			a.owned[at] = owned{stem, a.claim(stem)}
			a.owners[stem] = true
		}
	}
}

// claim is what is known of every file of a package.
func (a *attestation) claim(stem string) host.Claim {
	p := pkgupdate.Package{Type: Type, Name: stem}
	if name, arch, ok := strings.Cut(stem, ":"); ok {
		p.Name, p.Arch, p.Foreign = name, arch, arch != a.native
	}
	v := a.versions[p.Label()]
	return host.Claim{Package: p.ID(), Version: v.String(), Strength: host.StrengthOwned}
}

// sums takes the lines "MD5  PATH" of a package.
func (a *attestation) sums(stem string, text []byte) {
	name, _, _ := strings.Cut(stem, ":")
	buf := make([]byte, 0, 256)
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if len(line) < 35 || line[32] != ' ' {
			continue
		}
		slashed := append(append(buf[:0], '/'), line[34:]...)
		at := a.layout.installed(nil, slashed, name)
		if o := a.owned[string(at)]; o.stem == stem {
			a.owned[string(at)] = o.withDigest(string(line[:32]))
		}
	}
}

// conffile takes a configuration file from the status database, which is the
// only place where its sum stands.
func (a *attestation) conffile(c Conffile) {
	at := string(a.layout.installed(nil, []byte(c.Path), c.Package))
	if a.wanted[at] == nil {
		return
	}
	o := a.owned[at]
	if name, _, _ := strings.Cut(o.stem, ":"); o.stem == "" {
		o = owned{c.Package, a.claim(c.Package)}
	} else if name != c.Package {
		return
	}
	a.owned[at] = o.withDigest(c.MD5)
}

func (o owned) withDigest(hexSum string) owned {
	if sum, err := hex.DecodeString(hexSum); err == nil && len(sum) == 16 {
		o.claim.Algorithm, o.claim.Digest, o.claim.Strength = md5Algorithm, sum, host.StrengthDatabase
	}
	return o
}

// override takes the lines "USER GROUP MODE PATH" of dpkg-statoverride.
func (a *attestation) override(text []byte) {
	for line := range bytes.Lines(text) {
		ov, ok := parseOverride(strings.TrimRight(string(line), "\n"))
		at := string(a.layout.place(nil, []byte(ov.path)))
		o := a.owned[at]
		if !ok || o.stem == "" {
			continue
		}
		o.claim.Owner, o.claim.Mode, o.claim.HasMode = ov.owner, ov.mode, true
		a.owned[at] = o
	}
}

func (a *attestation) claims(complete bool) map[string]host.Claim {
	out := map[string]host.Claim{}
	for at, paths := range a.wanted {
		o, ok := a.owned[at]
		for _, p := range paths {
			if ok || complete {
				out[p] = o.claim
			}
		}
	}
	return out
}
