package accounts

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Homes is the check "integrity.homes": the list of the BSDs' nightly security runs
// for what lies in homes, for mailboxes, for files that let in the users of other
// machines, for programs that mail runs, for rules of sudo and doas, and for who can
// change what root's programs read. It remembers nothing: what is wrong is told on
// every run. Its scope is homes/files.
type Homes struct {
	Host host.Host
}

// Name returns "integrity.homes".
func (Homes) Name() string { return "integrity.homes" }

const scopeHomes = "homes/files"

// Files in a home, by what is wrong when others have which rights to them; runs are
// those that run when somebody logs in.
var (
	runs = []string{
		".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_aliases", ".bash_logout", ".kshrc", ".mkshrc", ".shrc", ".cshrc", ".tcshrc", ".login", ".logout",
		".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".config/fish/config.fish", ".inputrc", ".pam_environment",
		".xinitrc", ".xsession", ".xsessionrc", ".xprofile", ".ssh/config", ".ssh/rc", ".ssh/environment", ".klogin", ".k5login",
	}
	runOrTrusted = slices.Concat(runs, byMail, []string{".ssh", ".ssh/authorized_keys", ".ssh/authorized_keys2"})

	secrets  = []string{".netrc", ".pgpass", ".my.cnf", ".ssh/id_rsa", ".ssh/id_ecdsa", ".ssh/id_ed25519", ".ssh/id_dsa", ".gnupg"}
	trusting = []string{".rhosts", ".shosts"}
	// ofRoot are the files by which root's shells start.
	ofRoot = []string{".profile", ".bashrc", ".bash_profile", ".bash_login", ".kshrc", ".shrc", ".cshrc", ".tcshrc", ".login", ".zshrc", ".zshenv", ".zprofile"}
	// everybodys are files that let users of other machines in.
	everybodys = []string{"/etc/hosts.equiv", "/etc/shosts.equiv", "/etc/ssh/shosts.equiv", "/etc/hosts.lpd"}
	mailboxes  = []string{"/var/mail", "/var/spool/mail"}
)

// Rules returns the catalogue.
func (c Homes) Rules() []report.Rule {
	rule := func(id string, s report.Severity, title, explain, fix string) report.Rule {
		return report.Rule{ID: c.Name() + "." + id, Kind: report.Condition, Severity: s, Title: title, Explain: explain, Remedy: fix, Since: since}
	}
	return []report.Rule{
		rule("open", report.Warning, "Others can write to what an account uses", "Whoever writes to a home, or to a file that a shell or sshd reads there, becomes that user at the next log-in.", "Give it back to its user, and take the right to write from others."),
		rule("secret-open", report.Warning, "Others can read the secrets of an account", "Passwords and private keys that others can read are theirs as well.", "Take the right to read from others, and change the secret."),
		rule("trusts-hosts", report.Warning, "Users of other machines may log in without a password", "Files such as .rhosts and hosts.equiv believe what another machine says of its users.", "Remove the file, and use keys."),
		rule("root-start", report.Warning, "The shell of root starts unsafely", "With a folder in PATH to which others can write, or with the current one, root runs what somebody put there. With an open umask, others can write to what root makes.", "Correct the line."),
		rule("exports", report.Warning, "A folder is shared with every machine", "Whoever reaches the NFS server can read the folder, and write to it where that is allowed.", "Name the machines in /etc/exports, and run exportfs -ra or restart mountd."),
		rule("mail-runs", report.Notice, "Mail runs a program", "Whoever sends such a mail gives the program its input. Intruders put such a line there to come back.", "If you know the program, accept it. Otherwise remove the alias, run newaliases, and find out who was on the system."),
		rule("exception", report.Notice, "A rule takes something out of a right", "Who may run all commands but some runs those under another name; who is denied by an earlier rule may be permitted by a later one.", "Name what is allowed, and nothing else."),
		rule("settings-open", report.Warning, "Others than root can change settings of the system", "Whoever can change what root's programs read becomes root.", "Give it back to root, and take the right to write from others."),
		rule("hashes-open", report.Critical, "Everybody can read secrets of the system", "Weak passwords are guessed from their hashes; with a host key another machine can pretend to be this one.", "Take the right to read from others; change the passwords and keys."),
		rule("ftp-root", report.Notice, "root may log in by FTP", "FTP sends passwords in clear text.", "Add root to /etc/ftpusers."),
		rule("mailbox", report.Notice, "A mailbox is not its user's alone", "Others can read the mail, or take it away.", "Give it to its user, with the mode 0600 or 0660."),
	}
}

