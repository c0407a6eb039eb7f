package files

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// A standing says how a changed file stands to the packages of its system. The
// zero value: nobody told.
type standing uint8

const (
	untold    standing = iota
	unowned            // no package owns it
	owned              // a package owns the path, and has no digest for it
	unchecked          // a package has a digest, but the file could not be compared
	genuine            // its content, and what else the claim tells, is as the package has it
	derived            // the system made it for a package that is installed
	altered            // it is not as the package has it
)

// An attestation is a claim, held against the file.
type attestation struct {
	host.Claim
	standing standing
	how      string      // of derived: how it comes from the package
	differs  tree.Fields // of altered
	err      error       // of unchecked
	doubt    string      // why the packages do not vouch for it, though it is genuine or derived
}

// attest holds what the packages say against the file that changed.
func (c *closer) attest(ch integrity.Change) attestation {
	a := c.held(ch)
	if a.doubt == "" {
		a.doubt = c.doubtful(ch, a)
	}
	return a
}

// held is attest as far as the claims go.
func (c *closer) held(ch integrity.Change) attestation {
	claim, told := c.claims[ch.Path]
	a := attestation{Claim: claim}
	if !told {
		return a
	}
	if d, ok := c.script(ch); ok {
		return d
	}
	if d, ok := c.made(ch, claim); ok {
		return d
	}
	heir := c.heirs[unversioned(ch.Path)]
	switch {
	case claim.Package == "" && heir != "" && ch.Kind == integrity.Removed:
		a = attestation{Claim: host.Claim{Package: heir}, standing: derived, how: "The package " + heir + " brought another version of this library"}
	case claim.Package == "":
		a.standing = unowned
	case ch.Kind == integrity.Removed || !tellsWhat(claim):
		a.standing = owned
	default:
		a.differs, a.err = c.verify(ch.Now, claim)
		a.standing = standingOf(a.differs, a.err)
	}
	return a
}

// standingOf takes one difference for proof, whatever else could not be read.
func standingOf(differs tree.Fields, err error) standing {
	switch {
	case differs != 0:
		return altered
	case err != nil:
		return unchecked
	}
	return genuine
}

// made recognises what the system makes for packages: links into their files,
// whose target no database tells, and what is computed from their libraries.
func (c *closer) made(ch integrity.Change, claim host.Claim) (attestation, bool) {
	if ch.Kind == integrity.Removed {
		return attestation{}, false
	}
	if ch.Now.Stat.IsLink() && claim.Link == "" {
		to := c.target(ch.Now)
		of := c.claims[to]
		ours := claim.Package != "" && (ch.Kind == integrity.Added || of.Package == claim.Package)
		if of.Package == "" || !ours && !isMadeLink(ch.Now) {
			return attestation{}, false
		}
		a := attestation{Claim: host.Claim{Package: of.Package, Version: of.Version}, standing: derived}
		a.how = "It is a link to " + to + ", which belongs to the package " + of.Package
		return a, true
	}
	if ch.Kind == integrity.Added && ch.Now.Stat.IsDir() && claim.Package != "" && claim.Type == 0 && len(claim.Digest) == 0 {
		return attestation{Claim: claim, standing: derived, how: "The package " + claim.Package + " lists it"}, true
	}
	if tellsWhat(claim) { // of rpm the loader's cache is a ghost
		return attestation{}, false
	}
	if holds[ch.Path] != nil {
		of, doubt := holds[ch.Path](c, ch)
		switch {
		case doubt != "":
			return attestation{Claim: claim, standing: unowned, doubt: doubt}, true
		case of != "":
			return attestation{Claim: host.Claim{Package: of}, standing: derived, how: "All that it holds is of the package " + of}, true
		}
	}
	if ch.Path == loaderCache && len(c.brought) > 0 {
		return attestation{Claim: host.Claim{Package: c.brought[0]}, standing: derived, how: "The system computes it anew when libraries change, as those of the package " + c.brought[0] + " did"}, true
	}
	return attestation{}, false
}

// isMadeLink reports whether a link is one of those that installing makes: a
// service that is enabled, an alternative.
func isMadeLink(e host.Entry) bool {
	dir := path.Dir(e.Path)
	switch {
	case dir == alternatives || dir == certificates || path.Dir(linkTarget(e.Path, e.Stat.Link)) == alternatives:
		return true
	case path.Dir(dir) == "/etc/systemd/system" || path.Dir(dir) == "/etc/systemd/user":
		return strings.HasSuffix(dir, ".wants") || strings.HasSuffix(dir, ".requires")
	}
	return dir == "/etc/systemd/system" || runLevel.MatchString(dir)
}

