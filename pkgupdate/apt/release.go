package apt

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// A Release is the head of a repository's Release or InRelease file.
type Release struct {
	Label      string
	Suite      string
	Codename   string
	Date       time.Time // when the repository was made
	ValidUntil time.Time // zero: without end
}

// ParseRelease reads the fields before the lists of digests, signed or not.
// The signature is not checked: apt did that when it fetched the file.
func ParseRelease(text []byte) (Release, error) {
	var r Release
	if body, signed := bytes.CutPrefix(text, []byte("-----BEGIN PGP SIGNED MESSAGE-----\n")); signed {
		_, text, _ = bytes.Cut(body, []byte("\n\n"))
	}
	for p := range paragraphs(text) {
		for name, value := range p.fields() {
			if err := r.set(name, string(value)); err != nil {
				return r, err
			}
		}
		break
	}
	if r.Date.IsZero() {
		return r, fmt.Errorf("release file without a date")
	}
	return r, nil
}

func (r *Release) set(name, value string) (err error) {
	switch name {
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
	}
	return err
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

// securityOrigin reports whether an origin of an Inst line, LABEL:VERSION/SUITE,
// is a security repository.
func securityOrigin(origin string) bool {
	label, _, _ := strings.Cut(origin, ":")
	return isSecurity(label, origin[strings.LastIndexByte(origin, '/')+1:], "")
}
