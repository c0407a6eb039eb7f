package weblog

import (
	"bytes"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// Format is how a line was written. The zero Format is not known.
type Format uint8

// The formats.
const (
	Unknown  Format = iota
	Common          // host ident user [time] "request" status bytes
	Combined        // and "referrer" "agent"
	JSON
	HAProxy
	W3C
	Custom // as a Layout says
)

var formatNames = [...]string{"unknown", "common", "combined", "json", "haproxy", "w3c", "custom"}

// String gives the format's name.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return formatNames[0]
}

// An Entry is one request. Its slices point into the line; what the line does
// not say is empty.
type Entry struct {
	Format   Format
	Client   []byte // address or name
	User     []byte
	VHost    []byte
	Time     time.Time
	Date     []byte // as it stands in a combined line: 25/Nov/2026
	Method   []byte
	URL      []byte // with its query; as written
	Protocol []byte
	Status   int
	Bytes    int64
	Referrer []byte
	Agent    []byte
	Took     time.Duration // below zero: not said

	hour int // as it stands in a combined line
}

// A Parser reads lines of any format. It remembers the fields of a W3C log, and
// the day of the line before. The zero Parser works.
type Parser struct {
	Zone   *time.Location // of HAProxy's times, which name none; nil is UTC
	Layout *Layout        // that is tried first; nil: none

	fields   [][]byte
	words    [][]byte       // memory of a line's
	stamp    [stampLen]byte // of a line before
	midnight time.Time      // that began its day, in its zone
}

// Parse reads one line into e, which is overwritten. It reports false for a line
// that is no request; of a line that is none of any format the Format is Unknown.
func (p *Parser) Parse(line []byte, e *Entry) bool {
	*e = Entry{Took: -1}
	if p.Layout != nil && len(line) > 0 {
		if p.parseLayout(line, e) {
			return true
		}
		*e = Entry{Took: -1}
	}
	switch {
	case len(line) == 0:
		return false
	case line[0] == '#':
		if bytes.HasPrefix(line, []byte(fieldList)) {
			p.heading(line)
		}
		e.Format = W3C
		return false
	case line[0] == '{':
		return p.parseJSON(line, e)
	case p.fields != nil:
		if p.parseW3C(line, e) {
			return true
		}
		*e = Entry{Took: -1}
	}
	return p.parseCommon(line, e) || p.parseHAProxy(line, e)
}

// fieldList begins the line that names the fields of a W3C log.
const fieldList = "#Fields:"

// heading takes the fields from such a line; without one they are not known.
func (p *Parser) heading(line []byte) {
	p.fields = nil
	if list, ok := bytes.CutPrefix(line, []byte(fieldList)); ok {
		p.fields = bytes.Fields(bytes.Clone(list))
	}
}

// field cuts the text up to a blank.
func field(b []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(b, []byte(" "))
	return word, rest
}

// quoted cuts a text in quotes, in which \" is none, and the blank behind it.
func quoted(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	if end := bytes.IndexByte(b[1:], '"') + 1; end > 0 && bytes.IndexByte(b[1:end], '\\') < 0 {
		return b[1:end], bytes.TrimPrefix(b[end+1:], []byte(" ")), true
	}
	for i := 1; ; i++ {
		j := bytes.IndexAny(b[i:], `"\`)
		if j < 0 {
			return nil, b, false
		}
		if i += j; b[i] == '\\' {
			if i++; i >= len(b) {
				return nil, b, false
			}
			continue
		}
		rest = b[i+1:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
		return b[1:i], rest, true
	}
}

// number reads decimal digits; what is no number, such as "-", is not ok.
func number(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// sizeOf reads a number of bytes; what is no number, such as "-", is zero, and what
// nobody can believe not ok.
func sizeOf(b []byte) (n int64, ok bool) {
	n, isNumber := number(b)
	return n, n <= traffic.MaxBytes && (isNumber || len(b) < 18)
}

// unset gives an empty text for "-".
func unset(b []byte) []byte {
	if len(b) == 1 && b[0] == '-' {
		return nil
	}
	return b
}

// request cuts "GET /x HTTP/1.1". Without a known method and a protocol it is
// all of it the URL.
func (e *Entry) request(b []byte) {
	method, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok || !isMethod(method) {
		e.URL = b
		return
	}
	i := bytes.LastIndexByte(rest, ' ')
	if i < 0 || !isProtocol(rest[i+1:]) {
		e.Method, e.URL = method, rest
		return
	}
	e.Method, e.URL, e.Protocol = method, rest[:i], rest[i+1:]
}

func isMethod(b []byte) bool {
	switch string(b) {
	case "GET", "POST", "HEAD":
		return true
	}
	switch string(bytes.ToUpper(b[:min(len(b), 20)])) {
	case "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
		"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "VERSION-CONTROL", "CHECKOUT", "CHECKIN",
		"UNCHECKOUT", "MKWORKSPACE", "UPDATE", "LABEL", "MERGE", "BASELINE-CONTROL", "MKACTIVITY", "ORDERPATCH", "ACL", "MKCALENDAR", "BIND", "PRI":
		return true
	}
	return false
}

func isProtocol(b []byte) bool {
	switch string(b) {
	case "HTTP/1.1", "HTTP/2.0", "HTTP/1.0":
		return true
	}
	switch string(bytes.ToUpper(b[:min(len(b), 20)])) {
	case "HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0":
		return true
	}
	return false
}
