package syslog

import (
	"bytes"
	"time"
)

// maxTag bounds what is taken for a program's name; longer is message.
const maxTag = 128

// afterTime reads "host tag[pid]: message" in all its shapes.
func (p *Parser) afterTime(h *Header, b []byte) {
	if h.Format == BSD {
		b = p.yearOrZone(h, b)
	}
	b = facility(b)
	h.Message = b
	if appleRepeated(h, b) {
		return
	}
	if takeTag(h, b, true) { // no host: written by a local program
		return
	}
	word, rest := nextWord(b)
	switch {
	case len(word) == 0:
	case takeTag(h, rest, false), takeOddTag(h, rest):
		h.Host = word
	case p.blankISO && takeOddTag(h, b): // fail2ban.actions   [1234]: x
	case bytes.Equal(rest, []byte("-- MARK --")):
		h.Host, h.Message, h.Mark = word, rest, true
	case lastRepeated(h, rest):
		h.Host, h.Message, h.Repeat = word, rest, true
	case !p.blankISO: // after "2026-11-02 03:04:05 " anything may stand
		h.Host, h.Message = word, rest
	}
}

// facility drops the "<auth.info> " that FreeBSD's syslogd -v writes.
func facility(b []byte) []byte {
	if len(b) == 0 || b[0] != '<' {
		return b
	}
	end := bytes.IndexByte(b, '>')
	if end < 0 || end > 24 || bytes.IndexByte(b[:end], ' ') >= 0 {
		return b
	}
	return skipBlank(b[end+1:])
}

// takeTag takes "tag[pid]: ", "tag: " and "tag[pid] " from the front of b.
// Where the word may as well be a host (strict), the colon needs a blank behind it.
func takeTag(h *Header, b []byte, strict bool) bool {
	i := 0
	for i < len(b) && i < maxTag && b[i] > ' ' && b[i] != ':' && b[i] != '[' && b[i] < 0x7f {
		i++
	}
	if i == 0 || i == len(b) {
		return false
	}
	tag, pid, rest := b[:i], []byte(nil), b[i:]
	if rest[0] == '[' {
		end := bytes.IndexByte(rest[:min(len(rest), 34)], ']')
		if end < 2 || bytes.IndexByte(rest[:end], ' ') >= 0 {
			return false
		}
		pid, rest = rest[1:end], rest[end+1:]
		if len(rest) > 0 && rest[0] != ':' && rest[0] != ' ' {
			return false
		}
	}
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
		if strict && len(rest) > 0 && rest[0] != ' ' || len(rest) > 0 && rest[0] == ':' {
			return false
		}
	} else if pid == nil {
		return false
	}
	if i := bytes.IndexByte(tag, '('); i > 0 && tag[len(tag)-1] == ')' { // sshd(pam_unix)
		tag = tag[:i]
	}
	h.Tag, h.PID, h.Message = tag, pid, skipOne(rest)
	return true
}

// takeOddTag takes "prog   [1]: " and "syslogd 1.4.1: " from the front of b.
func takeOddTag(h *Header, b []byte) bool {
	tag, rest := nextWord(b)
	if len(tag) == 0 || len(tag) > maxTag || len(rest) == 0 || bytes.IndexByte(tag, ':') >= 0 {
		return false
	}
	end := bytes.IndexByte(rest[:min(len(rest), 34)], ':')
	if end < 2 || len(rest) > end+1 && rest[end+1] != ' ' {
		return false
	}
	switch word := rest[:end]; {
	case word[0] == '[' && word[end-1] == ']' && isDigits(word[1:end-1]):
		h.PID = word[1 : end-1]
	case !isVersion(word):
		return false
	}
	h.Tag, h.Message = tag, skipOne(rest[end+1:])
	return true
}

func isDigits(b []byte) bool {
	return len(b) > 0 && bytes.IndexFunc(b, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// isVersion takes 1.4.1, v2.0 and #2.0, but not 192.0.2.1.
func isVersion(b []byte) bool {
	b = bytes.TrimLeft(b, "v#")
	dots := bytes.Count(b, []byte("."))
	return dots > 0 && dots < 3 && isDigits(bytes.ReplaceAll(b, []byte("."), nil))
}

// yearOrZone takes a year or the name of a zone that some write behind a time
// which has neither: the zone is not believed, the year is.
func (p *Parser) yearOrZone(h *Header, b []byte) []byte {
	word, rest := nextWord(b)
	switch {
	case len(rest) == 0:
	case len(word) == 4 && isDigits(word) && (word[0] == '1' && word[1] == '9' || word[0] == '2' && word[1] == '0'):
		year := two(word[:2])*100 + two(word[2:])
		t := h.Time.In(p.location())
		if t.IsZero() || t.Day() > daysIn(year, t.Month()) {
			return b
		}
		h.Format = BSDYear
		h.Time = time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), p.location())
		return rest
	case isZoneName(word):
		return rest
	}
	return b
}

// isZoneName knows the zones whose names no host has.
func isZoneName(word []byte) bool {
	switch string(word) {
	case "UTC", "GMT", "CET", "CEST", "EET", "EEST", "WET", "WEST", "BST", "MSK", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "JST", "IST", "AEST", "AEDT", "NZST", "NZDT":
		return true
	}
	return false
}

