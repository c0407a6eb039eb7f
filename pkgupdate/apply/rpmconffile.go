package apply

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// rpmFiles asks for the files of a package: flags, digest and path.
const rpmFiles = `[upkeep\t%{FILEFLAGS}\t%{FILEDIGESTS}\t%{FILENAMES}\n]`

// The bits of FILEFLAGS, as in rpm's header files.
const (
	rpmConfig    = 1 << 0
	rpmNoReplace = 1 << 4
)

// A rpmFile is a configuration file of a package.
type rpmFile struct {
	digest    string
	noReplace bool
}

// A locator asks where packages are, which are put behind it.
type locator host.Command

var dnfLocator = locator{Args: []string{"dnf", "-q", "-C", "repoquery", "--location"}}

// conffiles looks for edited configuration files of the packages to be changed.
// rpm has no policy: the maker says for each file which one stays.
func (l locator) conffiles(ctx context.Context, h host.Host, s simulation, o Options) ([]Conffile, error) {
	var list []Conffile
	var errs []error
	for _, step := range s.steps {
		if step.Action != Upgrade || speakable(step) != nil {
			continue
		}
		edited, err := rpmEdited(ctx, h, step)
		errs = append(errs, err)
		if len(edited) == 0 {
			continue
		}
		next, err := l.next(ctx, h, step)
		if err != nil {
			errs = append(errs, fmt.Errorf("what becomes of configuration files of %s is not known: %w", step.Name, err))
		}
		for name, was := range edited {
			c := Conffile{Path: name, Package: step.Name, Edited: Changed}
			if was[1] == "" {
				c.Edited = Deleted
			}
			if err == nil {
				c.Fate = rpmFate(was[0], was[1], next[name], o)
			}
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Conffile) int { return strings.Compare(a.Path, b.Path) })
	return list, errors.Join(errs...)
}

// rpmFate decides as rpm does: a file that is not there is put in anew.
func rpmFate(shipped, disk string, next rpmFile, o Options) Fate {
	f := fate(shipped, disk, next.digest, Options{Conffiles: o.Conffiles})
	switch {
	case f == Stays || f == Stops:
		return f
	case disk == "":
		return PutIn
	case next.noReplace:
		return Kept
	}
	return Replaced
}

// rpmEdited gives the configuration files that are not as they were installed: each
// with its digest as shipped and on the disk.
func rpmEdited(ctx context.Context, h host.Host, s Step) (map[string][2]string, error) {
	files, err := rpmList(ctx, h, "-q", s.Name+"-"+withoutEpoch(s.From)+"."+s.Arch)
	if err != nil {
		return nil, err
	}
	edited := map[string][2]string{}
	var errs []error
	for name, f := range files {
		data, err := h.ReadFile(ctx, name, maxConffile)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			edited[name] = [2]string{f.digest, ""}
		case err != nil:
			errs = append(errs, err)
		default:
			if disk := digestLike(data, f.digest); disk != f.digest {
				edited[name] = [2]string{f.digest, disk}
			}
		}
	}
	return edited, errors.Join(errs...)
}

// withoutEpoch is a version without its epoch: rpm -q takes none.
func withoutEpoch(evr string) string {
	return evr[strings.IndexByte(evr, ':')+1:]
}

// digestLike is the digest of data in the algorithm of another: rpm had MD5 once.
func digestLike(data []byte, other string) string {
	if len(other) == 2*md5.Size {
		sum := md5.Sum(data)
		return hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// next reads the package that would be installed, where that is on this system.
// Elsewhere it is not known before it is here.
func (l locator) next(ctx context.Context, h host.Host, s Step) (map[string]rpmFile, error) {
	out, err := h.Run(ctx, host.Command{Args: append(slices.Clip(l.Args), nevra(s.Name, s.To, s.Arch)), Env: l.Env})
	if err = errors.Join(err, out.Err()); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Args[0], err)
	}
	for line := range strings.Lines(string(out.Stdout)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "file://"); ok {
			return rpmList(ctx, h, "-qp", name)
		}
	}
	return nil, fmt.Errorf("it is not here yet: %w", errors.ErrUnsupported)
}

// rpmList asks rpm for the configuration files of a package.
func rpmList(ctx context.Context, h host.Host, how, what string) (map[string]rpmFile, error) {
	out, err := h.Query(ctx, "rpm", how, "--queryformat", rpmFiles, what)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("rpm %s: %w", how, err)
	}
	files := map[string]rpmFile{}
	for _, line := range lines {
		f := strings.SplitN(line, "\t", 4)
		var flags int
		if len(f) != 4 || f[0] != "upkeep" || !strings.HasPrefix(f[3], "/") {
			continue // what rpm says beside it
		}
		if _, err := fmt.Sscan(f[1], &flags); err != nil || flags&rpmConfig == 0 || f[2] == "" {
			continue
		}
		files[f[3]] = rpmFile{digest: f[2], noReplace: flags&rpmNoReplace != 0}
	}
	return files, nil
}
