package accounts

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// secStarts are the files that run, or say what runs, when a user logs in or gets mail.
const secStarts = "starts" // user, file

const (
	maxStart   = 64 << 10 // bytes of one file that are read; of a longer one its size and its times count, too
	mostStarts = 64       // files in one folder of one user
)

var (
	// byMail are run for accounts without a shell as well.
	byMail = []string{".forward", ".procmailrc", ".qmail", ".mailfilter"}
	// startDirs are folders of which each file counts. Units of users are timed jobs.
	startDirs = []string{".config/autostart", ".config/environment.d", ".config/plasma-workspace/env", ".config/fish/conf.d"}
)

// A startFile is one that is asked for, of one user.
type startFile struct {
	user etc.User
	ask  host.Ask
}

// starts records what runs when somebody logs in. What root's shells read is with the
// files of the system.
func (l *accountList) starts(users []etc.User) {
	if err := l.Unknown[secUsers]; err != nil {
		l.Fail(secStarts, err)
		return
	}
	system := integrity.ProfileDaily()
	seen := map[string]bool{} // a home may be that of many
	var all []startFile
	add := func(u etc.User, op host.Op, names []string) {
		for _, name := range names {
			if name = path.Join(u.Home, name); host.ValidName(name) && !seen[name] && !system.Selects(name, false) {
				seen[name] = true
				all = append(all, startFile{u, host.Ask{Op: op, Name: name, Limit: maxStart}})
			}
		}
	}
	for _, u := range users {
		add(u, host.OpRead, byMail)
		if !noShell(u.Shell) {
			add(u, host.OpRead, runs)
			add(u, host.OpList, startDirs)
		}
	}
	for len(all) > 0 {
		all = l.askStarts(all)
	}
}

// askStarts records files, and gives those in folders.
func (l *accountList) askStarts(all []startFile) (deeper []startFile) {
	asks := make([]host.Ask, len(all))
	for i, f := range all {
		asks[i] = f.ask
	}
	err := l.h.Batch(l.ctx, asks, func(i int, a host.Answer) error {
		f := all[i]
		switch {
		case notThere(a.Err):
		case a.Err != nil && !errors.Is(a.Err, host.ErrTruncated):
			l.Unread(l.ctx, l.h, fileOf(f.user, f.ask.Name, secStarts), a.Err, f.user.Name)
		case f.ask.Op == host.OpRead:
			l.start(f, a)
		default:
			if len(a.List) > mostStarts {
				title := fmt.Sprintf("Of %d files in %s, which run when %s logs in, %d were looked at", len(a.List), prose.Clip(f.ask.Name, 200), prose.Clip(f.user.Name, 64), mostStarts)
				l.Keep(fileOf(f.user, f.ask.Name, secStarts).Kept(title), secStarts, f.user.Name)
			}
			for _, st := range a.List[:min(len(a.List), mostStarts)] {
				if !st.IsDir() {
					deeper = append(deeper, startFile{f.user, host.Ask{Op: host.OpRead, Name: path.Join(f.ask.Name, st.Name), Limit: maxStart}})
				}
			}
		}
		return nil
	})
	if err != nil {
		l.Fail(secStarts, err)
	}
	return deeper
}

// start records one file: what it holds, and whose it is.
func (l *accountList) start(f startFile, a host.Answer) {
	content := digestOf(string(a.Data))
	if a.Err != nil {
		content += fmt.Sprintf(" of the first %s of %d bytes, %d", prose.Bytes(maxStart), a.Stat.Size, max(a.Stat.Mtime, a.Stat.Ctime))
	}
	owner := ""
	if a.Stat.Known.Has(host.KnownOwner) && a.Stat.UID != f.user.UID && a.Stat.UID != 0 {
		owner = number(a.Stat.UID)
	}
	at := ""
	if a.Stat.Known.Has(host.KnownCtime) {
		at = time.Unix(0, a.Stat.Ctime).UTC().Format(time.RFC3339)
	}
	l.Add(inventory.Fields("content", content, "of", owner, inventory.FieldAt, at), secStarts, f.user.Name, f.ask.Name)
}

// started tells what changed of the files that run when a user logs in.
func (a *affair) started() inventory.Finding {
	t := a.finding("start")
	t.Changes = a.starts
	t.Severity, t.Scope = report.Notice, "accounts/"+secStarts
	t.Subject = report.Path.Of(inventory.KeyOf(a.starts[0].Path)[2])
	var words []string
	for _, c := range a.starts {
		file, now := inventory.KeyOf(c.Path)[2], inventory.RecordOf(c.Now)
		what := map[integrity.Kind]string{integrity.Added: " is new", integrity.Removed: " is gone", integrity.Changed: " changed"}[c.Kind]
		if uid := now.Get("of"); uid != "" {
			t.Severity, what = report.Warning, what+" and belongs to user "+uid
		}
		words = append(words, prose.Clip(file, 200)+what)
		if len(words) <= 16 {
			t.Evidence = append(t.Evidence, report.Path.Of(file))
			if at, err := time.Parse(time.RFC3339, now.Get(inventory.FieldAt)); err == nil {
				t.Evidence = append(t.Evidence, report.AtTime(at))
			}
		}
	}
	t.Title = fmt.Sprintf("What runs when %s logs in or gets mail: %s", prose.Clip(a.user, 64), prose.Clip(prose.List(words, 3), 500))
	return t
}
