package merges

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A Merge is a configuration file of which two versions were not put together.
type Merge struct {
	Path   string // of the file in use, which may be gone
	Beside string // of what the package manager left
	By     string // what left it: "dpkg"
	Kind   Kind
	Since  time.Time // of what was left

	text []byte // what waits, where Beside is a package that holds it; nil: it is Beside
}

// Kind says which of the two versions is in use.
type Kind string

// The kinds.
const (
	Offered  Kind = "offered"  // a person's; Beside is the maker's new one
	Replaced Kind = "replaced" // the maker's new one; Beside is what a person had

	// Unfinished: Beside is the maker's new one, which dpkg was to put in place, or to ask
	// about, when it configured the package.
	Unfinished Kind = "unfinished"
)

// A mark is the ending of the name of what a package manager leaves.
type mark struct {
	ending, by string
	kind       Kind
}

// marks are unmistakable, but for the last, which is Slackware's alone.
var marks = []mark{
	{".dpkg-dist", "dpkg", Offered},
	{".dpkg-old", "dpkg", Replaced},
	{unfinished, "dpkg", Unfinished},
	{".ucf-dist", "ucf", Offered},
	{".ucf-old", "ucf", Replaced},
	{".rpmnew", "rpm", Offered},
	{".rpmsave", "rpm", Replaced},
	{".rpmorig", "rpm", Replaced},
	{".pacnew", "pacman", Offered},
	{".pacsave", "pacman", Replaced},
	{".pacorig", "pacman", Replaced},
	{".apk-new", "apk", Offered},
	{".pkgnew", "pkg", Offered},
	{".pkgsave", "pkg", Replaced},
	{".new", "pkgtools", Offered},
}

// An installation that is under way has files of the ending unfinished as well. Their
// time is that of the package, so how long they are here is told by when they were changed.
const (
	unfinished = ".dpkg-new"
	underWay   = time.Hour
)

// copies are left by a script of a package that wrote the file itself before: no
// person's text is in them.
var copies = []string{"/etc/ca-certificates.conf.dpkg-old"}

// Dirs gives the folders in which Find looks where none is named.
func Dirs() []string { return []string{"/etc", "/usr/local/etc", "/usr/pkg/etc"} }

// etcupdate keeps the trees of two releases, and what it could not merge.
const (
	etcupdate = "/var/db/etcupdate"
	conflicts = etcupdate + "/conflicts"
	released  = etcupdate + "/current"
	former    = etcupdate + "/old"
)

// Find lists the files that wait below the folders, or below Dirs and of the base system, by
// path. Beside an
// error, each part of which names what could not be looked at, is what was found.
func Find(ctx context.Context, h host.Host, dirs ...string) ([]Merge, error) {
	var list []Merge
	var errs []error
	if len(dirs) == 0 {
		dirs = append(Dirs(), conflicts)
		found, err := ofBase(ctx, h)
		list, errs = found, append(errs, err)
	}
	known := marks[:len(marks)-1]
	if _, err := h.Lstat(ctx, "/etc/slackware-version"); err == nil {
		known = marks
	}
	for _, dir := range dirs {
		_, err := tree.Walk(ctx, h.Files, dir, host.WalkOptions{}, func(e *host.Entry) error {
			if e.Err != nil {
				errs = append(errs, e.Err)
			} else if m, ok := left(e, known); ok && !(m.Kind == Unfinished && h.Time().Sub(m.Since).Abs() < underWay) {
				list = append(list, m)
			}
			return nil
		})
		if err != nil && (dir == "/etc" || !errors.Is(err, fs.ErrNotExist)) {
			errs = append(errs, fmt.Errorf("configuration files below %s: %w", dir, err))
		}
	}
	slices.SortFunc(list, func(a, b Merge) int { return strings.Compare(a.Path+"\x00"+a.Beside, b.Path+"\x00"+b.Beside) })
	return list, errors.Join(errs...)
}

// left tells whether a package manager left an entry; a link is none that it makes.
func left(e *host.Entry, known []mark) (Merge, bool) {
	if !e.IsRegular() || slices.Contains(copies, e.Path) {
		return Merge{}, false
	}
	if name, ok := strings.CutPrefix(e.Path, conflicts+"/"); ok {
		return Merge{Path: "/" + name, Beside: released + "/" + name, By: "etcupdate", Kind: Offered, Since: e.ModTime()}, true
	}
	for _, m := range known {
		if name, ok := strings.CutSuffix(e.Path, m.ending); ok && path.Base(e.Path) != m.ending {
			since := e.ModTime()
			if m.kind == Unfinished && e.Known.Has(host.KnownCtime) {
				since = time.Unix(0, e.Ctime).UTC()
			}
			return Merge{Path: name, Beside: e.Path, By: m.by, Kind: m.kind, Since: since}, true
		}
	}
	return Merge{}, false
}
