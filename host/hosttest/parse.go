package hosttest

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// New is Parse for a text in a test's source; it panics when the text is wrong.
func New(text string) *Machine {
	m, err := Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	return m
}

// Parse reads the text of a machine. The error names the line of the section
// that is wrong.
func Parse(text []byte) (*Machine, error) {
	comment, sections, err := split(text)
	if err != nil {
		return nil, fmt.Errorf("parse machine: %w", err)
	}
	m := &Machine{
		comment: comment, root: newDir(),
		commands: map[string]*command{}, dials: map[string]*dial{},
	}
	if err := m.add(sections); err != nil {
		return nil, fmt.Errorf("parse machine: %w", err)
	}
	return m, nil
}

// Add reads more sections. What the text lists takes the place of what the
// machine had under the same name; a directory keeps what lies in it. After an
// error a part of the text may have been added.
func (m *Machine) Add(text string) error {
	comment, sections, err := split([]byte(text))
	if err != nil {
		return fmt.Errorf("add to machine: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.comment += comment
	fresh := &Machine{root: newDir(), defaults: m.defaults, commands: map[string]*command{}, dials: map[string]*dial{}}
	if err := fresh.add(sections); err != nil {
		return fmt.Errorf("add to machine: %w", err)
	}
	return m.merge(fresh)
}

// add reads sections into m.
func (m *Machine) add(sections []section) error {
	var last *command // of which a stderr section may follow
	for i := range sections {
		s := &sections[i]
		var err error
		switch s.kind {
		case "machine":
			if i > 0 {
				err = errors.New("the machine section comes first")
				break
			}
			err = m.addMachine(s)
		case "$":
			last, err = m.addCommand(s)
		case "stderr":
			err = addStderr(s, last)
			last = nil
		case "dial":
			err = m.addDial(s)
		default:
			err = m.addFile(s)
		}
		if s.kind != "$" {
			last = nil
		}
		if err == nil {
			err = s.done()
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", s.line, err)
		}
	}
	m.root.spread(false)
	return m.root.check("/")
}

func (m *Machine) addMachine(s *section) error {
	if a, ok := s.take("now"); ok {
		now, err := time.Parse(time.RFC3339Nano, a.value)
		if err != nil {
			return fmt.Errorf("bad now: %w", err)
		}
		m.now = now
	}
	if err := s.ownerPair(m.defaults); err != nil {
		return err
	}
	for _, key := range []string{"uid", "gid", "dev", "mtime"} {
		if a, ok := s.take(key); ok {
			if err := setField(&m.defaults, key, a.value); err != nil {
				return err
			}
		}
	}
	return s.noBody()
}

func (m *Machine) addCommand(s *section) (*command, error) {
	c, err := parseCommand(s)
	if err != nil {
		return nil, err
	}
	key := c.key(s.args)
	if m.commands[key] != nil {
		return nil, fmt.Errorf("command %s given twice", formatVector(s.args))
	}
	m.commands[key] = c
	return c, nil
}

func addStderr(s *section, of *command) error {
	if of == nil || of.err != nil || of.hang {
		return errors.New("stderr follows a command that ends")
	}
	var err error
	of.out.Stderr, err = s.content()
	return err
}

func (m *Machine) addDial(s *section) error {
	d, err := parseDial(s)
	if err != nil {
		return err
	}
	if m.dials[s.name] != nil {
		return fmt.Errorf("dial %s given twice", s.name)
	}
	m.dials[s.name] = d
	return nil
}

func (m *Machine) addFile(s *section) error {
	if err := clean(s.name); err != nil {
		return err
	}
	n, err := m.root.make(s.name)
	if err != nil {
		return err
	}
	if n.listed {
		return fmt.Errorf("%q given twice", s.name)
	}
	return parseFile(s, n, m.defaults)
}

// spread hands complete=tree down, as far as directories can be read.
func (n *node) spread(whole bool) {
	if !n.stat.IsDir() || n.err != nil {
		return
	}
	n.whole = n.whole || whole
	n.complete = n.complete || n.whole
	for _, kid := range n.kids {
		kid.spread(n.whole)
	}
}

// check refuses entries below what is no directory; sections come in any order.
func (n *node) check(name string) error {
	var err error
	n.walk(name, func(name string, n *node) {
		if len(n.kids) > 0 && (n.absent || !n.stat.IsDir()) {
			err = fmt.Errorf("%q has entries below it but is no directory", name)
		}
	})
	return err
}

// errorAttr takes an attribute that names an error; nil when it is not given.
func (s *section) errorAttr(key string) (error, error) {
	a, ok := s.take(key)
	if !ok {
		return nil, nil
	}
	if a.value == "" {
		return nil, fmt.Errorf("%s needs a value", key)
	}
	for _, known := range errorWords {
		if a.value == known.word {
			return known.err, nil
		}
	}
	return errors.New(a.value), nil
}

// errorWords are the errors that callers test for.
var errorWords = []struct {
	word string
	err  error
}{
	{"permission", fs.ErrPermission},
	{"unsupported", errors.ErrUnsupported},
	{"notregular", host.ErrNotRegular},
	{"io", syscall.EIO},
}

// errorWord is the inverse of errorAttr.
func errorWord(err error) string {
	for _, known := range errorWords {
		if errors.Is(err, known.err) {
			return known.word
		}
	}
	return strconv.Quote(err.Error())
}
