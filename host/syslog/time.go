package syslog

import (
	"bytes"
	"strings"
	"time"
)

// How far a time may lie after the reference. Clocks differ by a day at most in
// good order. Clocks that are ahead write lines of the future: of a first line
// that is believed for two weeks, as an old log may begin with last year; of a
// line behind another for two months.
const (
	future     = 24 * time.Hour
	ahead      = 14 * 24 * time.Hour
	aheadLater = 61 * 24 * time.Hour
)

// back is how far a line may lie before the line that precedes it and still be
// of the same year: clocks are set back, and senders are late.
const back = 30 * 24 * time.Hour

// leapYear stands for a year that is not known yet.
const leapYear = 2000

// timestamp takes the time and the blank behind it from the front of b.
func (p *Parser) timestamp(h *Header, b []byte) ([]byte, bool) {
	if len(b) < 15 {
		return b, false
	}
	if isDigit(b[0]) {
		return p.iso(h, b)
	}
	p.blankISO = false
	if b[3] == ' ' && isDigit(b[4]) && b[5] == ' ' { // Nov 2: one blank
		return p.narrow(h, b)
	}
	month := monthOf(b[0], b[1], b[2])
	if month == 0 || b[3] != ' ' || b[6] != ' ' {
		return p.foreign(h, b)
	}
	if isDigit(b[7]) && isDigit(b[8]) && isDigit(b[9]) && isDigit(b[10]) && b[11] == ' ' {
		return p.bsdYear(h, b, month)
	}
	return p.bsd(h, b, month)
}

// bsd reads "Nov  2 03:04:05".
func (p *Parser) bsd(h *Header, b []byte, month time.Month) ([]byte, bool) {
	day, hour, minute, sec := dayOf(b[4:6]), two(b[7:9]), two(b[10:12]), two(b[13:15])
	if day < 1 || day > daysIn(leapYear, month) || !clockOK(hour, minute, sec) || b[9] != ':' || b[12] != ':' {
		return b, false
	}
	if len(b) > 15 && b[15] != ' ' && b[15] != '.' {
		return b, false
	}
	nsec, rest := fraction(b[15:])
	h.Format = BSD
	if [12]byte(b[:12]) != p.minute || p.minuteAt.IsZero() || p.stale() {
		at := p.year(month, day, hour, minute)
		if at.IsZero() {
			return skipBlank(rest), true
		}
		p.minute, p.minuteAt = [12]byte(b[:12]), at
	}
	h.Time = p.minuteAt.Add(time.Duration(sec)*time.Second + time.Duration(nsec))
	return skipBlank(rest), true
}

// foreign reads a time whose month is named in another language, as programs write
// it that keep a log of their own.
func (p *Parser) foreign(h *Header, b []byte) ([]byte, bool) {
	name, rest, ok := bytes.Cut(b[:min(len(b), 12)], []byte(" "))
	month := foreignMonths[string(name)]
	if !ok || month == 0 || len(rest) < 3 || rest[0] != ' ' && !isDigit(rest[0]) {
		return b, false
	}
	plain := append(make([]byte, 0, 40), month.String()[:3]...)
	plain = append(plain, b[len(name):min(len(b), len(name)+32)]...)
	left, ok := p.timestamp(h, plain)
	if !ok {
		return b, false
	}
	used := len(plain) - len(left) + len(name) - 3
	return skipBlank(b[min(used, len(b)):]), true
}

// foreignMonths are the short names of glibc's locales where they are not the English
// ones: German, French, Spanish, Italian, Portuguese, Dutch.
var foreignMonths = func() map[string]time.Month {
	out := map[string]time.Month{}
	for month, names := range [...]string{
		"janv. ene gen jan Jan.", "févr. feb fev", "mars mar Mär März mrt", "avril abr apr", "mai may mag mei Mai", "juin jun giu", "juil. jul lug", "août ago ag. aug",
		"sept. sep set", "oct. oct ott out okt Okt", "nov. nov", "déc. dic dez dec Dez",
	} {
		for name := range strings.FieldsSeq(names) {
			out[name] = time.Month(month + 1)
		}
	}
	return out
}()

// narrow reads a time whose day of one digit is not padded.
func (p *Parser) narrow(h *Header, b []byte) ([]byte, bool) {
	wide := append(make([]byte, 0, 40), b[:4]...)
	wide = append(append(wide, ' '), b[4:min(len(b), 34)]...)
	rest, ok := p.timestamp(h, wide)
	if !ok {
		return b, false
	}
	used := len(wide) - len(rest) - 1
	return skipBlank(b[min(used, len(b)):]), true
}

// stale reports whether the cached minute may belong to another year than the
// line before it.
func (p *Parser) stale() bool {
	d := p.minuteAt.Sub(p.Last)
	return d > back || d < -back
}

// bsdYear reads "Nov  2 2026 03:04:05".
func (p *Parser) bsdYear(h *Header, b []byte, month time.Month) ([]byte, bool) {
	if len(b) < 20 || b[14] != ':' || b[17] != ':' {
		return b, false
	}
	year, day := two(b[7:9])*100+two(b[9:11]), dayOf(b[4:6])
	hour, minute, sec := two(b[12:14]), two(b[15:17]), two(b[18:20])
	if day < 1 || day > daysIn(year, month) || !clockOK(hour, minute, sec) {
		return b, false
	}
	nsec, rest := fraction(b[20:])
	h.Format = BSDYear
	h.Time = time.Date(year, month, day, hour, minute, sec, nsec, p.location())
	if len(rest) > 0 && rest[0] == ':' { // Cisco writes a colon behind it
		rest = rest[1:]
	}
	return skipBlank(rest), true
}

