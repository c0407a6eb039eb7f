package apt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// What apt-get indextargets is asked for. Of a target those fields come last that a
// repository sets; with the folder that is not there only the name is known.
const (
	targetFormat = "$(FILENAME)\t$(CODENAME)\t$(SUITE)\t$(LABEL)"
	nameFormat   = "$(FILENAME)\t\t\t"
	nowhere      = "/nonexistent"
)

// A target is one list of packages, on the disk once it was resolved.
type target struct {
	file, codename, suite, label string
}

// endings are those of the lists that apt keeps compressed.
var endings = []string{"", ".lz4", ".gz", ".xz", ".zst", ".bz2", ".lzma"}

// resolve finds the lists below nowhere among the files of a folder, and what their
// repositories say of themselves. Those that are not there are left out.
func resolve(targets []target, dir string, entries []host.Stat, repos []repository, releases []Release) []target {
	there := make(map[string]bool, len(entries))
	for _, e := range entries {
		there[e.Name] = true
	}
	var list []target
	for _, t := range targets {
		name, ok := strings.CutPrefix(t.file, nowhere+"/")
		if !ok {
			list = append(list, t)
			continue
		}
		i := slices.IndexFunc(endings, func(ending string) bool { return there[name+ending] })
		if i < 0 {
			continue
		}
		t.file = dir + "/" + name + endings[i]
		longest := 0
		for j, repo := range repos {
			if p := strings.TrimSuffix(repo.file, "InRelease"); len(p) > longest && strings.HasPrefix(name, p) {
				longest, t.codename, t.suite, t.label = len(p), releases[j].Codename, releases[j].Suite, releases[j].Label
			}
		}
		list = append(list, t)
	}
	return list
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
