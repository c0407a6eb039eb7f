package accounts

import (
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// word makes a text fit for an attribute.
func word(s string) string { return inventory.Word(s) }

// sudoPlaces are the folders of sudo's and doas's settings.
var sudoPlaces = []string{"/etc", "/usr/local/etc", "/usr/pkg/etc"}

// sudo looks at rules that take something out of a right that they give: of users
// and groups, and of commands, which can be got around by another name of the same
// program (sudoers(5), "Limitations of the '!' operator").
func (p *posture) sudo() {
	var sudoers, dirs, doas []string
	for _, dir := range sudoPlaces {
		sudoers, dirs, doas = append(sudoers, dir+"/sudoers"), append(dirs, dir+"/sudoers.d"), append(doas, dir+"/doas.conf")
	}
	p.readRules(sudoers, sudoExceptions)
	p.readRules(doas, doasExceptions)
	p.ask(host.OpList, dirs, func(i int, a host.Answer) {
		var names []string
		for _, st := range a.List {
			if st.IsRegular() && !strings.Contains(st.Name, ".") && !strings.HasSuffix(st.Name, "~") {
				names = append(names, path.Join(dirs[i], st.Name))
			}
		}
		p.readRules(names, sudoExceptions)
	})
}

// readRules tells of the rules of files that take something out of a right.
func (p *posture) readRules(names []string, exceptions func(text string) []string) {
	p.ask(host.OpRead, names, func(i int, a host.Answer) { p.exceptions(names[i], exceptions(string(a.Data))) })
}

func (p *posture) exceptions(file string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.rec.Finding(report.Finding{
		Rule: "integrity.homes.exception", Scope: scopeHomes, Subject: report.Path.Of(file),
		Title: file + " takes something out of a right, which can be got around: " + prose.Clip(prose.List(lines, 3), 300),
	})
}

// sudoExceptions gives the rules and aliases of sudoers(5) in which something is
// negated. What Defaults switches off is none of them.
func sudoExceptions(text string) (out []string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		rule, _, _ := strings.Cut(strings.TrimSpace(line), " #")
		if rule == "" || rule[0] == '#' || rule[0] == '@' || strings.HasPrefix(rule, "Defaults") {
			continue
		}
		words := strings.FieldsFunc(rule, func(r rune) bool { return strings.ContainsRune(" \t,=:()", r) })
		for _, w := range words {
			if w[0] == '!' {
				out = append(out, strings.Join(strings.Fields(rule), " "))
				break
			}
		}
	}
	return out
}

// doasExceptions gives the rules of doas.conf(5) that deny, where a later one may
// permit the same: the last that matches decides.
func doasExceptions(text string) (out []string) {
	var denied [][]string
	for line := range strings.Lines(text) {
		rule, _, _ := strings.Cut(line, "#")
		words := strings.Fields(rule)
		switch {
		case len(words) < 2:
		case words[0] == "deny":
			denied = append(denied, words)
		case words[0] == "permit":
			kept := denied[:0]
			for _, d := range denied {
				if who := identityOf(words); who == d[1] || strings.HasPrefix(who, ":") {
					out = append(out, strings.Join(d, " ")+", before "+strings.Join(words, " "))
					continue
				}
				kept = append(kept, d)
			}
			denied = kept
		}
	}
	return out
}

// identityOf gives whom a rule of doas is for: the first word behind its options.
func identityOf(words []string) string {
	inBraces := false
	for _, w := range words[1:] {
		switch {
		case w == "{" || w == "setenv":
			inBraces = w == "{" || inBraces
		case w == "}":
			inBraces = false
		case inBraces, w == "nopass", w == "nolog", w == "persist", w == "keepenv":
		default:
			return w
		}
	}
	return ""
}
