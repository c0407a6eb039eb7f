package weblog

import (
	"bytes"
	"time"
)

// parseCommon reads the lines of Apache, nginx and lighttpd. A virtual host may
// stand before the client, or in the place of ident; behind the agent a time in
// seconds (nginx) or microseconds (Apache).
//
//	192.0.2.7 - anna [25/Nov/2026:10:00:00 +0100] "GET /x HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0"
func (p *Parser) parseCommon(line []byte, e *Entry) bool {
	return p.plainCombined(line, e) || p.anyCommon(line, e)
}

// plainCombined reads the combined line that most are, of a client without a
// virtual host, in which nothing is escaped. It reads what anyCommon reads, or
// reports false.
func (p *Parser) plainCombined(line []byte, e *Entry) bool {
	client := bytes.IndexByte(line, ' ')
	if client < 1 || len(line) < client+4+stampLen || line[client+1] != '-' || line[client+2] != ' ' {
		return false
	}
	rest := line[client+3:]
	user := bytes.IndexByte(rest, ' ')
	if user < 1 || len(rest) < user+stampLen+len(` [] "" 200 0 "" ""`) || rest[user+1] != '[' || string(rest[user+2+stampLen:user+5+stampLen]) != `] "` {
		return false
	}
	stamp, text := rest[user+2:user+2+stampLen], rest[user+5+stampLen:]
	request := bytes.IndexByte(text, '"')
	if request < 0 || len(text) < request+len(`" 200 0 "" ""`) || text[request+1] != ' ' || text[request+5] != ' ' {
		return false
	}
	status, ok := number(text[request+2 : request+5])
	behind := text[request+6:]
	size := bytes.IndexByte(behind, ' ')
	if !ok || size < 1 || len(behind) < size+len(` "" ""`) || behind[size+1] != '"' {
		return false
	}
	tail := behind[size+2:]
	ref := bytes.IndexByte(tail, '"')
	if ref < 0 || len(tail) < ref+4 || tail[ref+1] != ' ' || tail[ref+2] != '"' {
		return false
	}
	end := bytes.IndexByte(tail[ref+3:], '"')
	length, believed := sizeOf(behind[:size])
	if end < 0 || !believed || bytes.IndexByte(text[:len(text)-len(tail)+ref+3+end], '\\') >= 0 || !p.clock(stamp, e) {
		return false
	}
	e.Format, e.Client, e.User, e.Status = Combined, line[:client], unset(rest[:user]), int(status)
	e.request(text[:request])
	e.Bytes = length
	e.Referrer, e.Agent = unset(tail[:ref]), unset(tail[ref+3:ref+3+end])
	if tail = tail[ref+4+end:]; len(tail) > 0 {
		e.behind(bytes.TrimPrefix(tail, []byte(" ")))
	}
	return true
}

func (p *Parser) anyCommon(line []byte, e *Entry) bool {
	front, stamp, rest, ok := cutTime(line)
	if !ok || !p.clock(stamp, e) || !e.who(front) {
		return false
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return false
	}
	status, rest := field(rest)
	n, ok := number(status)
	if !ok || n > 999 {
		return false
	}
	size, rest := field(rest)
	e.Status = int(n)
	if e.Bytes, ok = sizeOf(size); !ok {
		return false
	}
	e.request(request)
	e.Format = Common
	ref, rest, ok := quoted(rest)
	if !ok {
		return true
	}
	agent, rest, ok := quoted(rest)
	if !ok {
		return true
	}
	e.Format, e.Referrer, e.Agent = Combined, unset(ref), unset(agent)
	e.behind(rest)
	return true
}

// cutTime finds " [25/Nov/2026:10:00:00 +0100] " before a quote. The user before it is
// what a client sent, brackets and blanks among it, but for quotes, which are escaped.
func cutTime(line []byte) (front, stamp, rest []byte, ok bool) {
	for at := 0; ; {
		i := bytes.Index(line[at:], []byte(`] "`))
		if i < 0 {
			return nil, nil, nil, false
		}
		at += i
		if begin := at - stampLen - len(" ["); begin >= 0 && string(line[begin:begin+2]) == " [" {
			return line[:begin], line[begin+2 : at], line[at+2:], true
		}
		at++
	}
}

