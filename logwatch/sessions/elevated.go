package sessions

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Command was run with the rights of another.
type Command struct {
	At      time.Time `json:"at"`
	User    string    `json:"user,omitempty"`    // whose rights; empty: its line can be read in two ways
	Dir     string    `json:"dir,omitempty"`     // where it was typed; empty as User is
	Program string    `json:"program,omitempty"` // absolute path of the program, where the line has one
	Paths   []string  `json:"paths,omitempty"`   // what its other words name: absolute and clean
	Left    int       `json:"left,omitempty"`    // paths beyond those that are kept
	Text    string    `json:"text"`              // cut at 400 bytes
}

// elevation is one line about a command with another's rights.
type elevation struct {
	by, line, as, dir, command string
	continued                  bool // the line goes on with the command of the line before
}

// sudoFields are the fields that sudo writes before the command. What has another
// text before them was refused, and is no command.
var sudoFields = [...]string{"HOST", "TTY", "CHROOT", "PWD", "USER", "GROUP", "TSID", "ENV"}

// parseSudo reads a line of sudo. The names of folders and the environment are
// chosen by the user: where a field stands there twice, neither is believed, and
// the command is all that may be one.
func parseSudo(message []byte) (e elevation, ok bool) {
	by, rest, ok := strings.Cut(string(message), " : ")
	if !ok || by == "" || strings.ContainsAny(by, " :") {
		return e, false
	}
	e.by = by
	if text, ok := strings.CutPrefix(rest, "(command continued) "); ok {
		e.continued, e.command = true, text
		return e, true
	}
	head, command, ok := strings.Cut(rest, " ; COMMAND=")
	if !ok {
		return e, false
	}
	fields, twice := map[string]string{}, strings.Contains(command, " ; COMMAND=")
	last := ""
	for part := range strings.SplitSeq(head, " ; ") {
		key, value, _ := strings.Cut(part, "=")
		switch _, had := fields[key]; {
		case !slices.Contains(sudoFields[:], key) && last == "":
			return e, false
		case !slices.Contains(sudoFields[:], key):
			fields[last] += " ; " + part
			continue
		case had:
			twice = true
		}
		fields[key], last = value, key
	}
	e.line, e.as, e.dir, e.command = fields["TTY"], fields["USER"], strings.TrimSpace(fields["PWD"]), command
	if twice {
		e.as, e.dir = "", ""
	}
	return e, true
}

var doas = regexp.MustCompile(`^([^ ]+) ran command (.*) as ([^ ]+) from (.*)$`)

// parseDoas reads a line of doas, with the same care.
func parseDoas(message []byte) (e elevation, ok bool) {
	m := doas.FindSubmatch(message)
	if m == nil {
		return e, false
	}
	e = elevation{by: string(m[1]), command: string(m[2]), as: string(m[3]), dir: string(m[4])}
	if bytes.Count(message, []byte(" as ")) > 1 && bytes.Count(message, []byte(" from ")) > 1 {
		_, e.command, _ = strings.Cut(string(message), " ran command ")
		e.as, e.dir = "", ""
	}
	return e, true
}

// elevated takes what sudo or doas ran. It belongs to the open session of its user
// on that terminal, or to the only one that the user has.
func (c *Collector) elevated(r *logstream.Record, e elevation) {
	if e.continued {
		c.goesOn(r, e)
		return
	}
	if c.twice(r, e) {
		return
	}
	owner := c.owner(r, e)
	if len(owner.Commands) >= maxCommands {
		owner.Dropped++
		return
	}
	cmd := Command{At: r.At, User: e.as, Dir: e.dir, Text: prose.Clip(e.command, maxText)}
	cmd.Program, cmd.Paths = named(e.dir, e.command)
	cmd.bound()
	owner.Commands = append(owner.Commands, cmd)
}

// ran is a command in one second.
type ran struct {
	by, command string
	second      int64
}

// telling is that a log told of a command.
type telling struct {
	pid  string // empty: not told
	file bool   // a file did, not the journal
	both bool   // both did
}

// twice reports whether another log has told of a command: by the same process, or
// where one of the two does not tell it, once for each.
func (c *Collector) twice(r *logstream.Record, e elevation) bool {
	if c.told == nil {
		c.told = map[ran][]telling{}
	}
	pid, file, second := string(r.PID), r.Raw != nil, r.At.Unix()
	for _, near := range []int64{second, second - 1, second + 1} {
		list := c.told[ran{e.by, e.command, near}]
		for i := range list {
			t := &list[i]
			other := !t.both && t.file != file && (t.pid == "" || pid == "")
			if other || pid != "" && t.pid == pid {
				t.both, t.pid = true, cmp.Or(t.pid, pid)
				return true
			}
		}
	}
	if len(c.told) < maxSessions {
		at := ran{e.by, e.command, second}
		c.told[at] = append(c.told[at], telling{pid: pid, file: file})
	}
	return false
}

