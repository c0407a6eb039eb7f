package integrity

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	ruleAdded    = "integrity.added"
	ruleRemoved  = "integrity.removed"
	ruleChanged  = "integrity.changed"
	ruleUnstable = "integrity.unstable"
	ruleDamaged  = "integrity.baseline-damaged"

	scopeBaseline = "baseline"
)

// Rules lists the rules of the check.
func (Files) Rules() []report.Rule {
	rule := func(id string, s report.Severity, title, explain, fix string) report.Rule {
		return report.Rule{ID: id, Kind: report.Condition, Severity: s, Title: title, Explain: explain, Remedy: fix, Since: "0.1.0"}
	}
	return []report.Rule{
		rule(ruleAdded, report.Notice, "A file is new",
			"It is not in the baseline. New files in system folders come with packages and by hand, and an intruder's tools do as well.", remedy),
		rule(ruleRemoved, report.Notice, "A file was removed",
			"It is in the baseline, and is known not to be there any more.", remedy),
		rule(ruleChanged, report.Notice, "A file changed",
			"It differs from the baseline in content, rights or type.", remedy),
		rule(ruleUnstable, report.Notice, "A file changes all the time",
			"It changed each of the three times that it was read, so its content cannot be compared.",
			"See which program writes it (fuser, lsof). If it is a log or a cache, leave it out of the profile."),
		rule(ruleDamaged, report.Warning, "The baseline is damaged",
			"A baseline that was changed outside of this program can hide changes.",
			"Find out why (disk errors, an intruder), and restore the file from a backup."),
	}
}

// finding makes a change of a file a finding. Only a package that vouches for
// all of the change is evidence: by it an update explains the finding.
func finding(c Change, baseline time.Time, a attestation, hint string) report.Finding {
	name := clip(c.Path)
	f := report.Finding{
		Subject:  report.Attr{Key: report.Path, Value: c.Path},
		Scope:    scopeOf(c.Path),
		Severity: severity(c, a),
		Detail:   "Compared with the baseline of " + dateOf(baseline) + ".",
		Fix:      fix(c, a, hint),
	}
	switch c.Kind {
	case Added:
		f.Rule, f.Title, f.Evidence = ruleAdded, name+" is new"+amiss(c, a)+": "+summary(c.Now), facts(report.Now, c.Now, FieldsAll)
	case Removed:
		f.Rule, f.Title, f.Evidence = ruleRemoved, name+" was removed: it was a "+summary(c.Was), facts(report.Was, c.Was, FieldsAll)
	case Unstable:
		f.Rule, f.Title = ruleUnstable, name+" changed each time that it was read"
	default:
		f.Rule, f.Title = ruleChanged, name+" changed"+amiss(c, a)+": "+strings.Join(differences(c), ", ")
		f.Evidence = append(facts(report.Was, c.Was, c.Fields), facts(report.Now, c.Now, c.Fields)...)
	}
	if at := changedAt(c); !at.IsZero() {
		f.Detail += " The file was last changed at " + dateOf(at) + "."
		f.Evidence = append(f.Evidence, report.AtTime(at))
	}
	f.Detail += standingText(c, a)
	if owner := (report.Attr{Key: report.Package, Value: a.Package}); a.vouches(c) && owner.Validate() == nil {
		f.Evidence = append(f.Evidence, owner)
	}
	return f
}

func damagedFinding(b *Baseline) report.Finding {
	name := strings.TrimSuffix(b.Path, suffixOld)
	return report.Finding{
		Rule: ruleDamaged, Subject: report.Attr{Key: report.Path, Value: name}, Scope: scopeBaseline,
		Title:  "The baseline " + name + " cannot be used; its previous copy was",
		Detail: fmt.Sprintf("%v. The copy is of %s: what was accepted since shows as changed.", b.Damaged, dateOf(b.Created)),
	}
}

// changedAt gives the time of a change as far as the file tells: of its inode,
// since a package sets the other time to that of its building. That of a
// directory changes with every entry, and says nothing.
func changedAt(c Change) time.Time {
	if c.Now.Stat.IsDir() || !c.Now.Stat.Known.Has(host.KnownCtime) || c.Kind == Unstable {
		return time.Time{}
	}
	return time.Unix(0, c.Now.Stat.Ctime).UTC()
}

func dateOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// summary describes an entry in a title.
func summary(e Entry) string {
	words := []string{typeName(e.Stat)}
	switch {
	case e.Stat.IsRegular():
		words = append(words, "of "+bytesText(e.Stat.Size))
	case e.Stat.IsLink():
		return words[0] + " to " + clip(e.Stat.Link)
	}
	text := strings.Join(words, " ") + ", mode " + modeText(e.Stat)
	if e.Stat.Known.Has(host.KnownOwner) {
		text += ", owner " + ownerText(e.Stat)
	}
	return text
}

// differences describes what changed in a title.
func differences(c Change) []string {
	var out []string
	for _, name := range c.Fields.Names() {
		was, now := value(c.Was, name), value(c.Now, name)
		switch name {
		case "content":
			out = append(out, "content")
		case "size":
			out = append(out, "size "+grouped(c.Was.Stat.Size)+" to "+bytesText(c.Now.Stat.Size))
		default:
			out = append(out, name+" "+clip(was)+" to "+clip(now))
		}
	}
	return out
}

// clip keeps what an intruder may have made long out of a title. The evidence
// has it in full.
func clip(s string) string {
	const longest = 200
	if len(s) <= longest {
		return s
	}
	return s[:longest] + "…"
}

// facts gives the attributes of an entry as evidence. Of a directory, what
// changes with its content is no evidence.
func facts(key report.Key, e Entry, which Fields) []report.Attr {
	which &^= FieldCtime | FieldInode | FieldBtime | FieldNlink
	if e.Stat.IsDir() {
		which &= fieldsOfDirs
	}
	var out []report.Attr
	for _, name := range which.Names() {
		if v := value(e, name); v != "" {
			out = append(out, report.Attr{Key: key, Value: name + "=" + v})
		}
	}
	return out
}

// value gives an attribute as text, empty where it is not known or the type of
// file has none.
func value(e Entry, field string) string {
	st := e.Stat
	switch {
	case field == "type":
		return typeName(st)
	case field == "mode":
		return modeText(st)
	case field == "owner" && st.Known.Has(host.KnownOwner):
		return ownerText(st)
	case field == "size" && st.IsRegular():
		return strconv.FormatInt(st.Size, 10)
	case field == "link" && st.IsLink():
		return st.Link[:min(len(st.Link), 4000)]
	case field == "content" && e.Hashed:
		return "sha256:" + e.Digest.String()
	case field == "mtime" && st.Known.Has(host.KnownMtime):
		return st.ModTime().Format(time.RFC3339Nano)
	case field == "ctime" && st.Known.Has(host.KnownCtime):
		return time.Unix(0, st.Ctime).UTC().Format(time.RFC3339Nano)
	case field == "btime" && st.Known.Has(host.KnownBtime):
		return time.Unix(0, st.Btime).UTC().Format(time.RFC3339Nano)
	case field == "nlink" && st.Known.Has(host.KnownNlink):
		return strconv.FormatUint(st.Nlink, 10)
	case field == "inode" && st.Known.Has(host.KnownInode):
		return strconv.FormatUint(st.Dev, 10) + "/" + strconv.FormatUint(st.Ino, 10)
	case field == "device" && isDevice(&e) && st.Known.Has(host.KnownRdev):
		return strconv.FormatUint(st.Rdev, 10)
	}
	return ""
}

var typeNames = map[uint32]string{
	host.ModeRegular: "regular file", host.ModeDir: "directory", host.ModeSymlink: "symbolic link",
	host.ModeSocket: "socket", host.ModeFIFO: "FIFO", host.ModeBlock: "block device", host.ModeChar: "character device",
}

func typeName(st host.Stat) string {
	if name, ok := typeNames[st.Type()]; ok {
		return name
	}
	return "file of an unknown type"
}

func modeText(st host.Stat) string { return fmt.Sprintf("%04o", st.Perm()) }

func ownerText(st host.Stat) string { return fmt.Sprintf("%d:%d", st.UID, st.GID) }

func bytesText(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return grouped(n) + " bytes"
}

// grouped gives a number with its thousands set apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
