package aide

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/internal/automaton"
)

// Options say how a configuration is read. The zero Options are those of AIDE 0.19.
type Options struct {
	// Old reads it as AIDE 0.18 does: a rule with ! and without a restriction
	// leaves out all below a folder that it matches.
	Old      bool
	Hostname string // for @@ifhost and hostname; "" is like none

	// Execute runs the executables that are included by @@x_include, as AIDE does, and
	// takes what they print. They have to be of root or of the user who runs them, as
	// has their folder, and nobody else may write to either.
	Execute bool
}

// An Error is what is wrong with a configuration, and where.
type Error struct {
	File         string
	Line, Column int // from 1
	Message      string
}

// Error gives file, line, column and message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// A Config is a configuration that was read.
type Config struct {
	Rules   []Rule              // in their order
	Set     map[string][]string // options such as report_level, each with its values in order
	Skipped []string            // what was not taken: executables, rules for a type of file system
	Old     bool                // matched as AIDE 0.18 does

	root    *node
	set     *automaton.Set // of the patterns of Rules
	folders map[string]*folder
}

const (
	maxConfig   = 4 << 20 // bytes of one file
	maxIncludes = 16      // one in another
	maxRules    = 100000
)

// Load reads a configuration with all that it includes. What is wrong in it is an
// *Error.
func Load(ctx context.Context, h host.Host, file string, o Options) (*Config, error) {
	p := parser{ctx: ctx, h: h, options: o, groups: builtinGroups(), vars: map[string]string{"HOSTNAME": o.Hostname, "AIDE_VERSION": version(o)}}
	p.config = &Config{Set: map[string][]string{}, Old: o.Old}
	if err := p.file(file, "", 0); err != nil {
		return nil, err
	}
	if err := p.config.build(); err != nil {
		return nil, err
	}
	return p.config, nil
}

func version(o Options) string {
	if o.Old {
		return "0.18.3"
	}
	return "0.19.1"
}

// Digest tells one set of rules from another.
func (c *Config) Digest() string {
	h := sha256.New()
	for _, r := range c.Rules {
		fmt.Fprintf(h, "%c%s\x00%s\x00%d\x00%t\n", r.Kind, r.Pattern, r.Types, r.Attrs, c.Old)
	}
	return "aide:" + hex.EncodeToString(h.Sum(nil)[:16])
}

type parser struct {
	ctx     context.Context
	h       host.Host
	options Options
	config  *Config
	groups  map[string]Attrs
	vars    map[string]string
	env     []string // of what is executed

	at     Error
	prefix string
	conds  []cond
}

// A cond is one @@if that is open.
type cond struct{ taken, was, outer bool }

func (p *parser) fail(column int, format string, args ...any) error {
	e := p.at
	e.Column, e.Message = column+1, fmt.Sprintf(format, args...)
	return &e
}

// file reads one file; its rules stand below prefix.
func (p *parser) file(name, prefix string, depth int) error {
	if depth > maxIncludes {
		return p.fail(0, "more than %d files include one another", maxIncludes)
	}
	data, err := p.h.ReadFile(p.ctx, name, maxConfig)
	if err != nil {
		return fmt.Errorf("aide configuration: %w", err)
	}
	return p.text(name, data, prefix, depth)
}

// text reads what a file holds, or printed.
func (p *parser) text(name string, data []byte, prefix string, depth int) error {
	outerAt, outerPrefix, outerConds := p.at, p.prefix, p.conds
	p.prefix, p.conds = prefix, nil
	for i, line := range strings.Split(string(data), "\n") {
		p.at = Error{File: name, Line: i + 1}
		if err := p.line(strings.TrimSuffix(line, "\r"), depth); err != nil {
			return err
		}
	}
	if len(p.conds) > 0 {
		return p.fail(0, "@@endif is missing")
	}
	p.at, p.prefix, p.conds = outerAt, outerPrefix, outerConds
	return nil
}

