package review

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
)

// shortest is how much of an id is enough to name a finding.
const shortest = 4

// Select gives the items that a selector names: the beginning of a finding's id
// (with or without "v1:"), a rule, a check, a pattern of paths such as
// /etc/ssh/*, a service, "package:" and a package that the finding names, such as deb:openssl or
// openssl, "ticket:" and the ticket under which the last act about it stands, or "all".
// The error says why it names none, or, of the beginning of an id, several.
func Select(items []Standing, selector string) ([]Standing, error) {
	if selector == "all" {
		return items, nil
	}
	var byID, others []Standing
	id := strings.TrimPrefix(selector, "v1:")
	for _, s := range items {
		switch {
		case len(id) >= shortest && strings.HasPrefix(strings.TrimPrefix(s.Finding.Fingerprint, "v1:"), id):
			byID = append(byID, s)
		case s.Finding.Rule == selector, s.Check == selector, onPath(s.Finding, selector), onService(s.Finding, selector), ofPackage(s.Finding, selector), s.ofTicket(selector):
			others = append(others, s)
		}
	}
	switch {
	case len(others) > 0:
		return others, nil
	case len(byID) > 1:
		return nil, fmt.Errorf("%s is the beginning of %d ids: give more of it", selector, len(byID))
	case len(byID) == 0:
		return nil, fmt.Errorf("%s names nothing that is open; what does is a number of the list, a path, a service, a rule, a check, package:NAME or ticket:ID", selector)
	}
	return byID, nil
}

// onService reports whether the finding is about the service.
func onService(f report.Finding, name string) bool {
	return f.Subject.Key == report.Service && f.Subject.Value == name
}

// onPath reports whether the finding is about a path that the pattern matches.
func onPath(f report.Finding, pattern string) bool {
	if !strings.HasPrefix(pattern, "/") || f.Subject.Key != report.Path && f.Subject.Key != report.Mount {
		return false
	}
	if f.Subject.Value == pattern {
		return true
	}
	ok, err := path.Match(pattern, f.Subject.Value)
	return err == nil && ok
}

// ofPackage reports whether a finding names the package of a selector, as its subject
// or as what vouches for it.
func ofPackage(f report.Finding, selector string) bool {
	name, ok := strings.CutPrefix(selector, "package:")
	return ok && slices.ContainsFunc(append([]report.Attr{f.Subject}, f.Evidence...), func(a report.Attr) bool {
		_, plain, _ := strings.Cut(a.Value, ":")
		return a.Key == report.Package && name != "" && (a.Value == name || plain == name)
	})
}

// ofTicket reports whether the last act about a finding names the ticket of a selector.
func (s Standing) ofTicket(selector string) bool {
	id, ok := strings.CutPrefix(selector, "ticket:")
	return ok && id != "" && s.Act != nil && s.Act.Ticket == id
}
