package files

import (
	"regexp"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/report"
)

// amiss puts into a title that a program is not what its package has. A
// configuration file that a person edited is that, too, and nothing is amiss.
func amiss(c integrity.Change, a attestation) string {
	if a.standing == altered && !isConfig(c.Path) {
		return " and is not as the package " + a.Package + " has it"
	}
	return ""
}

// standingText tells how the file stands to its package, and how sure that is.
func standingText(c integrity.Change, a attestation) string {
	belongs := "It belongs to the package " + a.Package
	switch a.standing {
	case unowned:
		return strings.TrimSpace("No package owns it. " + a.doubt)
	case owned:
		if c.Kind == integrity.Removed {
			return belongs + ", which still lists it."
		}
		return belongs + ", which has no digest for it."
	case unchecked:
		return belongs + ". Whether its content is as the package has it could not be checked: " + a.err.Error() + "."
	case derived:
		return strings.TrimSpace(a.how + ". " + a.doubt)
	case genuine:
		text := genuineText(a)
		if a.doubt != "" {
			return text + " " + a.doubt
		}
		if !a.vouches(c) {
			text += " Which mode and owner it should have, the database does not tell."
		}
		return text
	case altered:
		if isConfig(c.Path) {
			return "It is a configuration file of the package " + a.Package + ". " + differsText(a.differs) +
				", as with any that was edited on this system."
		}
		return belongs + ". " + differsText(a.differs) + byProof(a.Claim) + "."
	}
	return ""
}

func genuineText(a attestation) string {
	switch {
	case a.Type == host.ModeSymlink:
		return "The package " + a.Package + " has the same link."
	case a.Type == host.ModeDir:
		return "The package " + a.Package + " has this directory."
	}
	return "Its content is as the package " + a.Package + " has it, by " + proof(a.Claim) + "."
}

func differsText(f tree.Fields) string {
	return "Its " + strings.Join(f.Names(), " and its ") + " differs from what the package has"
}

// byProof is proof behind a sentence, where there is a digest.
func byProof(c host.Claim) string {
	if len(c.Digest) == 0 {
		return ""
	}
	return ", by " + proof(c)
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

const (
	expected = "If you or an update made this change, accept it. Otherwise "
	remedy   = expected + "find out who did, and restore the file from a backup or its package."
)

// fix says what to do about a change.
func fix(c integrity.Change, a attestation) string {
	switch {
	case c.Kind == integrity.Unstable:
		return ""
	case gains(c) != "":
		return "If you did not give these rights on purpose, take them away, and find out who was on the system at that time."
	case a.doubt != "":
		return expected + "find out who did, and restore the file from a backup: the package database is no proof of it."
	case isConfig(c.Path) && c.Kind == integrity.Changed && (a.standing == altered || a.standing == unowned):
		return "If you made this change, accept it. Otherwise find out who did, and restore the file from the backup of the configuration."
	case a.standing == unowned:
		return fixUnowned(c.Kind)
	case a.standing == untold:
		return remedy
	case a.vouches(c):
		return "If the package was meant to be installed or updated, nothing more is needed."
	case a.standing == genuine:
		return expected + "find out who did, and give the file its own rights back."
	case a.standing == altered && !isConfig(c.Path):
		return "Unless you changed it on purpose, take it for an intruder's: do not run it, keep a copy, find out who was on the system at that time, and then install the package again."
	}
	return expected + "find out who did, and put the package's file back."
}

func fixUnowned(k integrity.Kind) string {
	switch k {
	case integrity.Added:
		return "If you put it there, accept it. Otherwise find out who did and what uses it, keep a copy, and remove it."
	case integrity.Removed:
		return "If you removed it, or an update did, accept it. Otherwise find out who did, and restore it from a backup."
	}
	return "If you made this change, accept it. Otherwise find out who did, and restore the file from a backup: no package has it."
}

// remedyOf gives what a person types to see more, on this system, and to give a file the
// rights back that it had.
func (c *closer) remedyOf(ch integrity.Change, a attestation) *report.Remedy {
	var commands [][]string
	out := c.rightsBack(ch, a)
	switch {
	case a.standing == untold:
		commands = howto.Commands(c.guide.Command(howto.PackageOwner, ch.Path))
	case a.standing == altered && !isConfig(ch.Path):
		_, name, _ := strings.Cut(a.Package, ":")
		commands = howto.Commands(c.guide.Command(howto.VerifyPackage, name))
	}
	switch {
	case out == nil:
		return report.Look(commands...)
	case len(commands) > 0:
		out.Look = commands
	}
	return out
}

// plainOwner is an owner and a group as chown(1) takes them.
var plainOwner = regexp.MustCompile(`^[A-Za-z0-9_][\w.-]*\$?:[A-Za-z0-9_][\w.-]*\$?$`)

// rightsBack gives the commands that give a file the owner and the mode that it had; of a
// new program those that take its power, and the way back. The owner comes first, as
// chown takes set-id bits.
func (c *closer) rightsBack(ch integrity.Change, a attestation) *report.Remedy {
	was, now := ch.Was.Stat, ch.Now.Stat
	rights := func(st host.Stat) (out [][]string) {
		if ch.Fields&tree.FieldOwner != 0 && st.Known.Has(host.KnownOwner) {
			owner := c.owner(st)
			if !plainOwner.MatchString(owner) { // an option, or a name that was cut
				owner = ownerText(st)
			}
			out = append(out, []string{"chown", "-h", owner, ch.Path})
		}
		if !st.IsLink() && (ch.Fields&tree.FieldMode != 0 || len(out) > 0 && st.Perm()&(host.ModeSetUID|host.ModeSetGID) != 0) {
			mode := modeText(st)
			if st.IsDir() {
				mode = "0" + mode // of four digits some leave the set-id bits of a directory
			}
			out = append(out, []string{"chmod", mode, ch.Path})
		}
		return out
	}
	caps, _ := ch.Now.Attr(host.AttrCapabilities)
	had, _ := ch.Was.Attr(host.AttrCapabilities)
	out := report.Remedy{}
	switch {
	case a.vouches(ch) || !host.ValidName(ch.Path):
	case ch.Kind == integrity.Changed && ch.Fields&tree.FieldType == 0:
		out.Do, out.Undo = rights(was), rights(now)
	case ch.Kind == integrity.Added && now.IsRegular() && now.Perm()&(host.ModeSetUID|host.ModeSetGID) != 0:
		out.Do, out.Undo = [][]string{{"chmod", "u-s,g-s", ch.Path}}, [][]string{{"chmod", modeText(now), ch.Path}}
	}
	if gains(ch) != "" && caps != "" && had == "" && host.ValidName(ch.Path) {
		out.Do = append(out.Do, []string{"setcap", "-r", ch.Path})
	}
	if len(out.Do) == 0 {
		return nil
	}
	return &out
}
