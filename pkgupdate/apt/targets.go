package apt

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// targetFormat asks apt-get indextargets for the fields of a target; the ones
// that a repository sets come last.
const targetFormat = "$(FILENAME)\t$(CODENAME)\t$(SUITE)\t$(LABEL)"

// A target is one list of packages on the disk.
type target struct {
	file, codename, suite, label string
}

func (t target) security() bool { return isSecurity(t.label, t.suite, t.codename) }

// parseTargets reads the lines of targetFormat.
func parseTargets(out []byte) ([]target, error) {
	var list []target
	for raw := range bytes.Lines(out) {
		f := strings.SplitN(strings.TrimRight(string(raw), "\n"), "\t", 4)
		if len(f) != 4 || !strings.HasPrefix(f[0], "/") {
			return nil, fmt.Errorf("apt-get indextargets: line %.120q: %w", raw, errForm)
		}
		list = append(list, target{file: f[0], codename: f[1], suite: f[2], label: f[3]})
	}
	return list, nil
}

// A repository is a configured source: the address of its InRelease file and
// the name under which apt keeps it.
type repository struct {
	uri  string
	file string
}

// of gives the name of the list below the folder of the repository that it is of.
// apt writes '_' for the slashes, and an ending where it keeps lists compressed.
func (t target) of(repo repository) (list string, ok bool) {
	base := t.file[strings.LastIndexByte(t.file, '/')+1:]
	list, ok = strings.CutPrefix(base, strings.TrimSuffix(repo.file, "InRelease"))
	list, _, found := strings.Cut(list, "_Packages")
	return strings.ReplaceAll(list, "_", "/") + "/Packages", ok && found
}

// parseURIs reads what apt-get update --print-uris would fetch, and keeps the
// InRelease files: one for each configured repository.
func parseURIs(out []byte) []repository {
	var list []repository
	for raw := range bytes.Lines(out) {
		uri, rest, ok := strings.Cut(strings.TrimSpace(string(raw)), "' ")
		file, _, _ := strings.Cut(rest, " ")
		if ok && strings.HasPrefix(uri, "'") && strings.HasSuffix(file, "InRelease") {
			list = append(list, repository{uri: pkgupdate.PublicURL(strings.TrimSuffix(uri[1:], "/InRelease")), file: file})
		}
	}
	return list
}