// A posture is one look at homes and mailboxes.
type posture struct {
	ctx   context.Context
	h     host.Host
	rec   *report.Recorder
	users []etc.User
	err   error // the first that is more than that a file is not there

	first  map[string]int  // by name, the user's place in users
	shared map[uint32]bool // groups of more than one user

	asks []host.Ask // of the next round
	each []func(a host.Answer)
	then []func()
}

// index makes what is asked for each file quick: there may be very many users.
func (p *posture) index() {
	p.first, p.shared = map[string]int{}, map[uint32]bool{}
	alone := map[uint32]uint32{}
	for i, u := range p.users {
		if _, double := p.first[u.Name]; !double {
			p.first[u.Name] = i
		}
		if other, there := alone[u.GID]; there && other != u.UID {
			p.shared[u.GID] = true
		}
		alone[u.GID] = u.UID
	}
}

// Check looks at the homes of those who can log in, and at the mailboxes of all.
func (c Homes) Check(ctx context.Context, rec *report.Recorder) error {
	passwd, err := etc.ReadPasswd(ctx, c.Host, etc.PasswdFile)
	if err != nil {
		return err
	}
	p := posture{ctx: ctx, h: c.Host, rec: rec, users: passwd.Entries} // Users tells of lines that are none
	p.index()
	p.homes()
	p.hostsTrusted()
	p.exports()
	p.rootStart()
	p.aliases()
	p.sudo()
	p.settings()
	p.ftp()
	p.mail()
	for len(p.asks)+len(p.then) > 0 {
		p.round()
	}
	if p.err != nil {
		rec.Problem(p.err, scopeHomes)
		return nil
	}
	rec.Covered(scopeHomes)
	return nil
}

// ask has the next round ask the same of many names, and call fn with each answer
// that is no error.
func (p *posture) ask(op host.Op, names []string, fn func(i int, a host.Answer)) {
	for i, name := range names {
		p.asks = append(p.asks, host.Ask{Op: op, Name: name})
		p.each = append(p.each, func(a host.Answer) { fn(i, a) })
	}
}

// afterwards has fn called when the next round is over. What it asks is of the
// round behind.
func (p *posture) afterwards(fn func()) { p.then = append(p.then, fn) }

// round asks all at once: over SSH each batch is an exchange.
func (p *posture) round() {
	asks, each, then := p.asks, p.each, p.then
	p.asks, p.each, p.then = nil, nil, nil
	err := p.h.Batch(p.ctx, asks, func(i int, a host.Answer) error {
		if a.Err == nil {
			each[i](a)
		} else if !notThere(a.Err) {
			p.err = cmp.Or(p.err, a.Err)
		}
		return nil
	})
	p.err = cmp.Or(p.err, err)
	for _, fn := range then {
		fn()
	}
}

