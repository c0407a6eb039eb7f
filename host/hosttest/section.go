package hosttest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// A section is one "-- ... --" line and what follows it.
type section struct {
	line  int    // of the marker, from one
	kind  string // "machine", "$", "stderr", "dial" or "" for a file
	name  string // of a file or dial section
	args  []string
	attrs []attr
	body  []byte // raw; see content
}

// An attr is one word after a section's name: key, or key=value.
type attr struct {
	key, value string
	hasValue   bool
}

// split cuts a text into its comment and its sections.
func split(text []byte) (comment string, sections []section, err error) {
	start, line := 0, 0
	for at := 0; at < len(text); {
		line++
		end := lineEnd(text, at)
		inner, isMarker := marker(text[at:end])
		if isMarker {
			closeSection(text[start:at], &comment, sections)
			s, err := parseMarker(inner)
			if err != nil {
				return "", nil, fmt.Errorf("line %d: %w", line, err)
			}
			s.line = line
			sections = append(sections, s)
			start = end
		}
		at = end
	}
	closeSection(text[start:], &comment, sections)
	return comment, sections, nil
}

func closeSection(body []byte, comment *string, sections []section) {
	if len(sections) == 0 {
		*comment = string(body)
		return
	}
	sections[len(sections)-1].body = body
}

// lineEnd returns the offset after the line that starts at at.
func lineEnd(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// marker returns what stands between the dashes of a section line. A carriage
// return is cut first, so that a text with DOS line ends is refused for what it
// is and not taken for one long comment.
func marker(line []byte) (inner string, ok bool) {
	s := strings.TrimRight(string(line), "\r\n")
	if len(s) < len("-- x --") || !strings.HasPrefix(s, "-- ") || !strings.HasSuffix(s, " --") {
		return "", false
	}
	inner = s[3 : len(s)-3]
	if bytes.HasSuffix(line, []byte("\r\n")) {
		inner += "\r"
	}
	return inner, true
}

// parseMarker parses the inside of a section line.
func parseMarker(inner string) (section, error) {
	if strings.HasSuffix(inner, "\r") {
		return section{}, fmt.Errorf("section line with a carriage return")
	}
	s := section{}
	rest := strings.TrimLeft(inner, " ")
	var err error
	switch {
	case strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, `"`):
		s.name, rest, err = word(rest)
	case strings.HasPrefix(rest, "$ "):
		s.kind = "$"
		s.args, rest, err = vector(strings.TrimLeft(rest[2:], " "))
	case strings.HasPrefix(rest, "dial "):
		s.kind = "dial"
		s.name, rest, err = word(strings.TrimLeft(rest[5:], " "))
	default:
		s.kind, rest, _ = strings.Cut(rest, " ")
		if s.kind != "machine" && s.kind != "stderr" {
			err = fmt.Errorf("no path, $, dial, machine or stderr: %q", inner)
		}
	}
	if err != nil {
		return section{}, err
	}
	s.attrs, err = parseAttrs(rest)
	return s, err
}

// word reads a bare word or a Go string and returns what follows it.
func word(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, " ")
		return value, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", fmt.Errorf("bad quoted word: %.80q", s)
	}
	rest = s[len(quoted):]
	if rest != "" && rest[0] != ' ' {
		return "", "", fmt.Errorf("no space after %s", quoted)
	}
	value, err = strconv.Unquote(quoted)
	return value, rest, err
}

// vector reads ["a", "b"], where the elements are Go strings.
func vector(s string) (args []string, rest string, err error) {
	bad := fmt.Errorf("bad argument vector: %.80q", s)
	rest, ok := strings.CutPrefix(s, "[")
	if !ok {
		return nil, "", bad
	}
	for {
		rest = strings.TrimLeft(rest, " ")
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil || quoted[0] != '"' {
			return nil, "", bad
		}
		arg, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, "", bad
		}
		args = append(args, arg)
		rest = strings.TrimLeft(rest[len(quoted):], " ")
		if after, ok := strings.CutPrefix(rest, "]"); ok {
			return args, after, nil
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return nil, "", bad
		}
	}
}

func parseAttrs(rest string) ([]attr, error) {
	var attrs []attr
	seen := map[string]bool{}
	for rest = strings.TrimLeft(rest, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		a := attr{}
		end := strings.IndexAny(rest, " =")
		if end < 0 {
			end = len(rest)
		}
		a.key, rest = rest[:end], rest[end:]
		if value, ok := strings.CutPrefix(rest, "="); ok {
			a.hasValue = true
			var err error
			if a.value, rest, err = word(value); err != nil {
				return nil, err
			}
		}
		if seen[a.key] {
			return nil, fmt.Errorf("attribute %s given twice", a.key)
		}
		seen[a.key] = true
		attrs = append(attrs, a)
	}
	return attrs, nil
}

// take removes the attribute key and returns it.
func (s *section) take(key string) (a attr, ok bool) {
	for i, a := range s.attrs {
		if a.key == key {
			s.attrs = append(s.attrs[:i:i], s.attrs[i+1:]...)
			return a, true
		}
	}
	return attr{}, false
}

// flag takes an attribute that has no value.
func (s *section) flag(key string) (bool, error) {
	a, ok := s.take(key)
	if ok && a.hasValue {
		return false, fmt.Errorf("attribute %s takes no value", key)
	}
	return ok, nil
}

// content decodes the body: base64 and chomp are its attributes.
func (s *section) content() ([]byte, error) {
	inBase64, err := s.flag("base64")
	if err != nil {
		return nil, err
	}
	chomp, err := s.flag("chomp")
	if err != nil {
		return nil, err
	}
	switch {
	case inBase64 && chomp:
		return nil, fmt.Errorf("base64 and chomp exclude each other")
	case inBase64:
		data, err := base64.StdEncoding.DecodeString(string(s.body)) // skips newlines
		if err != nil {
			return nil, fmt.Errorf("bad base64: %w", err)
		}
		return data, nil
	case chomp:
		return bytes.Clone(bytes.TrimSuffix(s.body, []byte("\n"))), nil
	}
	return bytes.Clone(s.body), nil
}

// done refuses what no reader of this kind of section has taken.
func (s *section) done() error {
	if len(s.attrs) > 0 {
		return fmt.Errorf("unknown attribute %q", s.attrs[0].key)
	}
	return nil
}

// noBody refuses content where there is none to have.
func (s *section) noBody() error {
	if len(bytes.TrimSpace(s.body)) > 0 {
		return fmt.Errorf("content where none can be")
	}
	return nil
}
