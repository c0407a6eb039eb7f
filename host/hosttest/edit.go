package hosttest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// WriteFile gives the regular file name the content data; a file that was not
// there gets mode and the defaults of the machine. Mtime and ctime become the
// machine's time, where it has one; the other attributes stay as they are.
func (m *Machine) WriteFile(name string, data []byte, mode uint32) error {
	return m.edit("write", name, func(n *node) error {
		if !n.listed || n.absent {
			*n = node{stat: m.defaults, listed: true}
			n.stat.Mode, n.stat.Known = host.ModeRegular|mode&0o7777, n.stat.Known|host.KnownMode
		}
		if !n.stat.IsRegular() {
			return host.ErrNotRegular
		}
		n.data, n.noData, n.err = append([]byte{}, data...), false, nil
		n.stat.Size, n.stat.Known = int64(len(data)), n.stat.Known|host.KnownSize
		m.touch(n)
		return nil
	})
}

// AppendFile adds data to the end of the regular file name, as a log grows.
func (m *Machine) AppendFile(name string, data []byte) error {
	return m.edit("append", name, func(n *node) error {
		if !n.listed || !n.stat.IsRegular() || n.noData || n.err != nil {
			return ErrUnlisted
		}
		n.data = append(n.data[:len(n.data):len(n.data)], data...)
		n.stat.Size = int64(len(n.data))
		m.touch(n)
		return nil
	})
}

// SetStat sets all that is known of name beside its content: st.Known says
// which fields. The type must stay as it is.
func (m *Machine) SetStat(name string, st host.Stat) error {
	return m.edit("set stat", name, func(n *node) error {
		if n.absent || n.stat.Type() != st.Type() {
			return fmt.Errorf("the type would change")
		}
		n.stat, n.listed = st, true
		return nil
	})
}

// Remove makes name, and all below it, known not to be there.
func (m *Machine) Remove(name string) error {
	return m.edit("remove", name, func(n *node) error {
		*n = node{listed: true, absent: true}
		return nil
	})
}

// Rename moves from, and all below it, to to, as the rotation of a log does. The
// inode goes along, and from is known not to be there.
func (m *Machine) Rename(from, to string) error {
	moved := node{}
	err := m.edit("rename", from, func(n *node) error {
		if n.absent || !n.listed && len(n.kids) == 0 {
			return ErrUnlisted
		}
		moved, *n = *n, node{listed: true, absent: true}
		return nil
	})
	if err != nil {
		return err
	}
	return m.edit("rename", to, func(n *node) error {
		*n = moved
		return nil
	})
}

// edit changes the node of name, which is made when it is missing.
func (m *Machine) edit(op, name string, change func(n *node) error) error {
	err := clean(name)
	if err == nil && name == "/" {
		err = fmt.Errorf("the root stays as it is")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root.revive(name)
	n, err := m.root.make(name)
	if err == nil {
		err = change(n)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", op, name, err)
	}
	m.root.spread(false)
	return nil
}

// touch sets the times of a change.
func (m *Machine) touch(n *node) {
	if m.now.IsZero() {
		return
	}
	n.stat.Mtime, n.stat.Ctime = m.now.UnixNano(), m.now.UnixNano()
	n.stat.Known |= host.KnownMtime | host.KnownCtime
}

// merge lays what fresh lists over m.
func (m *Machine) merge(fresh *Machine) error {
	if !fresh.now.IsZero() {
		m.now = fresh.now
	}
	m.defaults = fresh.defaults
	for key, c := range fresh.commands {
		m.commands[key] = c
	}
	for key, d := range fresh.dials {
		m.dials[key] = d
	}
	var err error
	fresh.root.walk("/", func(name string, n *node) {
		if n.listed && err == nil {
			err = m.root.put(name, n)
		}
	})
	m.root.spread(false)
	return err
}

// put lays one listed node over what root has under name.
func (n *node) put(name string, by *node) error {
	n.revive(name)
	old, err := n.make(name)
	if err != nil {
		return err
	}
	kids := old.kids
	*old = *by
	old.kids = nil
	if by.stat.IsDir() && !by.absent {
		old.kids = kids
	}
	return nil
}

// textName writes a path as a section line has it.
func textName(name string) string {
	if isBare(name) {
		return name
	}
	return strconv.Quote(name)
}

// isBare reports whether a word needs no quotes.
func isBare(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == '"' || r >= 0x7f
	})
}
