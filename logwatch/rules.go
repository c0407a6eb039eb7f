package logwatch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Level says what a rule makes of a line. The zero value is a line that no
// rule explains.
type Level uint8

// The levels.
const (
	Unexplained Level = iota
	Ignore            // routine
	Count             // routine whose fields are counted
	Notice
	Warning
	Critical
)

var levelNames = [...]string{"unexplained", "ignore", "count", "notice", "warning", "critical"}

// String returns "unexplained", "ignore", "count", "notice", "warning" or "critical".
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level-%d", uint8(l))
}

// Raises reports whether lines of the level are told one by one.
func (l Level) Raises() bool { return l >= Notice }

// A Rule explains messages of some programs. One that raises needs Title, Say
// and Why.
type Rule struct {
	Name  string // stable: lower-case letters, digits and '-'
	Level Level
	// Programs are whose messages it explains: names, "postfix/" for all that
	// begin so, "*" for every program, and "!sshd" for all but one. None is every program.
	Programs []string
	Match    []string // patterns, of which one must match: see RuleSet
	ERE      []string // expressions of POSIX without references, as grep -E has them, for whole messages; they count as Match
	Unless   []string // patterns, of which none may match
	Key      []string // fields that tell one finding from another
	Title    string   // for the catalogue
	Say      string   // title of a finding, with {fields}, {program}, {times} ("", "7 times") and {from} ("", "from 7 addresses")
	Why      string   // why it matters
	Fix      string   // what to do, with {fields} and {program}
	// Look are commands that show more, in words with {fields}: see ParseRules.
	Look []string
	// Do is the task that a remedy has, by commands of the system at hand: "restart
	// {unit}" or "repair packages"; empty: what Fix says is done by hand.
	Do     string
	Source string // where its lines stand: the programs' sources or manuals, or projects that publish such lines
	Tests  []Test
	// Over raises only from so many lines of the key on; After only behind so
	// many lines of other rules that name the key; Absent where no line came for
	// so long, and no line raises; Before where no line of another rule, with the
	// same key, came behind one within a time; Suppress not again for the key.
	// They need a Watch: a line by itself is counted, or left to other rules.
	Over, After      Threshold
	Before           Order
	Absent, Suppress time.Duration
	File             string // where it stands; empty: made by a program
	Line             int
}

// A Test is a line with what its rule must make of it.
type Test struct {
	Program, Message string
	Decides          bool // false: the rule must not decide this line
}

// A RuleSet classifies lines. It is safe for concurrent use.
//
// A later layer decides before an earlier one. Within a layer a rule that
// raises decides before one that ignores, the worse before the milder, one that
// names the line's program before one for every program, and at last the one
// that stands first.
//
// Patterns are literal text with fields in braces, and match whole messages:
//
//	{n} {x} {w} {*}   digits; hexadecimal digits; a word; anything or nothing
//	{addr}            an IP address
//	{login} {unit} {dev} {proc} {path} {group}   a word, captured
//	{user} {text} {task}   anything, captured; {task} as {proc}
//	{jobs:n}          what stands behind the colon, captured under the name before it
//
// Matching never goes back, and so is linear: Compile refuses the rare pattern
// for which that is not enough, such as one with two of {user} and {text}.
type RuleSet struct {
	rules []*compiled
	byTag map[string]*patterns // programs that a rule names
	stems map[string]*patterns // by what stands before the first slash of other programs
	any   *patterns            // all other programs
}

// compiled is a rule that can be matched.
type compiled struct {
	Rule
	layer, order  int
	match, unless []*pattern
}

type matcher struct {
	rule *compiled
	*pattern
}

// patterns are those of one program, in the order of decision, by the byte with
// which a message begins: most messages are tried against few of them.
type patterns struct {
	place [256]uint8
	lists [][]matcher // the first: those that begin with a field
}

func byFirst(all []matcher) *patterns {
	t := &patterns{}
	var bytes []int
	for _, m := range all {
		if b := m.first(); !slices.Contains(bytes, b) {
			bytes = append(bytes, b)
		}
	}
	slices.Sort(bytes)
	for _, b := range slices.Compact(append([]int{-1}, bytes...)) {
		var list []matcher
		for _, m := range all {
			if f := m.first(); f < 0 || f == b {
				list = append(list, m)
			}
		}
		if b >= 0 {
			t.place[b] = uint8(len(t.lists))
		}
		t.lists = append(t.lists, list)
	}
	return t
}

func (t *patterns) of(message []byte) []matcher {
	if len(message) == 0 {
		return t.lists[0]
	}
	return t.lists[t.place[message[0]]]
}

