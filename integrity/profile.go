package integrity

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A Profile says which files are looked at, and which of their attributes count.
type Profile struct {
	Roots []string // absolute clean paths; one that does not exist is known to be empty, one that is a link is just that
	// Sparse are roots below which only the files are looked at whose name matches
	// one of Names, and the directories on the way there. Of roots that lie in one
	// another, of either kind, the innermost decides.
	Sparse []string
	Names  []string // patterns of path.Match over the last component
	// Exclude leaves out what matches, a directory with all below it. Patterns
	// are those of path.Match over the whole path: '*' stops at a slash.
	Exclude []string
	// AllowNew and AllowRemoved are patterns as of Exclude: what comes there, or goes,
	// is no change, and what changes is one.
	AllowNew, AllowRemoved []string

	Fields tree.Fields // compared; zero: tree.FieldsState
	// Attrs reads access lists, capabilities and other extended attributes as well.
	Attrs bool
	// Digests are the algorithms by which a content is known, all computed in one
	// reading; empty: sha256. Those of a baseline stay.
	Digests     []string
	MaxFileSize int64 // bytes; content beyond is not read, and said to be unknown; zero: no bound
	// CrossFileSystems also goes into directories on which something is mounted.
	// Otherwise their content is said to be unknown.
	CrossFileSystems bool
	// Logs are folders of logs, which grow and are rotated: package rotation takes that
	// from a comparison.
	Logs []string
	// Rules names rules beyond these, by which a Scanner chose: two scans can be
	// compared only if it is the same; "" is none.
	Rules string
}

// startFiles are what the shells of root read when they start and end, and what its
// editors, its session, git and dpkg run.
var startFiles = []string{
	"/root/.profile", "/root/.bashrc", "/root/.bash_profile", "/root/.bash_login", "/root/.bash_logout", "/root/.kshrc", "/root/.shrc",
	"/root/.cshrc", "/root/.tcshrc", "/root/.login", "/root/.logout", "/root/.zshrc", "/root/.zshenv", "/root/.zprofile", "/root/.zlogin", "/root/.zlogout",
	"/root/.inputrc", "/root/.vimrc", "/root/.exrc", "/root/.screenrc", "/root/.tmux.conf", "/root/.gitconfig", "/root/.dpkg.cfg", "/root/.forward",
	"/root/.config/autostart", "/root/.config/environment.d", "/root/.config/systemd", "/root/.local/share/systemd",
}

// ProfileEtc is the smallest useful profile: the configuration folders of every
// supported system, and what root's shells do when they start.
func ProfileEtc() Profile {
	return Profile{
		Roots:            append([]string{"/etc", "/usr/local/etc", "/usr/pkg/etc", "/root/.ssh"}, startFiles...),
		MaxFileSize:      1 << 30,
		Fields:           tree.FieldsState | tree.FieldNlink, // another name of a file is a way around its folder
		Attrs:            true,
		CrossFileSystems: true, // /boot/efi is one of its own, and so may be any of the roots
	}
}

// ProfileDaily adds to ProfileEtc the programs that an administrator and the
// system itself run, with the shared objects that they load (libraries, PAM
// modules, plugins), the units, generators and rules of systemd and udev wherever
// they may stand, the scripts that dpkg runs, the keys by which packages are
// verified, the modules of Perl, and those that the system has of Python and Ruby, the
// boot folder and every user's timed jobs. It is read in a few seconds. What Python
// compiles of its modules, which no package has, other scripts, kernel modules that are
// not loaded, firmware, and data in library folders are ProfileSystem's.
func ProfileDaily() Profile {
	p := ProfileEtc()
	p.Roots = slices.Concat(p.Roots, programs, runtime, shared, modules)
	for _, dir := range []string{"/lib", "/usr/lib", "/usr/local/lib"} {
		for _, sub := range helpers {
			p.Roots = append(p.Roots, dir+"/"+sub)
		}
	}
	p.Sparse = []string{
		"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64",
		"/usr/local/lib", "/usr/local/lib64", "/usr/pkg/lib",
		"/usr/share/perl", "/usr/share/perl5", "/usr/local/share/perl", "/root/.local/lib",
		"/var/lib/dpkg/info",
	}
	p.Names = []string{
		"*.so", "*.so.*",
		"*.pm", "*.pl", "*.ph", "*.pth", "sitecustomize.py", "usercustomize.py", // read by Perl and Python at their start
		"*.preinst", "*.postinst", "*.prerm", "*.postrm", "*.config", // run by dpkg
	}
	for depth := range 8 { // of no package
		p.Exclude = append(p.Exclude, "/usr/lib/python3*"+strings.Repeat("/*", depth)+"/__pycache__")
	}
	p.AllowRemoved = []string{"/usr/share/*", "/usr/lib/ruby", "/usr/lib/python3*"} // updates take away what they brought
	return p
}