func (p *parser) taken() bool { return len(p.conds) == 0 || p.conds[len(p.conds)-1].taken }

func (p *parser) line(line string, depth int) error {
	text := strings.TrimLeft(line, "\t ")
	column := len(line) - len(text)
	switch {
	case text == "" || text[0] == '#':
		return nil
	case strings.HasPrefix(text, "@@") && !isPath(text):
		return p.directive(text, column, depth)
	case !p.taken():
		return nil
	case isPath(text), strings.IndexByte("=!-", text[0]) >= 0 && isPath(text[1:]):
		return p.rule(text, column)
	}
	return p.assignment(text, column)
}

// isPath reports whether a path begins a text, or a variable that holds one.
func isPath(text string) bool {
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "@@{")
}

// assignment takes an option or a group.
func (p *parser) assignment(text string, column int) error {
	name, value, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return p.fail(column, "neither a rule nor an assignment")
	}
	if isOption(name) {
		word, _ := p.word(strings.TrimLeft(value, "\t "))
		p.config.Set[name] = append(p.config.Set[name], word)
		return nil
	}
	if strings.ContainsAny(name, " \t_/") {
		return p.fail(column, "%q is no option", name)
	}
	attrs, err := eval(p.groups, value)
	if err != nil {
		return p.fail(column+strings.Index(text, "=")+1, "%v", err)
	}
	p.groups[name] = attrs
	return nil
}

// isOption reports whether AIDE, or one of its earlier versions, has an option.
func isOption(name string) bool {
	switch name {
	case "database", "database_in", "database_out", "database_new", "database_attrs", "database_add_metadata", "gzip_dbout", "root_prefix",
		"acl_no_symlink_follow", "warn_dead_symlinks", "config_version", "config_check_warn_unrestricted_rules", "num_workers", "log_level",
		"verbose", "summarize_changes", "grouped", "ignore_list", "syslog_format", "recstop":
		return true
	}
	return strings.HasPrefix(name, "report_")
}

// rule takes a line with a path.
func (p *parser) rule(text string, column int) error {
	kind := byte('/')
	if !isPath(text) {
		kind, text, column = text[0], text[1:], column+1
	}
	pattern, rest := p.word(text)
	words := strings.Fields(rest)
	r := Rule{Kind: kind, Pattern: p.prefix + pattern, File: p.at.File, Line: p.at.Line}
	most := 2
	if kind == '!' || kind == '-' {
		most = 1
	} else if len(words) == 0 {
		return p.fail(column, "the rule says no attributes")
	}
	if len(words) > most {
		return p.fail(column+len(text)-len(rest), "more than is understood behind a path")
	}
	if len(words) == most {
		r.Types = words[0]
	}
	if most == 2 {
		attrs, err := eval(p.groups, words[len(words)-1])
		if err != nil {
			return p.fail(column+strings.LastIndex(text, words[len(words)-1]), "%v", err)
		}
		r.Attrs = attrs
	}
	if strings.Contains(r.Types, "=") {
		p.config.Skipped = append(p.config.Skipped, fmt.Sprintf("%s:%d: a rule for a type of file system", r.File, r.Line))
		return nil
	}
	if r.Types == "0" {
		r.Types = ""
	}
	if _, err := automaton.New([]string{r.Pattern}); err != nil {
		return p.fail(column, "%v", err)
	}
	if len(p.config.Rules) >= maxRules {
		return p.fail(column, "more than %d rules", maxRules)
	}
	p.config.Rules = append(p.config.Rules, r)
	return nil
}

