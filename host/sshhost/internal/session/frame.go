package session

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrFrame says that an answer is not what the script prints.
var ErrFrame = errors.New("the answer is not whole")

// ErrForeign says that what came is not only what the script wrote.
var ErrForeign = fmt.Errorf("%w: another process wrote into it; look for one that a start-up file of the login shell (.profile, .bashrc, .cshrc) leaves in the background", ErrFrame)

// beginMark is what comes before the number of the process in the first line.
func beginMark(nonce string) []byte { return []byte("\n@" + nonce + " begin ") }

// parseFrame returns the lines of a frame, without the first and the last one.
// data starts after the first line and must end with the last.
func parseFrame(data []byte, nonce string) ([]byte, error) {
	end := []byte("@" + nonce + " end ")
	at := bytes.LastIndex(data, end)
	switch {
	case at < 0:
		return nil, fmt.Errorf("%w: its last line is missing", ErrFrame)
	case at > 0 && data[at-1] != '\n':
		return nil, ErrForeign
	}
	payload := data[:at]
	var lines, size int
	tail := string(data[at+len(end):])
	if _, err := fmt.Sscanf(tail, "%d %d\n", &lines, &size); err != nil || tail != fmt.Sprintf("%d %d\n", lines, size) {
		return nil, ErrForeign
	}
	if len(payload) > size {
		return nil, ErrForeign
	}
	if size != len(payload) || lines != bytes.Count(payload, []byte("\n")) {
		return nil, fmt.Errorf("%w: %d bytes came, %d were sent", ErrFrame, len(payload), size)
	}
	return payload, nil
}
