package sshhost

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// signals are the names of RFC 4254 with the words for them that this process's
// own system would use, and the numbers that POSIX fixes.
var signals = []struct {
	name, word string
	number     uint32
}{
	{"HUP", "hangup", 1},
	{"INT", "interrupt", 2},
	{"QUIT", "quit", 3},
	{"ABRT", "aborted", 6},
	{"KILL", "killed", 9},
	{"ALRM", "alarm clock", 14},
	{"TERM", "terminated", 15},
	{"ILL", "illegal instruction", 4},
	{"FPE", "floating point exception", 8},
	{"SEGV", "segmentation fault", 11},
	{"PIPE", "broken pipe", 13},
	{"USR1", "user defined signal 1", 0},
	{"USR2", "user defined signal 2", 0},
}

// exit puts an ending into out.
func (c *Client) exit(end session.Ending, out *host.Output) {
	out.Exit = int(end.Status)
	if end.Signal != "" {
		out.Exit, out.Signal = -1, signalWord(end.Signal)
		return
	}
	for _, s := range signals {
		if s.number == 0 || end.Status != 128+s.number {
			continue
		}
		if forks, err := c.forks(); err == nil && forks {
			out.Exit, out.Signal = -1, s.word
			out.Stderr = withoutObituary(out.Stderr, s.word)
		}
	}
}

// withoutObituary takes off the line that a login shell writes after a command
// that a signal ended.
func withoutObituary(stderr []byte, word string) []byte {
	body := bytes.TrimSuffix(stderr, []byte("\n"))
	last := body[bytes.LastIndexByte(body, '\n')+1:]
	said := bytes.TrimSuffix(bytes.TrimSpace(last), []byte(" (core dumped)"))
	if !strings.EqualFold(string(said), word) {
		return stderr
	}
	return stderr[:len(body)-len(last)]
}

func signalWord(name string) string {
	for _, s := range signals {
		if s.name == name {
			return s.word
		}
	}
	return "signal " + name
}

// loginForks finds out, once, whether the login shell stays between the server
// and a command. Then a signal reaches us as an exit status only.
func (c *Client) loginForks() (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	const script = `printf '\n@%s begin %s\n' "$1" "$$"; kill -s KILL $$`
	end, err := c.conn.Run(ctx, session.Request{Script: script})
	if err != nil {
		return false, err
	}
	return end.Signal == "", nil
}
