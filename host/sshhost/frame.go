package sshhost

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errFrame says that an answer is not what the script prints.
var errFrame = errors.New("the answer is not whole")

// errForeign says that what came is not only what the script wrote.
var errForeign = fmt.Errorf("%w: another process wrote into it; look for one that a start-up file of the login shell (.profile, .bashrc, .cshrc) leaves in the background", errFrame)

// beginMark is what comes before the number of the process in the first line.
func beginMark(nonce string) []byte { return []byte("\n@" + nonce + " begin ") }

// parseFrame returns the lines of a frame, without the first and the last one.
// data starts after the first line and must end with the last.
func parseFrame(data []byte, nonce string) ([]byte, error) {
	end := []byte("@" + nonce + " end ")
	at := bytes.LastIndex(data, end)
	switch {
	case at < 0:
		return nil, fmt.Errorf("%w: its last line is missing", errFrame)
	case at > 0 && data[at-1] != '\n':
		return nil, errForeign
	}
	payload := data[:at]
	var lines, size int
	tail := string(data[at+len(end):])
	if _, err := fmt.Sscanf(tail, "%d %d\n", &lines, &size); err != nil || tail != fmt.Sprintf("%d %d\n", lines, size) {
		return nil, errForeign
	}
	if len(payload) > size {
		return nil, errForeign
	}
	if size != len(payload) || lines != bytes.Count(payload, []byte("\n")) {
		return nil, fmt.Errorf("%w: %d bytes came, %d were sent", errFrame, len(payload), size)
	}
	return payload, nil
}

// A record is the answer of one blob.
type record struct {
	data   []byte
	stderr string
	status int
}

// err is nil when the command ended well, else what it complained of.
func (r record) err() error {
	if r.status == 0 {
		return nil
	}
	if r.stderr == "" {
		return fmt.Errorf("exit status %d", r.status)
	}
	return errno(r.stderr)
}

// maxRecords bounds the records of one answer, and its words: no script asks for
// more, and each takes more memory than its line.
const maxRecords = 2 * maxAsks

// parseRecords reads the records of a payload. Lines that start with '@' and
// are no part of a record are its words, such as "@more 7".
func parseRecords(payload []byte, inBase64 bool) (records []record, words []string, err error) {
	var body [2][]byte // data, standard error, both encoded
	part := 0
	for line := range bytes.Lines(payload) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch mark := markOf(line); {
		case len(records) > maxRecords || len(words) > maxRecords:
			return nil, nil, fmt.Errorf("%w: too many records", errFrame)
		case mark == "@ok" && part == 0:
			data, err := decode(body[0], inBase64)
			if err != nil {
				return nil, nil, err
			}
			records = append(records, record{data: data})
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
			return nil, nil, fmt.Errorf("%w: a record breaks off", errFrame)
		default:
			body[part] = append(body[part], line...)
		}
	}
	if part != 0 || len(body[0]) > 0 {
		return nil, nil, fmt.Errorf("%w: its last record is missing", errFrame)
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

func newRecord(body [2][]byte, inBase64 bool) (record, error) {
	data, err := decode(body[0], inBase64)
	if err != nil {
		return record{}, err
	}
	stderr, err := decode(body[1], inBase64)
	if err != nil {
		return record{}, err
	}
	// The status follows what the command wrote, on a line of its own or not.
	text := string(stderr)
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return record{}, fmt.Errorf("%w: no status", errFrame)
	}
	status, err := strconv.ParseUint(text[at+1:], 10, 8)
	if err != nil {
		return record{}, fmt.Errorf("%w: bad status", errFrame)
	}
	return record{data: data, stderr: strings.TrimSuffix(text[:at], "\n"), status: int(status)}, nil
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
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return data, nil
}
