// Package term is what a program needs to write for a terminal or a plain text
// mail: it makes hostile text visible, and measures, cuts, pads and wraps by
// display width.
//
//	line := term.Pad(term.Truncate(term.Visible(name), 20, "…"), 20)
//
// It writes no colours, reads no environment, and keeps no terminal state.
//
// # Design
//
// Visible lets through only what a terminal shows as a character of its own.
// Everything else is spelled out, never dropped, so that two names which
// differ by an invisible character look different. The table of widths is our
// own and small: it holds what is wide, and takes the rest of Unicode's
// classes from the standard library.
package term

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one character may carry. Natural
// languages stop at two; more is an attack on the lines around it, and on the
// 998 octets of a mail line.
const maxMarks = 2

// Visible spells out what a terminal would obey or hide: control characters
// become their pictures (␛ for escape, ␊ for a newline), bytes that are not
// UTF-8 become \xNN, and bidirectional, zero-width, private and unassigned
// characters, blanks other than the space and piled-up combining marks become
// \u{202e}. The result is valid UTF-8 on one line.
func Visible(s string) string { return spell(s, picture, func(r rune) bool { return true }) }

// Escape is Visible for text that is quoted: a control byte becomes \x1b.
func Escape(s string) string { return spell(s, hexByte, func(r rune) bool { return true }) }

// ASCII is Visible for terminals that know ASCII only: é becomes \u{e9}, and a
// control byte \x1b.
func ASCII(s string) string {
	return spell(s, hexByte, func(r rune) bool { return r < utf8.RuneSelf })
}

// spell copies s; control spells the characters below 0x20 and DEL, and keep
// says which printable characters may stand as they are.
func spell(s string, control func(byte) string, keep func(rune) bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	marks := maxMarks // none may stand at the start: it would join the renderer's text
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		mark := RuneWidth(r) == 0
		spelled := ""
		switch {
		case r == utf8.RuneError && n == 1:
			spelled = hexByte(s[i])
		case r < 0x20 || r == 0x7f:
			spelled = control(byte(r))
		case invisible(r), !keep(r), mark && marks >= maxMarks:
			spelled = escape(r)
		}
		switch {
		case spelled != "":
			b.WriteString(spelled)
			marks = maxMarks // nor may one follow what is spelled
		case mark:
			b.WriteString(s[i : i+n])
			marks++
		default:
			b.WriteString(s[i : i+n])
			marks = 0
		}
		i += n
	}
	return b.String()
}

// plain reports whether s is printable ASCII, the common case.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// picture gives Unicode's control picture of a control character.
func picture(c byte) string {
	if c == 0x7f {
		return "␡"
	}
	return string('␀' + rune(c))
}

const hexDigits = "0123456789abcdef"

func hexByte(c byte) string { return `\x` + string([]byte{hexDigits[c>>4], hexDigits[c&15]}) }

func escape(r rune) string {
	digits := ""
	for ; r > 0; r >>= 4 {
		digits = string(hexDigits[r&15]) + digits
	}
	return `\u{` + digits + `}`
}

// invisible reports whether r is nothing that a reader can see, or reorders
// what he sees.
func invisible(r rune) bool { return !unicode.IsPrint(r) || unicode.Is(blank, r) }

// blank holds what Unicode calls letters, marks or symbols although nothing is
// shown: fillers, joiners, variation selectors, the empty braille cell.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x034f, 0x034f, 1},
		{0x115f, 0x1160, 1},
		{0x17b4, 0x17b5, 1},
		{0x180b, 0x180f, 1},
		{0x2800, 0x2800, 1},
		{0x3164, 0x3164, 1},
		{0xfe00, 0xfe0f, 1},
		{0xffa0, 0xffa0, 1},
		{0xfffc, 0xfffc, 1},
	},
	R32: []unicode.Range32{{0x1d159, 0x1d159, 1}, {0xe0000, 0xe0fff, 1}},
}
