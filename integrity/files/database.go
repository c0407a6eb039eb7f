package files

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/continuity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// lastContents is what the package database said of the content of each package when its
// version was first seen: by the names of integrity.Contents, the version and a part of
// the digest.
var lastContents = report.State[map[string]string]{Name: "packages", Version: 1}

// lastOffered are the packages that an index offered which was signed, with the version:
// it may have only a newer one since.
var lastOffered = report.State[map[string]string]{Name: "offered", Version: 1}

// scopeContents is what the package database says of all packages.
const scopeContents = "packages/contents"

// mostEdited bounds the packages that a finding names.
const mostEdited = 40

// database holds what the packages have against what they had before: an update brings
// another version, and whoever edits the database does not.
func (r *run) database() error {
	of, ok := r.Attestor.(integrity.Contents)
	if !ok {
		return nil
	}
	were, _, err := lastContents.Load(r.rec)
	offered, _, offeredErr := lastOffered.Load(r.rec)
	if err := errors.Join(err, offeredErr); err != nil {
		r.rec.Problem(err, continuity.Scope)
	}
	maps.Copy(r.offered, offered)
	now, err := of.Contents(r.ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	keep := r.edits(were, now)
	if err != nil {
		r.rec.Problem(err, scopeContents)
		for name, said := range were {
			if _, ok := keep[name]; !ok {
				keep[name] = said
			}
		}
	} else {
		r.rec.Covered(scopeContents)
	}
	if len(r.edited) > 0 {
		r.rec.Finding(r.editedDatabase())
	}
	return lastContents.Keep(r.rec, keep)
}

// edits finds the packages of which the database says another thing at the same version,
// and gives what is to be remembered: what was said first.
func (r *run) edits(were map[string]string, now map[string]host.Claim) map[string]string {
	keep := map[string]string{}
	for name, claim := range now {
		is := claim.Version + " " + base64.RawStdEncoding.EncodeToString(claim.Digest[:min(len(claim.Digest), 12)])
		first := is
		was, there := were[name]
		switch whole := were[claim.Package]; {
		case there && versionIn(was) == claim.Version:
			first = was
		case !there && whole != "" && versionIn(whole) == claim.Version:
			first = claim.Version + " " // nothing was said of it
		}
		if keep[name] = first; first != is {
			if r.edited == nil {
				r.edited = map[string]string{}
			}
			r.edited[claim.Package] = claim.Version
		}
	}
	return keep
}

func versionIn(said string) string {
	version, _, _ := strings.Cut(said, " ")
	return version
}

// editedDatabase is the finding about packages that have other digests than before.
func (r *run) editedDatabase() report.Finding {
	names := slices.Sorted(maps.Keys(r.edited))
	f := report.Finding{Rule: ruleDatabase, Subject: report.System.Of("packages"), Scope: scopeContents}
	var words []string
	for i, name := range names {
		words = append(words, name+" "+r.edited[name])
		if owner := report.Package.Of(name); i < mostEdited && owner.Validate() == nil {
			f.Evidence = append(f.Evidence, owner)
		}
	}
	f.Title = "The package database has other digests than before for " + prose.Clip(prose.List(words, 3), 300) + ", and the version is the same"
	return f
}

// doubtful says why the word of an unsigned database is not enough for a change; "": it is.
// What gives rights needs a package that somebody else vouches for, and who may be
// root, more than that.
func (c *closer) doubtful(ch integrity.Change, a attestation) string {
	if a.Strength == host.StrengthSigned || a.standing != genuine && a.standing != derived {
		return ""
	}
	if version, ok := c.edited[a.Package]; ok {
		return "The package database says another thing of the version " + version + " than in an earlier run: it was edited, or the package was built anew under the same version."
	}
	if a.standing == genuine && (underAny(ch.Path, rootTrees) || ch.Kind == integrity.Changed && underAny(ch.Path, loginTrees)) {
		return "Who may become root or log in is at stake: read what it says."
	}
	if _, ok := c.Attestor.(integrity.Offerer); ok && sensitive(ch.Path) && !ofPackages(ch.Path) && (a.Version == "" || c.offered[a.Package] != a.Version) {
		if c.notOffered != nil {
			return "Whether an index that is signed offers the package " + a.Package + " in this version is not known: " + c.notOffered.Error() + "."
		}
		return "No index that is signed offers the package " + a.Package + " in this version: it may be anybody's."
	}
	return ""
}

// ofPackages reports whether a place belongs to packages alone: what one that nobody
// offers brings there is told with the package.
func ofPackages(name string) bool { return tree.Within(name, "/usr") || scriptOf(name) != "" }

// askOffered asks which packages that own something that gives rights are offered.
func (c *closer) askOffered(changes []integrity.Change) {
	of, ok := c.Attestor.(integrity.Offerer)
	if !ok {
		return
	}
	owners := map[string]string{}
	for _, ch := range changes {
		if !sensitive(ch.Path) || ofPackages(ch.Path) {
			continue
		}
		for _, name := range []string{ch.Path, c.target(ch.Now)} {
			if of := c.claims[name]; of.Package != "" && c.offered[of.Package] != of.Version {
				owners[of.Package] = of.Version
			}
		}
	}
	if len(owners) == 0 {
		return
	}
	offered, err := of.Offered(c.ctx, slices.Sorted(maps.Keys(owners)))
	for name, version := range owners {
		if offered[name] {
			c.offered[name] = version
		}
	}
	c.notOffered = err
}

var (
	// rootTrees say who may become root, loginTrees who may log in.
	rootTrees  = []string{"/etc/sudoers", "/etc/sudoers.d", "/etc/doas.conf", "/etc/ld.so.preload", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d", "/usr/pkg/etc/sudoers", "/usr/pkg/etc/sudoers.d"}
	loginTrees = []string{"/etc/pam.d", "/etc/pam.conf", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/crontab"}
)
