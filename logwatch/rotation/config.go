package rotation

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// A Stanza says how some logs are rotated.
type Stanza struct {
	Patterns   []string // paths, as the shell matches them
	Directives []string // its lines, trimmed
	File       string
	Line       int // where it ends, for logrotate; its line, for newsyslog
}

// Matches reports whether the stanza is about a log.
func (s *Stanza) Matches(log string) bool {
	for _, p := range s.Patterns {
		if ok, err := path.Match(p, log); ok && err == nil {
			return true
		}
	}
	return false
}

// A Config is one file of logrotate.
type Config struct {
	Stanzas  []Stanza
	Includes []string // files and directories that it names
	Bad      []error  // lines that were not understood
}

// ParseLogrotate reads a file of logrotate. Scripts within stanzas are skipped.
func ParseLogrotate(file string, data []byte) Config {
	p := logrotate{file: file}
	for line := range bytes.Lines(data) {
		p.number++
		p.line(strings.TrimSpace(string(line)))
	}
	if p.inside || p.script {
		p.bad("a stanza is not closed")
	}
	return p.Config
}

type logrotate struct {
	Config
	file     string
	number   int
	patterns []string
	stanza   Stanza
	inside   bool // between braces
	script   bool // between prerotate and its kin, and endscript
}

func (p *logrotate) bad(why string) {
	p.Bad = append(p.Bad, fmt.Errorf("%s:%d: %s", p.file, p.number, why))
}

func (p *logrotate) line(text string) {
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case text == "" || text[0] == '#':
	case p.script:
		p.script = word != "endscript"
	case p.inside && text[0] == '}':
		p.stanza.Line = p.number
		p.Stanzas = append(p.Stanzas, p.stanza)
		p.inside, p.patterns = false, nil
	case p.inside:
		p.script = isScript(word)
		p.stanza.Directives = append(p.stanza.Directives, text)
	case word == "include":
		p.Includes = append(p.Includes, strings.TrimSpace(rest))
	case text[0] == '/' || text[0] == '"' || text[0] == '{':
		p.names(text)
	}
}

// isScript knows the words that a script follows.
func isScript(word string) bool {
	switch word {
	case "prerotate", "postrotate", "firstaction", "lastaction", "preremove":
		return true
	}
	return false
}

// names takes paths, quoted or not, and the brace that opens their stanza.
func (p *logrotate) names(text string) {
	head, tail, opens := strings.Cut(text, "{")
	for len(head) > 0 {
		var name string
		head = strings.TrimSpace(head)
		if strings.HasPrefix(head, `"`) {
			name, head, _ = strings.Cut(head[1:], `"`)
		} else {
			name, head, _ = strings.Cut(head, " ")
		}
		if name != "" {
			p.patterns = append(p.patterns, name)
		}
	}
	if !opens {
		return
	}
	p.inside, p.stanza = true, Stanza{Patterns: p.patterns, File: p.file}
	if tail = strings.TrimSpace(tail); strings.HasSuffix(tail, "}") {
		for word := range strings.FieldsSeq(strings.TrimSuffix(tail, "}")) {
			p.stanza.Directives = append(p.stanza.Directives, word)
		}
		p.line("}")
	}
}

// ParseNewsyslog reads newsyslog.conf of the BSDs: a log a line.
func ParseNewsyslog(file string, data []byte) Config {
	var c Config
	n := 0
	for line := range bytes.Lines(data) {
		n++
		fields := strings.Fields(string(line))
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		switch {
		case fields[0] == "<include>" && len(fields) > 1:
			c.Includes = append(c.Includes, fields[1:]...)
		case fields[0] == "<default>":
		case fields[0][0] == '/' && len(fields) >= 5:
			c.Stanzas = append(c.Stanzas, Stanza{Patterns: fields[:1], Directives: fields[1:], File: file, Line: n})
		default:
			c.Bad = append(c.Bad, fmt.Errorf("%s:%d: neither a log nor an include", file, n))
		}
	}
	return c
}
