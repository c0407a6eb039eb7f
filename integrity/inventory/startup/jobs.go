package startup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Jobs is the inventory "integrity.jobs": what cron starts for users, line by line,
// what at does, and systemd by units of users and by timers that last until the next
// start. Its scopes are jobs/users, jobs/at and jobs/units. The tables and units in /etc
// are the packages', and the check of files tells of those.
type Jobs struct {
	Host host.Host

	// Attestor knows the packages of programs. By it the timers for the health of
	// containers are known by their container, which podman gives a new name at each
	// start; nil: each is a job of its own.
	Attestor integrity.Attestor
}

// Name returns "integrity.jobs".
func (Jobs) Name() string { return "integrity.jobs" }

// Rules returns the catalogue.
func (Jobs) Rules() []report.Rule {
	const explain = "Timed jobs run with the rights of their user and nobody at the terminal. Intruders plant one to come back."
	const remedy = "If you or a package set it up, accept it. Otherwise take the line out, and find out who was on the system."
	return report.Since(since, inventory.KeptUnreadRule("integrity.jobs"),
		report.Rule{ID: "integrity.jobs.new", Kind: report.Condition, Severity: report.Warning, Title: "A timed job is new", Explain: explain, Remedy: remedy},
		report.Rule{ID: "integrity.jobs.gone", Kind: report.Condition, Severity: report.Notice, Title: "A timed job is gone", Explain: explain, Remedy: remedy})
}

const (
	secUsers = "users"
	secAt    = "at"
)

// The places of cron(8) and at(1) on all systems.
var (
	userDirs = []string{"/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/var/cron/tabs", "/etc/crontabs"}
	atDirs   = []string{"/var/spool/cron/atjobs", "/var/spool/atjobs", "/var/spool/at", "/var/at/jobs", "/var/cron/atjobs"}
)

// maxTable bounds one table, in bytes.
const maxTable = 1 << 20

// Tells reports whether Jobs tells each change of the content of a file: a check of
// files needs not tell it, too.
func Tells(name string) bool {
	if strings.HasPrefix(path.Base(name), ".") {
		return false // neither cron nor at reads it
	}
	return slices.Contains(userDirs, path.Dir(name)) || slices.Contains(atDirs, path.Dir(name))
}

// A place is a folder in which jobs stand, and what is done with each file of it.
type place struct {
	dir  string
	take func(host.Stat)
	fail func(error)
	into func(folder string) place // of a folder in it; nil: it is left alone
}

// Read reads the tables of all users. All folders are asked for at once.
func (c Jobs) Read(ctx context.Context) *inventory.List {
	l := &inventory.List{Sections: []string{secUsers, secAt, secUnits}}
	var places []place
	add := func(section, dir string, take func(file, name string)) {
		places = append(places, place{dir: dir, take: func(s host.Stat) { take(dir+"/"+s.Name, s.Name) }, fail: func(err error) { l.Fail(section, err) }})
	}
	for _, dir := range userDirs {
		add(secUsers, dir, func(file, name string) { c.table(ctx, l, file, name) })
	}
	for _, dir := range atDirs {
		add(secAt, dir, func(file, _ string) { c.once(ctx, l, file) })
	}
	places = append(places, c.units(ctx, l)...)
	for len(places) > 0 {
		places = c.look(ctx, l, places)
	}
	return l
}

// look takes what is in some places, all at once, and gives the folders in them that are
// looked into.
func (c Jobs) look(ctx context.Context, l *inventory.List, places []place) (deeper []place) {
	asks := make([]host.Ask, len(places))
	for i, p := range places {
		asks[i] = host.Ask{Op: host.OpList, Name: p.dir}
	}
	answers, err := c.Host.BatchAll(ctx, asks)
	if err != nil {
		for _, section := range l.Sections {
			l.Fail(section, err)
		}
		return nil
	}
	for i, a := range answers {
		if a.Err != nil && !errors.Is(a.Err, fs.ErrNotExist) {
			places[i].fail(a.Err)
		}
		for _, s := range a.List {
			switch {
			case !s.IsDir():
				places[i].take(s)
			case places[i].into != nil && strings.HasSuffix(s.Name, ".d"):
				deeper = append(deeper, places[i].into(s.Name))
			}
		}
	}
	return deeper
}

// table records the lines of the table of one user.
func (c Jobs) table(ctx context.Context, l *inventory.List, file, user string) {
	data, err := c.Host.ReadFile(ctx, file, maxTable)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, host.ErrNotRegular) {
		return
	}
	if err != nil {
		l.FailBelow(err, secUsers, file)
		return
	}
	for line := range bytes.Lines(data) {
		j, ok := ParseJob(string(line), user)
		if !ok {
			continue
		}
		sum := sha256.Sum256([]byte(j.User + "\x00" + j.When + "\x00" + j.Command))
		l.Add(inventory.Fields("user", j.User, "when", j.When, "command", j.Command), secUsers, file, hex.EncodeToString(sum[:12]))
	}
}

