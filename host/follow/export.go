package follow

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"
)

// An Entry is one entry of the systemd journal. Its slices point into the
// command's output and are valid until the next call of Next.
type Entry struct {
	Cursor []byte
	Time   time.Time // __REALTIME_TIMESTAMP
	Host   []byte
	Tag    []byte // SYSLOG_IDENTIFIER, else _COMM
	PID    []byte // _PID, else SYSLOG_PID
	Unit   []byte // _SYSTEMD_UNIT, or UNIT for what the manager says of one
	// Transport is how it came: kernel, syslog, journal, stdout, audit, driver.
	// Command, Program and UID are of the process that sent it: its name, the path of its
	// file, its user. The sender chooses none of them but the name.
	Transport, Command, Program, UID []byte
	Message                          []byte // may contain newlines
	Priority                         int    // 0 (emergency) to 7 (debug); -1 when there is none
}

// maxField bounds one binary field: a length beyond it is no export.
const maxField = 1 << 30

// parseExport reads the journal export format and calls yield for each complete
// entry. It returns how many bytes they took; ok is false when what follows
// them is no export format, rather than an entry that is cut.
func parseExport(data []byte, yield func(*Entry)) (used int, ok bool) {
	for used < len(data) {
		e := Entry{Priority: -1}
		n, state := entry(data[used:], &e)
		if state != complete {
			return used, state == short
		}
		used += n
		if e.Cursor != nil {
			yield(&e)
		}
	}
	return used, true
}

type exportState uint8

const (
	complete exportState = iota
	short                // more bytes are needed
	broken
)

// entry reads one entry and the blank line behind it.
func entry(data []byte, e *Entry) (int, exportState) {
	at := 0
	for {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			return 0, short
		}
		line := data[at : at+end]
		at += end + 1
		if len(line) == 0 {
			return at, complete
		}
		name, value, text := bytes.Cut(line, []byte("="))
		if !text {
			n, state := binaryField(data[at:], &value)
			if state != complete {
				return 0, state
			}
			at += n
		}
		if len(name) == 0 {
			return 0, broken
		}
		e.set(name, value)
	}
}

// binaryField reads a 64-bit length, as many bytes, and a newline.
func binaryField(b []byte, value *[]byte) (int, exportState) {
	if len(b) < 8 {
		return 0, short
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxField {
		return 0, broken
	}
	end := 8 + int(n)
	if len(b) <= end {
		return 0, short
	}
	if b[end] != '\n' {
		return 0, broken
	}
	*value = b[8:end]
	return end + 1, complete
}

// set takes one field; the first of a repeated one counts.
func (e *Entry) set(name, value []byte) {
	switch string(name) {
	case "__CURSOR":
		e.Cursor = value
	case "__REALTIME_TIMESTAMP":
		if us, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			e.Time = time.UnixMicro(us).UTC()
		}
	case "_HOSTNAME":
		e.Host = value
	case "SYSLOG_IDENTIFIER":
		e.Tag = value
	case "_COMM":
		first(&e.Tag, value)
		e.Command = value
	case "_TRANSPORT":
		e.Transport = value
	case "_EXE":
		e.Program = value
	case "_UID":
		e.UID = value
	case "_PID":
		e.PID = value
	case "SYSLOG_PID":
		first(&e.PID, value)
	case "UNIT":
		e.Unit = value
	case "_SYSTEMD_UNIT":
		first(&e.Unit, value)
	case "MESSAGE":
		first(&e.Message, value)
	case "PRIORITY":
		if len(value) == 1 && value[0] >= '0' && value[0] <= '7' {
			e.Priority = int(value[0] - '0')
		}
	}
}

func first(field *[]byte, value []byte) {
	if *field == nil {
		*field = value
	}
}