// goesOn adds to the last command of a user what did not fit into its line.
func (c *Collector) goesOn(r *logstream.Record, e elevation) {
	for _, s := range slices.Backward(c.of(e.by)) {
		if len(s.Commands) == 0 {
			continue
		}
		last := &s.Commands[len(s.Commands)-1]
		if r.At.Sub(last.At).Abs() < together {
			_, more := named(last.Dir, last.Program+" "+e.command)
			last.Paths = append(last.Paths, more...)
			last.bound()
		}
		return
	}
}

// bound keeps each path once, and no more than there is room for.
func (c *Command) bound() {
	slices.Sort(c.Paths)
	c.Paths = slices.Compact(c.Paths)
	if more := len(c.Paths) - maxPaths; more > 0 {
		c.Paths, c.Left = c.Paths[:maxPaths], c.Left+more
	}
}

func (c *Collector) owner(r *logstream.Record, e elevation) *Session {
	var owner *Session
	many := false
	for _, s := range c.of(e.by) {
		if s.Start.After(r.At) || !s.End.IsZero() && s.End.Before(r.At) {
			continue
		}
		if s.Line != "" && s.Line == e.line {
			return s
		}
		many = owner != nil
		owner = s
	}
	if owner == nil || many {
		service := string(r.Tag)
		owner = c.begin(Session{ID: service + ":" + process(r), Service: service, User: e.by, Line: e.line, Start: r.At, End: r.At}, service)
	}
	return owner
}

// named gives the program of a command, and the files that its words name in a
// folder. A word is a file where it has a slash, or where the program takes files:
// one word too many joins nothing, as nothing changed under that name.
func named(dir, command string) (program string, paths []string) {
	words := split(command)
	if len(words) == 0 {
		return "", nil
	}
	if path.IsAbs(words[0]) {
		program = path.Clean(words[0])
	}
	takesFiles := slices.Contains(fileTools, path.Base(words[0]))
	take := func(word string, any bool) {
		if strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			_, word, _ = strings.Cut(word, "=")
		}
		switch {
		case path.IsAbs(word):
			paths = append(paths, path.Clean(word))
		case word != "" && path.IsAbs(dir) && (any || strings.Contains(word, "/")):
			paths = append(paths, path.Join(dir, word))
		}
	}
	for _, word := range words[1:] {
		if !strings.ContainsFunc(word, func(c rune) bool { return c != ' ' && isShell(c) && c != '\'' }) {
			take(word, takesFiles && !strings.HasPrefix(word, "-"))
		}
		for inner := range strings.FieldsFuncSeq(word, isShell) {
			if inner != word {
				take(inner, false)
			}
		}
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return strings.Contains(p, "\x00") || len(p) > maxText })
	return program, paths
}

// fileTools take names of files where others take words.
var fileTools = []string{
	"vi", "vim", "vim.basic", "vim.tiny", "nvim", "view", "nano", "pico", "joe", "jed", "mg", "ed", "ex", "emacs", "mcedit", "editor", "sensible-editor", "sudoedit",
	"cp", "mv", "rm", "ln", "install", "touch", "truncate", "tee", "shred", "chmod", "chown", "chgrp", "sed", "patch", "rsync", "rmdir", "mkdir", "unlink",
}

// isShell tells what stands between the words of a shell's command.
func isShell(c rune) bool { return strings.ContainsRune(" \t\n;&|<>()\"'`", c) }

// split gives the words of a command as sudo writes them: one with blanks stands in
// quotation marks, with a backslash before a mark of its own. A mark that nothing
// closes is of the word.
func split(command string) (words []string) {
	for {
		command = strings.TrimLeft(command, " ")
		switch {
		case command == "":
			return words
		case command[0] == '\'':
			if word, rest, ok := quoted(command[1:]); ok {
				words, command = append(words, word), rest
				continue
			}
		}
		word, rest, _ := strings.Cut(command, " ")
		words, command = append(words, unescaped.Replace(word)), rest
	}
}

// unescaped is a word without the backslashes that sudo puts into it.
var unescaped = strings.NewReplacer(`\\`, `\`, `\'`, `'`)

// quoted reads to the mark that ends a word.
func quoted(text string) (word, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == '\'':
			return b.String(), text[i+1:], true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}
