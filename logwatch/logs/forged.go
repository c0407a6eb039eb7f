package logs

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

// firstPerson is the first number of a user that is a person's, and no service's.
const firstPerson = 1000

// ofPeople are programs that speak under the number of the user who runs them.
var ofPeople = []string{
	"sudo", "su", "doas", "pkexec", "polkit-agent-helper-1", "unix_chkpwd", "passwd", "chsh", "chfn", "chage", "gpasswd", "newgrp", "crontab", "at",
	"sshd", "sshd-session", "sftp-server", "internal-sftp", "systemd", "dbus-daemon", "dbus-broker-launch",
}

// isForged reports whether a line that a rule would tell is not of the program in whose
// name it is written, as the journal knows: each user can write what he likes. Of a writer
// that had ended before the journal looked, only the user is known.
func (j *judge) isForged(rec *logstream.Record, line *logwatch.Line) bool {
	if rec.Forged {
		return true
	}
	if user, err := strconv.ParseUint(string(rec.User), 10, 32); err != nil || user < firstPerson || isOfItself(rec) {
		return false
	}
	var m logwatch.Match
	return j.rules.Match(line, &m) && m.Level != logwatch.Ignore && len(m.Rule.Programs) > 0 &&
		!slices.ContainsFunc(m.Rule.Programs, func(p string) bool { return p == "*" || p[0] == '!' })
}

// isOfItself reports whether a record has the name of the program that wrote it, or of
// a part of that: sshd-session writes as sshd, postfix's smtpd as postfix/smtpd.
func isOfItself(rec *logstream.Record) bool {
	name := path.Base(string(rec.Tag))
	if len(rec.Program) == 0 {
		return slices.Contains(ofPeople, name)
	}
	file := []byte(path.Base(string(bytes.TrimSuffix(rec.Program, []byte(" (deleted)")))))
	return rec.OfSystem() && (bytes.HasPrefix(file, []byte(name)) || bytes.HasPrefix([]byte(name), file))
}

// A forgery is what one user wrote in the names of others' programs.
type forgery struct {
	user, sender string
	names        []string
	sample       string // the first line
	count        int
	last         time.Time
}

const (
	// maxForgers bounds the users that are told apart; what others wrote counts
	// for the last of them.
	maxForgers = 20
	mostNames  = 5 // of programs, for each of them
)

func (j *judge) forge(rec *logstream.Record) {
	user, name := string(rec.User), printable(rec.Tag)
	i := slices.IndexFunc(j.forged, func(f forgery) bool { return f.user == user })
	switch {
	case i >= 0:
	case len(j.forged) == maxForgers:
		i = maxForgers - 1
	default:
		i, j.forged = len(j.forged), append(j.forged, forgery{user: user, sender: printable([]byte(rec.Sender())), sample: printable(rec.Message)})
	}
	f := &j.forged[i]
	f.count, f.last = f.count+rec.Events, rec.At
	if !slices.Contains(f.names, name) && len(f.names) < mostNames {
		f.names = append(f.names, name)
	}
}

// forged tells who wrote in another's name.
func (r *run) forged(in *judge) {
	for _, f := range in.forged {
		r.finding(ruleForged, sourceAttr(in.source), scopeOf(in.source), func(out *report.Finding) {
			out.Title = fmt.Sprintf("%s wrote to the log in the name of %s: %s", f.sender, prose.List(f.names, mostNames), prose.Clip(f.sample, 140))
			out.Count, out.Last = f.count, f.last
			out.Identity = []report.Attr{{Key: report.Template, Value: logwatch.TemplateID([]byte("forged"), f.user)}}
			out.Evidence = []report.Attr{{Key: report.Sample, Value: f.sample}}
		})
	}
}
