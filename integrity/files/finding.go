package files

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/internal/words"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
	"github.com/pugetsoundtech/upkeep/report"
)

// finding makes a change of a file a finding. Only a package that vouches for
// all of the change is evidence: by it an update explains the finding.
func (c *closer) finding(f *found) report.Finding {
	a := c.attest(f.Change)
	var lines []textdiff.Line
	if !a.vouches(f.Change) { // what a package brings is in the package
		lines = c.lines(f.Change)
	}
	out := report.Finding{
		Subject: report.Path.Of(f.Path), Scope: scopeOf(f.Path),
		Severity: severity(f.Change, a), Fix: fix(f.Change, a), Remedy: c.remedyOf(f.Change, a),
		Detail: standingText(f.Change, a),
	}
	c.describe(&out, f, a)
	c.shorter(&out, f.Change)
	c.sinceLast(&out, f.Change)
	if len(lines) > 0 {
		out.Title += ", " + words.Headline(lines)
	}
	if at := changedAt(f.Change); !at.IsZero() {
		out.Evidence = append(out.Evidence, report.AtTime(at))
	}
	if f.from != nil {
		c.moved(&out, f)
	}
	vouched := a.vouches(f.Change)
	owners := []string{a.Package}
	if len(f.members) > 0 {
		vouched, owners = c.members(&out, f, vouched, owners)
	}
	for _, l := range lines[:min(len(lines), words.MostLines)] {
		out.Evidence = append(out.Evidence, report.Sample.Of(words.Line(l)))
	}
	if !vouched {
		return out
	}
	for _, name := range owners[:min(len(owners), 16)] {
		if owner := report.Package.Of(name); owner.Validate() == nil {
			out.Evidence = append(out.Evidence, owner)
		}
	}
	return out
}

// describe fills in rule, title and evidence.
func (c *closer) describe(out *report.Finding, f *found, a attestation) {
	name := prose.Clip(f.Path, 200)
	switch f.Kind {
	case integrity.Added:
		out.Rule, out.Title = ruleAdded, name+" is new"+amiss(f.Change, a)+": "+c.summary(f.Now)
		if power := gains(f.Change); power != "" {
			out.Title = name + " is new and runs with " + power + ": " + c.summary(f.Now)
		}
		out.Evidence = facts(report.Now, f.Now, tree.FieldsAll&^tree.FieldNlink)
	case integrity.Removed:
		out.Rule, out.Title, out.Evidence = ruleRemoved, name+" was removed: it was a "+c.summary(f.Was), facts(report.Was, f.Was, tree.FieldsAll&^tree.FieldNlink)
	case integrity.Unstable:
		out.Rule, out.Title = ruleUnstable, name+" changed each time that it was read"
	case integrity.Unknown:
		out.Rule, out.Title = ruleGap, name+" could not be read for the baseline, and has nothing to be compared with: "+c.summary(f.Now)
		out.Evidence = facts(report.Now, f.Now, tree.FieldsAll&^tree.FieldNlink)
	default:
		out.Rule, out.Title = ruleChanged, name+" changed"+amiss(f.Change, a)+": "+strings.Join(c.differences(f.Change), ", ")
		if power := gains(f.Change); power != "" {
			out.Title = name + " now runs with " + power + ": " + strings.Join(c.differences(f.Change), ", ")
		}
		out.Evidence = append(facts(report.Was, f.Was, f.Fields), facts(report.Now, f.Now, f.Fields)...)
	}
}

// moved makes the finding of what is new that of a move. Who vouches for the new
// place says nothing of the old one.
func (c *closer) moved(out *report.Finding, f *found) {
	out.Rule = ruleMoved
	out.Title = prose.Clip(f.from.Path, 200) + " was moved to " + prose.Clip(f.Path, 200) + ": " + c.summary(f.Now)
	out.Evidence = append(out.Evidence, report.Path.Of(f.from.Path))
	for _, gone := range f.from.all() {
		out.Severity = max(out.Severity, severity(gone, c.attest(gone)))
	}
}

// members adds to the finding of a folder what is new or gone with it. The
// packages vouch for a folder when they vouch for all that is in it.
func (c *closer) members(out *report.Finding, f *found, vouched bool, owners []string) (bool, []string) {
	var names, strange []string
	for _, m := range f.members {
		names = append(names, strings.TrimPrefix(m.Path, f.Path+"/"))
		a := c.attest(m)
		out.Severity = max(out.Severity, severity(m, a))
		if !a.vouches(m) && !(m.Now.Stat.IsDir() && a.standing == unowned) {
			vouched = false
			strange = append(strange, path.Base(m.Path))
		} else if !slices.Contains(owners, a.Package) {
			owners = append(owners, a.Package)
		}
		if len(names) <= 20 {
			out.Evidence = append(out.Evidence, report.Path.Of(m.Path))
		}
	}
	all := len(f.members) + f.more
	out.Title += ", with " + prose.Count(all, "entry") + ": " + prose.Clip(prose.ListOf(names[:min(len(names), 3)], all), 200)
	if len(strange) > 0 && len(strange) < all && c.Attestor != nil {
		out.Detail += " No package vouches for " + prose.Clip(prose.List(strange, 5), 300) + "."
	}
	return vouched && f.more == 0, owners
}

// otherRules says that the baseline was taken with other rules.
func (r *run) otherRules(was integrity.Profile) report.Finding {
	words, less := r.Profile.RulesChanged(was)
	f := r.About("rules", report.Finding{
		Title:  "The baseline was taken with other rules: " + prose.Clip(prose.List(words, 3), 300),
		Detail: "What only one of the two looks at is not compared, until the rules are accepted.",
	})
	if less {
		f.Severity = report.Warning
	}
	for _, w := range words {
		f.Evidence = append(f.Evidence, report.Reason.Of(prose.Clip(w, 500)))
	}
	return f
}

