package report

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/internal/form"
)

// A Rule is one entry of a checker's catalogue.
type Rule struct {
	ID       string   `json:"id"`       // stable: lower-case letters, digits, '.' and '-'
	Kind     Kind     `json:"kind"`     // required
	Severity Severity `json:"severity"` // required; a finding may say another
	Title    string   `json:"title"`    // one line
	Explain  string   `json:"explain"`  // why it matters
	Remedy   string   `json:"remedy"`   // what to do
	Since    string   `json:"since"`    // version of upkeep that brought it
	Former   []string `json:"former,omitempty"`
}

// Validate reports whether r has all that a run needs of it.
func (r Rule) Validate() error {
	switch {
	case !form.Name(r.ID):
		return fmt.Errorf("rule %q: the id is not made of a-z, 0-9, '.' and '-'", clip(r.ID, 40))
	case r.Kind != Condition && r.Kind != Event:
		return fmt.Errorf("rule %s: no kind", r.ID)
	case r.Severity < Info || r.Severity > Critical:
		return fmt.Errorf("rule %s: no severity", r.ID)
	case r.Title == "" || r.Remedy == "":
		return fmt.Errorf("rule %s: no title or no remedy", r.ID)
	}
	return nil
}

// Rule begins an entry of a catalogue:
//
//	report.Since("0.1.0",
//		report.Condition.Rule("resource.filesystems.space", report.Warning, "A file system is nearly full").
//			Text("Programs that cannot write lose mail, logs and data.",
//				"Find what grew, and remove it or enlarge the file system."),
//	)
func (k Kind) Rule(id string, severity Severity, title string) Rule {
	return Rule{ID: id, Kind: k, Severity: severity, Title: title}
}

// Text gives r with why it matters and what to do.
func (r Rule) Text(explain, remedy string) Rule {
	r.Explain, r.Remedy = explain, remedy
	return r
}

// Since makes a catalogue of rules: those that do not say which version of
// upkeep brought them came with this one.
func Since(version string, rules ...Rule) []Rule {
	for i := range rules {
		if rules[i].Since == "" {
			rules[i].Since = version
		}
	}
	return rules
}
