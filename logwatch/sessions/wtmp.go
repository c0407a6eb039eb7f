package sessions

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// A LoginRecord is one record of wtmp or of what stands for it.
type LoginRecord struct {
	Kind             LoginKind
	PID              int // zero: not known, as in OpenBSD
	Line, User, Host string
	Addr             netip.Addr
	Time             time.Time
}

// A LoginKind says what a record tells.
type LoginKind uint8

// The kinds of records.
const (
	OtherRecord LoginKind = iota
	BootRecord            // the system was started, or is shut down
	LoginRecorded
	LogoutRecord
)

// Sizes of records, which are the same on all machines but for NetBSD's.
const (
	linuxRecord   = 384
	openbsdRecord = 304
	netbsdRecord  = 520
	netbsd32      = 516
	freebsdRecord = 197
)

// ParseWtmp reads the records of the wtmp of Linux, or of OpenBSD: the first has
// a small number where the other has the name of a terminal. A record that is cut
// at the end is left out; records of another form are an error, as everything
// else would be read wrong.
func ParseWtmp(data []byte) ([]LoginRecord, error) {
	if len(data) >= openbsdRecord && data[0] >= ' ' {
		return records(data, openbsdRecord, "wtmp", openbsd)
	}
	return records(data, linuxRecord, "wtmp", linux)
}

// ParseWtmpx reads the records of NetBSD's wtmpx, as ParseWtmp does.
func ParseWtmpx(data []byte) ([]LoginRecord, error) {
	size := netbsdRecord
	if len(data)%netbsdRecord != 0 && len(data)%netbsd32 == 0 {
		size = netbsd32
	}
	return records(data, size, "wtmpx", netbsd)
}

// ParseUtxLog reads the records of FreeBSD's utx.log, as ParseWtmp does. Each has
// its length before it and no zeros at its end.
func ParseUtxLog(data []byte) ([]LoginRecord, error) {
	var out []LoginRecord
	lines := map[[8]byte]string{} // a logout has the id of its login alone
	for len(data) >= 2 {
		n := int(binary.BigEndian.Uint16(data))
		if n > freebsdRecord {
			return out, fmt.Errorf("record %d of utx.log has %d bytes, more than there can be", len(out)+1, n)
		}
		if len(data) < 2+n {
			break
		}
		var b [freebsdRecord]byte
		copy(b[:], data[2:2+n])
		data = data[2+n:]
		r := LoginRecord{
			Kind: kindOf(int(b[0]), 4, 7, 1, 8), Time: time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:]))).UTC(),
			PID: int(binary.BigEndian.Uint32(b[17:])), User: text(b[21:53]), Line: text(b[53:69]), Host: text(b[69:]),
		}
		if b[0] > 8 {
			return out, fmt.Errorf("record %d of utx.log has the kind %d, which there is not", len(out)+1, b[0])
		}
		r.Addr, _ = netip.ParseAddr(r.Host) // a name where it is none
		id := [8]byte(b[9:17])
		switch r.Kind {
		case LoginRecorded:
			lines[id] = r.Line
		case LogoutRecord:
			r.Line = lines[id]
		}
		out = append(out, r)
	}
	return out, nil
}

// records reads records of one size; parse reports whether it is one.
func records(data []byte, size int, file string, parse func([]byte) (LoginRecord, bool)) ([]LoginRecord, error) {
	var out []LoginRecord
	for ; len(data) >= size; data = data[size:] {
		r, ok := parse(data[:size])
		if !ok {
			return out, fmt.Errorf("record %d of %s has a form that is not known", len(out)+1, file)
		}
		out = append(out, r)
	}
	return out, nil
}

// kindOf gives the kind of a number, by those of one system.
func kindOf(n, login, logout, boot, down int) LoginKind {
	switch n {
	case login:
		return LoginRecorded
	case logout:
		return LogoutRecord
	case boot, down:
		return BootRecord
	}
	return OtherRecord
}

func linux(b []byte) (LoginRecord, bool) {
	kind := binary.LittleEndian.Uint16(b)
	return LoginRecord{
		Kind: kindOf(int(kind), 7, 8, 2, 2), PID: int(int32(binary.LittleEndian.Uint32(b[4:]))),
		Line: text(b[8:40]), User: text(b[44:76]), Host: text(b[76:332]),
		Time: time.Unix(int64(binary.LittleEndian.Uint32(b[340:])), int64(binary.LittleEndian.Uint32(b[344:])%1e6)*1000).UTC(),
		Addr: addrOf(b[348:364]),
	}, kind <= 9
}

