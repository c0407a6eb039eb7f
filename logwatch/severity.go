package logwatch

import "bytes"

// Severity is the syslog severity that a message says of itself, 0 (emergency)
// to 7 (debug), -1 where it says none: "[emerg] …", "level=error", "ERROR …",
// "panic: …". Only the front of a message is looked at, and words in lower case
// count with their brackets or "level=" alone: other text is prose. "error:" is one too,
// as so many begin whatever they have to say, and "fatal:" and "panic:" are not.
func Severity(msg []byte) int {
	front := msg[:min(len(msg), 96)]
	worst := -1
	for len(front) > 0 {
		n := 0
		for n < len(front) && isLetter(front[n]) {
			n++
		}
		if n == 0 {
			front = front[1:]
			continue
		}
		before := byte(' ')
		if at := len(msg[:min(len(msg), 96)]) - len(front); at > 0 {
			before = msg[at-1]
		}
		if s := severityWord(front[:n], before, front[n:], len(front) == min(len(msg), 96)); s >= 0 && (worst < 0 || s < worst) {
			worst = s
		}
		front = front[n:]
	}
	return worst
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }

// severityWord weighs one word by what stands around it.
func severityWord(word []byte, before byte, behind []byte, first bool) int {
	s, known := severityNames[string(bytes.ToLower(word))]
	if !known || len(behind) > 0 && (behind[0] == '_' || behind[0] == '-' || behind[0] >= '0' && behind[0] <= '9') {
		return -1
	}
	next := byte(0)
	if len(behind) > 0 {
		next = behind[0]
	}
	switch {
	case bytes.Equal(word, bytes.ToUpper(word)) && before != '_' && before != '-' && before != '/':
		return s
	case before == '[' && next == ']', before == ':' && next == ']', before == '<' && next == '>', before == '=', before == '"' && next == '"':
		return s
	case first && next == ':' && s < 3:
		return s
	}
	return -1
}

var severityNames = map[string]int{
	"emerg": 0, "emergency": 0, "panic": 0, "alert": 1, "crit": 2, "critical": 2, "fatal": 2, "severe": 2,
	"error": 3, "err": 3, "warn": 4, "warning": 4, "notice": 5, "info": 6, "debug": 7,
}
