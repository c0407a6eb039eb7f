package files

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A found is one change, and what is new or gone with a folder.
type found struct {
	integrity.Change
	members []integrity.Change // below a folder that is new or gone
	more    int                // members beyond those
	from    *found             // what is new stood there before
}

// mostMembers of one folder are looked at closer.
const mostMembers = 4096

// takes takes a change that belongs to the folder f, and reports whether it
// does. What gives rights is told on its own.
func (f *found) takes(c integrity.Change) bool {
	switch {
	case f.Kind != c.Kind || !tree.Within(c.Path, f.Path):
		return false
	case c.Kind == integrity.Unknown:
		return f.Now.Stat.IsDir() && f.takeMember(c)
	case c.Kind == integrity.Added && (!f.Now.Stat.IsDir() || dangerous(c)):
		return false
	case c.Kind != integrity.Added && (c.Kind != integrity.Removed || !f.Was.Stat.IsDir()):
		return false
	}
	return f.takeMember(c)
}

func (f *found) takeMember(c integrity.Change) bool {
	if len(f.members) < mostMembers {
		f.members = append(f.members, c)
	} else {
		f.more++
	}
	return true
}

// all gives the change and its members.
func (f *found) all() []integrity.Change { return append([]integrity.Change{f.Change}, f.members...) }

// flush records what was found since the last call.
func (r *run) flush() {
	if len(r.found) == 0 {
		return
	}
	c, err := r.closer()
	if err != nil {
		r.rec.Problem(err, "packages")
	}
	gone := map[int]bool{} // under another name
	for to, from := range moves(r.found) {
		if !c.isBack(r.found[from].Path) {
			r.found[to].from, gone[from] = &r.found[from], true
		}
	}
	for i := range r.found {
		f := &r.found[i]
		if gone[i] {
			continue
		}
		if i%64 == 63 {
			r.rec.Progress(int64(i), int64(len(r.found)), "changed files")
		}
		if f.Kind == integrity.Removed && c.isBack(f.Path) {
			r.rec.Problem(fmt.Errorf("%s was not there when its folder was read, and is there again: it is looked at in the next run", prose.Clip(f.Path, 300)), scopeOf(f.Path))
			continue
		}
		r.rec.Finding(c.finding(f))
	}
	r.found = r.found[:0]
}

// A closer is what is asked once for all changes that were found together: what
// the packages say, and what is in the files that are worth a second reading.
type closer struct {
	*run
	claims  map[string]host.Claim
	seen    map[string]integrity.Seen
	err     error             // of the second reading
	unread  bool              // some were left out of it
	brought []string          // packages whose files are among what changed
	heirs   map[string]string // packages that brought libraries, by the names without a version

	unpacked   map[string]int64 // ctime of the list that dpkg wrote with a script
	notOffered error            // why it is not known what an index offers

	users, groups map[uint32]string // names by their numbers; nil: not asked yet
}

const (
	maxText = 64 << 10 // bytes of a text whose difference is shown
	// readAgain bounds the bytes that a run reads once more: over a network they
	// are slow.
	readAgain = 4 << 30
)

// closer asks the packages, and reads again what they have by another digest
// than the scan's, and small texts. With an error the packages told not all.
func (r *run) closer() (*closer, error) {
	c := &closer{run: r, seen: map[string]integrity.Seen{}, heirs: map[string]string{}}
	var changes []integrity.Change
	for i := range r.found {
		changes = append(changes, r.found[i].all()...)
	}
	err := errors.Join(c.ask(changes), c.askScripts(changes))
	look := integrity.Look{MaxText: maxText}
	var paths []string
	var size int64
	for _, ch := range changes {
		claim := c.claims[ch.Path]
		other := len(claim.Digest) > 0 && ch.Now.Hashed() && !hashedBy(ch.Now, claim.Algorithm)
		if other && host.NewHash(claim.Algorithm) != nil {
			look.Digests = append(look.Digests, claim.Algorithm)
		}
		if !other && ch.Kind != integrity.Removed && !showable(ch) {
			continue
		}
		if size += ch.Now.Stat.Size; size > readAgain {
			c.unread = true
			break
		}
		paths = append(paths, ch.Path)
	}
	if len(paths) > 0 {
		c.seen, c.err = integrity.Again(r.ctx, r.Host.Files, r.Profile, paths, look)
	}
	for _, ch := range changes {
		if a := c.attest(ch); a.Package != "" && a.vouches(ch) {
			if library := unversioned(ch.Path); library != "" {
				c.heirs[library] = a.Package
			}
			if !slices.Contains(c.brought, a.Package) {
				c.brought = append(c.brought, a.Package)
			}
		}
	}
	return c, err
}

// unversioned is the path of a library without its version; "" of anything else.
func unversioned(name string) string {
	stem, _, ok := strings.Cut(path.Base(name), ".so.")
	if !ok {
		return ""
	}
	return path.Join(path.Dir(name), stem)
}

func hashedBy(e host.Entry, algorithm string) bool {
	_, ok := e.Digest(algorithm)
	return ok
}

// ask asks the packages of all paths, and of what links lead to.
func (c *closer) ask(changes []integrity.Change) error {
	if c.Attestor == nil {
		return nil
	}
	var paths []string
	for _, ch := range changes {
		paths = append(paths, ch.Path)
		if ch.Now.Stat.IsLink() {
			paths = append(paths, c.target(ch.Now))
		}
	}
	slices.Sort(paths)
	claims, err := c.Attestor.Attest(c.ctx, slices.Compact(paths))
	if err != nil {
		err = fmt.Errorf("ask which packages own changed files: %w", err)
	}
	c.claims = claims
	c.askOffered(changes)
	return err
}

// alternatives is where Debian's and Red Hat's links to links are, certificates where
// those of Debian are to the certificates of packages.
const (
	alternatives = "/etc/alternatives"
	certificates = "/etc/ssl/certs"
)

// target gives the path that a link leads to, through one of the alternatives or of
// the certificates.
func (c *closer) target(e host.Entry) string {
	to := linkTarget(e.Path, e.Stat.Link)
	if dir := path.Dir(to); dir != alternatives && dir != certificates {
		return to
	}
	st, err := c.Host.Lstat(c.ctx, to)
	if err != nil || !st.IsLink() {
		return to
	}
	return linkTarget(to, st.Link)
}

func linkTarget(name, link string) string {
	if path.IsAbs(link) {
		return path.Clean(link)
	}
	return path.Join(path.Dir(name), link)
}

// isBack reports whether something that a listing did not name is there.
func (c *closer) isBack(name string) bool {
	_, there := c.seen[name]
	return there
}
