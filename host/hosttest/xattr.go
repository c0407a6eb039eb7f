package hosttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

var _ host.AttrReader = (*Machine)(nil)

// wordXattrs says of a file that its extended attributes are known, if there are
// any; wordXattr with a name behind it gives one.
const (
	wordXattrs = "xattrs"
	wordXattr  = "xattr."
)

// parseXattrs takes xattr.NAME=VALUE, and xattrs where there are none.
func parseXattrs(s *section, n *node) error {
	known, err := s.flag(wordXattrs)
	if err != nil {
		return err
	}
	if known {
		n.xattrs = map[string]string{}
	}
	var rest []attr
	for _, a := range s.attrs {
		name, is := strings.CutPrefix(a.key, wordXattr)
		if !is {
			rest = append(rest, a)
			continue
		}
		if space, of, _ := strings.Cut(name, "."); space == "" || of == "" || !a.hasValue {
			return fmt.Errorf("%s: an extended attribute is xattr.NAMESPACE.NAME=VALUE", a.key)
		}
		if n.xattrs == nil {
			n.xattrs = map[string]string{}
		}
		n.xattrs[name] = a.value
	}
	s.attrs = rest
	return nil
}

// xattrWords is the inverse of parseXattrs.
func xattrWords(n *node) (words []string) {
	if n.xattrs != nil && len(n.xattrs) == 0 {
		return []string{wordXattrs}
	}
	for _, name := range sortedKeys(n.xattrs) {
		words = append(words, wordXattr+name+"="+textName(n.xattrs[name]))
	}
	return words
}

// Attrs gives the attributes of a file, without following a link: none is known
// where the text says nothing of extended attributes.
func (m *Machine) Attrs(ctx context.Context, name string) ([]host.Attr, error) {
	xattrs, known, err := m.xattrsOf(ctx, name)
	if err != nil || !known {
		return nil, err
	}
	return host.XattrsToAttrs(xattrs), nil
}

// Xattrs gives the extended attributes of a file by the kernel's names, and
// whether the text tells them.
func (m *Machine) Xattrs(name string) (map[string]string, bool) {
	xattrs, known, err := m.xattrsOf(context.Background(), name)
	return xattrs, known && err == nil
}

func (m *Machine) xattrsOf(ctx context.Context, name string) (map[string]string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, _, err := m.lookup(ctx, name, false)
	switch {
	case err != nil:
		return nil, false, err
	case n.statErr != nil && !errors.Is(n.statErr, errors.ErrUnsupported):
		return nil, false, n.statErr
	}
	return maps.Clone(n.xattrs), n.xattrs != nil, nil
}
