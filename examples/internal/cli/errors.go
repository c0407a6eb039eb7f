package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/internal/config"
)

// Line makes one line of an error that may have several, safe for a terminal.
func Line(err error) string {
	var parts []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			parts = append(parts, line)
		}
	}
	return Visible(strings.Join(parts, "; "))
}

// advised is an error with what to do about it.
type advised struct {
	err    error
	advice string
}

func (e *advised) Error() string { return e.err.Error() + "; " + e.advice }

func (e *advised) Unwrap() error { return e.err }

// Advise adds to an error what to do about it, unless that is said already.
func Advise(err error, format string, args ...any) error {
	var said *advised
	if err == nil || errors.As(err, &said) {
		return err
	}
	return &advised{err, fmt.Sprintf(format, args...)}
}

// Unknown is the error of a name that is none of those that there are.
func Unknown(what, name string, names []string) error {
	if best := config.Closest(name, names); best != "" {
		return fmt.Errorf("unknown %s %q; did you mean %s?", what, name, best)
	}
	return fmt.Errorf("unknown %s %q; there are %s", what, name, strings.Join(names, ", "))
}