// homes looks at the homes of those who can log in, and at files in them.
func (p *posture) homes() {
	var names []string
	var owner []etc.User
	type home struct {
		dir string
		uid uint32
	}
	asked := map[home]bool{}
	for _, u := range p.users {
		if noShell(u.Shell) || !path.IsAbs(u.Home) || path.Clean(u.Home) == "/" || asked[home{u.Home, u.UID}] {
			continue
		}
		asked[home{u.Home, u.UID}] = true
		for _, name := range slices.Concat([]string{"."}, runOrTrusted, secrets, trusting) {
			names, owner = append(names, path.Join(u.Home, name)), append(owner, u)
		}
	}
	open, readable, trusts := map[string][]string{}, map[string][]string{}, map[string][]string{}
	p.ask(host.OpLstat, names, func(i int, a host.Answer) {
		u, st := owner[i], a.Stat
		if !st.IsRegular() && !st.IsDir() {
			return
		}
		below := strings.TrimPrefix(names[i], path.Clean(u.Home)+"/")
		if why := p.open(u, st); why != "" {
			open[u.Name] = append(open[u.Name], names[i]+" ("+why+")")
		}
		if slices.Contains(secrets, below) && st.Perm()&0o077 != 0 {
			readable[u.Name] = append(readable[u.Name], names[i]+fmt.Sprintf(" (mode %04o)", st.Perm()))
		}
		if slices.Contains(trusting, below) && st.Size > 0 {
			trusts[u.Name] = append(trusts[u.Name], names[i])
		}
	})
	p.afterwards(func() {
		p.tell("open", open, "Others can write to what %s uses: %s")
		p.tell("secret-open", readable, "Others can read secrets of %s: %s")
		p.tell("trusts-hosts", trusts, "Users of other machines may log in as %s: %s")
	})
}

// open says who else than a user can write to a file of his.
func (p *posture) open(u etc.User, st host.Stat) string {
	shared := p.shared[u.GID]
	switch {
	case st.Known.Has(host.KnownOwner) && st.UID != u.UID && st.UID != 0:
		return "it belongs to user " + number(st.UID)
	case st.Perm()&0o002 != 0 && st.Perm()&host.ModeSticky == 0:
		return fmt.Sprintf("mode %04o", st.Perm())
	case st.Perm()&0o020 != 0 && st.Known.Has(host.KnownOwner) && st.GID != 0 && (st.GID != u.GID || shared):
		return fmt.Sprintf("mode %04o, group %d", st.Perm(), st.GID)
	}
	return ""
}

// tell makes one finding a user.
func (p *posture) tell(rule string, byUser map[string][]string, format string) {
	for _, user := range slices.Sorted(maps.Keys(byUser)) {
		what := byUser[user]
		f := userFinding("integrity.homes."+rule, user, fmt.Sprintf(format, prose.Clip(user, 64), prose.Clip(prose.List(what, 3), 300)), "")
		f.Scope, f.Evidence = scopeHomes, nil
		for _, w := range what[:min(len(what), 20)] {
			f.Evidence = append(f.Evidence, report.Sample.Of(prose.Clip(w, 300)))
		}
		p.rec.Finding(f)
	}
}

// hostsTrusted looks at the files that let in the users of other machines.
func (p *posture) hostsTrusted() {
	p.ask(host.OpRead, everybodys, func(i int, a host.Answer) {
		var lines []string
		all := false
		for line := range bytes.Lines(a.Data) {
			words := strings.Fields(string(line))
			if len(words) > 0 && words[0][0] != '#' && words[0][0] != '-' {
				lines, all = append(lines, strings.Join(words, " ")), all || words[0] == "+"
			}
		}
		if len(lines) == 0 {
			return
		}
		f := report.Finding{
			Rule: "integrity.homes.trusts-hosts", Scope: scopeHomes, Subject: report.Path.Of(everybodys[i]),
			Title: everybodys[i] + " lets in users of other machines: " + prose.Clip(prose.List(lines, 3), 200),
		}
		if all {
			f.Severity, f.Title = report.Critical, everybodys[i]+" lets in users of any machine"
		}
		p.rec.Finding(f)
	})
}

