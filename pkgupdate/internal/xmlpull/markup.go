package xmlpull

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// markup reads a tag, or whatever else stands in angle brackets, behind the first.
func (r *Reader) markup() error {
	var quote byte
	piece, err := r.read('>', func(piece, part []byte) bool {
		switch {
		case piece[0] != '?' && piece[0] != '!':
		case piece[0] == '?':
			return len(piece) > 2 && bytes.HasSuffix(piece, []byte("?>"))
		case bytes.HasPrefix(piece, []byte("!--")):
			return len(piece) >= len("!---->") && bytes.HasSuffix(piece, []byte("-->"))
		case bytes.HasPrefix(piece, []byte(cdata)):
			return bytes.HasSuffix(piece, []byte("]]>"))
		}
		quote = quoted(part, quote)
		return quote == 0
	})
	if err != nil {
		return err
	}
	r.tag = false
	switch inner := piece[:len(piece)-1]; {
	case len(inner) == 0:
		return bad("an empty tag", inner)
	case inner[0] == '?':
		return instruction(inner[1 : len(inner)-1])
	case inner[0] == '!':
		return r.special(inner)
	case inner[0] == '/':
		return r.ended(inner[1:])
	default:
		return r.started(inner)
	}
}

const cdata = "![CDATA["

// quoted is the quote that is open behind part, where one was before it; 0 for none.
func quoted(part []byte, quote byte) byte {
	for i := 0; i < len(part); i++ {
		if quote != 0 {
			n := bytes.IndexByte(part[i:], quote)
			if n < 0 {
				return quote
			}
			i, quote = i+n, 0
		} else if part[i] == '"' || part[i] == '\'' {
			quote = part[i]
		}
	}
	return quote
}

func bad(what string, text []byte) error {
	return fmt.Errorf("%s %.60q: %w", what, text, ErrSyntax)
}

// special reads a comment, or text that is taken as it stands. Of what a document may say
// about itself only its kind is taken, and not looked up.
func (r *Reader) special(inner []byte) error {
	switch {
	case bytes.HasPrefix(inner, []byte("!--")):
		if bytes.Contains(inner[len("!--"):len(inner)-1], []byte("--")) {
			return bad("a comment", inner)
		}
		return nil
	case bytes.HasPrefix(inner, []byte(cdata)):
		var err error
		r.kind = text
		r.text, err = decode(inner[len(cdata):len(inner)-len("]]")], asItStands)
		return err
	case bytes.HasPrefix(inner, []byte("!DOCTYPE ")) && !bytes.ContainsAny(inner, "[<"):
		return nil
	}
	return bad("a definition", inner)
}

// instruction reads "xml version=…", and passes over what is for other programs.
func instruction(inner []byte) error {
	n := nameLen(inner)
	target, rest := inner[:n], inner[n:]
	if !isName(target) || len(rest) > 0 && rest[0] >= utf8.RuneSelf {
		return bad("an instruction", inner)
	}
	if string(target) != "xml" {
		return nil
	}
	list, err := attributes(nil, rest)
	for _, a := range list {
		value := string(a.value)
		switch string(a.name) {
		case "version":
			value = strings.TrimPrefix(value, "1.0")
		case "encoding":
			value = strings.TrimPrefix(strings.ToLower(value), "utf-8")
		case "standalone":
			value = strings.TrimPrefix(strings.TrimPrefix(value, "yes"), "no")
		}
		if value != "" && err == nil {
			err = bad("a declaration with", a.value)
		}
	}
	return err
}

// started reads the inner part of a start: a name, attributes, and perhaps a slash.
func (r *Reader) started(inner []byte) error {
	if len(r.ends) >= MaxDepth {
		return fmt.Errorf("more than %d elements in each other: %w", MaxDepth, ErrTooMuch)
	}
	body, alone := bytes.CutSuffix(inner, []byte("/"))
	n := nameLen(body)
	if !isQualified(body[:n]) {
		return bad("an element", inner)
	}
	r.kind, r.alone, r.began = start, alone, append(r.began[:0], local(body[:n])...)
	r.open = append(r.open, body[:n]...)
	r.ends = append(r.ends, len(r.open))
	var err error
	r.attrs, err = attributes(r.attrs[:0], body[n:])
	return err
}

// attributes reads name="value" as often as it is there.
func attributes(list []attr, text []byte) ([]attr, error) {
	for text = skip(text); len(text) > 0; text = skip(text) {
		n := nameLen(text)
		name := text[:n]
		rest, found := bytes.CutPrefix(skip(text[n:]), []byte("="))
		rest = skip(rest)
		if !isQualified(name) || !found || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil, bad("an attribute", text)
		}
		length := bytes.IndexByte(rest[1:], rest[0])
		if length < 0 {
			return nil, bad("an attribute", text)
		}
		value, err := decode(rest[1:1+length], inAttr)
		if err != nil {
			return nil, err
		}
		list, text = append(list, attr{name, value}), rest[length+2:]
	}
	return list, nil
}

// ended reads the inner part of an end.
func (r *Reader) ended(inner []byte) error {
	n := nameLen(inner)
	if len(r.ends) == 0 || n == 0 || !bytes.Equal(inner[:n], r.name()) || len(skip(inner[n:])) > 0 {
		return bad("an end", inner)
	}
	r.kind = end
	r.pop()
	return nil
}

// name is that of the innermost open element, with its prefix.
func (r *Reader) name() []byte {
	from := 0
	if n := len(r.ends); n > 1 {
		from = r.ends[n-2]
	}
	return r.open[from:]
}

func (r *Reader) pop() {
	r.open = r.open[:len(r.open)-len(r.name())]
	r.ends = r.ends[:len(r.ends)-1]
}
