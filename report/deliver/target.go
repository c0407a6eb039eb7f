package deliver

import (
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Target is somebody who gets reports.
type Target struct {
	Name    string          // of a-z, 0-9 and '-': stands in errors, and is a folder of the spool
	To      report.Reporter // what hands one report over; a report may come twice, with the same ID
	Policy  Policy          // when a report is handed over; zero: always
	Floor   report.Severity // what is milder is no reason to; zero: Notice
	Timeout time.Duration   // for one report; zero: 2 minutes
}

// A Policy says which reports a target gets. What could not be looked at, and what the
// report notes of itself, is a reason under every policy but Never.
type Policy string

// The policies.
const (
	Always    Policy = "always"     // every report
	OnChange  Policy = "on-change"  // something is new, worse, changed, fixed or gone, or somebody dealt with it since
	OnProblem Policy = "on-problem" // something is open, or somebody dealt with it since
	OnError   Policy = "on-error"   // something could not be looked at, or is not known
	Never     Policy = "never"
)

func (p Policy) valid() bool {
	return slices.Contains([]Policy{"", Always, OnChange, OnProblem, OnError, Never}, p)
}

// Wants reports whether a target gets a report.
func (t Target) Wants(rep *report.Report) bool {
	floor := t.Floor
	if floor == report.RuleSeverity {
		floor = report.Notice
	}
	incomplete := len(rep.Results) == 0 || len(rep.Incomplete()) > 0 || len(rep.Notices) > 0 || rep.Review != nil && rep.Review.Unknown != ""
	counts := func(f report.Finding) bool {
		return f.Severity == report.RuleSeverity || f.Severity > report.Critical || f.Severity >= floor
	}
	any := func(holds func(report.ChangeKind) bool) bool {
		return slices.ContainsFunc(rep.Changes, func(c report.Change) bool { return holds(c.Kind) && counts(c.Finding) })
	}
	// Who silences a target by accepting what it would be told of is told of, in whoever's name.
	dealt := rep.Review != nil && slices.ContainsFunc(rep.Review.Handled, func(h report.Handled) bool { return h.New && counts(h.Change.Finding) })
	switch t.Policy {
	case Never:
		return false
	case OnChange:
		return incomplete || dealt || any(func(k report.ChangeKind) bool { return k != report.Still })
	case OnProblem:
		return incomplete || dealt || any(func(k report.ChangeKind) bool { return k != report.Fixed && k != report.Retired })
	case OnError:
		return incomplete
	}
	return true
}

func (t Target) validate() error {
	switch {
	case t.Name == "" || len(t.Name) > 60 || slices.ContainsFunc([]byte(t.Name), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	}):
		return fmt.Errorf("target %q: a name is made of a-z, 0-9 and '-'", t.Name)
	case t.To == nil:
		return fmt.Errorf("target %s: it has no reporter", t.Name)
	case !t.Policy.valid():
		return fmt.Errorf("target %s: there is no policy %q", t.Name, string(t.Policy))
	}
	return nil
}

func (t Target) timeout() time.Duration {
	if t.Timeout > 0 {
		return t.Timeout
	}
	return 2 * time.Minute
}
