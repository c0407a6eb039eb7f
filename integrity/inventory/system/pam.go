package system

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

const pamConf = "/etc/pam.conf"

// The folders of rules on all systems, and those of modules.
var (
	pamDirs    = []string{"/etc/pam.d", "/usr/lib/pam.d", "/usr/local/etc/pam.d", "/usr/local/lib/pam.d"}
	moduleDirs = ofArchitectures("/usr/lib/security", "/usr/lib64/security", "/lib/security", "/lib64/security", "/usr/local/lib/security")
)

// ofArchitectures adds the folders that Debian has for its architectures.
func ofArchitectures(dirs ...string) []string {
	for _, a := range []string{"x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "i386-linux-gnu", "powerpc64le-linux-gnu", "riscv64-linux-gnu", "s390x-linux-gnu", "loongarch64-linux-gnu"} {
		dirs = append(dirs, "/usr/lib/"+a+"/security", "/lib/"+a+"/security")
	}
	return dirs
}

// A PAMRule is a line of pam.conf(5).
type PAMRule struct {
	Service string // of /etc/pam.conf alone
	Type    string // such as "auth", in lower case; "include" of a line that includes another file
	Control string // such as "sufficient" or "[success=1 default=ignore]", in lower case
	Module  string // path, or name in the folders of modules
	Args    []string
}

// ParsePAM reads the rules of a file; each of those in /etc/pam.conf names its service.
// A backslash at the end of a line goes on with the next.
func ParsePAM(data []byte, services bool) (out []PAMRule) {
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	for _, line := range lines([]byte(text)) {
		words := pamWords(string(line))
		var rule PAMRule
		if services && len(words) > 0 {
			rule.Service, words = words[0], words[1:]
		}
		switch {
		case len(words) == 2 && words[0] == "@include":
			rule.Type, rule.Module = "include", words[1]
		case len(words) > 2:
			rule.Type, rule.Control, rule.Module, rule.Args = strings.ToLower(strings.TrimPrefix(words[0], "-")), strings.ToLower(words[1]), words[2], words[3:]
		default:
			rule.Type, rule.Args = "other", words
		}
		out = append(out, rule)
	}
	return out
}

// pamWords parts a line at blanks; those within brackets do not count.
func pamWords(line string) (out []string) {
	inside := false
	for _, word := range strings.Fields(line) {
		if inside {
			out[len(out)-1] += " " + word
		} else {
			out = append(out, word)
		}
		inside = (inside || word[0] == '[') && !strings.HasSuffix(word, "]")
	}
	return out
}

