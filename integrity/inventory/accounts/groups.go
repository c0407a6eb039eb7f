package accounts

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/report"
)

// InspectGroup finds what is wrong with the content of /etc/group: names and
// numbers that are there twice, lines that ask another machine, and malformed ones.
func InspectGroup(data []byte) []report.Finding {
	groups, bad := etc.ParseGroup(data)
	const scope = "accounts/groups"
	var found []report.Finding
	names, numbers := map[string]etc.Group{}, map[uint32]etc.Group{}
	for _, g := range groups {
		bad = append(bad, oddName(g.Name, g.Line)...)
		f := report.Finding{Subject: groupAttr(g.Name), Scope: scope, Evidence: []report.Attr{report.Path.Of(etc.GroupFile)}}
		first, double := names[g.Name]
		same, shared := numbers[g.GID]
		switch {
		case double:
			f.Rule = "integrity.accounts.duplicate-name"
			f.Title = fmt.Sprintf("The group %s is in /etc/group twice, on the lines %d and %d", g.Name, first.Line, g.Line)
			f.Fix = "Remove the wrong line."
		case shared:
			f.Rule = "integrity.accounts.duplicate-number"
			f.Title = fmt.Sprintf("The groups %s and %s have the same number, %d", same.Name, g.Name, g.GID)
			f.Fix = "If they are meant to be two groups, give one another number, and its files too."
		default:
			names[g.Name], numbers[g.GID] = g, g
			continue
		}
		found = append(found, f)
	}
	found = append(found, elsewhere(etc.GroupFile, scope, data)...)
	return append(found, malformed(etc.GroupFile, scope, bad)...)
}

// elsewhere tells of lines that send programs to ask another machine.
func elsewhere(file, scope string, data []byte) []report.Finding {
	if !asksElsewhere(string(data)) {
		return nil
	}
	return []report.Finding{{
		Rule: "integrity.accounts.elsewhere", Subject: report.Path.Of(file), Scope: scope,
		Title: "Lines of " + file + " send programs to another machine for accounts",
	}}
}

func asksElsewhere(text string) bool {
	return strings.HasPrefix(text, "+") || strings.Contains(text, "\n+")
}

// longestName is that of an account or a group on any system, in bytes.
const longestName = 32

// oddName says what is wrong with a name that programs read in different ways.
func oddName(name string, line int) []etc.Malformed {
	odd := strings.IndexFunc(strings.TrimSuffix(name, "$"), func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("._-@", r)
	})
	switch {
	case odd >= 0:
		return []etc.Malformed{{Line: line, Name: name, Why: fmt.Sprintf("the name %.40q has other bytes than letters and digits", name)}}
	case len(name) > longestName:
		return []etc.Malformed{{Line: line, Name: name, Why: fmt.Sprintf("the name %.40q is longer than %d bytes", name, longestName)}}
	}
	return nil
}
