package integrity

import (
	"context"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// amiss puts into a title that a program is not what its package has. A
// configuration file that a person edited is that, too, and nothing is amiss.
func amiss(c Change, a attestation) string {
	if a.standing == altered && !isConfig(c.Path) {
		return " and is not as the package " + a.Package + " has it"
	}
	return ""
}

// standingText tells how the file stands to its package, and how sure that is.
func standingText(c Change, a attestation) string {
	belongs := " It belongs to the package " + a.Package
	switch a.standing {
	case unowned:
		return " No package owns it."
	case owned:
		if c.Kind == Removed {
			return belongs + ", which still lists it."
		}
		return belongs + ", which has no digest for it."
	case unchecked:
		return belongs + ". Whether its content is as the package has it could not be checked: " + a.err.Error() + "."
	case genuine:
		text := " Its content is as the package " + a.Package + " has it, by " + proof(a.Claim) + "."
		if !a.vouches(c) {
			text += " Which mode and owner it should have, the database does not tell."
		}
		return text
	case altered:
		if isConfig(c.Path) {
			return " It is a configuration file of the package " + a.Package + ". " + differsText(a.differs) +
				", as with any that was edited on this system."
		}
		return belongs + ". " + differsText(a.differs) + ", by " + proof(a.Claim) + "."
	}
	return ""
}

func differsText(f Fields) string {
	return "Its " + strings.Join(f.Names(), " and its ") + " differs from what the package has"
}

// proof says how far a digest can be trusted.
func proof(c host.Claim) string {
	text := "the " + strings.ToUpper(c.Algorithm) + " digest "
	switch c.Strength {
	case host.StrengthSigned:
		return text + "that the packager signed"
	case host.StrengthDatabase:
		return text + "in the local package database, which is not signed"
	}
	return text + "that it gives, which nothing proves"
}

// isConfig reports whether a file is one that people edit.
func isConfig(name string) bool { return underAny(name, configTrees) }

const (
	expected = "If you or an update made this change, nothing more is needed. Otherwise "
	remedy   = expected + "find out who did, and restore the file from a backup or its package."
)

// fix says what to do about a change. hint is how to ask this system for the
// owner of a file, where that is not known.
func fix(c Change, a attestation, hint string) string {
	switch {
	case c.Kind == Unstable:
		return ""
	case isConfig(c.Path) && c.Kind == Changed && (a.standing == altered || a.standing == unowned):
		return "If you made this change, nothing more is needed. Otherwise find out who did, and restore the file from the backup of the configuration."
	case a.standing == unowned:
		return fixUnowned(c.Kind)
	case a.standing == untold:
		return strings.TrimSuffix(remedy+" "+strings.ReplaceAll(hint, "PATH", quoted(c.Path, "PATH")), " ")
	case a.vouches(c):
		return "If the package was meant to be installed or updated, nothing more is needed."
	case a.standing == genuine:
		return expected + "find out who did, and give the file its own rights back." + command(a.Package, reinstalls)
	case a.standing == altered && !isConfig(c.Path):
		return "Unless you changed it on purpose, take it for an intruder's: do not run it, keep a copy, find out who was on the system at that time, and then put the package's file back." +
			command(a.Package, verifies) + command(a.Package, reinstalls)
	}
	return expected + "find out who did, and put the package's file back." + command(a.Package, verifies) + command(a.Package, reinstalls)
}

func fixUnowned(k Kind) string {
	switch k {
	case Added:
		return "If you put it there, nothing more is needed. Otherwise find out who did and what uses it, keep a copy, and remove it."
	case Removed:
		return "If you removed it, or an update did, nothing more is needed. Otherwise find out who did, and restore it from a backup."
	}
	return "If you made this change, nothing more is needed. Otherwise find out who did, and restore the file from a backup: no package has it."
}

// verifies and reinstalls give, by the scheme of a package, the command that
// compares its files with the database, and that which installs it again.
var (
	verifies = map[string]string{
		"deb": "dpkg -V NAME lists all files that differ.", "rpm": "rpm -V NAME lists all files that differ.",
		"apk": "apk audit lists all files that differ.", "pacman": "pacman -Qkk NAME lists all files that differ.",
		"freebsd": "pkg check -s NAME lists all files that differ.",
	}
	reinstalls = map[string]string{
		"deb": "apt-get install --reinstall NAME installs it again.",
		"rpm": "dnf reinstall NAME (SuSE: zypper install -f NAME) installs it again.",
		"apk": "apk fix --reinstall NAME installs it again.", "pacman": "pacman -S NAME installs it again.",
		"freebsd": "pkg install -f NAME installs it again.",
	}
)

// command gives the sentence of a table for a package; it is empty where there
// is none.
func command(pkg string, table map[string]string) string {
	scheme, name, _ := strings.Cut(pkg, ":")
	if table[scheme] == "" {
		return ""
	}
	return " " + strings.ReplaceAll(table[scheme], "NAME", quoted(name, "PACKAGE"))
}

// ownerHint says how to ask this system's package database about PATH. It is
// empty where none is known.
func ownerHint(ctx context.Context, h host.Host) string {
	for _, db := range [...]struct{ path, hint string }{
		{"/var/lib/dpkg/status", "dpkg -S PATH names the package that owns it, dpkg -V PACKAGE compares its files."},
		{"/usr/lib/sysimage/rpm", "rpm -qf PATH names the package that owns it, rpm -V PACKAGE compares its files."},
		{"/var/lib/rpm", "rpm -qf PATH names the package that owns it, rpm -V PACKAGE compares its files."},
		{"/lib/apk/db", "apk info -W PATH names the package that owns it, apk audit compares its files."},
		{"/var/lib/pacman", "pacman -Qo PATH names the package that owns it, pacman -Qkk PACKAGE compares its files."},
		{"/var/db/pkg/local.sqlite", "pkg which PATH names the package that owns it, pkg check -s PACKAGE compares its files."},
		{"/var/db/pkg", "pkg_info -E PATH names the package that owns it."},
	} {
		if _, err := h.Lstat(ctx, db.path); err == nil {
			return db.hint
		}
	}
	return ""
}

// quoted gives a name for a command line that a person copies: one with any
// unusual byte, or that would be an option, is left for the person to type.
func quoted(name, placeholder string) string {
	if strings.HasPrefix(name, "-") {
		return placeholder
	}
	for _, c := range []byte(name) {
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/._+:@-", c) >= 0
		if !plain {
			return placeholder
		}
	}
	return name
}