// tellsWhat reports whether a claim tells what a file is to be.
func tellsWhat(c host.Claim) bool {
	return len(c.Digest) > 0 || c.Type == host.ModeDir || c.Type == host.ModeSymlink && c.Link != ""
}

// verify gives the attributes in which a file is not as its package has it, as
// far as the claim tells them: a claim with a digest is on a regular file.
func (c *closer) verify(e host.Entry, claim host.Claim) (differs tree.Fields, err error) {
	want := claim.Type
	if len(claim.Digest) > 0 {
		want = host.ModeRegular
	}
	switch {
	case e.Stat.Type() != want:
		return tree.FieldType, nil
	case e.Stat.IsLink() && !e.Stat.Known.Has(host.KnownLink):
		return 0, errNotRead
	case e.Stat.IsLink() && e.Stat.Link != claim.Link:
		differs = tree.FieldLink
	}
	if !e.Stat.IsLink() && claim.HasMode && e.Stat.Perm() != claim.Mode&0o7777 {
		differs |= tree.FieldMode
	}
	if uid, gid, ok := ownerOf(claim); ok && e.Stat.Known.Has(host.KnownOwner) && (e.Stat.UID != uid || e.Stat.GID != gid) {
		differs |= tree.FieldOwner
	}
	if want != host.ModeRegular {
		return differs, nil
	}
	same, err := c.sameContent(e, claim)
	if err == nil && !same {
		differs |= tree.FieldContent
	}
	return differs, err
}

var errNotRead = errors.New("its content was not read")

// sameContent compares the content that was scanned with the claim's digest: one
// of another algorithm was made by the second reading, if that read the same.
func (c *closer) sameContent(e host.Entry, claim host.Claim) (bool, error) {
	want := host.NewDigest(claim.Algorithm, claim.Digest)
	if h := host.NewHash(claim.Algorithm); h == nil || h.Size() != len(claim.Digest) {
		return false, fmt.Errorf("a %s digest of %d bytes: %w", strconv.Quote(claim.Algorithm), len(claim.Digest), errors.ErrUnsupported)
	}
	if !e.Hashed() {
		return false, errNotRead
	}
	if d, ok := e.Digest(claim.Algorithm); ok {
		return d == want, nil
	}
	again, there := c.seen[e.Path]
	d, ok := again.Digest(claim.Algorithm)
	same, known := host.SameContent(&e, &again.Entry)
	switch {
	case c.err != nil:
		return false, c.err
	case c.unread && !there:
		return false, errNotRead
	case there && again.Err != nil:
		return false, again.Err
	case !ok || !known || !same:
		return false, fmt.Errorf("%s %w", e.Path, integrity.ErrMoved)
	}
	return d == want, nil
}

// ownerOf gives the owner of a claim that tells it in numbers.
func ownerOf(claim host.Claim) (uid, gid uint32, ok bool) {
	user, group, _ := strings.Cut(claim.Owner, ":")
	u, userErr := strconv.ParseUint(user, 10, 32)
	g, groupErr := strconv.ParseUint(group, 10, 32)
	return uint32(u), uint32(g), userErr == nil && groupErr == nil
}

// vouches reports whether all that changed is as the package has it, so that an
// update of the package may have done it. Rights that the claim does not tell
// have to be those of the baseline or, of a new file, give no power: the content
// of a genuine shell does not explain its setuid bit.
func (a attestation) vouches(c integrity.Change) bool {
	if a.doubt != "" {
		return false
	}
	if a.standing == derived {
		if c.Now.Stat.IsDir() {
			return !dangerous(c) && c.Now.Stat.UID == 0
		}
		return c.Now.Stat.IsLink() || c.Kind != integrity.Changed || c.Fields&^(tree.FieldContent|tree.FieldSize) == 0
	}
	if a.standing != genuine {
		return false
	}
	_, _, ownerTold := ownerOf(a.Claim)
	if c.Kind == integrity.Changed && c.Fields&tree.FieldType == 0 {
		rights := c.Fields & (tree.FieldMode | tree.FieldOwner)
		return c.Fields&attrFields == 0 && (a.HasMode || rights&tree.FieldMode == 0) && (ownerTold || rights&tree.FieldOwner == 0)
	}
	c.Kind = integrity.Added // what was of another type had no rights to compare
	return (a.HasMode || !dangerous(c)) && (ownerTold || c.Now.Stat.UID == 0)
}

// attrFields are rights that no package database tells.
const attrFields = tree.FieldACL | tree.FieldDefaultACL | tree.FieldCapabilities | tree.FieldSELinux | tree.FieldXattrs | tree.FieldFlags | tree.FieldNlink
