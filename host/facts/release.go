package facts

import (
	"strconv"
	"strings"
)

// A release is what one file or text says of the system.
type release struct {
	id, like string
	version  string // with support of its own: "12"
	exact    string // "12.8"
	codename string
	pretty   string
	arch     string
}

// A releaseFile is a file and how to read it.
type releaseFile struct {
	name  string
	parse func([]byte) release
}

var osReleaseFiles = [...]releaseFile{
	{"/etc/os-release", parseOSRelease},
	{"/usr/lib/os-release", parseOSRelease},
}

// exactFiles say more exactly than os-release which release this is.
var exactFiles = [...]struct {
	family string
	file   releaseFile
}{
	{"debian", releaseFile{"/etc/debian_version", parseDebianVersion}},
	{"redhat", releaseFile{"/etc/redhat-release", parseReleaseLine}},
	{"slackware", releaseFile{"/etc/slackware-version", parseReleaseLine}},
}

// olderFiles are those of systems before os-release (2012), the particular
// before the general: a Mandrake has a redhat-release, an Ubuntu a
// debian_version. The administrator may have changed issue, so it is last.
var olderFiles = [...]releaseFile{
	{"/etc/slackware-version", parseReleaseLine},
	{"/etc/mageia-release", parseReleaseLine},
	{"/etc/mandriva-release", parseReleaseLine},
	{"/etc/mandrakelinux-release", parseReleaseLine},
	{"/etc/mandrake-release", parseReleaseLine},
	{"/etc/SuSE-release", parseSuSERelease},
	{"/etc/fedora-release", parseReleaseLine},
	{"/etc/redhat-release", parseReleaseLine},
	{"/etc/alpine-release", parseAlpineRelease},
	{"/etc/lsb-release", parseLSBRelease},
	{"/etc/debian_version", parseDebianVersion},
	{"/etc/arch-release", parseArchRelease},
	{"/etc/issue", parseReleaseLine},
}

// bsdFiles tell a BSD by its files alone; FreeBSD's first, for it also says
// more than the kernel does.
var bsdFiles = [...]releaseFile{
	{"/bin/freebsd-version", parseFreeBSDVersion},
	{"/etc/release", parseKernelText},
	{"/etc/motd", parseKernelText},
}

// parseOSRelease reads os-release(5).
func parseOSRelease(data []byte) release {
	vars := shellVars(data)
	r := release{
		id:       validID(vars["ID"]),
		like:     vars["ID_LIKE"],
		version:  vars["VERSION_ID"],
		exact:    vars["VERSION_ID"],
		codename: vars["VERSION_CODENAME"],
		pretty:   vars["PRETTY_NAME"],
	}
	if r.exact == "" {
		r.exact = vars["BUILD_ID"]
	}
	if _, said := vars["VERSION_CODENAME"]; !said { // Fedora says "", and has its edition in VERSION
		r.codename = codename(vars["VERSION"])
	}
	return r
}

// validID is an ID as os-release(5) allows it, or nothing: others use it as a key.
func validID(id string) string {
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return ""
		}
	}
	return id
}

// parseLSBRelease reads the lsb-release of the first Ubuntus.
func parseLSBRelease(data []byte) release {
	vars := shellVars(data)
	id, version := idOf(vars["DISTRIB_ID"]), vars["DISTRIB_RELEASE"]
	if id == "" {
		return release{}
	}
	return release{
		id:      id,
		version: version, exact: version,
		codename: vars["DISTRIB_CODENAME"],
		pretty:   vars["DISTRIB_DESCRIPTION"],
	}
}

// parseDebianVersion reads "12.8", or "trixie/sid" of what is not released. Up
// to Debian 6 the second number belongs to the release: 3.1 is not 3.0.
func parseDebianVersion(data []byte) release {
	exact := clip(firstWord(data))
	if exact == "" {
		return release{}
	}
	r := release{id: "debian", exact: exact, pretty: "Debian GNU/Linux " + exact}
	if name, _, unreleased := strings.Cut(exact, "/"); unreleased {
		r.codename = name
		return r
	}
	r.version = numbers(exact)
	parts := strings.Split(r.version, ".")
	if major, _ := strconv.Atoi(parts[0]); major > 6 {
		r.version = parts[0]
	} else if len(parts) > 2 {
		r.version = parts[0] + "." + parts[1]
	}
	return r
}

// parseAlpineRelease reads "3.20.3".
func parseAlpineRelease(data []byte) release {
	version := clip(firstWord(data))
	if version == "" {
		return release{}
	}
	return release{id: "alpine", version: version, exact: version, pretty: "Alpine Linux " + version}
}

