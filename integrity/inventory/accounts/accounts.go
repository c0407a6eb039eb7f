package accounts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/integrity/inventory"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/report"
)

// Users is the inventory "integrity.accounts": the files of users, groups and
// passwords, the keys that sshd takes, and what runs when somebody logs in. Its scopes
// are below accounts: users, groups, members, passwords, keys and starts; some need the
// rights of root.
type Users struct {
	Host host.Host
}

// Name returns "integrity.accounts".
func (Users) Name() string { return "integrity.accounts" }

// Rules returns the catalogue.
func (Users) Rules() []report.Rule {
	return append(accountRules(), []report.Rule{inventory.KeptUnreadRule("integrity.accounts"), {
		ID: "integrity.accounts.root", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A second account has all rights of root",
		Explain: "User number 0 may do everything, whatever the name is. Intruders add such an account to come back.",
		Remedy:  "Give the account a number of its own, or remove it.",
	}, {
		ID: "integrity.accounts.no-password", Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "An account needs no password",
		Explain: "Whoever can reach a login prompt can become this user.",
		Remedy:  "Set a password, or lock the account.",
	}, {
		ID: "integrity.accounts.duplicate-number", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "Two accounts have the same number",
		Explain: "For the kernel they are one user: each can read and change the files of the other.",
		Remedy:  "Give one of them another number, and its files too.",
	}, {
		ID: "integrity.accounts.duplicate-name", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "An account name is there twice",
		Explain: "Programs use the first or the last such line, and do not agree which.",
		Remedy:  "Remove the wrong line.",
	}, {
		ID: "integrity.accounts.elsewhere", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "Accounts are asked of another machine",
		Explain: "A line that begins with + sends programs to NIS for accounts. Whoever answers there decides who is let in.",
		Remedy:  "If this system has no NIS, remove the line.",
	}, {
		ID: "integrity.accounts.malformed", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A line of an account file cannot be read",
		Explain: "Programs read such a line in different ways; some take an empty field for no password.",
		Remedy:  "Correct the line.",
	}}...)
}

// accountRules are the rules of what differs from the baseline.
func accountRules() []report.Rule {
	const byHand = "If you or an update did it, accept it. Otherwise find out who was on the system, take it back, and look for what else was changed at that time."
	var out []report.Rule
	for _, r := range []struct {
		id       string
		severity report.Severity
		title    string
		explain  string
	}{
		{"new", report.Warning, "An account is new", "Packages bring accounts for their services, people for people. Intruders add one to come back."},
		{"removed", report.Notice, "An account was removed", "Files that it owned now belong to nobody, and to whoever gets its number next."},
		{"changed", report.Warning, "An account changed", "Another number, home or shell gives it other rights."},
		{"member", report.Warning, "The members of a group changed", "Who is in a group of administrators can become root."},
		{"group", report.Notice, "A group changed", "Groups give rights to files and devices."},
		{"password", report.Notice, "A password changed", "Whoever knows the new one can log in."},
		{"key-new", report.Warning, "A new key may log in", "Whoever has the other half of the key can log in without a password. Intruders add one to come back."},
		{"key-removed", report.Notice, "A key may no longer log in", "Whoever used it is locked out."},
		{"key-changed", report.Warning, "A key may be used otherwise than before", "The options before a key limit what it can be used for."},
		{"start", report.Notice, "What runs when an account logs in changed", "Shells, sshd and mail run what stands in such a file with the rights of the user, who may use sudo. Intruders write there to come back."},
		{"lines", report.Warning, "Lines that are no accounts changed", "Lines that begin with + send programs to ask another machine for accounts."},
	} {
		out = append(out, report.Rule{ID: "integrity.accounts." + r.id, Kind: report.Condition, Severity: r.severity, Title: r.title, Explain: r.explain, Remedy: byHand, Since: since})
	}
	return out
}

// Read reads all that makes the accounts of a system.
func (c Users) Read(ctx context.Context) *inventory.List { return readAccounts(ctx, c.Host) }

// Tell makes findings of changed records: what is new or gone with an account is
// one with it.
func (Users) Tell(changes []integrity.Change) []inventory.Finding {
	all := tellAccounts(changes)
	for i, t := range all { // told as what they are, on every run
		was, now := inventory.RecordOf(t.Changes[0].Was), inventory.RecordOf(t.Changes[0].Now)
		secondRoot := t.Rule == "integrity.accounts.new" && now.Get("uid") == "0"
		asksNow := t.Rule == "integrity.accounts.lines" && asksElsewhere(now.Get("text")) && !asksElsewhere(was.Get("text"))
		all[i].Elsewhere = secondRoot || asksNow
	}
	return all
}

// Inspect finds what is wrong with the accounts whatever was accepted.
func (c Users) Inspect(ctx context.Context, rec *report.Recorder) error {
	data, err := c.Host.ReadFile(ctx, etc.PasswdFile, etc.MaxFile)
	if err != nil {
		return err
	}
	rec.Covered("accounts/users")
	users, _ := etc.ParsePasswd(data)
	c.record(ctx, rec, append(InspectPasswd(data), openAccounts(etc.PasswdFile, users)...))
	groups, err := c.Host.ReadFile(ctx, etc.GroupFile, etc.MaxFile)
	switch {
	case err == nil:
		rec.Covered("accounts/groups")
		c.record(ctx, rec, InspectGroup(groups))
	case !errors.Is(err, fs.ErrNotExist):
		rec.Problem(err, "accounts/groups")
	}
	found, err := c.passwords(ctx)
	if err != nil {
		rec.Problem(err, "accounts/passwords")
		return nil
	}
	rec.Covered("accounts/passwords")
	c.record(ctx, rec, found)
	return nil
}

