package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity/inventory"

	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// powers are the groups whose members can become root, by the customs of the
// systems that this service looks after.
var powers = []string{"root", "sudo", "wheel", "admin", "docker", "lxd", "disk", "shadow", "operator", "kmem", "_shadow"}

// An affair is all that changed about one account: it is one finding.
type affair struct {
	user    string
	account *integrity.Change
	member  []integrity.Change
	keys    []integrity.Change
	starts  []integrity.Change
	rest    []integrity.Change // password, group of its own, numbers of its containers
}

// tellAccounts makes findings of changed records: what is new or gone with an
// account is one with it.
func tellAccounts(changes []integrity.Change) []inventory.Finding {
	byUser := map[string]*affair{}
	of := func(user string) *affair {
		if byUser[user] == nil {
			byUser[user] = &affair{user: user}
		}
		return byUser[user]
	}
	var groups, others []integrity.Change
	out, changes := goneFiles(changes)
	for _, c := range changes {
		switch key := inventory.KeyOf(c.Path); key[0] {
		case secUsers:
			of(key[1]).account = &c
		case secMembers:
			of(key[2]).member = append(of(key[2]).member, c)
		case secKeys:
			of(key[1]).keys = append(of(key[1]).keys, c)
		case secStarts:
			of(key[1]).starts = append(of(key[1]).starts, c)
		case secPasswords, secIDs:
			of(key[1]).rest = append(of(key[1]).rest, c)
		case secGroups:
			groups = append(groups, c)
		default:
			others = append(others, c)
		}
	}
	owner := map[string]int{} // by group, the finding that tells it
	for _, user := range slices.Sorted(maps.Keys(byUser)) {
		out = append(out, byUser[user].tell()...)
	}
	for i, t := range out {
		for _, c := range t.Changes {
			switch key := inventory.KeyOf(c.Path); {
			case key[0] == secUsers:
				owner[key[1]] = i
			case key[0] == secMembers:
				owner[key[1]] = i
			}
		}
	}
	for _, c := range append(groups, others...) {
		key := inventory.KeyOf(c.Path)
		if i, ok := owner[key[1]]; ok && key[0] != secLines {
			out[i].Changes = append(out[i].Changes, c)
			continue
		}
		if key[0] == secGroups {
			owner[key[1]] = len(out)
		}
		out = append(out, tellOther(c))
	}
	return out
}

// sectionOf are the sections of the files whose lines are records.
var sectionOf = map[string]string{etc.PasswdFile: secUsers, etc.GroupFile: secGroups, etc.ShadowFile: secPasswords, gshadowFile: secGShadow}

// goneFiles tells of files that are gone with all their records, and gives the
// other changes.
func goneFiles(changes []integrity.Change) (out []inventory.Finding, rest []integrity.Change) {
	gone := map[string]int{}
	for _, c := range changes {
		if key := inventory.KeyOf(c.Path); key[0] == secLines && c.Kind == integrity.Removed && sectionOf[key[1]] != "" {
			gone[sectionOf[key[1]]] = len(out)
			t := inventory.Finding{Changes: []integrity.Change{c}}
			t.Rule, t.Scope, t.Subject = "integrity.accounts.lines", "accounts/"+secLines, report.Path.Of(key[1])
			t.Severity, t.Title = report.Critical, "The file "+key[1]+" is gone with all that was in it"
			out = append(out, t)
		}
	}
	for _, c := range changes {
		key := inventory.KeyOf(c.Path)
		i, ok := gone[key[0]]
		switch {
		case ok && c.Kind == integrity.Removed:
			out[i].Changes = append(out[i].Changes, c)
		case key[0] == secLines && c.Kind == integrity.Removed && sectionOf[key[1]] != "":
		default:
			rest = append(rest, c)
		}
	}
	return out, rest
}

// tell makes the findings about one account.
func (a *affair) tell() []inventory.Finding {
	if a.account != nil && a.account.Kind != integrity.Changed {
		return []inventory.Finding{a.whole()}
	}
	var out []inventory.Finding
	if a.account != nil {
		out = append(out, a.changed())
	}
	for _, c := range a.member {
		out = append(out, a.membership(c))
	}
	for _, kind := range []integrity.Kind{integrity.Added, integrity.Removed, integrity.Changed} {
		if some := ofKind(a.keys, kind); len(some) > 0 {
			out = append(out, a.keyed(kind, some))
		}
	}
	if len(a.starts) > 0 {
		out = append(out, a.started())
	}
	if len(a.rest) == 0 {
		return out
	}
	if p := slices.IndexFunc(a.rest, func(c integrity.Change) bool { return inventory.KeyOf(c.Path)[0] == secPasswords }); p >= 0 || len(out) == 0 {
		return append(out, a.password(max(p, 0)))
	}
	out[0].Changes = append(out[0].Changes, a.rest...)
	return out
}

func ofKind(list []integrity.Change, kind integrity.Kind) []integrity.Change {
	return slices.DeleteFunc(slices.Clone(list), func(c integrity.Change) bool { return c.Kind != kind })
}

