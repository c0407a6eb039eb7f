package netprobe

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// commonOptions are those of every scheme.
var commonOptions = []Option{
	{"timeout", "how long the whole probe may take, such as 5s (default 10s)"},
	{"ip", "4 or 6: only addresses of IPv4, or of IPv6"},
	{"addresses", "any: one address that fails is a warning (default); all: it is critical"},
	{"warn", "range of seconds beyond which the probe is a warning, such as 0.5 or 500ms"},
	{"crit", "range of seconds beyond which the probe is critical"},
}

// TLSOptions returns the options of schemes that make a handshake, which the
// Parser reads into URL.Policy.
func TLSOptions() []Option {
	return []Option{
		{"ca", "file of the authorities to trust, in PEM (default: those of this system)"},
		{"cert-days", "WARN,CRIT: days that the certificate must be valid yet (default 14,7)"},
		{"name", "name to ask for and to verify, in place of the host's"},
	}
}

// AllOptions returns the options of a scheme, the common ones last.
func (s Scheme) AllOptions() []Option { return append(slices.Clone(s.Options), commonOptions...) }

// All returns the schemes that the parser knows, by name.
func (p Parser) All() []Scheme {
	all := append(slices.Clone(p.Schemes), plainSchemes()...)
	slices.SortStableFunc(all, func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b Scheme) bool { return a.Name == b.Name })
}

const maxPattern = 1000

// Pattern compiles the regular expression that is the value of an option; nil:
// there is none.
func (u URL) Pattern(name string) (*regexp.Regexp, error) {
	text := u.Get(name)
	if text == "" {
		return nil, nil
	}
	if len(text) > maxPattern {
		return nil, fmt.Errorf("%s has more than %d characters", name, maxPattern)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return re, nil
}

// NoPath refuses a path, which means nothing to such a scheme.
func (u URL) NoPath() error {
	path, _, _ := strings.Cut(u.Path, "?")
	if path != "" && path != "/" {
		return errors.New("a path means nothing to " + u.Scheme + "://")
	}
	return nil
}

// NoUser refuses a user where nobody logs in.
func (u URL) NoUser() error {
	if u.User != "" {
		return errors.New("nobody logs in by " + u.Scheme + "://")
	}
	return nil
}

// Bare refuses both.
func (u URL) Bare() error { return errors.Join(u.NoPath(), u.NoUser()) }
