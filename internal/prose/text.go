package prose

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// List writes at most that many of the items and counts the rest: "a, b and c",
// "a, b and 3 more".
func List(items []string, most int) string {
	return ListOf(items[:min(len(items), max(most, 0))], len(items))
}

// ListOf is List where only the first of all items are at hand.
func ListOf(first []string, all int) string {
	more := all - len(first)
	switch {
	case more > 0 && len(first) == 0:
		return Count(more, "other")
	case more > 0:
		return strings.Join(first, ", ") + fmt.Sprintf(" and %s more", Grouped(digitsOf(more)))
	case len(first) < 2:
		return strings.Join(first, "")
	}
	last := len(first) - 1
	return strings.Join(first[:last], ", ") + " and " + first[last]
}

// mark stands where text was cut off.
const mark = "…"

// Clip cuts s to at most that many bytes, of which the last are a mark where
// something was cut off. It cuts inside no rune.
func Clip(s string, most int) string {
	most = max(most, 0)
	if len(s) <= most {
		return s
	}
	if most < len(mark) {
		return s[:edge(s, most)]
	}
	return s[:edge(s, most-len(mark))] + mark
}

// edge gives the last place up to n where no rune is cut; bytes that belong to
// no rune may be cut anywhere.
func edge(s string, n int) int {
	for i := n; i >= 0 && i > n-utf8.UTFMax; i-- {
		if !utf8.RuneStart(s[i]) {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); i+size > n {
			return i
		}
		return n
	}
	return n
}

// Quote writes a command as a person types it: each argument is one word for the
// shells of today. One that holds control bytes, characters that are not seen,
// or no UTF-8 is written as $'...', so that what is shown is what is typed.
//
// Nothing is run from such text: programs get the arguments themselves.
func Quote(args ...string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = word(arg, i == 0)
	}
	return strings.Join(words, " ")
}

func word(s string, command bool) string {
	special := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("/._-@:+,%", r) || r == '=' && !command)
	}
	switch {
	case s == "":
		return "''"
	case !strings.ContainsFunc(s, special):
		return s
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unseen):
		return escaped(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// unseen reports whether a terminal shows something else than the character.
func unseen(r rune) bool { return !unicode.IsPrint(r) }

// escaped writes $'...' with three octal digits a byte, which no shell takes for
// more. A NUL ends the word there, and would make another name of it: in its
// place stands U+FFFD, of which nobody has a file.
func escaped(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		part := s[:size]
		s = s[size:]
		switch {
		case r == 0:
			part, r = string(utf8.RuneError), 0
			fallthrough
		case unseen(r), r == utf8.RuneError, strings.ContainsRune(`'\!`, r):
			for _, c := range []byte(part) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteString(part)
		}
	}
	b.WriteString("'")
	return b.String()
}
