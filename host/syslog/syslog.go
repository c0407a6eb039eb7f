package syslog

import (
	"bytes"
	"time"
)

// A Format says how a line began. The zero value is a line without a header.
type Format uint8

// The formats.
const (
	Plain   Format = iota // no header recognised: the line is all message
	BSD                   // RFC 3164: Nov  2 03:04:05
	BSDYear               // with a year: Nov  2 2026 03:04:05
	ISO                   // RFC 3339 and kin
	RFC5424               // <34>1 2026-11-02T03:04:05Z host app procid msgid data msg
	TAI64N                // @40000000… of multilog: no host, no program
	Apache                // [Mon Nov 02 03:04:05 2026] [core:error] [pid 7] msg
	Nginx                 // 2026/11/02 03:04:05 [error] 7#7: msg
	Audit                 // type=… msg=audit(1764000000.123:42): …, all of it message
)

// A Header is what the front of a line says. Its slices point into the line;
// what the line does not say is empty.
type Header struct {
	Format   Format
	Time     time.Time // zero: the line has none, or its year cannot be told
	Priority int       // facility*8 + severity; meaningful when HasPriority
	Host     []byte
	Tag      []byte // program, such as sshd or postfix/smtpd
	PID      []byte // as written; digits in all but odd cases
	MsgID    []byte // of RFC 5424
	Data     []byte // structured data of RFC 5424, with its brackets
	Message  []byte
	Uptime   []byte // the kernel's seconds since boot, as written: 12.345678
	Events   int    // how many events the line stands for; 1 but for repeat lines

	HasPriority bool
	HasZone     bool // the time came with an offset
	Repeat      bool // "last message repeated N times": the line before, Events times more
	Mark        bool // "-- MARK --"
}

// Severity is the syslog severity of the priority, 0 (emergency) to 7 (debug);
// -1 when the line has no priority.
func (h *Header) Severity() int {
	if !h.HasPriority {
		return -1
	}
	return h.Priority & 7
}

// A Parser reads the lines of one file in their order. The zero Parser reads
// everything but times that lack a year. It is not safe for concurrent use.
type Parser struct {
	// Location is the zone of times that carry none; nil is UTC.
	Location *time.Location
	// Reference is a time that no line should be later than: the file's
	// modification time, or now. It decides the year where a line has none, with
	// room for clocks that are ahead; while it is zero such lines have no time.
	Reference time.Time
	// Last is the time of the line before, and moves on with each line that is
	// not of the future. Set it from the last run to read a file that is quiet
	// for months.
	Last time.Time

	minute   [12]byte // "Nov  2 03:04" of the cached minute
	minuteAt time.Time
	zone     *time.Location // the offset that was seen last
	offset   int
	blankISO bool // the line at hand has a blank between date and time

	front  [48]byte // time and host of the line before, with the blank behind them
	frontN int      // how long that is; zero: it is not known
	before Header   // of these
}

// Parse reads one line, without its end of line; a carriage return at its end
// is dropped. The result points into line.
func (p *Parser) Parse(line []byte) Header {
	var h Header
	p.ParseInto(&h, line)
	return h
}

// ParseInto is Parse into memory that is used again.
func (p *Parser) ParseInto(h *Header, line []byte) {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if p.again(h, line) {
		p.done(h)
		return
	}
	*h = Header{Message: line, Events: 1}
	if p.parse(h, line) {
		p.done(h)
		p.remember(h, line)
	}
}

// parse reports whether the line has a header.
func (p *Parser) parse(h *Header, line []byte) bool {
	rest := p.priority(h, line)
	if h.HasPriority && len(rest) > 2 && rest[0] == '1' && rest[1] == ' ' && p.rfc5424(h, rest[2:]) {
		return true
	}
	if p.ownFormat(h, rest) {
		return true
	}
	if appleRepeated(h, rest) {
		return false
	}
	rest, ok := p.timestamp(h, rest)
	if !ok {
		h.Format = Plain
		return false
	}
	p.afterTime(h, rest)
	return true
}

// remember keeps time and host of a line: many lines have those of the one before.
func (p *Parser) remember(h *Header, line []byte) {
	p.frontN = 0
	if h.Format != BSD && h.Format != ISO || h.HasPriority || len(h.Host) == 0 || len(h.Tag) == 0 || h.Time.IsZero() {
		return
	}
	n := cap(line) - cap(h.Host) + len(h.Host) + 1 // the host is a part of the line
	if n <= len(p.front) && n < len(line) && line[n-1] == ' ' {
		p.frontN = copy(p.front[:], line[:n])
		p.before = Header{Format: h.Format, Time: h.Time, HasZone: h.HasZone, Events: 1}
	}
}

// again reads a line that has time and host of the line before.
func (p *Parser) again(h *Header, line []byte) bool {
	n := p.frontN
	if n == 0 || len(line) <= n || string(line[:n]) != string(p.front[:n]) || line[n] == ' ' {
		return false
	}
	*h = p.before
	if !takeTag(h, line[n:], false) {
		return false
	}
	host := bytes.LastIndexByte(line[:n-1], ' ') + 1
	h.Host = line[host : n-1]
	return true
}

func (p *Parser) done(h *Header) {
	if !h.Time.IsZero() && (p.Reference.IsZero() || !h.Time.After(p.Reference.Add(future))) {
		p.Last = h.Time
	}
	kernelUptime(h)
	solarisID(h)
	repeated(h)
}

// priority takes <0> to <191> from the front of the line.
func (p *Parser) priority(h *Header, line []byte) []byte {
	if len(line) < 3 || line[0] != '<' {
		return line
	}
	n, i := 0, 1
	for i < len(line) && i < 4 && isDigit(line[i]) {
		n = n*10 + int(line[i]-'0')
		i++
	}
	if i == 1 || i == len(line) || line[i] != '>' || n > 191 {
		return line
	}
	h.Priority, h.HasPriority = n, true
	h.Message = line[i+1:]
	return line[i+1:]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