// who reads what stands before the time.
func (e *Entry) who(b []byte) bool {
	first, rest := field(b)
	second, rest := field(rest)
	third, fourth := field(rest)
	if len(first) == 0 || len(third) == 0 {
		return false
	}
	if len(fourth) > 0 && bytes.IndexByte(fourth, ' ') < 0 && len(unset(third)) == 0 && !bytes.Equal(second, []byte("-")) {
		e.VHost, first, third = first, second, fourth
	} else if bytes.IndexByte(second, '.') > 0 {
		e.VHost = second
	}
	e.Client, e.User = first, unset(third)
	return true
}

// behind takes a last number for the time that the request took.
func (e *Entry) behind(b []byte) {
	word := bytes.Trim(b[bytes.LastIndexByte(b, ' ')+1:], `"`)
	if n, ok := number(word); ok {
		e.Took = time.Duration(n) * time.Microsecond
	} else if whole, part, ok := bytes.Cut(word, []byte(".")); ok {
		s, ok1 := number(whole)
		f, ok2 := number(part)
		if ok1 && ok2 && len(part) <= 6 && s < 1<<30 {
			for range 6 - len(part) {
				f *= 10
			}
			e.Took = time.Duration(s)*time.Second + time.Duration(f)*time.Microsecond
		}
	}
}

const stampLen = len("25/Nov/2026:10:00:00 +0100")

// clock reads the time of a combined line, whose day and zone often are those of
// the line before.
func (p *Parser) clock(b []byte, e *Entry) bool {
	if len(b) != stampLen {
		return false
	}
	if string(b[:12]) == string(p.stamp[:12]) && string(b[20:]) == string(p.stamp[20:]) && b[14] == ':' && b[17] == ':' {
		hour, minute, second := two(b[12:]), two(b[15:]), two(b[18:])
		if hour > 23 || minute > 59 || second > 60 {
			return false
		}
		e.Time = p.midnight.Add(time.Duration(hour*3600+minute*60+second) * time.Second)
	} else {
		at, ok := clfTime(b)
		if !ok {
			return false
		}
		copy(p.stamp[:], b)
		p.midnight = at.Add(-time.Duration(two(b[12:])*3600+two(b[15:])*60+two(b[18:])) * time.Second)
		e.Time = at
	}
	e.Date, e.hour = b[:11], two(b[12:])
	return true
}

// two reads two digits; what is none is a hundred and more.
func two(b []byte) int {
	hi, lo := b[0]-'0', b[1]-'0'
	if hi > 9 || lo > 9 {
		return 100
	}
	return int(hi)*10 + int(lo)
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

func clfTime(b []byte) (time.Time, bool) {
	if b[2] != '/' || b[6] != '/' || b[11] != ':' || b[14] != ':' || b[17] != ':' || b[20] != ' ' {
		return time.Time{}, false
	}
	var n [7]int64
	for i, part := range [...][]byte{b[0:2], b[7:11], b[12:14], b[15:17], b[18:20], b[22:24], b[24:26]} {
		v, ok := number(part)
		if !ok {
			return time.Time{}, false
		}
		n[i] = v
	}
	month := bytes.Index([]byte(months), b[3:6])
	if month < 0 || month%3 != 0 || n[0] < 1 || n[0] > 31 || n[2] > 23 || n[3] > 59 || n[4] > 60 || n[5] > 23 {
		return time.Time{}, false
	}
	offset := time.Duration(n[5])*time.Hour + time.Duration(n[6])*time.Minute
	if b[21] == '-' {
		offset = -offset
	} else if b[21] != '+' {
		return time.Time{}, false
	}
	day := time.Date(int(n[1]), time.Month(month/3+1), int(n[0]), 0, 0, 0, 0, time.UTC)
	return day.Add(time.Duration(n[2]*3600+n[3]*60+n[4])*time.Second - offset), day.Day() == int(n[0])
}
