package apt

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

// A Release is the head of a repository's Release or InRelease file.
type Release struct {
	Origin     string
	Label      string
	Suite      string
	Codename   string
	Date       time.Time // when the repository was made
	ValidUntil time.Time // zero: without end

	// Lists gives the size of each list of packages, by its name below the
	// repository's folder: "main/binary-amd64/Packages".
	Lists  map[string]int64
	arches []string // for which it has lists; nil: it does not say
}

// ParseRelease reads the head of the file, signed or not, and which lists of
// packages there are. The signature is not checked: apt did that when it fetched the file.
func ParseRelease(text []byte) (Release, error) {
	var r Release
	if body, signed := bytes.CutPrefix(text, []byte("-----BEGIN PGP SIGNED MESSAGE-----\n")); signed {
		_, text, _ = bytes.Cut(body, []byte("\n\n"))
	}
	for p := range dpkg.Paragraphs(text) {
		for name, value := range p.Fields() {
			if err := r.set(name, string(value)); err != nil {
				return r, err
			}
		}
		break
	}
	if r.arches != nil { // apt passes over lists of others
		maps.DeleteFunc(r.Lists, func(list string, _ int64) bool {
			_, arch, _ := strings.Cut(list, "/binary-")
			return !slices.Contains(r.arches, strings.TrimSuffix(arch, "/Packages"))
		})
	}
	if r.Date.IsZero() {
		return r, fmt.Errorf("release file without a date")
	}
	return r, nil
}

func (r *Release) set(name, value string) (err error) {
	switch name {
	case "Origin":
		r.Origin = value
	case "Label":
		r.Label = value
	case "Suite":
		r.Suite = value
	case "Codename":
		r.Codename = value
	case "Date":
		r.Date, err = parseDate(value)
	case "Valid-Until":
		r.ValidUntil, err = parseDate(value)
	case "Architectures":
		r.arches = strings.Fields(value)
	case "SHA256":
		r.Lists = parseLists(value)
	}
	return err
}

// parseLists reads the lines "DIGEST SIZE NAME".
func parseLists(value string) map[string]int64 {
	lists := map[string]int64{}
	for line := range strings.Lines(value) {
		f := strings.Fields(line)
		if len(f) != 3 || !strings.HasSuffix(f[2], "/Packages") {
			continue
		}
		if size, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			lists[f[2]] = size
		}
	}
	return lists
}

// parseDate reads the form that Debian's repositories have, with "UTC" or an
// offset at the end.
func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC1123, time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("release file: %.60q is no date", text)
}

// isSecurity reports whether a repository holds security fixes. The suite's
// prefix flips when a release becomes oldstable, the label and the ending stay.
func isSecurity(label, suite, codename string) bool {
	return label == "Debian-Security" || strings.HasSuffix(suite, "-security") || strings.HasSuffix(codename, "-security")
}

func (r Release) security() bool { return isSecurity(r.Label, r.Suite, r.Codename) }

// of gives the codename of the release that the repository is for.
func (r Release) of() string {
	name, _, _ := strings.Cut(cmp.Or(r.Codename, r.Suite), "/") // buster/updates
	for _, pocket := range []string{"-security", "-updates", "-backports", "-proposed-updates", "-proposed", "-lts"} {
		name = strings.TrimSuffix(name, pocket)
	}
	return name
}

// branch is the branch in development that the repository is of; "" of a release.
func (r Release) branch() string {
	for _, name := range []string{r.Suite, r.Codename} {
		switch {
		case slices.Contains([]string{"testing", "unstable", "sid", "experimental", "rc-buggy", "devel"}, name),
			strings.HasSuffix(name, "-backports-sloppy"), strings.HasSuffix(name, "-proposed"), strings.HasSuffix(name, "-proposed-updates"), name == "proposed-updates":
			return prose.Clip(name, 60) // whoever serves it chooses the rest
		}
	}
	return ""
}

// securityOrigin reports whether an origin of an Inst line, LABEL:VERSION/SUITE,
// is a security repository.
func securityOrigin(origin string) bool {
	return isSecurity(label(origin), origin[strings.LastIndexByte(origin, '/')+1:], "")
}

func label(origin string) string {
	label, _, _ := strings.Cut(origin, ":")
	return label
}
