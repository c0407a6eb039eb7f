package session

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// remoteCommand is all that the login shell ever reads.
const remoteCommand = "/bin/sh -s"

// Quote makes one word of a POSIX shell from any bytes but NUL.
func Quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// newNonce returns a number that nobody can guess.
func newNonce() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// line returns what is sent to remoteCommand: a command that replaces that shell
// by one in a clean environment, which runs the script.
func (c *Conn) line(req Request) string {
	var b strings.Builder
	b.WriteString("exec ")
	for _, word := range c.escalate {
		b.WriteString(Quote(word) + " ")
	}
	b.WriteString("/usr/bin/env -i")
	for _, word := range host.Environ() {
		b.WriteString(" " + Quote(word))
	}
	b.WriteString(" /bin/sh -c " + Quote(req.Script) + " sh " + Quote(req.nonce))
	for _, word := range req.Args {
		b.WriteString(" " + Quote(word))
	}
	if req.Stdin == nil {
		b.WriteString(" </dev/null")
	}
	b.WriteString("\n")
	return b.String()
}

// framed is a script whose output is a frame: functions, then body, which finds its
// arguments as $1, $2...
func framed(functions, body string) string {
	return "n=$1; shift; cd /\n" + functions +
		"main() {\n" + body + "\n}\n" + `printf '\n@%s begin %s\n' "$n" "$$"
{ main "$@" 3>&1; } | awk -v n="$n" '{ c += length($0) + 1; print } END { printf "@%s end %d %d\n", n, NR, c }'
`
}
