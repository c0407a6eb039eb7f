package xmlpull

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// A place is where characters stand, which rules what they mean.
type place uint8

const (
	inText place = iota
	inAttr
	asItStands // in CDATA
)

// plain are the characters that are themselves everywhere.
var plain = func() (is [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		is[c] = c != '&' && c != '<' && c != ']'
	}
	is['\t'], is['\n'], is[0x7f] = true, true, true
	return is
}()

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// decode gives the characters that a text stands for: the text itself where that is all,
// else a copy.
func decode(raw []byte, at place) ([]byte, error) {
	i := 0
	for i < len(raw) && plain[raw[i]] {
		i++
	}
	if i == len(raw) {
		return raw, nil
	}
	if at == inText && bytes.Contains(raw, []byte("]]>")) || at == inAttr && bytes.IndexByte(raw, '<') >= 0 {
		return nil, bad("unquoted characters in", raw[i:])
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		switch {
		case r == '&' && at != asItStands:
			if r, n = entity(raw); n == 0 {
				return nil, bad("an entity that is not known,", raw)
			}
		case r == '\r':
			r = '\n'
			if bytes.HasPrefix(raw, []byte("\r\n")) {
				n = 2
			}
		case r == utf8.RuneError && n == 1:
			return nil, bad("no UTF-8:", raw)
		}
		if !isChar(r) {
			return nil, bad("no character of XML:", raw)
		}
		out, raw = utf8.AppendRune(out, r), raw[n:]
	}
	return out, nil
}

// entity reads "&lt;" or "&#60;"; its length is 0 where it is none.
func entity(raw []byte) (char rune, length int) {
	end := bytes.IndexByte(raw, ';')
	if end < 0 {
		return 0, 0
	}
	name := string(raw[1:end])
	if is, ok := entities[name]; ok {
		return rune(is[0]), end + 1
	}
	base, digits := 10, ""
	switch {
	case len(name) > 2 && name[:2] == "#x":
		base, digits = 16, name[2:]
	case len(name) > 1 && name[0] == '#':
		digits = name[1:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil || n > utf8.MaxRune {
		return 0, 0
	}
	if !utf8.ValidRune(rune(n)) {
		n = utf8.RuneError
	}
	return rune(n), end + 1
}

// isChar reports whether a character may be in a document.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000
}

// skip leaves out white space.
func skip(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\n' || text[0] == '\t' || text[0] == '\r') {
		text = text[1:]
	}
	return text
}

// letters may begin a name, and others be in one, in ASCII.
var letters, others = func() (first, more [256]bool) {
	for c := range byte(utf8.RuneSelf) {
		first[c] = c == '_' || c == ':' || c|0x20 >= 'a' && c|0x20 <= 'z'
		more[c] = first[c] || c >= '0' && c <= '9' || c == '.' || c == '-'
	}
	return first, more
}()

// nameLen is how much of a text could be a name.
func nameLen(text []byte) int {
	n := 0
	for n < len(text) && others[text[n]] {
		n++
	}
	return n
}

func isName(name []byte) bool { return len(name) > 0 && letters[name[0]] }

// isQualified reports whether it is a name with one prefix at most.
func isQualified(name []byte) bool { return isName(name) && bytes.Count(name, []byte(":")) < 2 }

// local is a name without its prefix.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i > 0 && i < len(name)-1 {
		return name[i+1:]
	}
	return name
}
