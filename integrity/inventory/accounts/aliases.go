package accounts

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// aliasFiles are the tables of aliases(5) that mail servers read.
var aliasFiles = []string{"/etc/aliases", "/etc/mail/aliases", "/etc/postfix/aliases", "/usr/pkg/etc/postfix/aliases", "/usr/local/etc/postfix/aliases"}

// decoders are aliases that unpack what anybody sends, which old systems had.
var decoders = []string{"decode", "uudecode"}

// A delivery is what mail to some names does beside being delivered to people.
type delivery struct {
	file, target string // target is a program's file, or that of an included list
	program      bool
	names        []string
}

// aliases looks at the programs that mail runs, and at the lists that it includes.
func (p *posture) aliases() {
	var all []delivery
	p.ask(host.OpRead, aliasFiles, func(i int, a host.Answer) {
		all = append(all, deliveries(aliasFiles[i], string(a.Data))...)
	})
	var names []string
	for _, u := range p.users {
		if u.UID == 0 && path.IsAbs(u.Home) {
			names = append(names, path.Join(u.Home, ".forward"))
		}
	}
	p.ask(host.OpRead, names, func(i int, a host.Answer) {
		all = append(all, deliveries(names[i], "root: "+strings.ReplaceAll(string(a.Data), "\n", "\n "))...)
	})
	p.afterwards(func() { p.delivered(all) })
}

// delivered looks at who can change what mail goes to, and tells.
func (p *posture) delivered(all []delivery) {
	open := map[string]string{} // by target, why it is not to be trusted
	var targets []string
	for _, d := range all {
		if path.IsAbs(d.target) && host.ValidName(d.target) {
			targets = append(targets, d.target)
		}
	}
	p.ask(host.OpLstat, targets, func(i int, a host.Answer) {
		if why := notRoots(a.Stat); why != "" && !a.Stat.IsLink() {
			open[targets[i]] = why
		}
	})
	p.afterwards(func() {
		for _, d := range all {
			if f, ok := d.finding(open[d.target]); ok {
				p.rec.Finding(f)
			}
		}
	})
}

// notRoots says why others than root can change a file.
func notRoots(st host.Stat) string {
	switch {
	case st.Known.Has(host.KnownOwner) && st.UID != 0:
		return "it belongs to user " + number(st.UID)
	case st.Perm()&0o002 != 0 && st.Perm()&host.ModeSticky == 0:
		return "others can write to it"
	case st.Perm()&0o020 != 0 && st.Known.Has(host.KnownOwner) && st.GID != 0:
		return "group " + number(st.GID) + " can write to it"
	}
	return ""
}

// deliveries reads a table of aliases(5): each program and each included list with
// the names that lead there, in the order of the targets.
func deliveries(file, text string) []delivery {
	byTarget := map[string]*delivery{}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		list := line
		if line[0] != ' ' && line[0] != '\t' {
			var ok bool
			if name, list, ok = strings.Cut(line, ":"); !ok {
				continue
			}
			name = strings.ToLower(strings.Trim(name, "\" \t"))
		}
		for _, to := range targetsOf(list) {
			target, program := strings.CutPrefix(to, "|")
			if !program {
				var includes bool
				if target, includes = strings.CutPrefix(to, ":include:"); !includes {
					continue
				}
			}
			target, _, _ = strings.Cut(strings.TrimSpace(target), " ")
			d := byTarget[to[:1]+target]
			if d == nil {
				d = &delivery{file: file, target: target, program: program}
				byTarget[to[:1]+target] = d
			}
			if !slices.Contains(d.names, name) {
				d.names = append(d.names, name)
			}
		}
	}
	var out []delivery
	for _, key := range slices.Sorted(maps.Keys(byTarget)) {
		out = append(out, *byTarget[key])
	}
	return out
}

// targetsOf takes the right side of an alias apart: commas within quotes are none.
func targetsOf(list string) (out []string) {
	quoted := false
	for _, word := range strings.FieldsFunc(list, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ',' && !quoted
	}) {
		word = strings.TrimSpace(word)
		pipe := strings.HasPrefix(word, "|")
		word = strings.Trim(strings.TrimPrefix(word, "|"), "\"")
		if pipe {
			word = "|" + word
		}
		if len(word) > 1 {
			out = append(out, word)
		}
	}
	return out
}

// finding tells of a program, and of a list that others can change.
func (d delivery) finding(open string) (report.Finding, bool) {
	f := report.Finding{
		Rule: "integrity.homes.mail-runs", Scope: scopeHomes, Subject: report.Path.Of(d.file),
		Identity: []report.Attr{report.Field.Of(word(d.target))},
	}
	who := prose.Clip(prose.List(d.names, 3), 200)
	decodes := slices.ContainsFunc(d.names, func(name string) bool { return slices.Contains(decoders, name) })
	switch {
	case !d.program && open == "":
		return f, false
	case !d.program:
		f.Severity = report.Warning
		f.Title = "Mail to " + who + " goes where " + prose.Clip(d.target, 200) + " says, and " + open
	default:
		f.Title = "Mail to " + who + " runs " + prose.Clip(d.target, 200)
	}
	switch {
	case decodes && d.program:
		f.Severity, f.Title = report.Warning, f.Title+", which unpacks what anybody sends"
	case open != "" && d.program:
		f.Severity, f.Title = report.Warning, f.Title+", and "+open
	case d.program && path.Base(d.file) == ".forward": // root's own
		f.Severity = report.Warning
	}
	return f, true
}
