package pkgupdate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// DefaultMaxAge is how old what a source has may be, where an adapter's MaxAge is
// zero, before what is pending counts as unknown.
const DefaultMaxAge = 48 * time.Hour

// errCut says that output ends in the middle of a line.
var errCut = errors.New("its output ends in the middle of a line")

// Lines gives the lines of output that is whole: it ends with a newline, or is
// empty.
func Lines(out []byte) ([]string, error) {
	if len(out) > 0 && out[len(out)-1] != '\n' {
		return nil, errCut
	}
	var list []string
	for line := range bytes.Lines(out) {
		list = append(list, string(bytes.TrimRight(line, "\r\n")))
	}
	return list, nil
}

// Parsed makes a package of the type and scheme of info. A version that cannot be
// read is zero, and the error, a *RecordError, names the package.
func Parsed(info Info, name, arch, ver string) (Package, error) {
	p := Package{Type: info.Type, Name: name, Arch: arch}
	var err error
	if p.Version, err = version.Parse(info.Scheme, ver); err != nil {
		return p, &RecordError{Record: info.ID + ": " + name, Err: err}
	}
	return p, nil
}

// Inventory makes the Answer for a list of packages whose records are known but
// for errs, each a *RecordError.
func Inventory(list []Package, errs []error, evidence string, asOf time.Time) Answer[[]Package] {
	SortPackages(list)
	if err := errors.Join(errs...); err != nil {
		return Unproven(list, err)
	}
	return Proven(list, evidence, asOf)
}

// Kept is an inventory of a manager that keeps whole systems, the base with all else: one
// that is proven to be empty is of a tool among others, and the manager is absent.
func Kept(a Answer[[]Package]) Answer[[]Package] {
	if a.State == Empty {
		return Unproven[[]Package](nil, ErrAbsent)
	}
	return a
}

// Named are the packages that ids, such as deb:openssl, name.
func Named(list []Package, ids []string) []Package {
	return slices.DeleteFunc(slices.Clone(list), func(p Package) bool { return !slices.Contains(ids, p.ID()) })
}

// Parts takes apart what errors.Join put together; nil has none.
func Parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok || !isJoin(err, joined.Unwrap()):
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, Parts(e)...)
	}
	return list
}

// isJoin tells errors.Join from an error with several parts and a text of its own.
func isJoin(err error, parts []error) bool {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Error()
	}
	return err.Error() == strings.Join(texts, "\n")
}

// ModTime is when a file of the system was last changed, and when it was not
// there, fs.ErrNotExist.
func ModTime(ctx context.Context, h host.Host, name string) (time.Time, error) {
	st, err := h.Lstat(ctx, name)
	if err != nil {
		return time.Time{}, err
	}
	return st.ModTime(), nil
}

// FirstDir gives the first of the folders that is there, and what is in it.
// Where none is, the error is ErrAbsent.
func FirstDir(ctx context.Context, h host.Host, names ...string) (string, []host.Stat, error) {
	for _, name := range names {
		entries, err := h.ReadDir(ctx, name)
		if err == nil {
			return name, entries, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", nil, fmt.Errorf("installed packages: %w", err)
		}
	}
	return "", nil, ErrAbsent
}

// Folders answers Manager.Installed where a database, the first of some, has a
// folder for each package, whose name parse reads. A package that has an error
// beside its name is listed all the same.
func Folders(ctx context.Context, h host.Host, parse func(name string) (Package, error), databases ...string) Answer[[]Package] {
	dir, entries, err := FirstDir(ctx, h, databases...)
	if err != nil {
		return Unproven[[]Package](nil, err)
	}
	var list []Package
	var errs []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		p, err := parse(e.Name)
		if err != nil {
			errs = append(errs, err)
		}
		if p.Name != "" {
			list = append(list, p)
		}
	}
	return Inventory(list, errs, fmt.Sprintf("%d packages in %s", len(list), dir), h.Time())
}

// busy is how young the database of a manager is while the manager may be at work.
const busy = time.Minute

