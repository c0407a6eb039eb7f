package syslog

import (
	"bytes"
	"strconv"
	"time"
)

// ownFormat reads the logs that programs write by themselves, with a header
// that is no syslog header.
func (p *Parser) ownFormat(h *Header, b []byte) bool {
	switch {
	case len(b) < 25:
		return false
	case b[0] == '@':
		return p.tai(h, b)
	case b[0] == '[':
		return p.apache(h, b)
	case b[4] == '/' && isDigit(b[0]):
		return p.nginx(h, b)
	case b[0] == 't' || b[0] == 'n':
		return p.audit(h, b)
	}
	return false
}

// taiEpoch is 1970 in TAI64, and taiLeap the seconds that TAI is ahead of UTC
// since 2017.
const (
	taiEpoch = 1 << 62
	taiLeap  = 37
)

// tai reads "@4000000065a0b1c2075bcd15 msg".
func (p *Parser) tai(h *Header, b []byte) bool {
	word, rest := nextWord(b)
	if len(word) != 25 {
		return false
	}
	sec, err := strconv.ParseUint(string(word[1:17]), 16, 64)
	nsec, err2 := strconv.ParseUint(string(word[17:]), 16, 32)
	if err != nil || err2 != nil || sec < taiEpoch+taiLeap || sec > taiEpoch+1<<34 || nsec >= 1e9 {
		return false
	}
	h.Format, h.HasZone = TAI64N, true
	h.Time = time.Unix(int64(sec-taiEpoch-taiLeap), int64(nsec)).UTC()
	h.Message = rest
	return true
}

// apache reads "[Mon Nov 02 03:04:05.123456 2026] [core:error] [pid 7:tid 8] msg"
// and its form without module and process.
func (p *Parser) apache(h *Header, b []byte) bool {
	end := bytes.IndexByte(b[:min(len(b), 40)], ']')
	if end < 25 || b[4] != ' ' || b[8] != ' ' || b[11] != ' ' || end+2 > len(b) {
		return false
	}
	month, day := monthOf(b[5], b[6], b[7]), dayOf(b[9:11])
	hour, minute, sec := two(b[12:14]), two(b[15:17]), two(b[18:20])
	nsec, rest := fraction(b[20:end])
	if month == 0 || len(rest) != 5 || rest[0] != ' ' || !isDigits(rest[1:]) || !clockOK(hour, minute, sec) {
		return false
	}
	year := two(rest[1:3])*100 + two(rest[3:])
	if day < 1 || day > daysIn(year, month) {
		return false
	}
	h.Format, h.Tag = Apache, b[:0]
	h.Time = time.Date(year, month, day, hour, minute, sec, nsec, p.location())
	h.Message = skipBlank(b[end+1:])
	h.level(bracketed(h.Message))
	return true
}

// bracketed gives the text of the brackets at the front of a message.
func bracketed(b []byte) []byte {
	end := bytes.IndexByte(b[:min(len(b), 40)], ']')
	if end < 2 || b[0] != '[' {
		return nil
	}
	return b[1:end]
}

// level takes the priority from a level such as "error" or "core:error".
func (h *Header) level(word []byte) {
	if i := bytes.LastIndexByte(word, ':'); i >= 0 {
		word = word[i+1:]
	}
	for i, name := range [...]string{"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"} {
		if string(word) == name {
			h.Priority, h.HasPriority = i, true
		}
	}
}

// nginx reads "2026/11/02 03:04:05 [error] 7#7: *8 msg".
func (p *Parser) nginx(h *Header, b []byte) bool {
	if b[7] != '/' || b[10] != ' ' || b[13] != ':' || b[16] != ':' || b[19] != ' ' {
		return false
	}
	year, month, day := two(b[0:2])*100+two(b[2:4]), time.Month(two(b[5:7])), two(b[8:10])
	hour, minute, sec := two(b[11:13]), two(b[14:16]), two(b[17:19])
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || !clockOK(hour, minute, sec) {
		return false
	}
	h.Format = Nginx
	h.Time = time.Date(year, month, day, hour, minute, sec, 0, p.location())
	h.Message = skipBlank(b[20:])
	h.level(bracketed(h.Message))
	return true
}

// audit reads the time of "type=… msg=audit(1764000000.123:42): …"; all of the
// line is message.
func (p *Parser) audit(h *Header, b []byte) bool {
	if !bytes.HasPrefix(b, []byte("type=")) && !bytes.HasPrefix(b, []byte("node=")) {
		return false
	}
	const mark = " msg=audit("
	i := bytes.Index(b[:min(len(b), 160)], []byte(mark))
	if i < 0 {
		return false
	}
	stamp := b[i+len(mark):]
	dot := bytes.IndexByte(stamp[:min(len(stamp), 16)], '.')
	if dot < 1 {
		return false
	}
	sec, err := strconv.ParseInt(string(stamp[:dot]), 10, 64)
	if err != nil {
		return false
	}
	nsec, _ := fraction(stamp[dot:])
	h.Format, h.HasZone, h.Tag = Audit, true, []byte("audit")
	h.Time = time.Unix(sec, int64(nsec)).UTC()
	return true
}
