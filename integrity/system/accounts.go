package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/etc"
	"github.com/pugetsoundtech/upkeep/report"
)

// Accounts checks the files of users and passwords. Its scopes are
// accounts/users and accounts/passwords; the second needs the rights of root.
type Accounts struct {
	Host host.Host
}

// Name returns "integrity.accounts".
func (Accounts) Name() string { return "integrity.accounts" }

// Rules returns the catalogue.
func (Accounts) Rules() []report.Rule {
	return []report.Rule{{
		ID: "account.root", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A second account has all rights of root",
		Explain: "User number 0 may do everything, whatever the name is. Intruders add such an account to come back.",
		Remedy:  "Give the account a number of its own, or remove it.",
	}, {
		ID: "account.no-password", Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "An account needs no password",
		Explain: "Whoever can reach a login prompt can become this user.",
		Remedy:  "Set a password, or lock the account.",
	}, {
		ID: "account.duplicate-number", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "Two accounts have the same number",
		Explain: "For the kernel they are one user: each can read and change the files of the other.",
		Remedy:  "Give one of them another number, and its files too.",
	}, {
		ID: "account.duplicate-name", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "An account name is there twice",
		Explain: "Programs use the first or the last such line, and do not agree which.",
		Remedy:  "Remove the wrong line.",
	}, {
		ID: "account.malformed", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A line of an account file cannot be read",
		Explain: "Programs read such a line in different ways; some take an empty field for no password.",
		Remedy:  "Correct the line.",
	}}
}

// Check reads the files once.
func (c Accounts) Check(ctx context.Context, rec *report.Recorder) error {
	data, err := c.Host.ReadFile(ctx, "/etc/passwd", 0)
	if err != nil {
		return err
	}
	rec.Covered("accounts/users")
	record(rec, InspectPasswd(data))
	users, _ := etc.ParsePasswd(data)
	record(rec, openAccounts("/etc/passwd", users))
	found, err := c.passwords(ctx)
	if err != nil {
		rec.Problem(err, "accounts/passwords")
		return nil
	}
	rec.Covered("accounts/passwords")
	record(rec, found)
	return nil
}

func record(rec *report.Recorder, findings []report.Finding) {
	for _, f := range findings {
		rec.Finding(f)
	}
}

// InspectPasswd finds what is wrong with the content of /etc/passwd beside the
// passwords, malformed
// lines last.
func InspectPasswd(data []byte) []report.Finding {
	users, bad := etc.ParsePasswd(data)
	return append(inspectUsers(users), malformed("/etc/passwd", "accounts/users", bad)...)
}

func inspectUsers(users []etc.User) []report.Finding {
	var found []report.Finding
	names, numbers := map[string]etc.User{}, map[uint32]etc.User{}
	for _, u := range users {
		if first, double := names[u.Name]; double {
			found = append(found, userFinding("account.duplicate-name", u.Name,
				fmt.Sprintf("The account %s is in /etc/passwd twice, on the lines %d and %d", u.Name, first.Line, u.Line),
				"Remove the wrong line with vipw."))
			continue
		}
		names[u.Name] = u
		first, double := numbers[u.UID]
		switch {
		case u.UID == 0 && u.Name != "root":
			found = append(found, rootFinding(u))
		case double:
			found = append(found, userFinding("account.duplicate-number", u.Name,
				fmt.Sprintf("The accounts %s and %s have the same user number, %d", first.Name, u.Name, u.UID),
				"If they are meant to be two users, give one another number with usermod or vipw, and its files with chown."))
		default:
			numbers[u.UID] = u
		}
	}
	return found
}

// rootFinding reports a second root. FreeBSD and NetBSD come with toor.
func rootFinding(u etc.User) report.Finding {
	f := userFinding("account.root", u.Name,
		fmt.Sprintf("The account %s has user number 0, and so all rights of root", u.Name),
		"If nobody needs it: remove it with vipw, and look for what else was changed at the time.")
	if u.Name == "toor" {
		f.Severity = report.Notice
		f.Detail = "FreeBSD and NetBSD come with this account, without a usable password."
	}
	return f
}

// passwords inspects the file in which the passwords are: shadow on Linux,
// master.passwd on the BSDs. Where there is neither they are in passwd itself.
func (c Accounts) passwords(ctx context.Context) ([]report.Finding, error) {
	data, err := c.Host.ReadFile(ctx, "/etc/shadow", 0)
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
	data, err = c.Host.ReadFile(ctx, "/etc/master.passwd", 0)
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
	f := userFinding("account.no-password", user,
		fmt.Sprintf("The account %s needs no password", user),
		"Lock it with passwd -l "+user+", or set a password with passwd "+user+".")
	f.Scope = "accounts/passwords"
	f.Evidence = []report.Attr{{Key: report.Path, Value: file}}
	f.Detail = "Its password field in " + file + " is empty. A service may still refuse it, as sshd does by default."
	return f
}

func userFinding(rule, user, title, fix string) report.Finding {
	return report.Finding{
		Rule: rule, Subject: report.Attr{Key: report.User, Value: userValue(user)}, Scope: "accounts/users",
		Title: title, Fix: fix,
		Evidence: []report.Attr{{Key: report.Path, Value: "/etc/passwd"}},
	}
}

// userValue makes a name fit for an attribute: blanks and control bytes, which
// no login name has, are shown by a question mark.
func userValue(name string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
}

func malformed(file, scope string, bad []etc.Malformed) []report.Finding {
	var found []report.Finding
	for _, m := range bad {
		found = append(found, report.Finding{
			Rule: "account.malformed", Subject: report.Attr{Key: report.Path, Value: file}, Scope: scope,
			Identity: []report.Attr{{Key: report.Field, Value: userValue("line-of-" + m.Name)}},
			Title:    fmt.Sprintf("Line %d of %s cannot be read: %s", m.Line, file, m.Why),
			Fix:      "Correct or remove the line with vipw.",
		})
	}
	return found
}
