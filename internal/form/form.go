// Package form tells whether a text has the form of a path, an address, a time …
package form

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"
)

// Text takes anything but nothing.
func Text(s string) bool { return s != "" }

// Path takes an absolute, clean path.
func Path(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.Contains(s, "\x00") && path.Clean(s) == s
}

// Scheme takes "name:word".
func Scheme(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && rest != "" && Name(scheme) && Word(rest)
}

// Word takes anything without blanks and control bytes.
func Word(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0
}

// Unit takes the name of a unit of systemd.
func Unit(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	return dot > 0 && dot < len(s)-1 && !strings.Contains(s, "/") && Word(s)
}

// Addr takes an IP address in its shortest form.
func Addr(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.String() == s
}

// Listener takes a network and where on it somebody listens: "tcp/[::]:22".
func Listener(s string) bool {
	network, addr, ok := strings.Cut(s, "/")
	if !ok {
		return false
	}
	switch network {
	case "tcp", "udp", "sctp":
		a, err := netip.ParseAddrPort(addr)
		return err == nil && a.String() == addr
	case "unix":
		return addr != ""
	}
	return false
}

// Interface takes the name of a network interface.
func Interface(s string) bool {
	return len(s) <= 64 && !strings.Contains(s, "/") && Word(s)
}

// Time takes a time in UTC after RFC 3339.
func Time(s string) bool {
	t, err := time.Parse(time.RFC3339Nano, s)
	return err == nil && t.Location() == time.UTC
}

// Source takes the path of a log, or the journal.
func Source(s string) bool {
	return s == "journal" || strings.HasPrefix(s, "journal/") || Path(s)
}

// Target takes "scheme://rest".
func Target(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	return ok && rest != "" && Name(scheme) && Word(rest)
}

// Hex takes digits in base 16.
func Hex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Pair takes "field=value".
func Pair(s string) bool {
	field, _, ok := strings.Cut(s, "=")
	return ok && field != "" && Word(field)
}

// Name is the grammar of check names and schemes.
func Name(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 80
}

// Words takes words of a-z and 0-9 with '-' between them.
func Words(s string) bool {
	return Name(s) && !strings.Contains(s, ".") && s[0] != '-' && s[len(s)-1] != '-'
}

var baseUnits = []string{"bytes", "seconds", "ratio"}

// Metric says where the name of a number and its unit break the grammar of
// Prometheus: words joined by '_', the base unit at the end of the name (_bytes,
// _seconds, _ratio), then _total for counters alone.
func Metric(name, unit string) error {
	for _, word := range strings.Split(name, "_") {
		if !Words(word) || strings.Contains(word, "-") {
			return fmt.Errorf("metric %.60q is not made of words of a-z and 0-9, joined by '_'", name)
		}
	}
	if unit != "" && !slices.Contains(baseUnits, unit) {
		return fmt.Errorf("metric %s: %.20q is no base unit: bytes, seconds and ratio are, and a plain count has none", name, unit)
	}
	last := strings.TrimSuffix(name, "_total")
	last = last[strings.LastIndexByte(last, '_')+1:]
	if slices.Contains(baseUnits, last) != (unit != "") || unit != "" && last != unit {
		return fmt.Errorf("metric %s: its unit, %q, is not the end of its name", name, unit)
	}
	return nil
}