// Of the daily profile.
var (
	programs = []string{
		"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/games", "/libexec", "/usr/libexec",
		"/usr/local/bin", "/usr/local/sbin", "/usr/local/games", "/usr/local/libexec", "/usr/pkg/bin", "/usr/pkg/sbin", "/usr/pkg/libexec",
		"/boot", "/stand", "/bsd", "/netbsd",
		"/var/spool/cron", "/var/cron",
	}
	// runtime is where units and rules stand that last until the next start.
	runtime = []string{
		"/run/systemd/system", "/run/systemd/system.control", "/run/systemd/system-generators", "/run/systemd/system-environment-generators",
		"/run/systemd/user", "/run/systemd/user-generators", "/run/systemd/user-environment-generators",
		"/run/tmpfiles.d", "/run/sysctl.d", "/run/modprobe.d", "/run/modules-load.d", "/run/binfmt.d", "/run/sysusers.d", "/run/udev/rules.d", "/run/polkit-1",
	}
	// shared is what programs of root read or run and that is in no folder of programs.
	shared = []string{
		"/usr/share/keyrings", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
		"/usr/share/polkit-1", "/usr/local/share/polkit-1", "/usr/share/dbus-1", "/usr/local/share/dbus-1",
		"/usr/share/systemd", "/usr/local/share/systemd", "/usr/share/user-tmpfiles.d", "/usr/share/initramfs-tools",
		"/usr/share/debconf", "/usr/share/git-core/templates", "/usr/share/vim/vimrc", "/usr/share/bash-completion",
		"/var/lib/cloud/scripts", "/var/lib/systemd/linger",
	}
	// modules are what the system's programs of root load that are in Python or in Ruby.
	modules = []string{
		"/usr/lib/ruby", "/usr/lib/python3", "/usr/lib/python3.7", "/usr/lib/python3.8", "/usr/lib/python3.9", "/usr/lib/python3.10",
		"/usr/lib/python3.11", "/usr/lib/python3.12", "/usr/lib/python3.13", "/usr/lib/python3.14",
	}
	// helpers are folders of programs and rules in library folders by which
	// something is run with rights.
	helpers = []string{
		"systemd", "udev", "security", "pam.d", "sudo", "polkit-1", "policykit-1", "dbus-1.0",
		"openssh", "ssh", "ssl", "postfix", "dovecot", "apt", "dpkg", "NetworkManager", "networkd-dispatcher", "dhcpcd",
		"tmpfiles.d", "sysctl.d", "modprobe.d", "modules-load.d", "binfmt.d", "sysusers.d", "environment.d",
		"kernel", "lsb", "git-core",
	}
)

// ProfileSystem adds to ProfileDaily all that is in library folders, and what
// was installed by hand.
func ProfileSystem() Profile {
	p := ProfileDaily()
	p.Roots = append(p.Roots, p.Sparse...)
	p.Roots = append(p.Roots, "/usr/local", "/usr/pkg", "/opt")
	p.Sparse, p.Names, p.Exclude = nil, nil, nil
	return p
}

// ProfileLogs looks at the folders of logs: which there are, whose, who may write
// them, and that they become no shorter but by rotation.
func ProfileLogs() Profile {
	roots := []string{"/var/log", "/var/adm", "/var/account"}
	return Profile{
		Roots: roots, Logs: roots,
		Fields: tree.FieldsState | tree.FieldNlink,
		Attrs:  true, CrossFileSystems: true,
	}
}

// ProfileWebroot looks at what web servers serve, by the customs of the systems.
func ProfileWebroot() Profile {
	return Profile{
		Roots:  []string{"/var/www", "/srv/www", "/srv/http", "/usr/local/www", "/usr/share/nginx/html", "/home/www"},
		Fields: tree.FieldsState | tree.FieldNlink, Attrs: true, CrossFileSystems: true,
	}
}

// ProfileImage looks at all of a system that does not run, such as the image of a
// container, but for what is made when it runs.
func ProfileImage() Profile {
	return Profile{
		Roots:   []string{"/"},
		Exclude: []string{"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/cache", "/var/log", "/var/run"},
		Attrs:   true, CrossFileSystems: true,
	}
}

// ProfileBSD looks at what security(8) of the BSDs lists in its special files and
// in changelist(5): settings, programs, libraries, the kernel and timed jobs.
func ProfileBSD() Profile {
	p := ProfileEtc()
	p.Roots = append(p.Roots,
		"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/libexec", "/usr/libexec", "/lib", "/usr/lib", "/usr/local/bin", "/usr/local/sbin", "/usr/pkg/bin", "/usr/pkg/sbin",
		"/boot", "/stand", "/bsd", "/netbsd", "/root", "/var/cron", "/var/at", "/var/nsd/etc", "/var/unbound/etc", "/rescue")
	p.Exclude = []string{"/root/.*history", "/etc/random.seed", "/etc/entropy", "/var/cron/log"}
	return p
}

