package ere

import (
	"bytes"
	"errors"
)

var errBracket = errors.New("a [ is not closed")

// bracket reads a bracket expression behind its [. A backslash in it is one.
func (p *parser) bracket() (*node, error) {
	not := p.at < len(p.text) && p.text[p.at] == '^'
	if not {
		p.at++
	}
	var set bits
	for first := true; ; first = false {
		if p.at >= len(p.text) {
			return nil, errBracket
		}
		if p.text[p.at] == ']' && !first {
			p.at++
			break
		}
		if err := p.element(&set); err != nil {
			return nil, err
		}
	}
	if not {
		set = noNewline(set.not())
	}
	return &node{kind: one, set: set}, nil
}

// element takes a class, a range or a byte.
func (p *parser) element(set *bits) error {
	if rest := p.text[p.at:]; len(rest) > 1 && rest[0] == '[' && rest[1] == ':' {
		end := bytes.Index(rest[2:], []byte(":]"))
		if end < 0 {
			return errBracket
		}
		class, known := classes[string(rest[2:2+end])]
		if !known {
			return errors.New("there is no class of bytes of that name")
		}
		set.join(class)
		p.at += end + 4
		return nil
	}
	from, err := p.endpoint()
	if err != nil {
		return err
	}
	to := from
	if p.at+1 < len(p.text) && p.text[p.at] == '-' && p.text[p.at+1] != ']' {
		p.at++
		if to, err = p.endpoint(); err != nil {
			return err
		}
		if to < from {
			return errors.New("a range ends before it begins")
		}
	}
	for c := int(from); c <= int(to); c++ {
		set.add(byte(c))
	}
	return nil
}

// endpoint takes one byte, also as [.x.] or [=x=].
func (p *parser) endpoint() (byte, error) {
	rest := p.text[p.at:]
	if len(rest) > 1 && rest[0] == '[' && (rest[1] == '.' || rest[1] == '=') {
		end := bytes.Index(rest[2:], []byte{rest[1], ']'})
		switch {
		case end < 0:
			return 0, errBracket
		case end != 1:
			return 0, errors.New("there is no collating element of that name")
		}
		p.at += 5
		return rest[2], nil
	}
	p.at++
	return rest[0], nil
}

var classes = map[string]bits{
	"digit": ranges("09"), "lower": ranges("az"), "upper": ranges("AZ"), "alpha": ranges("azAZ"), "alnum": ranges("azAZ09"), "xdigit": ranges("09afAF"),
	"punct": ranges("!/:@[`{~"), "graph": ranges("!~"), "print": ranges(" ~"), "blank": ranges("  \t\t"), "space": ranges("  \t\r"), "cntrl": ranges("\x00\x1f\x7f\x7f"),
}

var wordBytes = ranges("azAZ09__")

// ranges makes a set of pairs of a first and a last byte.
func ranges(pairs string) bits {
	var s bits
	for i := 0; i < len(pairs); i += 2 {
		for c := int(pairs[i]); c <= int(pairs[i+1]); c++ {
			s.add(byte(c))
		}
	}
	return s
}
