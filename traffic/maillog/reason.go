package maillog

import (
	"bytes"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// Bounds of a reason: bytes that are looked at, and characters that are shown.
const (
	maxRaw    = 1024
	maxReason = 120
)

// reason gives a reply without what differs from message to message: addresses
// are <>, and serial numbers #. Of a complaint all numbers are.
func (p *part) reason(raw []byte, complaint bool) text {
	text := raw[:min(len(raw), maxRaw)]
	if rest, ok := bytes.CutPrefix(text, []byte("host ")); ok {
		_, words, _ := bytes.Cut(rest, []byte(" "))
		for _, verb := range []string{"said: ", "refused to talk to me: "} {
			if reply, ok := bytes.CutPrefix(words, []byte(verb)); ok {
				text = reply
			}
		}
	}
	if i := bytes.LastIndex(text, []byte(" (in reply to ")); i >= 0 && bytes.IndexByte(text[i:len(text)-1], ')') < 0 {
		text = text[:i]
	}
	begin := len(p.reasons)
	for text = bytes.TrimSpace(text); len(text) > 0; {
		text = text[p.piece(text, complaint):]
	}
	reason := p.reasons[begin:]
	if len(p.stats.pseudonyms.Secret) > 0 {
		reason = known(reason)
	}
	if len(reason) > maxReason {
		reason = []byte(prose.Clip(string(reason), maxReason))
	}
	return p.text(reason)
}

// piece writes what stands at the front of a reply, and tells how long it was.
func (p *part) piece(b []byte, complaint bool) int {
	switch b[0] {
	case '<':
		if i := bytes.IndexAny(b[1:], "<>"); i >= 0 && b[i+1] == '>' {
			p.reasons = append(p.reasons, "<>"...)
			return i + 2
		}
	case '[':
		if n := bracketed(b); n > 0 {
			p.reasons = append(p.reasons, "<>"...)
			return n
		}
	}
	n := wordLen(b)
	if n == 0 {
		p.reasons = append(p.reasons, b[0])
		return 1
	}
	if (string(b[:n]) == "http" || string(b[:n]) == "https") && bytes.HasPrefix(b[n:], []byte("://")) {
		p.reasons = append(p.reasons, "<>"...)
		if end := bytes.IndexByte(b, ' '); end >= 0 {
			return end
		}
		return len(b)
	}
	p.word(b[:n], complaint)
	return n
}

// bracketed gives the length of an address in brackets, with a port behind it.
func bracketed(b []byte) int {
	n := 1
	for n < len(b) && (isHex(b[n]) || b[n] == '.' || b[n] == ':') {
		n++
	}
	if n < 2 || n == len(b) || b[n] != ']' {
		return 0
	}
	n++
	port := n + 1
	for port < len(b) && b[n] == ':' && classes[b[port]]&digit != 0 {
		port++
	}
	if port > n+1 {
		return port
	}
	return n
}

// Classes of bytes.
const (
	inWord = 1 << iota
	inSerial
	hexDigit
	digit
)

var classes = func() (c [256]byte) {
	for b := range c {
		if '0' <= b && b <= '9' {
			c[b] = inWord | inSerial | hexDigit | digit
		}
		if low := b | 0x20; 'a' <= low && low <= 'z' {
			c[b] = inWord | inSerial
			if low <= 'f' {
				c[b] |= hexDigit
			}
		}
	}
	for _, b := range "_.+=@-" {
		c[b] = inWord
	}
	return c
}()

func isHex(c byte) bool { return classes[c]&hexDigit != 0 }

func wordLen(b []byte) int {
	n := 0
	for n < len(b) && classes[b[n]]&inWord != 0 {
		n++
	}
	return n
}

// word writes a word: an address is <>, and of others each part that looks like a
// serial number is #.
func (p *part) word(w []byte, complaint bool) {
	if at := bytes.IndexByte(w, '@'); at > 0 && at < len(w)-1 || dotted(w) {
		p.reasons = append(p.reasons, "<>"...)
		return
	}
	for len(w) > 0 {
		n, all, seen, late := 0, byte(0xff), false, false
		for n < len(w) && classes[w[n]]&inSerial != 0 {
			all &= classes[w[n]]
			late = late || seen && classes[w[n]]&digit == 0
			seen = seen || classes[w[n]]&digit != 0
			n++
		}
		switch {
		case n == 0:
			p.reasons = append(p.reasons, w[0])
			n = 1
		case n >= 8 && (all&hexDigit != 0 || late), n >= 4 && all&digit != 0:
			p.reasons = append(p.reasons, '#')
		case complaint && seen:
			p.digits(w[:n])
		default:
			p.reasons = append(p.reasons, w[:n]...)
		}
		w = w[n:]
	}
}

// digits writes # for each number of a word.
func (p *part) digits(w []byte) {
	for i, c := range w {
		switch {
		case classes[c]&digit == 0:
			p.reasons = append(p.reasons, c)
		case i == 0 || classes[w[i-1]]&digit == 0:
			p.reasons = append(p.reasons, '#')
		}
	}
}

// dotted knows an address of IPv4.
func dotted(w []byte) bool {
	dots := 0
	for i, c := range w {
		if c == '.' && i > 0 && w[i-1] != '.' {
			dots++
		} else if classes[c]&digit == 0 {
			return false
		}
	}
	return dots == 3 && w[len(w)-1] != '.'
}
