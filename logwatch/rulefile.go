package logwatch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// ruleForm is the first line of a rule file.
const ruleForm = "logwatch rules 1"

// maxRuleLine bounds one line of a rule file, and with it one pattern.
const maxRuleLine = 8 << 10

// ReadRules reads the *.rules files of a directory, in the order of their
// names. The error names every line that is wrong; the rules have all those
// that stand in no fault. A directory or file that cannot be read gives no rules.
func ReadRules(dir fs.FS) ([]Rule, error) {
	names, err := fs.Glob(dir, "*.rules")
	if err != nil {
		return nil, err
	}
	var out []Rule
	var errs []error
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		rules, err := ParseRules(name, text)
		out = append(out, rules...)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// ParseRules reads the text of a rule file:
//
//	logwatch rules 1
//
//	program sshd sshd-session
//	source  OpenSSH auth.c
//
//	rule root-login warning
//		key    addr
//		title  root logged in over SSH
//		say    root logged in over SSH from {addr} {times}
//		why    Nobody can say later which person that was.
//		fix    Use personal accounts and PermitRootLogin no.
//		match  Accepted {w} for root from {addr} port {n}{*}
//		unless {*} from 192.0.2.1 port {*}
//		test   sshd: Accepted publickey for root from 192.0.2.7 port 4 ssh2
//		not    sshd: Accepted publickey for rooty from 192.0.2.7 port 4 ssh2
//
// Blank lines, and those that begin with '#', say nothing. What begins in the
// first column opens a block; the lines of a rule are indented. A program line
// holds for the rules behind it, and within a rule for that rule; a source line says
// of the rules behind it, up to the next program line, where their lines stand. The levels
// are ignore, count, notice, warning and critical. key lists fields. match,
// ere, unless, test and not may stand several times; ere is an expression of
// POSIX as grep -E has it, for a whole message, and captures nothing; test is a line that the rule
// must decide, and not one that it must leave to others; look is a command that shows
// more, and may stand several times: "read TEXT" is what shows the lines with TEXT, "read"
// those of the program, and "kernel log", "service log {unit}", "service status {unit}",
// "failed services", "memory users", "listeners", "logins {user}", "disk health {path}" and
// "clock status" are commands of the system at hand; do is what a remedy does by
// commands of the system: "restart {unit}" or "repair packages". What is to be said of
// more than one line has words of its own, which speak of the rule's key:
//
//	over     20 in 10m               raise only from so many on
//	after    root-login 300 in 1h    raise only behind so many lines of other rules
//	suppress 1h                      do not raise again within that time
//	absent   25h                     raise where no line came for so long
//	before   backup-done in 2h       raise where no line of that rule followed in time
//
// A fault costs the rule in which it stands and no other: an ignoring rule that
// is lost shows more lines, never fewer. Words that this version does not know
// are faults, so that a file which asks for more is never half understood.
func ParseRules(file string, text []byte) ([]Rule, error) {
	p := ruleParser{file: file}
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		p.number++
		p.line(strings.TrimRight(string(line), " \t\r"))
	}
	p.end()
	if p.number == 0 || !p.begun {
		p.fail(`the first line is not "` + ruleForm + `"`)
	}
	return p.rules, errors.Join(p.errs...)
}

// ruleParser is the state between two lines of a rule file.
type ruleParser struct {
	file     string
	number   int
	begun    bool // the first line was seen
	programs []string
	source   string // of the rules of these programs
	rule     *Rule  // that is open
	bad      bool   // it has a fault
	rules    []Rule
	errs     []error
}

func (p *ruleParser) fail(why string) {
	p.bad = true
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, p.number, why))
}

// end closes the open rule.
func (p *ruleParser) end() {
	if p.rule != nil && !p.bad {
		p.rules = append(p.rules, *p.rule)
	}
	p.rule, p.bad = nil, false
}

func (p *ruleParser) line(text string) {
	indented := text != "" && (text[0] == ' ' || text[0] == '\t')
	word, rest, _ := strings.Cut(strings.TrimLeft(text, " \t"), " ")
	rest = strings.TrimLeft(rest, " ")
	switch {
	case text == "" || text[0] == '#':
	case len(text) > maxRuleLine:
		p.fail("the line is too long")
	case !p.begun:
		if p.begun = text == ruleForm; !p.begun {
			p.begun = true
			p.fail(`the first line is not "` + ruleForm + `"`)
		}
	case indented && p.rule != nil:
		p.word(word, rest)
	case indented:
		p.fail("an indented line stands in no rule")
	case word == "program" && rest != "":
		p.end()
		p.programs, p.source = strings.Fields(rest), ""
	case word == "source" && rest != "":
		p.end()
		p.source = rest
	case word == "program":
		p.end()
		p.fail("nothing stands behind program")
	case word == "rule":
		p.end()
		p.open(rest)
	default:
		p.end()
		p.fail("neither program, source nor rule: " + word)
	}
}

// open begins a rule by its name and level.
func (p *ruleParser) open(rest string) {
	name, level, _ := strings.Cut(rest, " ")
	p.rule = &Rule{Name: name, Programs: p.programs, Source: p.source, File: p.file, Line: p.number}
	i := slices.Index(levelNames[1:], level)
	if i < 0 {
		p.fail("a rule has a name and a level, one of " + strings.Join(levelNames[1:], ", "))
		return
	}
	p.rule.Level = Level(i + 1)
	if !nameForm.MatchString(name) {
		p.fail("a name has words of a-z and 0-9 with '-' between them")
	}
}

// word takes one line of a rule.
func (p *ruleParser) word(word, rest string) {
	if rest == "" {
		p.fail("nothing stands behind " + word)
		return
	}
	once := map[string]*string{"title": &p.rule.Title, "say": &p.rule.Say, "why": &p.rule.Why, "fix": &p.rule.Fix, "do": &p.rule.Do}
	switch field := once[word]; {
	case field != nil && *field != "":
		p.fail(word + " stands twice")
	case field != nil:
		*field = rest
	case word == "program":
		p.rule.Programs = strings.Fields(rest)
	case word == "key":
		p.rule.Key = strings.Fields(rest)
	case word == "match":
		p.pattern(&p.rule.Match, rest)
	case word == "ere":
		p.expression(rest)
	case word == "unless":
		p.pattern(&p.rule.Unless, rest)
	case word == "look":
		p.rule.Look = append(p.rule.Look, rest)
	case word == "test" || word == "not":
		p.test(rest, word == "test")
	case p.grow(word, rest):
	default:
		p.fail("no word of a rule: " + word)
	}
}

func (p *ruleParser) pattern(to *[]string, text string) {
	if _, err := compile(text); err != nil {
		p.fail(err.Error())
		return
	}
	*to = append(*to, text)
}

func (p *ruleParser) expression(text string) {
	if _, err := compileERE(text); err != nil {
		p.fail(err.Error())
		return
	}
	p.rule.ERE = append(p.rule.ERE, text)
}

func (p *ruleParser) test(text string, decides bool) {
	program, message, ok := strings.Cut(text, ": ")
	if !ok {
		p.fail("a test is a program, a colon, a blank and a message")
		return
	}
	p.rule.Tests = append(p.rule.Tests, Test{Program: program, Message: message, Decides: decides})
}