// changedAt gives the time of a change as far as the file tells: of its inode,
// since a package sets the other time to that of its building. That of a
// directory changes with every entry, and says nothing.
func changedAt(c integrity.Change) time.Time {
	if c.Now.Stat.IsDir() || !c.Now.Stat.Known.Has(host.KnownCtime) || c.Kind == integrity.Unstable {
		return time.Time{}
	}
	return time.Unix(0, c.Now.Stat.Ctime).UTC()
}

// summary describes an entry in a title.
func (c *closer) summary(e host.Entry) string {
	text := words.Type(e.Stat)
	switch {
	case e.Stat.IsRegular():
		text += " of " + prose.Bytes(uint64(max(e.Stat.Size, 0)))
	case e.Stat.IsLink():
		return text + " to " + prose.Clip(e.Stat.Link, 200)
	}
	text += ", mode " + modeText(e.Stat)
	if e.Stat.Known.Has(host.KnownOwner) {
		text += ", owner " + c.owner(e.Stat)
	}
	return text
}

// differences describes what changed in a title.
func (c *closer) differences(ch integrity.Change) []string {
	var out []string
	for _, name := range ch.Fields.Names() {
		was, now := Value(ch.Was, name), Value(ch.Now, name)
		switch name {
		case "content":
			out = append(out, "content")
		case "nlink":
			out = append(out, "it has "+prose.Count(ch.Now.Stat.Nlink, "name")+" and had "+strconv.FormatUint(ch.Was.Stat.Nlink, 10))
		case "size":
			out = append(out, "size "+sizeText(ch.Was.Stat.Size)+" to "+sizeText(ch.Now.Stat.Size))
		case "owner":
			out = append(out, "owner "+c.owner(ch.Was.Stat)+" to "+c.owner(ch.Now.Stat))
		default:
			out = append(out, name+" "+prose.Clip(was, 200)+" to "+prose.Clip(now, 200))
		}
	}
	return out
}

// facts gives the attributes of an entry as evidence. Of a directory, what
// changes with its content is no evidence.
func facts(key report.Key, e host.Entry, which tree.Fields) []report.Attr {
	which &^= tree.FieldCtime | tree.FieldInode | tree.FieldBtime
	if e.Stat.IsDir() {
		which &= tree.FieldsOfDirs
	}
	var out []report.Attr
	for _, name := range which.Names() {
		if v := Value(e, name); v != "" && v != "none" {
			out = append(out, key.Of(name+"="+v))
		}
	}
	return out
}

// Value gives an attribute of an entry as text, by its name in tree.Fields: empty where it is not known or the type of
// file has none.
func Value(e host.Entry, field string) string {
	st := e.Stat
	switch {
	case field == "type":
		return words.Type(st)
	case field == "mode":
		return modeText(st)
	case field == "owner" && st.Known.Has(host.KnownOwner):
		return ownerText(st)
	case field == "size" && st.IsRegular():
		return strconv.FormatInt(st.Size, 10)
	case field == "link" && st.IsLink():
		return st.Link[:min(len(st.Link), 4000)]
	case field == "content" && e.Hashed():
		return e.Digests[0].String()
	case field == "nlink" && st.Known.Has(host.KnownNlink):
		return strconv.FormatUint(st.Nlink, 10)
	case field == "inode" && st.Known.Has(host.KnownInode):
		return strconv.FormatUint(st.Dev, 10) + "/" + strconv.FormatUint(st.Ino, 10)
	case field == "flags" && st.Known.Has(host.KnownFlags):
		return words.Flags(st)
	case field == "device" && isDevice(st) && st.Known.Has(host.KnownRdev):
		return strconv.FormatUint(st.Rdev, 10)
	case strings.HasSuffix(field, "time"):
		return words.Time(st, field)
	}
	return attrText(e, field)
}

func isDevice(st host.Stat) bool {
	return st.Type() == host.ModeBlock || st.Type() == host.ModeChar
}

func modeText(st host.Stat) string { return fmt.Sprintf("%04o", st.Perm()) }

// owner names who owns a file, by number where nobody has that.
func (c *closer) owner(st host.Stat) string {
	if c.users == nil { // without the tables there are numbers
		c.users, c.groups = map[uint32]string{}, map[uint32]string{}
		if t, err := etc.ReadPasswd(c.ctx, c.Host, etc.PasswdFile); err == nil {
			c.users = etc.Names(t.Entries)
		}
		if t, err := etc.ReadGroup(c.ctx, c.Host, etc.GroupFile); err == nil {
			for _, g := range slices.Backward(t.Entries) { // the first of a number counts
				c.groups[g.GID] = g.Name
			}
		}
	}
	name := func(names map[uint32]string, id uint32) string {
		return cmp.Or(prose.Clip(names[id], 64), strconv.FormatUint(uint64(id), 10))
	}
	return name(c.users, st.UID) + ":" + name(c.groups, st.GID)
}

func ownerText(st host.Stat) string { return fmt.Sprintf("%d:%d", st.UID, st.GID) }

func sizeText(n int64) string { return prose.Bytes(uint64(max(n, 0))) }

// scopeOf gives the coverage scope of a path. One that is too long for a scope
// gives that of the nearest directory above that is not.
func scopeOf(name string) string {
	const longest = 4000
	for len(name) > longest {
		name = path.Dir(name)
	}
	return strings.TrimSuffix("files"+name, "/")
}
