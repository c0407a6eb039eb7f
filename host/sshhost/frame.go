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

// beginMark is what comes before the number of the process in the first line.
func beginMark(nonce string) []byte { return []byte("\n@" + nonce + " begin ") }

// parseFrame returns the lines of a frame, without the first and the last one.
// data starts after the first line and must end with the last.
func parseFrame(data []byte, nonce string) ([]byte, error) {
	end := []byte("@" + nonce + " end ")
	at := bytes.LastIndex(data, end)
	if at < 0 || at > 0 && data[at-1] != '\n' {
		return nil, fmt.Errorf("%w: its last line is missing", errFrame)
	}
	payload := data[:at]
	var lines, size int
	tail := string(data[at+len(end):])
	if _, err := fmt.Sscanf(tail, "%d %d\n", &lines, &size); err != nil || tail != fmt.Sprintf("%d %d\n", lines, size) {
		return nil, fmt.Errorf("%w: bad last line", errFrame)
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

// parseRecords reads the records of a payload. Lines that start with '@' and
// are no part of a record are its words, such as "@more 7".
func parseRecords(payload []byte, inBase64 bool) (records []record, words []string, err error) {
	var body [2][]string // data, standard error
	part := 0
	for line := range strings.Lines(string(payload)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "@ok" && part == 0:
			data, err := decode(body[0], inBase64)
			if err != nil {
				return nil, nil, err
			}
			records = append(records, record{data: data})
			body[0] = nil
		case line == "@err" && part == 0:
			part = 1
		case line == "@end" && part == 1:
			r, err := newRecord(body, inBase64)
			if err != nil {
				return nil, nil, err
			}
			records = append(records, r)
			body, part = [2][]string{}, 0
		case strings.HasPrefix(line, "@") && part == 0 && len(body[0]) == 0:
			words = append(words, line[1:])
		case strings.HasPrefix(line, "@"):
			return nil, nil, fmt.Errorf("%w: a record breaks off", errFrame)
		default:
			body[part] = append(body[part], line)
		}
	}
	if part != 0 || len(body[0]) > 0 {
		return nil, nil, fmt.Errorf("%w: its last record is missing", errFrame)
	}
	return records, words, nil
}

func newRecord(body [2][]string, inBase64 bool) (record, error) {
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

// decode reads lines of base64, or of od's hexadecimal bytes.
func decode(lines []string, inBase64 bool) ([]byte, error) {
	var data []byte
	var err error
	if inBase64 {
		data, err = base64.StdEncoding.Strict().DecodeString(strings.Join(lines, ""))
	} else {
		data, err = hex.DecodeString(strings.ReplaceAll(strings.Join(lines, ""), " ", ""))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return data, nil
}
