package protocol

import (
	"bytes"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// A smtpReply is a complete SMTP reply (RFC 5321, section 4.2).
type smtpReply struct {
	Code     int
	Enhanced string   // "5.7.1" (RFC 2034), only where it agrees with the code
	Lines    []string // the text of each line, as received, without the code
}

const maxReplyLines = 200

// Text is the text of the first line.
func (r smtpReply) Text() string {
	if len(r.Lines) == 0 {
		return ""
	}
	return r.Lines[0]
}

// parseReply reads one reply from the start of data, whose lines end in LF or
// CRLF, and gives how many bytes it took. What is no complete and well-formed
// reply is an error.
func parseReply(data []byte) (smtpReply, int, error) {
	var p replyParser
	for rest := data; ; {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return smtpReply{}, 0, netprobe.Failf(netprobe.NetEOF, "the reply is not complete")
		}
		rest = after
		done, err := p.add(bytes.TrimSuffix(line, []byte("\r")))
		if err != nil {
			return smtpReply{}, 0, err
		}
		if done {
			return p.reply, len(data) - len(rest), nil
		}
	}
}

// replyParser takes a reply line by line.
type replyParser struct{ reply smtpReply }

// add takes one line without its end, and reports whether it was the last.
func (p *replyParser) add(line []byte) (bool, error) {
	code, text, more, ok := cutCode(line)
	switch {
	case !ok:
		return false, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no SMTP reply", line)
	case len(p.reply.Lines) == 0:
		p.reply.Code = code
	case code != p.reply.Code:
		return false, netprobe.Failf(netprobe.ProtoSyntax, "one reply carries the codes %d and %d", p.reply.Code, code)
	case len(p.reply.Lines) == maxReplyLines:
		return false, netprobe.Failf(netprobe.ProtoOversize, "a reply has more than %d lines", maxReplyLines)
	}
	if more && p.reply.Lines == nil {
		p.reply.Lines = make([]string, 0, 12)
	}
	p.reply.Lines = append(p.reply.Lines, string(text))
	if !more {
		p.reply.Enhanced = enhancedCode(p.reply.Code, p.reply.Lines[0])
	}
	return !more, nil
}

// cutCode splits "250-text": a code is [2-5][0-5][0-9], and then a dash, a
// space or the end follows.
func cutCode(line []byte) (code int, text []byte, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '5' || line[2] < '0' || line[2] > '9' {
		return 0, nil, false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, nil, false, true
	}
	return code, line[4:], line[3] == '-', line[3] == '-' || line[3] == ' '
}

// enhancedCode gives the "5.7.1" at the start of text when its class is that
// of code.
func enhancedCode(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(parts[0]) != 1 || int(parts[0][0]-'0') != code/100 {
		return ""
	}
	for _, p := range parts[1:] {
		if len(p) < 1 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return word
}

// capabilities gives the keywords of an EHLO reply: every line but the first,
// the last included.
func capabilities(r smtpReply) []string {
	out := make([]string, 0, len(r.Lines))
	for _, line := range r.Lines[min(1, len(r.Lines)):] {
		keyword, params, _ := strings.Cut(line, " ")
		if keyword == "" {
			continue
		}
		out = append(out, strings.TrimSpace(strings.ToUpper(keyword)+" "+params))
	}
	return out
}

// readReply reads one reply off the wire.
func readReply(w interface{ ReadLine() ([]byte, error) }) (smtpReply, error) {
	var p replyParser
	for {
		line, err := w.ReadLine()
		if err != nil {
			return p.reply, err
		}
		done, err := p.add(line)
		if done || err != nil {
			return p.reply, err
		}
	}
}

func hasCapability(caps []string, keyword string) bool {
	for _, c := range caps {
		if word, _, _ := strings.Cut(c, " "); word == keyword {
			return true
		}
	}
	return false
}
