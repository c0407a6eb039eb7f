package system

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Modules that ask for nothing, and those that say yes to some and no to others; all
// that are in neither list are taken to ask, and to have been given a wrong answer.
var (
	asksNothing = []string{
		"pam_permit", "pam_env", "pam_faildelay", "pam_nologin", "pam_securetty", "pam_issue", "pam_motd", "pam_mail", "pam_keyinit", "pam_loginuid",
		"pam_limits", "pam_selinux", "pam_cap", "pam_echo", "pam_warn", "pam_shells", "pam_umask",
	}
	letsSome = []string{
		"pam_usertype", "pam_localuser", "pam_succeed_if", "pam_listfile", "pam_access", "pam_time", "pam_wheel", "pam_group", "pam_exec", "pam_script", "pam_faillock", "pam_self",
	}
	// ofScreens are services that log nobody in, or one user on purpose, at a screen.
	ofScreens = []string{"greeter", "autologin", "launch-environment"}
)

// deeds are what the words for a control stand for, by whether the module let in.
var deeds = map[string]map[bool]string{
	"required": {true: "ok", false: "bad"}, "requisite": {true: "ok", false: "die"}, "optional": {true: "ok", false: "ignore"},
	"sufficient": {true: "done", false: "ignore"}, "binding": {true: "done", false: "bad"},
}

// A pamWalk goes through a stack of auth as libpam does, see pam.conf(5), when whatever
// is asked for is wrong.
type pamWalk struct {
	some    bool // what modules of letsSome say
	in, bad bool // whether a module let in, and whether one refused
}

// deed gives what a rule says is to be done.
func (w *pamWalk) deed(rule PAMRule) (deed string, success bool) {
	name := strings.TrimSuffix(path.Base(rule.Module), ".so")
	success = slices.Contains(asksNothing, name) || w.some && slices.Contains(letsSome, name)
	if d, ok := deeds[rule.Control]; ok {
		return d[success], success
	}
	result := map[bool]string{true: "success", false: "auth_err"}[success]
	deed = "bad" // of what is not named
	for _, word := range strings.Fields(strings.Trim(rule.Control, "[]")) {
		switch of, does, _ := strings.Cut(word, "="); of {
		case result:
			return does, success
		case "default":
			deed = does
		}
	}
	return deed, success
}

// through goes through rules, and reports whether those behind them are gone through too.
func (w *pamWalk) through(rules []PAMRule, substack func(PAMRule) []PAMRule) bool {
	for i := 0; i < len(rules); i++ {
		if rules[i].Control == "substack" {
			w.through(substack(rules[i]), substack)
			continue
		}
		deed, success := w.deed(rules[i])
		switch deed {
		case "ignore":
		case "ok", "done":
			w.in, w.bad = w.in || success, w.bad || !success
			if deed == "done" && !w.bad {
				return false
			}
		case "bad", "die":
			w.bad = true
			if deed == "die" {
				return false
			}
		case "reset":
			w.in, w.bad = false, false
		default:
			if n, err := strconv.Atoi(deed); err == nil && n >= 0 {
				i += n
			}
		}
	}
	return true
}

// letsAllIn reports whether a stack lets in who gives a wrong password, whatever it
// makes of who it is.
func letsAllIn(rules []PAMRule, substack func(PAMRule) []PAMRule) bool {
	for _, some := range []bool{true, false} {
		w := pamWalk{some: some}
		if w.through(rules, substack); !w.in || w.bad {
			return false
		}
	}
	return len(rules) > 0
}

// auth gives the rules of auth of a service, with what they include; a file that
// includes itself is read to a depth that no system has.
func (r *hookReader) auth(f setting, depth int) (out []PAMRule, includes []string) {
	for _, rule := range ParsePAM(f.data, false) {
		other := rule.Type == "include" || rule.Type == "auth" && (rule.Control == "include" || rule.Control == "substack")
		if !other {
			if rule.Type == "auth" {
				out = append(out, rule)
			}
			continue
		}
		name := rule.elsewhere(path.Dir(f.name))
		if name == "" {
			name = path.Join(path.Dir(f.name), rule.Module)
		}
		includes = append(includes, name)
		if rule.Control == "substack" {
			rule.Module = name
			out = append(out, rule)
			continue
		}
		out = append(out, r.authOf(name, depth)...)
	}
	return out, includes
}

func (r *hookReader) authOf(name string, depth int) []PAMRule {
	i := slices.IndexFunc(r.texts[secPAM], func(s setting) bool { return s.name == name })
	if i < 0 || depth > 16 {
		return nil
	}
	rules, _ := r.auth(r.texts[secPAM][i], depth+1)
	return rules
}

// tellStacks tells on every run of services that let in who gives a wrong password,
// though no single rule says so: of a file that others include, once. Of the services of
// pam.conf only single rules are told.
func (r *hookReader) tellStacks() {
	lets, stacks, includes := map[string]bool{}, map[string][]PAMRule{}, map[string][]string{}
	for _, f := range r.texts[secPAM] {
		if f.name != pamConf {
			stacks[f.name], includes[f.name] = r.auth(f, 0)
			lets[f.name] = letsAllIn(stacks[f.name], func(rule PAMRule) []PAMRule { return r.authOf(rule.Module, 0) })
		}
	}
	for _, f := range r.texts[secPAM] {
		base, stack := path.Base(f.name), stacks[f.name]
		within := slices.ContainsFunc(includes[f.name], func(name string) bool { return lets[name] })
		ofScreen := slices.ContainsFunc(ofScreens, func(s string) bool { return strings.Contains(base, s) })
		if !lets[f.name] || within || ofScreen || r.genuine(f) != "" || slices.ContainsFunc(stack, PAMRule.letsIn) {
			continue // a rule that lets in is told by itself
		}
		var all []string
		for _, rule := range stack {
			all = append(all, rule.String())
		}
		r.Findings = append(r.Findings, report.Finding{
			Rule: r.c.Name() + ".no-password", Scope: "hooks/" + secPAM, Subject: report.Path.Of(f.name), Identity: lineIdentity(strings.Join(all, "\n")),
			Title:    "PAM lets everybody in by " + prose.Clip(base, 80) + ": no rule refuses a wrong password",
			Evidence: samples(report.Sample, all),
		})
	}
}