// Compile makes a set of layers of rules. A rule of a later layer replaces one
// of its name in an earlier. The error names everything that is wrong, with
// file and line; a rule with a fault is left out and all others are in the set.
func Compile(layers ...[]Rule) (*RuleSet, error) {
	s := &RuleSet{}
	var errs []error
	byName := map[string]*compiled{}
	for layer, rules := range layers {
		for _, r := range rules {
			c, err := r.compile()
			if old := byName[r.Name]; err == nil && old != nil && old.layer == layer {
				err = fmt.Errorf("%s: the name is taken by %s", r.at(), old.at())
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			c.layer, c.order = layer, len(byName)
			byName[r.Name] = c
		}
	}
	for _, c := range byName {
		s.rules = append(s.rules, c)
	}
	slices.SortFunc(s.rules, func(a, b *compiled) int { return cmp.Compare(a.order, b.order) })
	s.index()
	return s, errors.Join(errs...)
}

// at says where a rule stands.
func (r *Rule) at() string {
	if r.File == "" {
		return "rule " + r.Name
	}
	return fmt.Sprintf("%s:%d: rule %s", r.File, r.Line, r.Name)
}

var (
	nameForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	fieldForm = regexp.MustCompile(`\{([^}]*)\}`)
)

func (r *Rule) compile() (*compiled, error) {
	c := &compiled{Rule: *r}
	fields := map[string]bool{}
	var errs []error
	for _, text := range r.Match {
		p, err := compile(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.match = append(c.match, p)
		for _, name := range p.fields {
			fields[name] = true
		}
	}
	for _, text := range r.ERE {
		p, err := compileERE(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.match = append(c.match, p)
	}
	for _, text := range r.Unless {
		p, err := compile(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.unless = append(c.unless, p)
	}
	if err := errors.Join(append(errs, r.check(fields))...); err != nil {
		return nil, fmt.Errorf("%s: %w", r.at(), err)
	}
	return c, nil
}

// tasks are what Rule.Do can be.
var tasks = [...]string{"restart {unit}", "repair packages"}

// check refuses a rule that lacks something, or that names a field in its texts
// that none of its patterns has.
func (r *Rule) check(fields map[string]bool) error {
	switch {
	case !nameForm.MatchString(r.Name):
		return errors.New("a name has words of a-z and 0-9 with '-' between them")
	case r.Level == Unexplained || int(r.Level) >= len(levelNames):
		return errors.New("it has no level")
	case len(r.Match)+len(r.ERE) == 0:
		return errors.New("it matches nothing")
	case r.Level.Raises() && (r.Title == "" || r.Say == "" || r.Why == ""):
		return errors.New("a rule that raises needs title, say and why")
	case strings.Contains(r.Title+r.Why, "{"):
		return errors.New("title and why stand in the catalogue and have no fields")
	}
	if err := r.checkWords(); err != nil {
		return err
	}
	for _, name := range r.Key {
		if !fields[name] {
			return fmt.Errorf("no pattern has the key {%s}", name)
		}
	}
	switch {
	case r.Do != "" && !slices.Contains(tasks[:], r.Do):
		return fmt.Errorf("do is one of %s", strings.Join(tasks[:], ", "))
	case slices.ContainsFunc(r.Look, func(look string) bool { return strings.HasPrefix(look, "{") }):
		return errors.New("a look begins with the name of a program, not with a field")
	case strings.Contains(r.Do, "{") && !slices.Contains(r.Key, "unit"):
		return fmt.Errorf("do needs the key {unit}")
	}
	for _, m := range fieldForm.FindAllStringSubmatch(r.Say+r.Fix+strings.Join(r.Look, "\n"), -1) {
		if !fields[m[1]] && !slices.Contains([]string{"times", "from", "program"}, m[1]) {
			return fmt.Errorf("no pattern has the field {%s}", m[1])
		}
	}
	return nil
}

// index makes the list of patterns of each program, in the order of decision.
func (s *RuleSet) index() {
	s.byTag, s.stems = map[string]*patterns{}, map[string]*patterns{}
	for _, c := range s.rules {
		for _, program := range c.Programs {
			name := strings.TrimPrefix(program, "!")
			if stem, ok := strings.CutSuffix(name, "/"); ok {
				s.stems[stem] = nil
			} else if name != "*" {
				s.byTag[name] = nil
			}
		}
	}
	for tag := range s.byTag {
		s.byTag[tag] = s.listFor(tag)
	}
	for stem := range s.stems {
		s.stems[stem] = s.listFor(stem + "/\x00")
	}
	s.any = s.listFor("\x00")
}

func (s *RuleSet) listFor(program string) *patterns {
	type candidate struct {
		*compiled
		named bool
	}
	var rules []candidate
	for _, c := range s.rules {
		if covers, named := c.covers(program); covers {
			rules = append(rules, candidate{c, named})
		}
	}
	slices.SortStableFunc(rules, func(a, b candidate) int {
		if c := cmp.Or(cmp.Compare(b.layer, a.layer), cmp.Compare(b.Level, a.Level)); c != 0 {
			return c
		}
		if a.named != b.named && a.named {
			return -1
		} else if a.named != b.named {
			return 1
		}
		return cmp.Compare(a.order, b.order)
	})
	var all []matcher
	for _, c := range rules {
		for _, p := range c.match {
			all = append(all, matcher{c.compiled, p})
		}
	}
	return byFirst(all)
}

// covers reports whether the rule is about a program, and whether it names it.
func (r *Rule) covers(program string) (covers, named bool) {
	all := true
	for _, p := range r.Programs {
		name, not := strings.CutPrefix(p, "!")
		is := name == program || strings.HasSuffix(name, "/") && strings.HasPrefix(program, name)
		switch {
		case not && is:
			return false, false
		case is:
			named = true
		case !not && name != "*":
			all = false
		}
	}
	return all || named || slices.Contains(r.Programs, "*"), named
}

// A Line is what a rule sees of one event.
type Line struct {
	Tag      []byte // program
	Message  []byte
	Priority int // syslog severity 1 to 7 (alert to debug); 0 when not known
}

// A Match is the rule that decided a line and what the fields of its pattern
// took. The values point into the line.
type Match struct {
	Rule   *Rule // nil: no rule explains the line
	Level  Level // what the rule makes of this line: Count below its threshold
	fields captures
}

// Field returns what a field took; nil when the pattern has none of that name.
func (m *Match) Field(name string) []byte { return m.fields.get(name) }

// Fields calls yield for each field, in the order of the pattern.
func (m *Match) Fields(yield func(name string, value []byte) bool) {
	for i := range m.fields.n {
		if !yield(m.fields.names[i], m.fields.text[i]) {
			return
		}
	}
}

// A Verdict says what a line is. Rule is empty for an unexplained one.
type Verdict struct {
	Level Level
	Rule  string
}

// Classify returns the verdict of the rule that decides.
func (s *RuleSet) Classify(l Line) Verdict {
	var m Match
	if s.Match(&l, &m) {
		return Verdict{m.Level, m.Rule.Name}
	}
	return Verdict{}
}

// Match finds the rule that decides a line and reports whether there is one.
// Of rules that speak of several lines, those with after leave it to others,
// and those with over, absent or before count it.
func (s *RuleSet) Match(l *Line, m *Match) bool {
	found := s.match(l, m, func(r *Rule) bool { return r.After.N == 0 })
	if found && (m.Rule.Over.N > 0 || m.Rule.Absent > 0 || m.Rule.Before.In > 0) {
		m.Level = Count
	}
	return found
}

// match finds the first rule that matches and that take does not refuse.
func (s *RuleSet) match(l *Line, m *Match, take func(*Rule) bool) bool {
	m.Rule, m.Level = nil, Unexplained
	msg := bytes.TrimSpace(l.Message)
	list := s.list(l.Tag).of(msg)
	var refused *compiled
	for i := range list {
		r := list[i].rule
		if r == refused || !list[i].match(msg, &m.fields) || r.excepted(msg) {
			continue
		}
		if !take(&r.Rule) {
			refused = r
			continue
		}
		m.Rule, m.Level = &r.Rule, r.Level
		return true
	}
	m.fields.n = 0
	return false
}

// Explain lists every rule that matches a line, in the order of decision: the
// first decides, unless it has a threshold that was not reached.
func (s *RuleSet) Explain(l Line) []Rule {
	var out []Rule
	var m Match
	s.match(&l, &m, func(r *Rule) bool {
		if len(out) == 0 || out[len(out)-1].Name != r.Name {
			out = append(out, *r)
		}
		return false
	})
	return out
}

func (s *RuleSet) list(tag []byte) *patterns {
	if list, ok := s.byTag[string(tag)]; ok {
		return list
	}
	if i := bytes.IndexByte(tag, '/'); i > 0 {
		if list, ok := s.stems[string(tag[:i])]; ok {
			return list
		}
	}
	return s.any
}

// Names reports whether a rule names the program, so that it is one that this
// system is expected to have.
func (s *RuleSet) Names(program []byte) bool {
	stem, _, _ := bytes.Cut(program, []byte("/"))
	_, named := s.byTag[string(program)]
	_, all := s.stems[string(stem)]
	return named || all
}

func (c *compiled) excepted(msg []byte) bool {
	var none captures
	for _, p := range c.unless {
		if p.match(msg, &none) {
			return true
		}
	}
	return false
}

// Rules returns a copy of the rules of the set, in their order.
func (s *RuleSet) Rules() []Rule {
	out := make([]Rule, 0, len(s.rules))
	for _, c := range s.rules {
		out = append(out, c.Rule)
	}
	return out
}