// word takes one word off: \\, \@ and "\ " are their second byte, and @@{VAR} is
// what was defined.
func (p *parser) word(text string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\@ `, text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		case c == ' ' || c == '\t':
			return b.String(), strings.TrimLeft(text[i:], " \t")
		case strings.HasPrefix(text[i:], "@@{"):
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return b.String() + text[i:], ""
			}
			b.WriteString(p.vars[text[i+3:i+end]])
			i += end
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

func (p *parser) directive(text string, column, depth int) error {
	name, rest, _ := strings.Cut(text[2:], " ")
	rest = strings.TrimSpace(rest)
	if hit, ok := map[string]string{"ifdef": "defined ", "ifndef": "not defined ", "ifhost": "hostname ", "ifnhost": "not hostname "}[name]; ok {
		name, rest = "if", hit+rest
	}
	switch name {
	case "if", "else", "endif":
		return p.condition(name, rest, column)
	}
	if !p.taken() {
		return nil
	}
	first, behind := p.word(rest)
	switch name {
	case "define":
		p.vars[first], _ = p.word(behind)
	case "undef":
		delete(p.vars, first)
	case "include", "x_include":
		take := p.file
		if name == "x_include" {
			take = p.executed
		}
		return p.include(first, behind, column, depth, take)
	case "x_include_setenv":
		value, _ := p.word(behind)
		if !variable(first) {
			return p.fail(column, "%q is no name of a variable", first)
		}
		p.env = append(p.env, first+"="+value)
	default:
		return p.fail(column, "@@%s is not known", name)
	}
	return nil
}

func (p *parser) condition(name, rest string, column int) error {
	n := len(p.conds)
	switch {
	case name == "if":
		outer, holds := p.taken(), false
		if outer {
			var err error
			if holds, err = p.holds(rest); err != nil {
				return p.fail(column, "%v", err)
			}
		}
		p.conds = append(p.conds, cond{taken: outer && holds, was: holds, outer: outer})
	case n == 0:
		return p.fail(column, "@@%s without @@if", name)
	case name == "else":
		p.conds[n-1].taken = p.conds[n-1].outer && !p.conds[n-1].was
	default:
		p.conds = p.conds[:n-1]
	}
	return nil
}

func (p *parser) holds(expr string) (bool, error) {
	first, rest := p.word(expr)
	second, third := p.word(rest)
	switch {
	case first == "not":
		holds, err := p.holds(rest)
		return !holds, err
	case first == "defined":
		_, ok := p.vars[second]
		return ok, nil
	case first == "hostname":
		return second != "" && second == p.options.Hostname, nil
	case first == "exists":
		_, err := p.h.Lstat(p.ctx, second)
		return err == nil, nil
	case second == "version_ge":
		than, _ := p.word(third)
		return atLeast(first, than), nil
	}
	return false, fmt.Errorf("%q is no condition", expr)
}

// atLeast compares versions of three numbers; what is behind them does not count.
func atLeast(a, b string) bool {
	numbers := func(s string) (out [3]int) {
		for i, part := range strings.SplitN(s, ".", 3) {
			end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
			if end < 0 {
				end = len(part)
			}
			out[i], _ = strconv.Atoi(part[:end]) //nolint:errcheck // nothing is zero
		}
		return out
	}
	x, y := numbers(a), numbers(b)
	return slices.Compare(x[:], y[:]) >= 0
}

// include takes a file, or the files of a folder whose name matches.
func (p *parser) include(name, rest string, column, depth int, take func(name, prefix string, depth int) error) error {
	pattern, behind := p.word(rest)
	prefix, _ := p.word(behind)
	if pattern == "" {
		return take(name, p.prefix, depth+1)
	}
	if prefix != "" && prefix[0] != '/' {
		return p.fail(column, "the prefix %q does not begin with a slash", prefix)
	}
	match, err := automaton.New([]string{"(?s:.*)(?:" + pattern + ")"}) // anywhere in the name
	if err != nil {
		return p.fail(column, "%v", err)
	}
	entries, err := p.h.ReadDir(p.ctx, name)
	if err != nil {
		return fmt.Errorf("aide configuration: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || len(match.Start().Next(e.Name).Matches()) == 0 {
			continue
		}
		err := take(path.Join(name, e.Name), p.prefix+strings.TrimSuffix(prefix, "/"), depth+1)
		if err != nil && !errors.Is(err, host.ErrNotRegular) {
			return err
		}
	}
	return nil
}