// openbsd reads a line, a name, a host and seconds: without a name the line is
// free again, and the line "~" is the system.
func openbsd(b []byte) (LoginRecord, bool) {
	r := LoginRecord{Kind: LoginRecorded, Line: text(b[:8]), User: text(b[8:40]), Host: text(b[40:296]), Time: time.Unix(int64(order(b[296:], 1<<40).Uint64(b[296:])), 0).UTC()}
	switch {
	case r.Line == "~":
		r.Kind = BootRecord
	case r.Line == "|" || r.Line == "{":
		r.Kind = OtherRecord // the clock was set
	case r.User == "":
		r.Kind = LogoutRecord
	}
	r.Addr, _ = netip.ParseAddr(r.Host) // a name where it is none
	odd := bytes.ContainsFunc([]byte(r.Line), func(c rune) bool { return c <= ' ' || c >= 0x7f })
	return r, !odd && r.Line != "" && r.Time.Unix()>>40 == 0
}

func netbsd(b []byte) (LoginRecord, bool) {
	by := binary.ByteOrder(binary.LittleEndian)
	if b[326] == 0 && b[327] != 0 {
		by = binary.BigEndian
	}
	kind := by.Uint16(b[326:])
	r := LoginRecord{
		Kind: kindOf(int(kind), 7, 8, 2, 11), PID: int(by.Uint32(b[328:])), User: text(b[:32]), Line: text(b[36:68]), Host: text(b[68:324]),
		Time: time.Unix(int64(by.Uint64(b[464:])), int64(by.Uint32(b[472:])%1e6)*1000).UTC(),
	}
	switch b[337] { // the family of the address
	case 2:
		r.Addr = netip.AddrFrom4([4]byte(b[340:344]))
	case 24:
		r.Addr = netip.AddrFrom16([16]byte(b[344:360])).Unmap()
	default:
		r.Addr, _ = netip.ParseAddr(r.Host) // a name where it is none
	}
	return r, kind <= 11
}

// order is the order of bytes in which a number of eight is below a bound.
func order(b []byte, bound uint64) binary.ByteOrder {
	if binary.LittleEndian.Uint64(b) < bound {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// addrOf reads four or sixteen bytes; all zero is not known.
func addrOf(b []byte) netip.Addr {
	var zero [16]byte
	switch {
	case bytes.Equal(b, zero[:]):
		return netip.Addr{}
	case bytes.Equal(b[4:], zero[4:]):
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16([16]byte(b)).Unmap()
}

// id names the session of a login: by its process, or where that is not known
// by its line and moment.
func (r *LoginRecord) id() string {
	if r.PID == 0 {
		return fmt.Sprintf("line:%s@%d", r.Line, r.Time.Unix())
	}
	return fmt.Sprintf("line:%d", r.PID)
}

// Wtmp takes records, in their order.
func (c *Collector) Wtmp(records []LoginRecord) {
	lines := map[string]*Session{}
	for _, s := range c.sessions {
		if s.End.IsZero() && s.Line != "" {
			lines[s.Line] = s
		}
	}
	for i := range records {
		switch r := &records[i]; r.Kind {
		case LoginRecorded:
			if r.User == "" {
				continue
			}
			s := Session{ID: r.id(), Service: "login", User: r.User, Addr: r.Addr, Line: r.Line, Start: r.Time}
			if r.Addr.IsValid() {
				s.Service = "ssh"
			}
			lines[r.Line] = c.begin(s, "wtmp")
		case LogoutRecord:
			if s := lines[r.Line]; s != nil && s.End.IsZero() {
				s.End = r.Time
			}
			delete(lines, r.Line)
		case BootRecord:
			c.boot(r.Time)
			clear(lines)
		}
	}
}

// boot ends what was open when the system was started.
func (c *Collector) boot(at time.Time) {
	for _, s := range c.sessions {
		if s.End.IsZero() && s.Start.Before(at) {
			s.End = at
		}
	}
}
