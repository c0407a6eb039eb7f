package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// runner is the host.Runner of a Client.
type runner struct{ c *Client }

// runScript finds the program $2 and becomes it, with the rest as arguments. On
// both streams it says first that it begins, and then on standard output what
// became of the search: "run", "notfound" or "denied". DIRS and ENV are put in.
const runScript = `n=$1 p=$2; shift 2; cd /
absent() { # is it proven that $1 is not there?
at= old=$IFS; set -f; IFS=/; set -- $1; IFS=$old; set +f
for part do
[ -n "$part" ] || continue
[ -x "${at:-/}" ] || return 1
at=$at/$part
if [ ! -e "$at" ]; then [ ! -L "$at" ]; return; fi
done
return 1
}
look() {
if [ -f "$1" ] && [ -x "$1" ]; then f=$1 end=run; return 0; fi
absent "$1" || end=denied
return 1
}
f= end=notfound
case $p in
/*) look "$p" ;;
*) for d in DIRS; do look "$d/$p" && break; done ;;
esac
printf '\n@%s begin %s\n' "$n" "$$" >&2
printf '\n@%s begin %s\n%s\n' "$n" "$$" "$end"
[ "$end" = run ] || exit 0
exec /usr/bin/env -i ENV "$f" "$@"
`

// Run is host.Runner.Run. Where the login shell does not pass on the signal that
// ended a command, an exit status above 128 is taken for one, as shells do. A
// process that a command leaves behind with its output still open can write there
// no more once the answer is back.
func (r runner) Run(ctx context.Context, c host.Command) (host.Output, error) {
	out, err := r.run(ctx, c)
	if err != nil {
		return out, fmt.Errorf("run %s: %w", programOf(c), err)
	}
	return out, nil
}

func programOf(c host.Command) string {
	if len(c.Args) == 0 {
		return "(no command)"
	}
	return c.Args[0]
}

func (r runner) run(ctx context.Context, c host.Command) (host.Output, error) {
	if err := ctx.Err(); err != nil {
		return host.Output{}, err
	}
	if err := checkCommand(c); err != nil {
		return host.Output{}, err
	}
	script := strings.Replace(runScript, "DIRS", quoteAll(host.SearchPath()), 1)
	script = strings.Replace(script, "ENV", quoteAll(append(host.Environ(), c.Env...)), 1)
	stdout, stderr := newSink(c.Stdout, c.Limit), newSink(nil, c.Limit)
	head := &headLine{to: stdout}
	end, err := r.c.conn.Run(ctx, session.Request{
		Script: script, Args: c.Args, Stdin: c.Stdin, Stdout: head, Stderr: stderr, Uninterrupted: c.Mutates,
	})
	if err != nil {
		return host.Output{}, err
	}
	if err := found(head.line); err != nil {
		return host.Output{}, err
	}
	out := host.Output{
		Stdout: stdout.kept, Stderr: stderr.kept, Truncated: stdout.truncated || stderr.truncated || end.Cut,
	}
	r.c.exit(end, &out)
	return out, nil
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = session.Quote(w)
	}
	return strings.Join(quoted, " ")
}

// found reads what became of the search for the program.
func found(word string) error {
	switch word {
	case "run":
		return nil
	case "notfound":
		return exec.ErrNotFound
	case "denied":
		return fs.ErrPermission
	}
	return fmt.Errorf("%w (no word about the program)", session.ErrForeign)
}

var envEntry = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// checkCommand refuses what could be read in another way over there.
func checkCommand(c host.Command) error {
	if len(c.Args) == 0 {
		return errors.New("no program given")
	}
	size := 0
	for _, word := range append(append([]string{}, c.Args...), c.Env...) {
		if strings.Contains(word, "\x00") {
			return errors.New("an argument has a NUL")
		}
		size += len(word) + 1
	}
	if size > maxArgs {
		return syscall.E2BIG
	}
	for _, entry := range c.Env {
		if !envEntry.MatchString(entry) {
			return fmt.Errorf("bad environment entry %q", entry)
		}
	}
	program := c.Args[0]
	switch {
	case program == "" || program[0] != '/' && strings.Contains(program, "/"):
		return fmt.Errorf("%q is neither an absolute path nor a plain name", program)
	case strings.Contains(program, "="):
		return fmt.Errorf("env(1) would take %q for a variable: %w", program, errors.ErrUnsupported)
	}
	return nil
}

// A sink keeps the first bytes of a stream, or passes all on.
type sink struct {
	to        io.Writer
	limit     int64
	kept      []byte
	truncated bool
}

func newSink(to io.Writer, limit int64) *sink {
	if limit == 0 {
		limit = host.DefaultLimit
	}
	return &sink{to: to, limit: limit}
}

func (s *sink) Write(b []byte) (int, error) {
	if s.to != nil {
		return s.to.Write(b)
	}
	room := min(s.limit-int64(len(s.kept)), int64(len(b)))
	s.kept = append(s.kept, b[:room]...)
	s.truncated = s.truncated || room < int64(len(b))
	return len(b), nil
}

// A headLine takes the first line of a stream apart from the rest.
type headLine struct {
	line string
	done bool
	to   io.Writer
}

func (h *headLine) Write(b []byte) (int, error) {
	all := len(b)
	if !h.done {
		line, rest, found := strings.Cut(string(b), "\n")
		h.line += line
		h.done = found
		if len(h.line) > 100 {
			return 0, session.ErrFrame
		}
		b = []byte(rest)
	}
	if len(b) > 0 {
		if _, err := h.to.Write(b); err != nil {
			return 0, fmt.Errorf("write output: %w", err)
		}
	}
	return all, nil
}
