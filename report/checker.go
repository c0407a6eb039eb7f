package report

import (
	"context"
	"errors"
	"fmt"
)

// A Checker asks one question about a system.
//
//  1. Name is stable, made of a-z, 0-9, '.' and '-', and unique in a run.
//  2. Check records what it finds as it finds it; the recorder keeps it
//     whatever becomes of the check afterwards.
//  3. A non-nil error says that the question was not (fully) answered. An
//     error made by Skip says that the question does not exist on this host.
//  4. Check returns soon after ctx ends and leaves no goroutine behind; it
//     starts goroutines by Recorder.Go only.
//  5. A Checker that reports findings is also a Cataloguer.
type Checker interface {
	Name() string
	Check(ctx context.Context, rec *Recorder) error
}

// A Cataloguer lists the rules under which a checker reports. The list is the
// same at every call.
type Cataloguer interface{ Rules() []Rule }

// A Reporter tells someone. The report is read-only; a nil error says that it
// was handed over.
type Reporter interface {
	Report(ctx context.Context, rep *Report) error
}

// CheckerFunc makes a Checker of a function. One that reports findings needs
// its rules in Catalogue.
type CheckerFunc struct {
	ID        string
	Catalogue []Rule
	Func      func(ctx context.Context, rec *Recorder) error
}

// Name returns c.ID.
func (c CheckerFunc) Name() string { return c.ID }

// Rules returns c.Catalogue.
func (c CheckerFunc) Rules() []Rule { return c.Catalogue }

// Check calls c.Func.
func (c CheckerFunc) Check(ctx context.Context, rec *Recorder) error { return c.Func(ctx, rec) }

// ReporterFunc makes a Reporter of a function.
type ReporterFunc func(ctx context.Context, rep *Report) error

// Report calls f.
func (f ReporterFunc) Report(ctx context.Context, rep *Report) error { return f(ctx, rep) }

// Skip makes the error by which a checker says that its question provably does
// not exist on this host. Missing rights, tools or network are no reason to skip.
func Skip(reason string) error { return &skipError{reason} }

type skipError struct{ reason string }

func (e *skipError) Error() string { return "not applicable: " + e.reason }

func skipReason(err error) (string, bool) {
	var skip *skipError
	if errors.As(err, &skip) {
		return skip.reason, true
	}
	return "", false
}

// Rules gives the catalogue of a check by id. The error says which entry is
// malformed or double.
func Rules(c Checker) (map[string]Rule, error) {
	rules := map[string]Rule{}
	cat, ok := c.(Cataloguer)
	if !ok {
		return rules, nil
	}
	var errs []error
	for _, r := range cat.Rules() {
		if err := r.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		if _, double := rules[r.ID]; double {
			errs = append(errs, fmt.Errorf("rule %s is listed twice", r.ID))
		}
		rules[r.ID] = r
	}
	return rules, errors.Join(errs...)
}