// parseArchRelease needs no content: Arch's file is empty.
func parseArchRelease([]byte) release {
	return release{id: "arch", exact: "rolling", pretty: "Arch Linux"}
}

// parseFreeBSDVersion reads the release out of the script freebsd-version(1).
func parseFreeBSDVersion(data []byte) release {
	if exact := shellVars(data)["USERLAND_VERSION"]; exact != "" {
		return parseKernelText([]byte("FreeBSD " + exact))
	}
	return release{}
}

// parseSuSERelease reads SuSE-release: a line, then "VERSION = 11" and the like.
func parseSuSERelease(data []byte) release {
	r := parseReleaseLine(data)
	if r.id == "" {
		return release{}
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, "=")
		value = clip(strings.TrimSpace(value))
		switch strings.TrimSpace(key) {
		case "VERSION":
			r.version, r.exact = value, value
		case "PATCHLEVEL":
			if value != "0" && value != "" {
				r.version += "." + value
				r.exact = r.version
			}
		case "CODENAME":
			r.codename = value
		}
	}
	return r
}

// parseReleaseLine reads the first line of most release files and of issue, in
// which the words between name and version differ:
//
//	Red Hat Linux release 7.3 (Valhalla)
//	Mandrake Linux release 9.2 (FiveStar) for i586
//	SuSE Linux 9.0 (i586)
//	Slackware 15.0+
//	Debian GNU/Linux 3.1 \n \l
func parseReleaseLine(data []byte) release {
	line, _, _ := strings.Cut(firstLine(data), `\`)
	line = strings.TrimSpace(strings.TrimPrefix(line, "Welcome to "))
	r := release{id: idOf(line), pretty: clip(line)}
	if r.id == "" {
		return release{}
	}
	for word := range strings.FieldsSeq(line) {
		if r.version = numbers(word); r.version != "" {
			r.exact = clip(word)
			break
		}
	}
	r.codename, r.arch = codename(line), archOf(line)
	return r
}

// parseKernelText reads the first line of a BSD's kern.version or motd, of
// NetBSD's release file, and what uname says:
//
//	OpenBSD 7.6-current (GENERIC.MP) #332: Mon Sep 30 08:45:43 MDT 2024
//	FreeBSD 14.1-RELEASE-p5 releng/14.1-n267688 GENERIC
//	NetBSD 9.3/amd64
//	BSDI BSD/OS 4.1 Kernel #0: Thu Mar  2 18:35:03 MST 2000
func parseKernelText(data []byte) release {
	words := strings.Fields(strings.TrimPrefix(firstLine(data), "BSDI "))
	if len(words) < 2 || numbers(words[1]) == "" {
		return release{}
	}
	exact, arch, _ := strings.Cut(clip(words[1]), "/")
	r := release{version: numbers(exact), exact: exact, arch: arch, pretty: words[0] + " " + exact}
	switch words[0] {
	case "FreeBSD", "OpenBSD", "NetBSD":
		r.id = strings.ToLower(words[0])
	case "BSD/OS":
		r.id = "bsdos"
	default:
		return release{}
	}
	return r
}

// parseBootTime reads what sysctl -n kern.boottime prints: FreeBSD's seconds,
// else the date, with single spaces.
func parseBootTime(data []byte) string {
	text := strings.Join(strings.Fields(firstLine(data)), " ")
	if _, after, found := strings.Cut(text, "sec = "); found {
		seconds, _, _ := strings.Cut(after, ",")
		return seconds
	}
	return text
}

// codename is what stands in the first parentheses, if that is a name.
func codename(line string) string {
	name := inParentheses(line)
	switch {
	case name == "Official" || name == "Final" || isArch(name):
		return ""
	}
	return clip(name)
}

// archOf finds "(i586)" or "for i586" in a release line.
func archOf(line string) string {
	if name := inParentheses(line); isArch(name) {
		return name
	}
	if _, name, found := strings.Cut(line, ") for "); found {
		return clip(firstWord([]byte(name)))
	}
	return ""
}

func inParentheses(line string) string {
	_, after, _ := strings.Cut(line, "(")
	name, _, closed := strings.Cut(after, ")")
	if !closed {
		return ""
	}
	return name
}

func isArch(name string) bool {
	switch strings.ToLower(name) {
	case "i386", "i486", "i586", "i686", "x86_64", "x86-64", "alpha", "ia64", "ppc", "ppc64", "s390", "s390x", "sparc", "aarch64":
		return true
	}
	return false
}

// numbers is the start of word that is digits and dots, if it starts with a digit.
func numbers(word string) string {
	end := strings.IndexFunc(word, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(word)
	}
	if word == "" || word[0] == '.' {
		return ""
	}
	return clip(strings.TrimRight(word[:end], "."))
}
