package slackware

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// An entry of the change log is about a package, or with "*" for its name about all of
// a folder, as those of the kernel are.
type entry struct {
	folder, file string
	security     bool
}

// changes reads the change log, in which the newest comes first, below its time.
func (m *Manager) changes(ctx context.Context) ([]entry, time.Time, error) {
	text, err := m.Host.ReadFile(ctx, changeLog, maxText)
	if err != nil {
		return nil, time.Time{}, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	made, _ := time.Parse(time.UnixDate, strings.TrimSpace(first)) // zero: it does not say
	list := parseChanges(string(text))
	if len(list) == 0 {
		return nil, made, fmt.Errorf("%s has no entry: %w", changeLog, pkgupdate.ErrIncomplete)
	}
	return list, made, nil
}

// parseChanges takes the mark for the package whose text it ends.
func parseChanges(text string) []entry {
	var list []entry
	open := false // the text of the last entry goes on
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "+--"):
			open = false
		case headed(line):
			name, _, _ := strings.Cut(line, ":  ")
			file := strings.TrimSuffix(strings.TrimSuffix(path.Base(name), ".txz"), ".tgz")
			list, open = append(list, entry{folder: path.Dir(name), file: file}), true
		case open && strings.Contains(line, "(* Security fix *)"):
			list[len(list)-1].security = true
		}
	}
	return list
}

// headed reports whether a line names a package or a folder. A text may have lines that are
// not set in, too.
func headed(line string) bool {
	name, _, ok := strings.Cut(line, ":  ")
	return ok && strings.Contains(name, "/") && !strings.ContainsAny(name, " \t#")
}

// fixedSince reports whether a security fix came after what is installed: in what is on
// offer, or in a version between the two.
func fixedSince(list []entry, is pkgupdate.Package, to offer) bool {
	ver, build, _ := strings.Cut(is.Version.String(), "-")
	family := func(folder string) string { // linux of patches/packages/linux-5.15.193
		name := path.Base(folder)
		return name[:max(0, strings.LastIndexByte(name, '-'))]
	}
	for _, e := range list {
		switch {
		case e.file == "*" && (family(e.folder) == "" || family(e.folder) != family(to.folder)):
			continue
		case e.file == "*" && path.Base(e.folder) == family(e.folder)+"-"+ver:
			return false
		case e.file == is.Name+"-"+ver+"-"+is.Arch+"-"+build:
			return false
		case e.file != "*" && nameOf(e.file) != is.Name:
			continue
		}
		if e.security {
			return true
		}
	}
	return false
}

// nameOf cuts version, arch and build away.
func nameOf(file string) string {
	for range 3 {
		file = file[:max(0, strings.LastIndexByte(file, '-'))]
	}
	return file
}
