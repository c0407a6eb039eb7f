package apply

import (
	"archive/tar"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

// A Conffile is a configuration file that a person edited or removed, of a package
// that the plan changes.
type Conffile struct {
	Path    string `json:"path"`
	Package string `json:"package"`
	Edited  Edited `json:"edited"`
	Fate    Fate   `json:"fate"`
}

// Edited says what a person did to the file.
type Edited string

// What was done.
const (
	Changed Edited = "edited"
	Deleted Edited = "deleted"
)

// Fate is what becomes of the file. The zero value is not known.
type Fate string

// The fates.
const (
	Stays    Fate = "stays as it is"                                       // the maker's did not change, or is the same
	Kept     Fate = "is kept, and the maker's new one is put beside it"    // both changed
	Replaced Fate = "is replaced by the maker's, and kept beside it"       // both changed
	Stops    Fate = "was changed by the maker too, and stops the plan"     // both changed
	Unasked  Fate = ""                                                     // what the maker has now is not known
	PutIn    Fate = "is put in again, as the maker has it now"             // it was deleted
	Absent   Fate = "stays deleted, and the maker's new one is not put in" // it was deleted, and the maker's changed
)

// String says what becomes of it.
func (c Conffile) String() string {
	if c.Fate == Unasked {
		return fmt.Sprintf("%s was %s: what becomes of it is not known before the package is here", c.Path, c.Edited)
	}
	return fmt.Sprintf("%s was %s: it %s", c.Path, c.Edited, c.Fate)
}

// fate decides by digests: as installed, on the disk, and as the maker has it now.
func fate(shipped, disk, next string, o Options) Fate {
	switch {
	case next == "" || next == shipped || next == disk:
		return Stays
	case disk == "":
		if o.Conffiles == ReplaceConffiles {
			return PutIn
		}
		return Absent
	case o.Conffiles == ReplaceConffiles:
		return Replaced
	case o.Conffiles == StopAtConffiles:
		return Stops
	}
	return Kept
}

const maxConffile = 16 << 20

// aptConffiles looks for edited configuration files of the packages to be changed. Of
// those alone the new package is fetched and looked into.
func aptConffiles(ctx context.Context, h host.Host, s simulation, o Options) ([]Conffile, error) {
	known, err := dpkg.Database{Host: h}.Conffiles(ctx)
	if err != nil {
		return nil, err
	}
	var list []Conffile
	var errs []error
	for _, step := range s.steps {
		edited := map[string][2]string{} // shipped, on the disk
		for _, c := range known {
			if c.Package != step.Name || c.Arch != step.Arch || step.Action != Upgrade {
				continue
			}
			disk, err := digestOf(ctx, h, c.Path)
			if err != nil {
				errs = append(errs, err)
			} else if disk != c.MD5 {
				edited[c.Path] = [2]string{c.MD5, disk}
			}
		}
		if len(edited) == 0 {
			continue
		}
		next, err := nextConffiles(ctx, h, s.files[step.Name], edited)
		if err != nil {
			errs = append(errs, fmt.Errorf("what becomes of configuration files of %s is not known: %w", step.Name, err))
		}
		for name, sums := range edited {
			c := Conffile{Path: name, Package: step.Name, Edited: Changed}
			if sums[1] == "" {
				c.Edited = Deleted
			}
			if err == nil {
				c.Fate = fate(sums[0], sums[1], next[name], o)
			}
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Conffile) int { return strings.Compare(a.Path, b.Path) })
	return list, errors.Join(errs...)
}

// digestOf is that of a file on the disk; "" where there is none.
func digestOf(ctx context.Context, h host.Host, name string) (string, error) {
	data, err := h.ReadFile(ctx, name, maxConffile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:]), err
}

// nextConffiles gives the digests of files in a package that is not installed yet. It
// is fetched into a folder of its own, unless it lies on this system.
func nextConffiles(ctx context.Context, h host.Host, a archive, wanted map[string][2]string) (map[string]string, error) {
	local, ok := strings.CutPrefix(a.uri, "file:")
	if ok {
		return debDigests(ctx, h, path.Clean(local), wanted)
	}
	if a.uri == "" {
		return debDigests(ctx, h, "", wanted)
	}
	out, err := h.Run(ctx, host.Command{Args: []string{"mktemp", "-d"}, Mutates: true})
	if err == nil {
		err = out.Err()
	}
	dir := strings.TrimSuffix(string(out.Stdout), "\n")
	if err != nil || !path.IsAbs(dir) {
		return nil, fmt.Errorf("mktemp: %w", errors.Join(err, fs.ErrInvalid))
	}
	sums, err := fetchAndLook(ctx, h, a, dir, wanted)
	gone, rmErr := h.Run(context.WithoutCancel(ctx), host.Command{Args: []string{"rm", "-r", dir}, Mutates: true})
	return sums, errors.Join(err, rmErr, gone.Err())
}

func fetchAndLook(ctx context.Context, h host.Host, a archive, dir string, wanted map[string][2]string) (map[string]string, error) {
	file := dir + "/new.deb"
	if _, err := h.Query(ctx, "/usr/lib/apt/apt-helper", "-q", "download-file", a.uri, file, a.digest); err != nil {
		return nil, err
	}
	return debDigests(ctx, h, file, wanted)
}

// debDigests reads a package as a stream, and keeps the digests of what is wanted.
func debDigests(ctx context.Context, h host.Host, file string, wanted map[string][2]string) (map[string]string, error) {
	if file == "" {
		return nil, errors.New("where it comes from is not known")
	}
	sums := map[string]string{}
	err := dpkg.Archive(ctx, h, file, func(head *tar.Header, content io.Reader) error {
		name := path.Join("/", head.Name)
		if _, ok := wanted[name]; !ok || head.Typeflag != tar.TypeReg || head.Size > maxConffile {
			return nil
		}
		sum := md5.New()
		_, err := io.Copy(sum, content)
		sums[name] = hex.EncodeToString(sum.Sum(nil))
		return err
	})
	return sums, err
}