// whole tells of an account that is new or gone, with all that came with it.
func (a *affair) whole() inventory.Finding {
	c := *a.account
	t := a.finding("new")
	t.Changes = slices.Concat([]integrity.Change{c}, a.member, a.keys, a.starts, a.rest)
	if c.Kind == integrity.Removed {
		r := inventory.RecordOf(c.Was)
		t = a.finding("removed")
		t.Changes = slices.Concat([]integrity.Change{c}, a.member, a.keys, a.starts, a.rest)
		t.Title = fmt.Sprintf("The account %s was removed: it had user number %s", prose.Clip(a.user, 64), r.Get("uid"))
		return t
	}
	r := inventory.RecordOf(c.Now)
	words := []string{"user number " + r.Get("uid")}
	var groups []string
	for _, m := range a.member {
		groups = append(groups, inventory.KeyOf(m.Path)[1])
		t.Evidence = append(t.Evidence, groupAttr(inventory.KeyOf(m.Path)[1]))
	}
	if len(groups) > 0 {
		words = append(words, "member of "+prose.List(groups, 4))
	}
	if n := len(a.keys); n > 0 {
		words = append(words, prose.Count(n, "key")+" to log in with")
	}
	for _, p := range a.rest {
		if inventory.KeyOf(p.Path)[0] == secPasswords && inventory.RecordOf(p.Now).Get("state") == "set" {
			words = append(words, "a password")
		}
	}
	words = append(words, "shell "+cmp.Or(prose.Clip(r.Get("shell"), 60), "that of the system"))
	t.Title = "The account " + prose.Clip(a.user, 64) + " is new: " + strings.Join(words, ", ")
	if slices.ContainsFunc(groups, isPower) {
		t.Detail = "It can become root."
	}
	if len(groups)+len(a.keys) == 0 && isService(r) {
		t.Severity, t.Detail = report.Notice, "It is one of a service: nobody can log in to it."
	}
	t.Evidence = append(t.Evidence, report.Now.Of("uid="+r.Get("uid")), report.Path.Of(etc.PasswdFile))
	return t
}

// isService reports whether an account is of the kind that packages bring.
func isService(r inventory.Record) bool {
	uid, err := strconv.Atoi(r.Get("uid"))
	shell := r.Get("shell")
	return err == nil && uid > 0 && uid < 1000 && noShell(shell)
}

// noShell reports whether a shell lets nobody in.
func noShell(shell string) bool {
	return strings.HasSuffix(shell, "/nologin") || strings.HasSuffix(shell, "/false")
}

func isPower(group string) bool { return slices.Contains(powers, group) }

// changed tells of an account whose line in passwd differs.
func (a *affair) changed() inventory.Finding {
	t := a.finding("changed")
	t.Changes = []integrity.Change{*a.account}
	was, now := inventory.RecordOf(a.account.Was), inventory.RecordOf(a.account.Now)
	t.Severity = report.Notice
	for _, f := range inventory.Either(was, now) {
		if old := was.Get(f.Name); old != f.Value {
			t.Evidence = append(t.Evidence, inventory.Pair(report.Was, f.Name, old), inventory.Pair(report.Now, f.Name, f.Value))
			if f.Name != "gecos" {
				t.Severity = report.Warning
			}
		}
	}
	t.Title = "The account " + prose.Clip(a.user, 64) + " changed: " + strings.Join(inventory.Differing(*a.account, 60), ", ")
	return t
}

func (a *affair) membership(c integrity.Change) inventory.Finding {
	group := inventory.KeyOf(c.Path)[1]
	t := a.finding("member")
	t.Changes = []integrity.Change{c}
	t.Identity = []report.Attr{groupAttr(group)}
	switch {
	case c.Kind == integrity.Removed:
		t.Severity, t.Title = report.Notice, fmt.Sprintf("%s is no longer a member of the group %s", prose.Clip(a.user, 64), prose.Clip(group, 64))
	case isPower(group):
		t.Title, t.Detail = fmt.Sprintf("%s is now a member of the group %s", prose.Clip(a.user, 64), group), "Its members can become root."
	default:
		t.Severity, t.Title = report.Notice, fmt.Sprintf("%s is now a member of the group %s", prose.Clip(a.user, 64), prose.Clip(group, 64))
	}
	t.Evidence = []report.Attr{report.Path.Of(etc.GroupFile)}
	return t
}

