// Package syslog reads the front of log lines: time, host, program, process id
// and what is left, the message.
//
//	p := syslog.Parser{Reference: file.ModTime(), Location: zone}
//	h := p.Parse([]byte("Nov  2 03:04:05 web sshd[42]: Accepted publickey for anna"))
//	// h.Time, h.Host "web", h.Tag "sshd", h.PID "42", h.Message "Accepted …"
//
// It knows RFC 3164 with and without a year, ISO and RFC 3339 times, RFC 5424,
// a priority before any of them, the [ID …] of Solaris, the marks and repeat
// lines of BSD, rsyslog's repeat lines and the kernel's uptime. It never fails:
// a line that it does not recognise is all message. The header is taken from
// column 0 only; nothing inside a message is read as a header again. It does not
// read files, and does not decide what a message means.
//
// # Design
//
// All results are slices of the line, so that reading allocates nothing. A time
// that stands in the same minute as the one before is the cheap case.
package syslog

import "time"

// A Format says how a line began. The zero value is a line without a header.
type Format uint8

// The formats.
const (
	Plain   Format = iota // no header recognised: the line is all message
	BSD                   // RFC 3164: Nov  2 03:04:05
	BSDYear               // with a year: Nov  2 2026 03:04:05
	ISO                   // RFC 3339 and kin
	RFC5424               // <34>1 2026-11-02T03:04:05Z host app procid msgid data msg
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
	// Reference is a time that no line is later than, by more than a day: the
	// file's modification time, or now. It decides the year where a line has
	// none; while it is zero such lines have no time.
	Reference time.Time
	// Last is the time of the line before, and moves on with each line. Set it
	// from the last run to read a file that is quiet for months.
	Last time.Time

	minute   [12]byte // "Nov  2 03:04" of the cached minute
	minuteAt time.Time
	zone     *time.Location // the offset that was seen last
	offset   int
	blankISO bool // the line at hand has a blank between date and time
}

// Parse reads one line, without its end of line; a carriage return at its end
// is dropped. The result points into line.
func (p *Parser) Parse(line []byte) Header {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	h := Header{Message: line, Events: 1}
	rest := p.priority(&h, line)
	if h.HasPriority && len(rest) > 2 && rest[0] == '1' && rest[1] == ' ' && p.rfc5424(&h, rest[2:]) {
		return p.done(h)
	}
	rest, ok := p.timestamp(&h, rest)
	if !ok {
		h.Format = Plain
		return h
	}
	p.afterTime(&h, rest)
	return p.done(h)
}

func (p *Parser) done(h Header) Header {
	if !h.Time.IsZero() {
		p.Last = h.Time
	}
	kernelUptime(&h)
	solarisID(&h)
	repeated(&h)
	return h
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
