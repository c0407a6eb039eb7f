// Package answer reads what the scripts of package sshhost print: records, the
// descriptions of files that each tool gives, and the texts of errors.
package answer

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// A Record is the answer of one blob.
type Record struct {
	Data   []byte
	Stderr string
	Status int
}

// Err is nil when the command ended well, else what it complained of.
func (r Record) Err() error {
	if r.Status == 0 {
		return nil
	}
	if r.Stderr == "" {
		return fmt.Errorf("exit status %d", r.Status)
	}
	return Errno(r.Stderr)
}

// MaxRecords bounds the records of one answer, and its words: no script asks for
// more, and each takes more memory than its line.
const MaxRecords = 1000

// ParseRecords reads the records of a payload. Lines that start with '@' and
// are no part of a record are its words, such as "@more 7".
func ParseRecords(payload []byte, inBase64 bool) (records []Record, words []string, err error) {
	var body [2][]byte // data, standard error, both encoded
	part := 0
	for line := range bytes.Lines(payload) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch mark := markOf(line); {
		case len(records) > MaxRecords || len(words) > MaxRecords:
			return nil, nil, fmt.Errorf("%w: too many records", session.ErrFrame)
		case mark == "@ok" && part == 0:
			data, err := decode(body[0], inBase64)
			if err != nil {
				return nil, nil, err
			}
			records = append(records, Record{Data: data})
			body[0] = body[0][:0]
		case mark == "@err" && part == 0:
			part = 1
		case mark == "@end" && part == 1:
			r, err := newRecord(body, inBase64)
			if err != nil {
				return nil, nil, err
			}
			records = append(records, r)
			body[0], body[1], part = body[0][:0], body[1][:0], 0
		case mark != "" && part == 0 && len(body[0]) == 0:
			words = append(words, mark[1:])
		case mark != "":
			return nil, nil, fmt.Errorf("%w: a record breaks off", session.ErrFrame)
		default:
			body[part] = append(body[part], line...)
		}
	}
	if part != 0 || len(body[0]) > 0 {
		return nil, nil, fmt.Errorf("%w: its last record is missing", session.ErrFrame)
	}
	return records, words, nil
}

// markOf is a line that is no content, "" for one that is.
func markOf(line []byte) string {
	if len(line) > 0 && line[0] == '@' {
		return string(line)
	}
	return ""
}

func newRecord(body [2][]byte, inBase64 bool) (Record, error) {
	data, err := decode(body[0], inBase64)
	if err != nil {
		return Record{}, err
	}
	stderr, err := decode(body[1], inBase64)
	if err != nil {
		return Record{}, err
	}
	// The status follows what the command wrote, on a line of its own or not.
	text := string(stderr)
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return Record{}, fmt.Errorf("%w: no status", session.ErrFrame)
	}
	status, err := strconv.ParseUint(text[at+1:], 10, 8)
	if err != nil {
		return Record{}, fmt.Errorf("%w: bad status", session.ErrFrame)
	}
	return Record{Data: data, Stderr: strings.TrimSuffix(text[:at], "\n"), Status: int(status)}, nil
}

// decode reads base64, or od's hexadecimal bytes; lines are joined.
func decode(text []byte, inBase64 bool) ([]byte, error) {
	data := []byte{}
	var err error
	if inBase64 {
		data, err = base64.StdEncoding.Strict().AppendDecode(data, text)
	} else {
		data, err = hex.AppendDecode(data, bytes.ReplaceAll(text, []byte(" "), nil))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrFrame, err)
	}
	return data, nil
}

// Enough says that records are missing.
func Enough(records []Record, want int) error {
	if len(records) < want {
		return fmt.Errorf("%w: a record is missing", session.ErrFrame)
	}
	return nil
}

// Complaint is the error of take. Between tail and head it is that of tail which
// only shows on standard error; dd always says something there.
func (r Record) Complaint(headC bool) error {
	if headC && r.Status == 0 && r.Stderr != "" {
		return Errno(r.Stderr)
	}
	return r.Err()
}

// Complaints counts the lines that a command wrote to standard error. The tools
// escape a newline in a name; one that is not escaped counts as one more.
func (r Record) Complaints() int { return strings.Count(r.Stderr, "\n") + 1 }
