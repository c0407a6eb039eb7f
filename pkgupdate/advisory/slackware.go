package advisory

import (
	"bufio"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A slackEntry is a package in an entry of the change log.
type slackEntry struct {
	file     string // name-version-arch-build
	name     string
	at       time.Time
	security bool
	text     []string
}

// slackware reads a ChangeLog.txt, whose newest entry stands first. Versions have no
// order; the log has: what is installed lacks each fix that stands above its own line.
func (c *collector) slackware(in *bufio.Reader) error {
	c.applies = c.index.Type == "slackware"
	l := &lines{in: in}
	var at time.Time
	var e *slackEntry
	open := map[string][]*slackEntry{} // by name: the fixes above what is installed
	met := map[string]bool{}
	for l.next() {
		switch line := l.text; {
		case strings.HasPrefix(line, "+--"):
			at, e = time.Time{}, nil
		case at.IsZero():
			if t, err := time.Parse(time.UnixDate, line); err == nil {
				at = t
			}
		case slackHead(line):
			if e = c.slackEntry(line, at, met); e != nil {
				open[e.name] = append(open[e.name], e)
			}
			if err := c.record(at); err != nil {
				return err
			}
		case e != nil:
			e.security = e.security || strings.Contains(line, "(* Security fix *)")
			if len(e.text) < maxSlackLines {
				e.text = append(e.text, line)
			}
		}
	}
	for name, list := range open {
		c.slackFixes(list, c.index.binary[name], met[name])
	}
	if l.err == nil && c.records == 0 {
		return errors.New("the change log has no entry")
	}
	return l.err
}

const maxSlackLines = 400

// slackHead reports whether a line names a package or a folder: a text may have lines
// that are not set in, too.
func slackHead(line string) bool {
	name, _, ok := strings.Cut(line, ": ")
	return ok && strings.Contains(name, "/") && !strings.ContainsAny(name, " \t#")
}

// slackEntry gives the entry of an installed package; nil: it is of another one, or
// not newer than what is installed.
func (c *collector) slackEntry(line string, at time.Time, met map[string]bool) *slackEntry {
	file, _, ok := strings.Cut(line, ": ")
	if !ok {
		return nil
	}
	file = file[strings.LastIndexByte(file, '/')+1:]
	for _, end := range []string{".txz", ".tgz", ".tbz", ".tlz"} {
		file = strings.TrimSuffix(file, end)
	}
	parts := strings.Split(file, "-")
	if len(parts) < 4 {
		return nil
	}
	name := strings.Join(parts[:len(parts)-3], "-")
	if met[name] || c.index.binary[name] == nil {
		return nil
	}
	if slackFile(c.index.binary[name][0]) == file {
		met[name] = true
		return nil
	}
	return &slackEntry{file: file, name: name, at: at}
}

// slackFile is the name of the file that a package was installed from.
func slackFile(p pkgupdate.Package) string {
	ver, build, _ := strings.Cut(p.Version.String(), "-")
	return strings.Join([]string{p.Name, ver, p.Arch, build}, "-")
}

// official builds have a number, and a mark of the release at most.
var official = regexp.MustCompile(`^[0-9]+(_slack[0-9.]+)?$`)

// slackFixes reports the fixes that stand above what is installed. Where that is not
// in the log at all, it is older than the log, or somebody else's build.
func (c *collector) slackFixes(list []*slackEntry, packages []pkgupdate.Package, met bool) {
	for _, e := range list {
		if !e.security {
			c.cleared++
			continue
		}
		for _, p := range packages {
			m := &Match{Pkg: p, State: Vulnerable, HasFix: true, Advisory: Advisory{
				ID: "slackware:" + e.file, CVEs: cves(e.text...), Published: e.at, Feed: c.name, Title: strings.TrimSpace(strings.Join(e.text[:min(1, len(e.text))], "")),
			}}
			f := strings.Split(list[0].file, "-")
			if v, err := version.Parse(version.Slackware, f[len(f)-3]+"-"+f[len(f)-1]); err == nil {
				m.Fix = v
			}
			if _, build, _ := strings.Cut(p.Version.String(), "-"); !met && !official.MatchString(build) {
				m.State, m.Reason = Unknown, &pkgupdate.RecordError{Record: m.ID + " of " + p.Name, Err: errors.New("what is installed is no build of Slackware")}
			}
			c.matches = append(c.matches, m)
		}
	}
}

var syspatchFile = regexp.MustCompile(`(?m)(?:^|[\s(/])syspatch(\d{2,3}-\d{3}_[A-Za-z0-9_]+)\.tgz`)

// syspatch reads the index.txt, or the SHA256, of OpenBSD's patches for a release.
func (c *collector) syspatch(in *bufio.Reader) error {
	l := &lines{in: in}
	release := strings.ReplaceAll(c.index.Release, ".", "")
	for l.next() {
		f := syspatchFile.FindStringSubmatch(l.text)
		if f == nil {
			continue
		}
		if err := c.record(time.Time{}); err != nil {
			return err
		}
		of, id, _ := strings.Cut(f[1], "-")
		if c.index.ID != "openbsd" || of != release {
			continue
		}
		c.applies = true
		c.patch(f[1], id)
	}
	return l.err
}

// patch compares a patch with those that are installed.
func (c *collector) patch(full, id string) {
	m := &Match{
		Advisory: Advisory{ID: "syspatch:" + full, Title: "patch " + id + " of the base system", Feed: c.name},
		Pkg:      pkgupdate.Package{Type: c.index.Type, Name: "base"}, State: Vulnerable, HasFix: true,
	}
	if c.index.Patches == nil {
		m.State, m.Reason = Unknown, errors.New("which patches are installed is not known")
	}
	for _, is := range c.index.Patches {
		if is == full || is == id {
			c.cleared++
			return
		}
	}
	c.matches = append(c.matches, m)
}
