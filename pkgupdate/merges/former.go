package merges

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// ErrNoFormer says that the maker's former version of a file is nowhere on this system.
var ErrNoFormer = errors.New("the maker's former version is not on this system")

// A cache is where a manager keeps the packages that it fetched.
type cache struct {
	dir    string
	scheme version.Scheme
	parts  func(file string) (name, ver string, ok bool)
	read   func(ctx context.Context, h host.Host, file, name string) ([]byte, error)
}

// caches by the type of packages.
var caches = map[string]cache{
	"deb":  {"/var/cache/apt/archives", version.Deb, debParts, fromDeb},
	"alpm": {"/var/cache/pacman/pkg", version.Pacman, alpmParts, fromAlpm},
}

// former gives the maker's version from which the own one was made: of those before
// the installed one, that to which it is nearest. One that was skipped, since the own
// file was kept, is none.
func (m Merge) former(ctx context.Context, h host.Host, owners pkgupdate.Attestor, own []byte) ([]byte, error) {
	if m.By == "etcupdate" {
		return h.ReadFile(ctx, former+m.Path, maxText)
	}
	if owners == nil {
		return nil, ErrNoFormer
	}
	claims, err := owners.Attest(ctx, []string{m.Path})
	claim := claims[m.Path]
	if claim.Package == "" {
		return nil, errors.Join(ErrNoFormer, err)
	}
	kind, label, _ := strings.Cut(claim.Package, ":")
	c, ok := caches[kind]
	if !ok {
		return nil, ErrNoFormer
	}
	name, _, _ := strings.Cut(label, ":")
	files, err := c.before(ctx, h, name, claim.Version)
	var best []byte
	least := -1
	for _, file := range files {
		text, readErr := c.read(ctx, h, file, m.Path)
		lines, ok := textdiff.Lines(text, own, textdiff.Options{Context: -1})
		added, removed := textdiff.Count(lines)
		if n := added + removed; readErr == nil && ok && (least < 0 || n < least) {
			best, least = text, n
		}
		err = errors.Join(err, readErr)
	}
	switch {
	case least >= 0:
		return best, nil
	case err == nil:
		err = ErrNoFormer
	}
	return nil, err
}

const maxFormer = 5 // packages that are read

// before lists the packages in the cache that are older than a version, the newest
// first.
func (c cache) before(ctx context.Context, h host.Host, name, installed string) ([]string, error) {
	now, err := version.Parse(c.scheme, installed)
	if err != nil {
		return nil, err
	}
	entries, err := h.ReadDir(ctx, c.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	type one struct {
		file string
		ver  version.Version
	}
	var list []one
	for _, e := range entries {
		of, text, ok := c.parts(e.Name)
		v, err := version.Parse(c.scheme, text)
		if ok && of == name && err == nil && version.Compare(v, now) == version.Older {
			list = append(list, one{path.Join(c.dir, e.Name), v})
		}
	}
	slices.SortFunc(list, func(a, b one) int {
		return map[version.Order]int{version.Newer: -1, version.Older: 1}[version.Compare(a.ver, b.ver)]
	})
	var files []string
	for _, o := range list[:min(len(list), maxFormer)] {
		files = append(files, o.file)
	}
	return files, nil
}

// debParts reads "name_1%3a2.0-1_amd64.deb".
func debParts(file string) (name, ver string, ok bool) {
	parts := strings.Split(strings.TrimSuffix(file, ".deb"), "_")
	if len(parts) != 3 || !strings.HasSuffix(file, ".deb") {
		return "", "", false
	}
	return parts[0], strings.ReplaceAll(parts[1], "%3a", ":"), true
}

// alpmParts reads "name-1:2.0-1-x86_64.pkg.tar.zst".
func alpmParts(file string) (name, ver string, ok bool) {
	base, ending, ok := strings.Cut(file, ".pkg.tar.")
	parts := strings.Split(base, "-")
	n := len(parts)
	if !ok || n < 4 || strings.HasSuffix(ending, ".sig") {
		return "", "", false
	}
	return strings.Join(parts[:n-3], "-"), parts[n-3] + "-" + parts[n-2], true
}

func fromDeb(ctx context.Context, h host.Host, file, name string) ([]byte, error) {
	var text []byte
	err := dpkg.Archive(ctx, h, file, func(head *tar.Header, content io.Reader) (err error) {
		if path.Join("/", head.Name) == name && head.Typeflag == tar.TypeReg && head.Size <= maxText {
			text, err = io.ReadAll(content)
			text = append([]byte{}, text...) // an empty file is there
		}
		return err
	})
	if err == nil && text == nil {
		err = fmt.Errorf("%w: %s has none", ErrNoFormer, path.Base(file))
	}
	return text, err
}

func fromAlpm(ctx context.Context, h host.Host, file, name string) ([]byte, error) {
	return h.Query(ctx, "bsdtar", "-xOf", file, strings.TrimPrefix(name, "/"))
}