// record records findings, each with the commands of this system.
func (c Users) record(ctx context.Context, rec *report.Recorder, findings []report.Finding) {
	var guide howto.Guide
	if len(findings) > 0 {
		guide = howto.Of(ctx, c.Host)
	}
	for _, f := range findings {
		var out report.Remedy
		switch {
		case f.Rule == "integrity.accounts.no-password":
			out.Do = howto.Commands(guide.Command(howto.LockAccount, f.Subject.Value))
			out.Undo = howto.Commands(guide.Command(howto.UnlockAccount, f.Subject.Value))
		case f.Subject.Key == report.Group, f.Subject == report.Path.Of(etc.GroupFile):
			out.Do = howto.Commands(guide.Command(howto.EditGroups))
		default:
			out.Do = howto.Commands(guide.Command(howto.EditAccounts))
		}
		if len(out.Do) > 0 { // else by hand
			f.Remedy = &out
		}
		rec.Finding(f)
	}
}

// InspectPasswd finds what is wrong with the content of /etc/passwd beside the
// passwords, malformed
// lines last.
func InspectPasswd(data []byte) []report.Finding {
	users, bad := etc.ParsePasswd(data)
	found := append(inspectUsers(users), elsewhere(etc.PasswdFile, "accounts/users", data)...)
	for _, u := range users {
		bad = append(bad, oddName(u.Name, u.Line)...)
	}
	return append(found, malformed("/etc/passwd", "accounts/users", bad)...)
}

func inspectUsers(users []etc.User) []report.Finding {
	var found []report.Finding
	names, numbers := map[string]etc.User{}, map[uint32]etc.User{}
	for _, u := range users {
		if first, double := names[u.Name]; double {
			found = append(found, userFinding("integrity.accounts.duplicate-name", u.Name,
				fmt.Sprintf("The account %s is in /etc/passwd twice, on the lines %d and %d", u.Name, first.Line, u.Line),
				"Remove the wrong line."))
			continue
		}
		names[u.Name] = u
		first, double := numbers[u.UID]
		switch {
		case u.UID == 0 && u.Name != "root":
			found = append(found, rootFinding(u))
		case double:
			found = append(found, userFinding("integrity.accounts.duplicate-number", u.Name,
				fmt.Sprintf("The accounts %s and %s have the same user number, %d", first.Name, u.Name, u.UID),
				"If they are meant to be two users, give one another number, and its files too."))
		default:
			numbers[u.UID] = u
		}
	}
	return found
}

// rootFinding reports a second root. FreeBSD and NetBSD come with toor.
func rootFinding(u etc.User) report.Finding {
	f := userFinding("integrity.accounts.root", u.Name,
		fmt.Sprintf("The account %s has user number 0, and so all rights of root", u.Name),
		"If nobody needs it: remove it, and look for what else was changed at the time.")
	if u.Name == "toor" {
		f.Severity = report.Notice
		f.Detail = "FreeBSD and NetBSD come with this account, without a usable password."
	}
	return f
}

// passwords inspects the file in which the passwords are: shadow on Linux,
// master.passwd on the BSDs. Where there is neither they are in passwd itself.
func (c Users) passwords(ctx context.Context) ([]report.Finding, error) {
	data, err := c.Host.ReadFile(ctx, "/etc/shadow", etc.MaxFile)
	if err == nil {
		entries, bad := etc.ParseShadow(data)
		found := malformed("/etc/shadow", "accounts/passwords", bad)
		for _, e := range entries {
			if e.Empty {
				found = append(found, openFinding("/etc/shadow", e.Name))
			}
		}
		return found, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	data, err = c.Host.ReadFile(ctx, "/etc/master.passwd", etc.MaxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	users, bad := etc.ParsePasswd(data)
	return append(openAccounts("/etc/master.passwd", users), malformed("/etc/master.passwd", "accounts/passwords", bad)...), nil
}

func openAccounts(file string, users []etc.User) []report.Finding {
	var found []report.Finding
	for _, u := range users {
		if u.Password == "" {
			found = append(found, openFinding(file, u.Name))
		}
	}
	return found
}

func openFinding(file, user string) report.Finding {
	f := userFinding("integrity.accounts.no-password", user,
		fmt.Sprintf("The account %s needs no password", user),
		"Lock it, or set a password for it.")
	f.Scope = "accounts/passwords"
	f.Evidence = []report.Attr{{Key: report.Path, Value: file}}
	f.Detail = "Its password field in " + file + " is empty. A service may still refuse it, as sshd does by default."
	return f
}

func userFinding(rule, user, title, fix string) report.Finding {
	return report.Finding{
		Rule: rule, Subject: report.Attr{Key: report.User, Value: inventory.Word(user)}, Scope: "accounts/users",
		Title: title, Fix: fix,
		Evidence: []report.Attr{{Key: report.Path, Value: "/etc/passwd"}},
	}
}

func malformed(file, scope string, bad []etc.Malformed) []report.Finding {
	var found []report.Finding
	for _, m := range bad {
		found = append(found, report.Finding{
			Rule: "integrity.accounts.malformed", Subject: report.Attr{Key: report.Path, Value: file}, Scope: scope,
			Identity: []report.Attr{{Key: report.Field, Value: inventory.Word("line-of-" + m.Name)}},
			Title:    fmt.Sprintf("Line %d of %s cannot be read: %s", m.Line, file, m.Why),
			Fix:      "Correct or remove the line.",
		})
	}
	return found
}
