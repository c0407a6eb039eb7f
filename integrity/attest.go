package integrity

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// An Attestor says what package databases know of paths. A path without an
// entry is unknown; an entry without a package is owned by none.
type Attestor interface {
	Attest(ctx context.Context, paths []string) (map[string]host.Claim, error)
}

// A standing says how a changed file stands to the packages of its system. The
// zero value: nobody told.
type standing uint8

const (
	untold    standing = iota
	unowned            // no package owns it
	owned              // a package owns the path, and has no digest for it
	unchecked          // a package has a digest, but the file could not be compared
	genuine            // its content, and what else the claim tells, is as the package has it
	altered            // it is not
)

// An attestation is a claim, held against the file.
type attestation struct {
	host.Claim
	standing standing
	differs  Fields // of altered
	err      error  // of unchecked
}

// attest holds a claim, if there is one, against the file that changed. A
// removed file has nothing to compare.
func attest(ctx context.Context, files host.FS, c Change, claim host.Claim, told bool) attestation {
	a := attestation{Claim: claim}
	switch {
	case !told:
	case claim.Package == "":
		a.standing = unowned
	case c.Kind == Removed || len(claim.Digest) == 0:
		a.standing = owned
	default:
		a.differs, a.err = verify(ctx, files, c.Now, claim)
		a.standing = standingOf(a.differs, a.err)
	}
	return a
}

// standingOf takes one difference for proof, whatever else could not be read.
func standingOf(differs Fields, err error) standing {
	switch {
	case differs != 0:
		return altered
	case err != nil:
		return unchecked
	}
	return genuine
}

// verify gives the attributes in which a file is not as its package has it, as
// far as the claim tells them: a claim with a digest is on a regular file.
func verify(ctx context.Context, files host.FS, e Entry, claim host.Claim) (differs Fields, err error) {
	if !e.Stat.IsRegular() {
		return FieldType, nil
	}
	if claim.HasMode && e.Stat.Perm() != claim.Mode&0o7777 {
		differs |= FieldMode
	}
	if uid, gid, ok := ownerOf(claim); ok && e.Stat.Known.Has(host.KnownOwner) && (e.Stat.UID != uid || e.Stat.GID != gid) {
		differs |= FieldOwner
	}
	same, err := sameContent(ctx, files, e, claim)
	if err == nil && !same {
		differs |= FieldContent
	}
	return differs, err
}

var errNotRead = errors.New("its content was not read")

// sameContent compares the content that was scanned with the claim's digest. If
// that is of another algorithm than the scan's, the file is read once more, and
// has to be what the scan has read.
func sameContent(ctx context.Context, files host.FS, e Entry, claim host.Claim) (bool, error) {
	if !e.Hashed {
		return false, errNotRead
	}
	if claim.Algorithm == "sha256" {
		return bytes.Equal(claim.Digest, e.Digest[:]), nil
	}
	claimed := newHash(claim.Algorithm)
	if claimed == nil || claimed.Size() != len(claim.Digest) {
		return false, fmt.Errorf("a %s digest of %d bytes: %w", strconv.Quote(claim.Algorithm), len(claim.Digest), errors.ErrUnsupported)
	}
	scanned := sha256.New()
	if err := tree.Sum(ctx, files, e.Path, e.Stat, io.MultiWriter(claimed, scanned)); err != nil {
		return false, err
	}
	if !bytes.Equal(scanned.Sum(nil), e.Digest[:]) {
		return false, fmt.Errorf("%s %w", e.Path, ErrMoved)
	}
	return bytes.Equal(claimed.Sum(nil), claim.Digest), nil
}

// newHash gives the algorithms of package databases.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha512":
		return sha512.New()
	}
	return nil
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
func (a attestation) vouches(c Change) bool {
	if a.standing != genuine {
		return false
	}
	_, _, ownerTold := ownerOf(a.Claim)
	if c.Kind == Changed && c.Fields&FieldType == 0 {
		rights := Diff(c.Was, c.Now, FieldMode|FieldOwner)
		return (a.HasMode || rights&FieldMode == 0) && (ownerTold || rights&FieldOwner == 0)
	}
	c.Kind = Added // what was of another type had no rights to compare
	return (a.HasMode || !dangerous(c)) && (ownerTold || c.Now.Stat.UID == 0)
}