// rootStart reads, and never runs, the files by which the shells of root start.
func (p *posture) rootStart() {
	home := "/root"
	if i := slices.IndexFunc(p.users, func(u etc.User) bool { return u.Name == "root" }); i >= 0 {
		home = p.users[i].Home
	}
	if !path.IsAbs(home) {
		return
	}
	var names []string
	for _, name := range ofRoot {
		names = append(names, path.Join(home, name))
	}
	wrong := map[string][]string{}
	dirs := map[string]string{} // in PATH, by the file that says so
	p.ask(host.OpRead, names, func(i int, a host.Answer) {
		for line := range bytes.Lines(a.Data) {
			said, folders := startLine(string(line))
			wrong[names[i]] = append(wrong[names[i]], said...)
			for _, dir := range folders {
				dirs[dir] = names[i]
			}
		}
	})
	p.afterwards(func() {
		inPath := slices.Sorted(maps.Keys(dirs))
		p.ask(host.OpLstat, inPath, func(i int, a host.Answer) {
			if a.Stat.IsDir() && (a.Stat.Perm()&0o002 != 0 || a.Stat.Known.Has(host.KnownOwner) && a.Stat.UID != 0) {
				wrong[dirs[inPath[i]]] = append(wrong[dirs[inPath[i]]], "others can write to "+inPath[i]+" in PATH")
			}
		})
		p.afterwards(func() { p.unsafeStarts(wrong) })
	})
}

// unsafeStarts tells what is wrong with files by which root's shells start.
func (p *posture) unsafeStarts(wrong map[string][]string) {
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		if said := wrong[name]; len(said) > 0 {
			p.rec.Finding(report.Finding{
				Rule: "integrity.homes.root-start", Scope: scopeHomes, Subject: report.Path.Of(name),
				Title: "The shell of root starts unsafely by " + prose.Clip(name, 200) + ": " + prose.Clip(prose.List(said, 3), 300),
			})
		}
	}
}

// startLine says what is wrong with one line of a shell, and which folders it puts
// into PATH: umask N, PATH=…, set path = (…), setenv PATH ….
func startLine(line string) (wrong, folders []string) {
	line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
	words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t;'\"()", r) })
	for len(words) > 0 && (words[0] == "export" || words[0] == "set" || words[0] == "setenv" || words[0] == "typeset" || words[0] == "-x") {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil, nil
	}
	if words[0] == "umask" && len(words) > 1 {
		if mask, err := strconv.ParseUint(words[1], 8, 32); err == nil && mask&0o022 != 0o022 {
			wrong = append(wrong, "umask "+words[1]+" lets others write")
		}
		return wrong, nil
	}
	name, value, given := strings.Cut(words[0], "=")
	if !strings.EqualFold(name, "path") || !given && len(words) < 2 {
		return nil, nil
	}
	list := strings.Split(value, ":")
	if name == "path" || value == "" {
		list = slices.DeleteFunc(words[1:], func(w string) bool { return w == "=" })
		if name == "PATH" {
			list = strings.Split(strings.Join(list, ":"), ":")
		}
	}
	for _, dir := range list {
		switch {
		case dir == "" || dir == "." || dir[0] != '/' && dir[0] != '$' && dir[0] != '~' && dir[0] != '`':
			wrong = append(wrong, fmt.Sprintf("%q in PATH is the current folder, or in it", dir))
		case dir[0] == '/' && host.ValidName(dir):
			folders = append(folders, path.Clean(dir))
		}
	}
	return wrong, folders
}

// mail looks at mailboxes. One place may be a link to the other.
func (p *posture) mail() {
	var dirs []string
	p.ask(host.OpLstat, mailboxes, func(i int, a host.Answer) {
		if a.Stat.IsDir() {
			dirs = append(dirs, mailboxes[i])
		}
	})
	p.afterwards(func() { p.mailIn(dirs) })
}

func (p *posture) mailIn(dirs []string) {
	byUser := map[string][]string{}
	p.ask(host.OpList, dirs, func(n int, a host.Answer) {
		for _, st := range a.List {
			i, known := p.first[st.Name]
			switch {
			case !known || !st.IsRegular():
			case st.Known.Has(host.KnownOwner) && st.UID != p.users[i].UID:
				byUser[st.Name] = append(byUser[st.Name], path.Join(dirs[n], st.Name)+" belongs to user "+number(st.UID))
			case st.Perm()&0o007 != 0:
				byUser[st.Name] = append(byUser[st.Name], path.Join(dirs[n], st.Name)+fmt.Sprintf(" has the mode %04o", st.Perm()))
			}
		}
	})
	p.afterwards(func() { p.tell("mailbox", byUser, "The mailbox of %s is not theirs alone: %s") })
}
