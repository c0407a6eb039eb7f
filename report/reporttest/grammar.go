package reporttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/internal/form"
	"github.com/pugetsoundtech/upkeep/report"
)

// ValidateCheckName reports whether name is domain.question: two words or more
// of a-z, 0-9 and '-', joined by dots. These words are kept for ever, so they
// are tried by reporttest.TestChecker, and no run refuses others.
func ValidateCheckName(name string) error {
	parts := strings.Split(name, ".")
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return !form.Words(p) }) {
		return fmt.Errorf("check name %.60q is not domain.question, of words of a-z, 0-9 and '-'", name)
	}
	return nil
}

// ValidateRule reports whether r, a rule of check, is complete and keeps the grammar
// of words: the id is the check's name, a dot and words; the title begins with a
// capital letter, or with a name that stands in the id, and has no full stop.
func ValidateRule(check string, r report.Rule) error {
	errs := []error{r.Validate()}
	if rest, ok := strings.CutPrefix(r.ID, check+"."); !ok || !form.Words(rest) {
		errs = append(errs, fmt.Errorf("rule %.60s: the id is not the name of its check, %s, a dot and words of a-z, 0-9 and '-'", r.ID, check))
	}
	if r.Explain == "" || r.Since == "" {
		errs = append(errs, fmt.Errorf("rule %s: no Explain or no Since", r.ID))
	}
	if err := ValidateTitle(report.Finding{Title: r.Title, Subject: report.System.Of(r.ID)}); err != nil {
		errs = append(errs, fmt.Errorf("rule %s: %w", r.ID, err))
	}
	return errors.Join(errs...)
}

// ValidateTitle reports whether f's title keeps the grammar: one line that
// begins with a capital letter, or with something that the finding names as it
// spells itself, and has no full stop.
func ValidateTitle(f report.Finding) error {
	first, _ := utf8.DecodeRuneInString(f.Title)
	word, _, _ := strings.Cut(f.Title, " ")
	word = strings.Trim(word, `"',:;()`)
	named := func(a report.Attr) bool { return strings.Contains(a.Value, word) }
	switch {
	case f.Title == "" || strings.ContainsAny(f.Title, "\r\n"):
		return fmt.Errorf("title %.80q is not one line", f.Title)
	case strings.HasSuffix(f.Title, ".") && !strings.HasSuffix(f.Title, "..."):
		return fmt.Errorf("title %.80q ends with a full stop", f.Title)
	case !unicode.IsLower(first) || slices.ContainsFunc(slices.Concat([]report.Attr{f.Subject}, f.Identity, f.Evidence), named):
		return nil
	}
	return fmt.Errorf("title %.80q begins neither with a capital letter nor with what it is about", f.Title)
}

// ValidateMetric reports whether m keeps the grammar of Prometheus: words joined by
// '_', the base unit at the end of the name (_bytes, _seconds, _ratio), then
// _total for counters alone, and no value that changes in a label.
func ValidateMetric(m report.Metric) error { return validateNumber(m.Name, m.Unit, m.Attrs) }

// ValidateSeries reports whether s keeps the grammar of a Metric.
func ValidateSeries(s report.Series) error { return validateNumber(s.Name, s.Unit, s.Attrs) }

func validateNumber(name, unit string, attrs []report.Attr) error {
	if err := form.Metric(name, unit); err != nil {
		return err
	}
	for _, a := range attrs {
		if !a.Key.Labels() {
			return fmt.Errorf("metric %s: %s is a value, not a label", name, a.Key)
		}
	}
	return nil
}