// once records a job of at(1): it is a script, with the environment before it.
func (c Jobs) once(ctx context.Context, l *inventory.List, file string) {
	data, err := c.Host.ReadFile(ctx, file, maxTable)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, host.ErrNotRegular) || strings.HasPrefix(path.Base(file), ".") {
		return
	}
	if err != nil {
		l.FailBelow(err, secAt, file)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	sum := sha256.Sum256(data) // of the lines before, which do as much
	l.Add(inventory.Fields("user", "", "when", "once", "command", prose.Clip(lines[len(lines)-1], 300), "content", hex.EncodeToString(sum[:])), secAt, file)
}

// A Job is one line of a table of cron.
type Job struct {
	User    string
	When    string // the five fields, or one such as @daily
	Command string
}

// ParseJob reads a line of a user's table, see crontab(5). A line that sets a
// variable is a job with no time: it decides what the others run. Comments give
// false.
func ParseJob(line, user string) (Job, bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return Job{}, false
	}
	name, _, ok := strings.Cut(line, "=")
	if name = strings.TrimSpace(name); ok && !strings.ContainsAny(name, "*@\"'/,- \t") && name != "" && (name[0] < '0' || name[0] > '9') {
		return Job{User: user, When: "", Command: line}, true
	}
	n := 5
	if line[0] == '@' {
		n = 1
	}
	var words []string
	rest := line
	for len(words) < n && rest != "" {
		word, behind := rest, ""
		if i := strings.IndexAny(rest, " \t"); i >= 0 {
			word, behind = rest[:i], strings.TrimLeft(rest[i:], " \t")
		}
		words, rest = append(words, word), behind
	}
	return Job{User: user, When: strings.Join(words, " "), Command: rest}, true
}

// Tell makes a finding of each job. What a user had before in the same table and
// place has another key, so that a changed line is one gone and one new: they are
// one finding.
func (Jobs) Tell(changes []integrity.Change) (out []inventory.Finding) {
	for _, c := range changes {
		if c.Kind == integrity.Removed {
			continue
		}
		t := jobFinding(c, c.Now, "integrity.jobs.new")
		r := inventory.RecordOf(c.Now)
		t.Title = "A new job of " + owner(r) + ": " + shown(r)
		if r.Get("when") == "" {
			t.Title = "A table of jobs sets " + shown(r)
		}
		out = append(out, t)
	}
	for _, c := range changes {
		if c.Kind != integrity.Removed {
			continue
		}
		file := fileOf(inventory.KeyOf(c.Path))
		r := inventory.RecordOf(c.Was)
		replaced := func(o inventory.Finding) bool {
			return o.Subject == report.Path.Of(file) && len(o.Changes) == 1 && inventory.RecordOf(o.Changes[0].Now).Get("user") == r.Get("user")
		}
		if i := slices.IndexFunc(out, replaced); i >= 0 {
			out[i].Changes = append(out[i].Changes, c)
			out[i].Title = "A job of " + owner(r) + " changed: " + shown(inventory.RecordOf(out[i].Changes[0].Now))
			out[i].Evidence = append(out[i].Evidence, inventory.Pair(report.Was, "job", shown(r)))
			continue
		}
		t := jobFinding(c, c.Was, "integrity.jobs.gone")
		t.Title = "A job of " + owner(r) + " is gone: " + shown(r)
		out = append(out, t)
	}
	return out
}

func jobFinding(c integrity.Change, e host.Entry, rule string) inventory.Finding {
	key := inventory.KeyOf(c.Path)
	t := inventory.Finding{Changes: []integrity.Change{c}}
	t.Rule, t.Scope, t.Subject = rule, "jobs/"+key[0], report.Path.Of(fileOf(key))
	t.Identity = []report.Attr{report.Digest.Of("sha256:" + e.Digests[0].Hex())}
	t.Evidence = inventory.Differences(c)
	return t
}

// fileOf is the file in which a job stands.
func fileOf(key []string) string {
	if key[0] == secUnits {
		return path.Join(key[1], key[2])
	}
	return key[1]
}

func owner(r inventory.Record) string {
	if user := r.Get("user"); user != "" {
		return prose.Clip(user, 64)
	}
	return "somebody"
}

func shown(r inventory.Record) string {
	return prose.Clip(strings.TrimSpace(r.Get("when")+" "+r.Get("command")), 160)
}