// keyed tells of the keys of one user that are new, gone or changed.
func (a *affair) keyed(kind integrity.Kind, keys []integrity.Change) inventory.Finding {
	t := a.finding("key-" + map[integrity.Kind]string{integrity.Added: "new", integrity.Removed: "removed", integrity.Changed: "changed"}[kind])
	t.Changes = keys
	one := keys[0].Now
	if kind == integrity.Removed {
		one = keys[0].Was
	}
	r := inventory.RecordOf(one)
	name := strings.TrimSpace(r.Get("type") + " " + r.Get("comment"))
	switch kind {
	case integrity.Added:
		t.Title = fmt.Sprintf("%s may log in as %s: %s in %s", capital(keyCount(len(keys), "new ")), prose.Clip(a.user, 64), name, prose.Clip(r.Get("file"), 200))
	case integrity.Removed:
		t.Title = fmt.Sprintf("%s may no longer log in as %s: %s in %s", capital(keyCount(len(keys), "")), prose.Clip(a.user, 64), name, prose.Clip(r.Get("file"), 200))
	default:
		how, field := "be used otherwise than before", "options"
		if otherwise(keys[0], "file") && !slices.ContainsFunc(keys, func(c integrity.Change) bool { return otherwise(c, "options") }) {
			how, field = "log in by another file", "file"
		}
		if field == "options" && otherwise(keys[0], inventory.FieldAlso) {
			field = inventory.FieldAlso
		}
		t.Title = fmt.Sprintf("%s of %s may %s: %s in %s", capital(keyCount(len(keys), "")), prose.Clip(a.user, 64), how, name, prose.Clip(r.Get("file"), 200))
		t.Evidence = append(t.Evidence, inventory.Pair(report.Was, field, inventory.RecordOf(keys[0].Was).Get(field)), inventory.Pair(report.Now, field, r.Get(field)))
	}
	for _, k := range keys[:min(len(keys), 8)] {
		t.Evidence = append(t.Evidence, report.Sample.Of(inventory.KeyOf(k.Path)[2]))
	}
	if file := report.Path.Of(r.Get("file")); file.Validate() == nil {
		t.Evidence = append(t.Evidence, file)
	}
	return t
}

// otherwise reports whether a field of a record changed.
func otherwise(c integrity.Change, field string) bool {
	return inventory.RecordOf(c.Was).Get(field) != inventory.RecordOf(c.Now).Get(field)
}

func keyCount(n int, what string) string {
	if n == 1 {
		return "a " + what + "key"
	}
	return fmt.Sprintf("%d %skeys", n, what)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// password tells of a changed password, or of numbers for containers.
func (a *affair) password(i int) inventory.Finding {
	c := a.rest[i]
	t := a.finding("password")
	t.Changes = a.rest
	was, now := inventory.RecordOf(c.Was).Get("state"), inventory.RecordOf(c.Now).Get("state")
	t.Severity = report.Notice
	switch {
	case inventory.KeyOf(c.Path)[0] == secIDs:
		t.Title = "The numbers that containers of " + prose.Clip(a.user, 64) + " may use changed"
	case was != now:
		t.Severity = report.Warning
		t.Title = fmt.Sprintf("The password of %s is %s now, and was %s", prose.Clip(a.user, 64), cmp.Or(now, "gone"), cmp.Or(was, "not there"))
	case inventory.RecordOf(c.Was).Get("digest") == inventory.RecordOf(c.Now).Get("digest"):
		t.Title = "When the password of " + prose.Clip(a.user, 64) + " expires changed"
	default:
		t.Title = "The password of " + prose.Clip(a.user, 64) + " was changed"
		if a.user == "root" {
			t.Severity = report.Warning
		}
	}
	t.Evidence = []report.Attr{report.Path.Of(etc.ShadowFile), report.Now.Of("record=" + c.Path + " " + firstDigest(c))}
	return t
}

// firstDigest tells one change of a record from the next, and nothing of it.
func firstDigest(c integrity.Change) string {
	if len(c.Now.Digests) == 0 {
		return "gone"
	}
	return c.Now.Digests[0].Hex()[:16]
}

// tellOther tells of a group, or of lines that are no records.
func tellOther(c integrity.Change) inventory.Finding {
	key := inventory.KeyOf(c.Path)
	t := inventory.Finding{Changes: []integrity.Change{c}}
	t.Rule, t.Scope = "integrity.accounts.group", "accounts/"+key[0]
	name := prose.Clip(key[1], 64)
	switch key[0] {
	case secLines:
		t.Rule, t.Subject = "integrity.accounts.lines", report.Path.Of(key[1])
		t.Title = "Lines of " + name + " that are no accounts changed"
		t.Evidence = []report.Attr{inventory.Pair(report.Now, "text", inventory.RecordOf(c.Now).Get("text"))}
		return t
	case secGShadow:
		t.Title = "The password or the administrators of the group " + name + " changed"
	default:
		t.Title = fmt.Sprintf("The group %s %s: group number %s", name, map[integrity.Kind]string{
			integrity.Added: "is new", integrity.Removed: "was removed", integrity.Changed: "has another number",
		}[c.Kind], cmp.Or(inventory.RecordOf(c.Now).Get("gid"), inventory.RecordOf(c.Was).Get("gid")))
	}
	t.Subject, t.Evidence = groupAttr(key[1]), []report.Attr{report.Now.Of("record=" + key[0] + " " + firstDigest(c))}
	return t
}

func groupAttr(name string) report.Attr { return report.Group.Of(inventory.Word(name)) }

func (a *affair) finding(rule string) inventory.Finding {
	var t inventory.Finding
	t.Rule, t.Scope = "integrity.accounts."+rule, "accounts/users"
	t.Subject = report.User.Of(inventory.Word(a.user))
	return t
}