// Faults gives the packages that are not properly installed, of a database that was
// changed last at a time: for an Auditor whose manager has no journal.
func Faults(installed Answer[[]Package], changed, now time.Time) Answer[[]Fault] {
	var left []Fault
	for _, p := range installed.Value {
		if p.Fault != "" {
			left = append(left, Fault{Pkg: p, What: p.Fault})
		}
	}
	switch {
	case len(left) > 0 && now.Sub(changed).Abs() < busy:
		return Unproven[[]Fault](nil, ErrBusy)
	case installed.State == Unknown:
		return Unproven(left, installed.Reason)
	}
	return Proven(left, "each of "+installed.Evidence+" says how it is", installed.AsOf)
}

// Find gives the installed package of a name, and whether there is one.
func Find(list []Package, name string) (Package, bool) {
	i := slices.IndexFunc(list, func(p Package) bool { return p.Name == name })
	if i < 0 {
		return Package{}, false
	}
	return list[i], true
}

// Lists reads the list that a database has of each package, all in one exchange, and gives
// it to take. What could not be read or taken is a RecordError.
func Lists(ctx context.Context, h host.Host, packages []Package, name func(Package) string, limit int64, take func(p Package, text []byte) error) []error {
	asks := make([]host.Ask, len(packages))
	for i, p := range packages {
		asks[i] = host.Ask{Op: host.OpRead, Name: name(p), Limit: limit}
	}
	var errs []error
	err := h.Batch(ctx, asks, func(i int, a host.Answer) error {
		err := a.Err
		if err == nil {
			err = take(packages[i], a.Data)
		}
		if err != nil {
			errs = append(errs, &RecordError{Record: packages[i].Name, Err: err})
		}
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

// Attested gives the claims about paths, of all that a database says: one that it
// does not name is owned by none, unless the database was not read whole. Paths that
// are not absolute and clean get none.
func Attested(all map[string]host.Claim, paths []string, whole bool) map[string]host.Claim {
	out := map[string]host.Claim{}
	for _, p := range paths {
		if !path.IsAbs(p) || path.Clean(p) != p {
			continue
		}
		if claim, ok := all[p]; ok || whole {
			out[p] = claim
		}
	}
	return out
}

// AttestedBelow is Attested for a database that knows nothing of the base system: what
// none owns gets an entry below dir alone.
func AttestedBelow(dir string, all map[string]host.Claim, paths []string, whole bool) map[string]host.Claim {
	claims := Attested(all, paths, whole)
	for at, claim := range claims {
		if claim.Package == "" && !strings.HasPrefix(at, dir+"/") {
			delete(claims, at)
		}
	}
	return claims
}

// MergedDirs gives the top folders that are links into /usr: a list of files may name a
// file by either path.
func MergedDirs(ctx context.Context, h host.Host) (map[string]string, error) {
	links := map[string]string{}
	entries, err := h.ReadDir(ctx, "/")
	if err != nil {
		err = fmt.Errorf("which top folders are links: %w", err)
	}
	for _, st := range entries {
		if dir := "/" + st.Name; st.IsLink() && path.Join("/", st.Link) == "/usr"+dir {
			links[dir] = "/usr" + dir
		}
	}
	return links, err
}

// Settled gives a claim about a path whose database has the sum of a link's target
// where another has that of a content: of a link that is as it was shipped, the target.
func Settled(ctx context.Context, h host.Host, at string, claim host.Claim, sum func(target []byte) []byte) host.Claim {
	st, err := h.Lstat(ctx, at)
	if err == nil && st.IsLink() && claim.Digest != nil && bytes.Equal(sum([]byte(st.Link)), claim.Digest) {
		claim.Type, claim.Link, claim.Algorithm, claim.Digest = host.ModeSymlink, st.Link, "", nil
	}
	return claim
}

const maxErrors = 20

// Limited keeps the first errors and counts the rest.
func Limited(errs []error) []error {
	if len(errs) <= maxErrors {
		return errs
	}
	more := fmt.Errorf("and %d more of the kind", len(errs)-maxErrors)
	if record := (*RecordError)(nil); errors.As(errs[0], &record) {
		more = &RecordError{Record: record.Record, Err: more}
	}
	return append(errs[:maxErrors:maxErrors], more)
}
