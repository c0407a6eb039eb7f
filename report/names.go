package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValidateCheckName reports whether name is domain.question: two words or more
// of a-z, 0-9 and '-', joined by dots. These words are kept for ever, so they
// are tried by reporttest.TestChecker, and no run refuses others.
func ValidateCheckName(name string) error {
	parts := strings.Split(name, ".")
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return !validWords(p) }) {
		return fmt.Errorf("check name %q is not domain.question, of words of a-z, 0-9 and '-'", clip(name, 60))
	}
	return nil
}

// validWords takes words of a-z and 0-9 with '-' between them.
func validWords(s string) bool {
	return validName(s) && !strings.Contains(s, ".") && s[0] != '-' && s[len(s)-1] != '-'
}

// Validate reports whether r, a rule of check, is complete and keeps the grammar
// of words: the id is the check's name, a dot and words; the title begins with a
// capital letter, or with a name that stands in the id, and has no full stop.
func (r Rule) Validate(check string) error {
	errs := []error{r.validate()}
	if rest, ok := strings.CutPrefix(r.ID, check+"."); !ok || !validWords(rest) {
		errs = append(errs, fmt.Errorf("rule %s: the id is not the name of its check, %s, a dot and words of a-z, 0-9 and '-'", clip(r.ID, 60), check))
	}
	if r.Explain == "" || r.Since == "" {
		errs = append(errs, fmt.Errorf("rule %s: no Explain or no Since", r.ID))
	}
	if err := (Finding{Title: r.Title, Subject: System.Of(r.ID)}).ValidateTitle(); err != nil {
		errs = append(errs, fmt.Errorf("rule %s: %w", r.ID, err))
	}
	return errors.Join(errs...)
}

// ValidateTitle reports whether f's title keeps the grammar: one line that
// begins with a capital letter, or with something that the finding names as it
// spells itself, and has no full stop.
func (f Finding) ValidateTitle() error {
	first, _ := utf8.DecodeRuneInString(f.Title)
	word, _, _ := strings.Cut(f.Title, " ")
	word = strings.Trim(word, `"',:;()`)
	named := func(a Attr) bool { return strings.Contains(a.Value, word) }
	switch {
	case f.Title == "" || strings.ContainsAny(f.Title, "\r\n"):
		return fmt.Errorf("title %q is not one line", clip(f.Title, 80))
	case strings.HasSuffix(f.Title, ".") && !strings.HasSuffix(f.Title, "..."):
		return fmt.Errorf("title %q ends with a full stop", clip(f.Title, 80))
	case !unicode.IsLower(first) || slices.ContainsFunc(slices.Concat([]Attr{f.Subject}, f.Identity, f.Evidence), named):
		return nil
	}
	return fmt.Errorf("title %q begins neither with a capital letter nor with what it is about", clip(f.Title, 80))
}

// Validate reports whether m keeps the grammar of Prometheus: words joined by
// '_', the base unit at the end of the name (_bytes, _seconds, _ratio), then
// _total for counters alone, and no value that changes in a label.
func (m Metric) Validate() error { return validateNumber(m.Name, m.Unit, m.Attrs) }

// Validate reports whether s keeps the grammar of a Metric.
func (s Series) Validate() error { return validateNumber(s.Name, s.Unit, s.Attrs) }

var baseUnits = []string{"bytes", "seconds", "ratio"}

func validateNumber(name, unit string, attrs []Attr) error {
	for _, word := range strings.Split(name, "_") {
		if !validWords(word) || strings.Contains(word, "-") {
			return fmt.Errorf("metric %q is not made of words of a-z and 0-9, joined by '_'", clip(name, 60))
		}
	}
	if unit != "" && !slices.Contains(baseUnits, unit) {
		return fmt.Errorf("metric %s: %q is no base unit: bytes, seconds and ratio are, and a plain count has none", name, clip(unit, 20))
	}
	last := strings.TrimSuffix(name, "_total")
	last = last[strings.LastIndexByte(last, '_')+1:]
	if slices.Contains(baseUnits, last) != (unit != "") || unit != "" && last != unit {
		return fmt.Errorf("metric %s: its unit, %q, is not the end of its name", name, unit)
	}
	for _, a := range attrs {
		if a.Key.evidenceOnly() || a.Key == At {
			return fmt.Errorf("metric %s: %s is a value, not a label", name, a.Key)
		}
	}
	return nil
}