// rfc5424 reads what follows "<34>1 ".
func (p *Parser) rfc5424(h *Header, b []byte) bool {
	stamp, rest := nextWord(b)
	if !bytes.Equal(stamp, []byte("-")) {
		left, ok := p.isoTime(h, stamp)
		if !ok || len(left) > 0 {
			h.Time, h.HasZone = time.Time{}, false
			return false
		}
	}
	var fields [4][]byte
	for i := range fields {
		fields[i], rest = nextWord(rest)
		if len(fields[i]) == 0 {
			return false
		}
		if len(fields[i]) == 1 && fields[i][0] == '-' {
			fields[i] = nil
		}
	}
	data, rest, ok := structured(rest)
	if !ok {
		return false
	}
	h.Format = RFC5424
	h.Host, h.Tag, h.PID, h.MsgID = fields[0], fields[1], fields[2], fields[3]
	// rsyslogd puts the blank that followed the tag in front of the message.
	h.Data, h.Message = data, bytes.TrimPrefix(skipBlank(rest), []byte("\xef\xbb\xbf"))
	return true
}

// structured takes "-" or [id name="value" …]… from the front of b.
func structured(b []byte) (data, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '-' {
		return nil, skipOne(b[1:]), len(b) == 1 || b[1] == ' '
	}
	i := 0
	for i < len(b) && b[i] == '[' {
		end := elementEnd(b[i:])
		if end < 0 {
			return nil, b, false
		}
		i += end
	}
	return b[:i], skipOne(b[i:]), i > 0 && (i == len(b) || b[i] == ' ')
}

// elementEnd gives the index behind the ] that closes the element at b[0].
func elementEnd(b []byte) int {
	quoted := false
	for i := 1; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			i++
		case b[i] == '"':
			quoted = !quoted
		case b[i] == ']' && !quoted:
			return i + 1
		}
	}
	return -1
}

// kernelUptime moves "[   12.345678] " from the kernel's message.
func kernelUptime(h *Header) {
	m := h.Message
	if len(m) < 5 || m[0] != '[' || string(h.Tag) != "kernel" {
		return
	}
	end := bytes.IndexByte(m[:min(len(m), 24)], ']')
	if end < 0 {
		return
	}
	inner := skipBlank(m[1:end])
	if len(inner) == 0 || bytes.IndexFunc(inner, notUptime) >= 0 {
		return
	}
	h.Uptime, h.Message = inner, skipOne(m[end+1:])
}

func notUptime(r rune) bool { return (r < '0' || r > '9') && r != '.' }

// solarisID moves "[ID 123456 auth.info] " from the message.
func solarisID(h *Header) {
	m := h.Message
	if len(m) < 5 || string(m[:4]) != "[ID " {
		return
	}
	if end := bytes.IndexByte(m[:min(len(m), 48)], ']'); end > 0 {
		h.MsgID, h.Message = m[4:end], skipOne(m[end+1:])
	}
}

// repeated reads rsyslog's "message repeated N times: [ msg]".
func repeated(h *Header) {
	m := h.Message
	if len(m) < 20 || m[0] != 'm' {
		return
	}
	n, rest, ok := times(m, "message repeated ")
	if !ok || len(rest) < 4 || string(rest[:3]) != ": [" || rest[len(rest)-1] != ']' {
		return
	}
	h.Events, h.Message = n, bytes.TrimPrefix(rest[3:len(rest)-1], []byte(" "))
}

// lastRepeated reads BSD's "last message repeated N times".
func lastRepeated(h *Header, b []byte) bool {
	n, rest, ok := times(b, "last message repeated ")
	if !ok || len(rest) > 0 {
		return false
	}
	h.Events = n
	return true
}

// appleRepeated reads "--- last message repeated N times ---" of macOS, which stands behind
// a time or alone.
func appleRepeated(h *Header, b []byte) bool {
	n, rest, ok := times(b, "--- last message repeated ")
	if !ok || string(rest) != " ---" {
		return false
	}
	h.Repeat, h.Events = true, n
	return true
}

// maxEvents bounds what one repeat line may claim.
const maxEvents = 10_000_000

// times reads prefix, a number and " times" or " time".
func times(b []byte, prefix string) (int, []byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return 0, b, false
	}
	n, i := 0, len(prefix)
	for i < len(b) && isDigit(b[i]) && n <= maxEvents {
		n = n*10 + int(b[i]-'0')
		i++
	}
	rest := b[i:]
	if i == len(prefix) || n == 0 || !bytes.HasPrefix(rest, []byte(" time")) {
		return 0, b, false
	}
	return min(n, maxEvents), bytes.TrimPrefix(rest[5:], []byte("s")), true
}

// nextWord splits b at its first blank.
func nextWord(b []byte) (word, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], skipBlank(b[i+1:])
	}
	return b, nil
}

func skipOne(b []byte) []byte {
	if len(b) > 0 && b[0] == ' ' {
		return b[1:]
	}
	return b
}