// Profiles are the profiles by the names that people type.
func Profiles() map[string]func() Profile {
	return map[string]func() Profile{
		"etc": ProfileEtc, "daily": ProfileDaily, "system": ProfileSystem, "logs": ProfileLogs,
		"webroot": ProfileWebroot, "image": ProfileImage, "bsd": ProfileBSD,
	}
}

// Validate reports what is wrong with the profile: a path that is not absolute
// and clean, or a malformed pattern.
func (p Profile) Validate() error {
	if len(p.Roots)+len(p.Sparse) == 0 {
		return fmt.Errorf("profile: no roots: %w", fs.ErrInvalid)
	}
	for _, name := range slices.Concat(p.Roots, p.Sparse, p.Exclude, p.AllowNew, p.AllowRemoved, p.Logs) {
		if !host.ValidName(name) || path.Clean(name) != name {
			return fmt.Errorf("profile: %q is not an absolute clean path: %w", name, fs.ErrInvalid)
		}
	}
	for _, pattern := range slices.Concat(p.Names, p.Exclude, p.AllowNew, p.AllowRemoved) {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("profile: pattern %q: %w", pattern, err)
		}
	}
	return nil
}

// Selects reports whether the profile looks at a path, if it is there.
func (p Profile) Selects(name string, dir bool) bool {
	if !under(name, p.Roots) && !under(name, p.Sparse) || p.passesOver(name, dir) {
		return false
	}
	for ; name != "/"; name = path.Dir(name) {
		if p.excludes(name) {
			return false
		}
	}
	return true
}

// IsLog reports whether a path is in a folder of logs.
func (p Profile) IsLog(name string) bool { return under(name, p.Logs) }

// Allows reports whether a change is one that the profile lets come and go.
func (p Profile) Allows(c Change) bool {
	var patterns []string
	switch c.Kind {
	case Added:
		patterns = p.AllowNew
	case Removed:
		patterns = p.AllowRemoved
	}
	for name := c.Path; len(patterns) > 0 && name != "/"; name = path.Dir(name) {
		if matchesAny(name, patterns) {
			return true
		}
	}
	return false
}

// excludes matches one path, without the directories above it.
func (p Profile) excludes(name string) bool { return matchesAny(name, p.Exclude) }

// passesOver reports whether a path is a file below a sparse root, and of no
// name that is looked at there.
func (p Profile) passesOver(name string, dir bool) bool {
	return len(p.Sparse) > 0 && !dir && !matchesAny(path.Base(name), p.Names) &&
		!slices.Contains(p.Sparse, name) && p.OnlyNamed(name)
}

// OnlyNamed reports whether below a path only files of certain names are looked
// at: whether the innermost root around it is a sparse one.
func (p Profile) OnlyNamed(name string) bool {
	return innermost(name, p.Sparse) > innermost(name, p.Roots)
}

// innermost gives the length of the longest root around a path; 0 is none.
func innermost(name string, roots []string) (longest int) {
	for _, root := range roots {
		if len(root) > longest && tree.Within(name, root) {
			longest = len(root)
		}
	}
	return longest
}

func matchesAny(name string, patterns []string) bool {
	for _, pattern := range patterns {
		// Validate has seen the pattern, so there is no error to lose here.
		if hit, _ := path.Match(pattern, name); hit {
			return true
		}
	}
	return false
}

// Tops gives the roots in the order of a scan, without those below others.
func (p Profile) Tops() []string {
	sorted := slices.SortedFunc(slices.Values(slices.Concat(p.Roots, p.Sparse)), tree.Compare)
	var out []string
	for _, root := range sorted {
		if len(out) == 0 || !tree.Within(root, out[len(out)-1]) {
			out = append(out, root)
		}
	}
	return out
}

// Compared gives the attributes that count.
func (p Profile) Compared() tree.Fields {
	if p.Fields == 0 {
		return tree.FieldsState
	}
	return p.Fields
}

// SameChoice reports whether two profiles look at the same files.
func (p Profile) SameChoice(q Profile) bool {
	return sameSet(p.Roots, q.Roots) && sameSet(p.Sparse, q.Sparse) && sameSet(p.Names, q.Names) &&
		sameSet(p.Exclude, q.Exclude) && sameSet(p.AllowNew, q.AllowNew) && sameSet(p.AllowRemoved, q.AllowRemoved) && sameSet(p.Logs, q.Logs) && p.Rules == q.Rules && p.CrossFileSystems == q.CrossFileSystems
}

func sameSet(a, b []string) bool {
	sorted := func(s []string) []string { return slices.Compact(slices.Sorted(slices.Values(s))) }
	return slices.Equal(sorted(a), sorted(b))
}

func under(name string, trees []string) bool {
	return slices.ContainsFunc(trees, func(top string) bool { return tree.Within(name, top) })
}