// String gives a rule as one line, without its service.
func (p PAMRule) String() string {
	words := append([]string{p.Type, p.Control, p.Module}, p.Args...)
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// letsIn reports whether a rule asks for no password and ends the asking, or passes over
// the rules behind it that would.
func (p PAMRule) letsIn() bool {
	ends := p.Control == "sufficient"
	for _, word := range strings.Fields(strings.Trim(p.Control, "[]")) {
		result, deed, _ := strings.Cut(word, "=")
		ends = ends || (result == "success" || result == "default") && (deed == "done" || strings.Trim(deed, "0123456789") == "" && strings.Trim(deed, "0") != "")
	}
	return p.Type == "auth" && ends && p.is("pam_permit")
}

// runs reports whether a rule runs a program.
func (p PAMRule) runs() bool { return p.is("pam_exec") }

// program gives the program that a rule runs; "" if it runs none.
func (p PAMRule) program() string {
	i := slices.IndexFunc(p.Args, path.IsAbs)
	if !p.runs() || i < 0 {
		return ""
	}
	return path.Clean(p.Args[i])
}

// is reports whether a rule is that of a module; OpenPAM does without its ending.
func (p PAMRule) is(module string) bool {
	return strings.TrimSuffix(path.Base(p.Module), ".so") == module
}

// elsewhere gives the file that a rule includes from another folder; "" for all others.
func (p PAMRule) elsewhere(dir string) string {
	if p.Type != "include" && p.Control != "include" && p.Control != "substack" || !strings.Contains(p.Module, "/") {
		return ""
	}
	if path.IsAbs(p.Module) {
		return path.Clean(p.Module)
	}
	return path.Join(dir, p.Module)
}

// standing reports whether a finding tells of a line on every run.
func standing(line string) bool {
	rules := ParsePAM([]byte(line), false)
	return len(rules) == 1 && (rules[0].letsIn() || rules[0].runs())
}

// moduleOf gives the name of the module of a rule, or of a library that is a line.
func moduleOf(line string) string {
	if rules := ParsePAM([]byte(line), false); len(rules) == 1 && rules[0].Module != "" {
		return path.Base(rules[0].Module)
	}
	return path.Base(line)
}

// included gives the files that rules include from other folders.
func included(ask hookAsk, data []byte) (out []string) {
	if ask.section != secPAM {
		return nil
	}
	for _, rule := range ParsePAM(data, ask.Name == pamConf) {
		if name := rule.elsewhere(path.Dir(ask.Name)); host.ValidName(name) {
			out = append(out, name)
		}
	}
	return out
}

// pam records the rules of each file by their type, and the modules that they name.
func (r *hookReader) pam() {
	modules := map[string]string{} // by module the first file that names it
	for _, f := range r.texts[secPAM] {
		byType := map[string][]string{}
		for _, rule := range ParsePAM(f.data, f.name == pamConf) {
			kind := strings.TrimSpace(rule.Service + " " + rule.Type)
			byType[kind] = append(byType[kind], rule.String())
			r.tellRule(f, rule)
			if _, ok := modules[rule.Module]; !ok {
				modules[rule.Module] = f.name
			}
		}
		for kind, rules := range byType {
			r.Add(inventory.Fields(fieldRules, strings.Join(rules, "\n"), fieldPackage, r.genuine(f)), secPAM, f.name, kind)
		}
	}
	r.tellStacks()
	if !r.linux {
		return // elsewhere no package brings them
	}
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		files := r.filesOf(module)
		said := r.owned(files...)
		if said == "" {
			continue // it is not there, or nobody knows
		}
		r.Add(inventory.Fields(fieldOwned, said), secPAM, "modules", module)
		if said == "no" {
			r.unowned(secPAM, files[0], modules[module])
		}
	}
}

// filesOf gives the files that a module may be.
func (r *hookReader) filesOf(module string) (out []string) {
	switch {
	case path.IsAbs(module):
		return []string{path.Clean(module)}
	case strings.Contains(module, "/"): // beside the folders of modules
		for _, dir := range moduleDirs {
			out = append(out, path.Join(dir, module))
		}
	}
	for _, p := range r.places {
		if path.Base(p) == module {
			out = append(out, p)
		}
	}
	return out
}

// tellRule tells on every run of a rule by which anybody is let in, or a program is run.
func (r *hookReader) tellRule(f setting, rule PAMRule) {
	found := report.Finding{
		Scope: "hooks/" + secPAM, Subject: report.Path.Of(f.name), Identity: lineIdentity(rule.String()),
		Evidence: []report.Attr{report.Sample.Of(prose.Clip(rule.String(), 300))},
	}
	service := prose.Clip(strings.TrimSpace(path.Base(f.name)+" "+rule.Service), 80)
	switch {
	case rule.letsIn():
		found.Rule, found.Title = r.c.Name()+".no-password", "PAM lets everybody in by "+service+": "+prose.Clip(rule.String(), 160)
	case rule.runs():
		found.Rule, found.Title = r.c.Name()+".program", "PAM runs a program at each login by "+service+": "+prose.Clip(strings.Join(rule.Args, " "), 160)
		if slices.Contains(rule.Args, "expose_authtok") {
			found.Detail = "It gets the password of who logs in."
		}
		if found.Detail == "" && (r.genuine(f) != "" || r.owned(rule.program()) == "yes" && rule.program() == rule.Args[len(rule.Args)-1]) {
			found.Severity = report.Notice
		}
	default:
		return
	}
	r.Findings = append(r.Findings, found)
}
