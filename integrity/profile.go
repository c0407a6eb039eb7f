package integrity

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// A Profile says which files are looked at, and which of their attributes count.
type Profile struct {
	Roots []string // absolute clean paths; one that does not exist is known to be empty, one that is a link is just that
	// Exclude leaves out what matches, a directory with all below it. Patterns
	// are those of path.Match over the whole path: '*' stops at a slash.
	Exclude     []string
	Fields      Fields // compared; zero: FieldsState
	MaxFileSize int64  // bytes; content beyond is not read, and said to be unknown; zero: no bound
	// CrossFileSystems also goes into directories on which something is mounted.
	// Otherwise their content is said to be unknown.
	CrossFileSystems bool
}

// ProfileEtc is the smallest useful profile: the configuration folders of every
// supported system.
func ProfileEtc() Profile {
	return Profile{
		Roots:            []string{"/etc", "/usr/local/etc", "/usr/pkg/etc", "/root/.ssh"},
		MaxFileSize:      1 << 30,
		CrossFileSystems: true, // /boot/efi is one of its own, and so may be any of the roots
	}
}

// ProfileDaily adds to ProfileEtc the programs that an administrator and the
// system itself run, the boot folder and every user's timed jobs. It is read
// in a few seconds.
func ProfileDaily() Profile {
	p := ProfileEtc()
	p.Roots = append(p.Roots,
		"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/libexec",
		"/usr/local/bin", "/usr/local/sbin", "/usr/pkg/bin", "/usr/pkg/sbin",
		"/boot", "/stand", "/bsd", "/netbsd",
		"/var/spool/cron", "/var/cron",
		"/usr/lib/systemd", "/usr/lib/security", "/usr/lib64/security",
		"/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security")
	return p
}

// ProfileSystem adds to ProfileDaily all libraries and what was installed by hand.
func ProfileSystem() Profile {
	p := ProfileDaily()
	p.Roots = append(p.Roots, "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local", "/usr/pkg", "/opt")
	return p
}

// Validate reports what is wrong with the profile: a path that is not absolute
// and clean, or a malformed pattern.
func (p Profile) Validate() error {
	if len(p.Roots) == 0 {
		return fmt.Errorf("profile: no roots: %w", fs.ErrInvalid)
	}
	for _, name := range append(slices.Clone(p.Roots), p.Exclude...) {
		if !host.ValidName(name) || path.Clean(name) != name {
			return fmt.Errorf("profile: %q is not an absolute clean path: %w", name, fs.ErrInvalid)
		}
	}
	for _, pattern := range p.Exclude {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("profile: pattern %q: %w", pattern, err)
		}
	}
	return nil
}

// Selects reports whether the profile looks at a path, if it is there.
func (p Profile) Selects(name string) bool {
	inside := slices.ContainsFunc(p.Roots, func(root string) bool { return tree.Within(name, root) })
	for ; inside && name != "/"; name = path.Dir(name) {
		if p.excludes(name) {
			return false
		}
	}
	return inside
}

// excludes matches one path, without the directories above it.
func (p Profile) excludes(name string) bool {
	for _, pattern := range p.Exclude {
		// Validate has seen the pattern, so there is no error to lose here.
		if hit, _ := path.Match(pattern, name); hit {
			return true
		}
	}
	return false
}

// roots gives the roots in the order of a scan, without those below others.
func (p Profile) roots() []string {
	sorted := slices.SortedFunc(slices.Values(p.Roots), tree.Compare)
	var out []string
	for _, root := range sorted {
		if len(out) == 0 || !tree.Within(root, out[len(out)-1]) {
			out = append(out, root)
		}
	}
	return out
}

func (p Profile) fields() Fields {
	if p.Fields == 0 {
		return FieldsState
	}
	return p.Fields
}

// sameChoice reports whether two profiles look at the same files.
func (p Profile) sameChoice(q Profile) bool {
	return slices.Equal(p.roots(), q.roots()) && p.CrossFileSystems == q.CrossFileSystems &&
		slices.Equal(slices.Sorted(slices.Values(p.Exclude)), slices.Sorted(slices.Values(q.Exclude)))
}

// scopeOf gives the coverage scope of a path. One that is too long for a scope
// gives that of the nearest directory above that is not.
func scopeOf(name string) string {
	const longest = 4000
	for len(name) > longest {
		name = path.Dir(name)
	}
	return strings.TrimSuffix("files"+name, "/")
}
