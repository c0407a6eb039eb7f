package protocol

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Ask sends a command of IMAP and gives what comes before its tagged answer, one
// response a string, with its literals inside.
func Ask(s *netprobe.Exchange, tag, command string) (responses []string, err error) {
	if err := s.WriteLine(tag + " " + command); err != nil {
		return nil, err
	}
	for range s.MaxLines() {
		text, err := response(s)
		if err != nil {
			return nil, err
		}
		switch {
		case strings.HasPrefix(text, tag+" "):
			status, rest, _ := strings.Cut(text[len(tag)+1:], " ")
			if strings.EqualFold(status, "OK") {
				return responses, nil
			}
			if strings.EqualFold(status, "NO") {
				return nil, turnedAway(rest)
			}
			return nil, netprobe.Failf(netprobe.ProtoReject, "the server answered %.200q", text)
		case strings.HasPrefix(strings.ToUpper(text), "* BYE"):
			return nil, turnedAway(text[5:])
		case !strings.HasPrefix(text, "* "):
			return nil, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.200q, which is no answer of IMAP", text)
		}
		responses = append(responses, text)
	}
	return nil, netprobe.Failf(netprobe.ProtoOversize, "an answer has more than %d lines", s.MaxLines())
}

// response reads a line and, where it ends by announcing so many bytes of a literal,
// these and what follows them: what is inside a literal is no answer.
func response(s *netprobe.Exchange) (string, error) {
	text := ""
	for range s.MaxLines() {
		line, err := s.ReadLine()
		if err != nil {
			return "", err
		}
		text += string(line)
		size, found := bytes.CutSuffix(line, []byte("}"))
		n, err := strconv.ParseUint(string(size[bytes.LastIndexByte(size, '{')+1:]), 10, 31)
		if !found || err != nil || !bytes.ContainsRune(size, '{') {
			return text, nil
		}
		literal, err := s.ReadN(int(n))
		if err != nil {
			return "", err
		}
		text += "\r\n" + string(literal)
	}
	return "", netprobe.Failf(netprobe.ProtoOversize, "a response has more than %d literals", s.MaxLines())
}