// year finds the year of a time without one: the latest that is not far after the
// reference, or, when the line before has a time, the one that goes on from it.
func (p *Parser) year(month time.Month, day, hour, minute int) time.Time {
	if p.Reference.IsZero() {
		return time.Time{}
	}
	loc := p.location()
	if later := p.Reference.Add(aheadLater); !p.Last.IsZero() && p.Last.Before(later) {
		from := p.Last.Add(-back)
		for y, last := from.In(loc).Year(), later.In(loc).Year(); y <= last; y++ {
			at, ok := date(y, month, day, hour, minute, loc)
			if ok && !at.Before(from) && !at.After(later) {
				return at
			}
		}
	}
	limit := p.Reference.Add(ahead)
	y := limit.In(loc).Year()
	for tries := 0; tries < 9; tries++ { // February 29 may need eight years
		at, ok := date(y-tries, month, day, hour, minute, loc)
		if ok && !at.After(limit) {
			return at
		}
	}
	return time.Time{}
}

func date(year int, month time.Month, day, hour, minute int, loc *time.Location) (time.Time, bool) {
	if day > daysIn(year, month) {
		return time.Time{}, false
	}
	return time.Date(year, month, day, hour, minute, 0, 0, loc), true
}

// iso reads "2026-11-02T03:04:05.123456+00:00" and its kin: a blank for the T,
// no fraction, a comma before it, Z or no zone.
func (p *Parser) iso(h *Header, b []byte) ([]byte, bool) {
	rest, ok := p.isoTime(h, b)
	if !ok {
		return b, false
	}
	if len(rest) > 0 && rest[0] != ' ' {
		h.Time = time.Time{}
		return b, false
	}
	h.Format, p.blankISO = ISO, b[10] == ' '
	return skipBlank(rest), true
}

func (p *Parser) isoTime(h *Header, b []byte) ([]byte, bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return b, false
	}
	year, month, day := two(b[0:2])*100+two(b[2:4]), time.Month(two(b[5:7])), two(b[8:10])
	hour, minute, sec := dayOf(b[11:13]), two(b[14:16]), two(b[17:19]) // MariaDB pads the hour by a blank
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || !clockOK(hour, minute, sec) {
		return b, false
	}
	nsec, rest := fraction(b[19:])
	loc, rest, known := p.zoneOf(rest)
	h.HasZone = known
	if !known {
		h.Time = time.Date(year, month, day, hour, minute, sec, nsec, loc)
		return rest, true
	}
	unix := civil(year, int(month), day)*86400 + int64(hour*3600+minute*60+sec-p.offset)
	h.Time = time.Unix(unix, int64(nsec)).In(loc)
	return rest, true
}

// zoneOf takes Z, +hh:mm, +hhmm or +hh; without one it gives the parser's location.
func (p *Parser) zoneOf(b []byte) (*time.Location, []byte, bool) {
	if len(b) > 0 && b[0] == 'Z' {
		p.zone, p.offset = time.UTC, 0
		return time.UTC, b[1:], true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' || two(b[1:3]) < 0 {
		return p.location(), b, false
	}
	hours, minutes, used := two(b[1:3]), 0, 3
	switch {
	case len(b) >= 6 && b[3] == ':' && two(b[4:6]) >= 0:
		minutes, used = two(b[4:6]), 6
	case len(b) >= 5 && two(b[3:5]) >= 0:
		minutes, used = two(b[3:5]), 5
	}
	offset := hours*3600 + minutes*60
	if b[0] == '-' {
		offset = -offset
	}
	if p.zone == nil || p.offset != offset {
		p.zone, p.offset = time.UTC, offset
		if offset != 0 {
			p.zone = time.FixedZone("", offset)
		}
	}
	return p.zone, b[used:], true
}

func (p *Parser) location() *time.Location {
	if p.Location == nil {
		return time.UTC
	}
	return p.Location
}

// fraction takes .123 or ,123; digits beyond nanoseconds are dropped.
func fraction(b []byte) (int, []byte) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || !isDigit(b[1]) {
		return 0, b
	}
	n, unit, i := 0, 100_000_000, 1
	for ; i < len(b) && isDigit(b[i]); i++ {
		n += int(b[i]-'0') * unit
		unit /= 10
	}
	return n, b[i:]
}

func monthOf(a, b, c byte) time.Month {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(names); i += 3 {
		if names[i] == a && names[i+1] == b && names[i+2] == c {
			return time.Month(i/3 + 1)
		}
	}
	return 0
}

// dayOf reads a day that is padded by a blank or a zero; -1 when it is none.
func dayOf(b []byte) int {
	if b[0] == ' ' && isDigit(b[1]) {
		return int(b[1] - '0')
	}
	return two(b)
}

// two reads two digits; a negative number when they are none.
func two(b []byte) int {
	if !isDigit(b[0]) || !isDigit(b[1]) {
		return -10_000
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

func clockOK(hour, minute, sec int) bool {
	return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && sec >= 0 && sec <= 60
}

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// civil counts the days from 1970-01-01 in the Gregorian calendar.
func civil(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int64(era*146097+ofEra*365+ofEra/4-ofEra/100+ofYear) - 719468
}

func skipBlank(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}
