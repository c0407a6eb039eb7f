package mtree

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// A Spec is a specification that was read.
type Spec struct {
	Entries  []host.Entry    // in tree order
	Optional map[string]bool // paths that need not be there
	Ignored  []string        // folders below which nothing is compared

	anyMode map[string]bool // paths of which only the type is given
}

// Stream gives the entries as those of an old scan.
func (s *Spec) Stream() integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for _, e := range s.Entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Reported gives a change as the specification would have it told, and whether at
// all: not that what is optional is missing, nor what is below an ignored folder,
// nor a mode that it does not give.
func (s *Spec) Reported(c integrity.Change) (integrity.Change, bool) {
	if c.Kind == integrity.Removed && s.Optional[c.Path] {
		return c, false
	}
	if slices.ContainsFunc(s.Ignored, func(top string) bool { return c.Path != top && tree.Within(c.Path, top) }) {
		return c, false
	}
	if s.anyMode[c.Path] {
		c.Fields &^= tree.FieldMode
	}
	return c, c.Kind != integrity.Changed || c.Fields != 0
}

// maxLine bounds a line with its continuations, in bytes.
const maxLine = 1 << 20

type reader struct {
	root    string
	dir     string            // where relative names are
	set     map[string]string // by /set
	entries map[string]host.Entry
	spec    *Spec
}

// Read reads a specification of what is at and below root. The error names the
// line.
func Read(r io.Reader, root string) (*Spec, error) {
	in := reader{root: root, dir: root, set: map[string]string{}, entries: map[string]host.Entry{}, spec: &Spec{Optional: map[string]bool{}, anyMode: map[string]bool{}}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	text, start := "", 1
	for n := 1; lines.Scan(); n++ {
		part := lines.Text()
		if text == "" {
			start = n
		}
		if cut, more := strings.CutSuffix(part, `\`); more {
			if text += cut + " "; len(text) > maxLine {
				return nil, fmt.Errorf("mtree line %d: longer than %d bytes", start, maxLine)
			}
			continue
		}
		if err := in.line(text + part); err != nil {
			return nil, fmt.Errorf("mtree line %d: %w", start, err)
		}
		text = ""
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("mtree: %w", err)
	}
	if text != "" {
		return nil, fmt.Errorf("mtree line %d: it goes on, and nothing follows", start)
	}
	in.spec.Entries = slices.SortedFunc(maps.Values(in.entries), func(a, b host.Entry) int { return tree.Compare(a.Path, b.Path) })
	return in.spec, nil
}

func (r *reader) line(text string) error {
	words := strings.Fields(text)
	if len(words) == 0 || words[0][0] == '#' {
		return nil
	}
	switch words[0] {
	case "/set":
		for _, w := range words[1:] {
			key, value, _ := strings.Cut(w, "=")
			r.set[key] = value
		}
		return nil
	case "/unset":
		for _, w := range words[1:] {
			if w == "all" {
				clear(r.set)
			}
			delete(r.set, w)
		}
		return nil
	case "..":
		if r.dir == r.root {
			return errors.New("above the root")
		}
		r.dir = path.Dir(r.dir)
		return nil
	}
	return r.entry(words)
}

// entry takes a line about a file. A name with a slash is a whole path, and others
// are in the folder that was named last.
func (r *reader) entry(words []string) error {
	if strings.ContainsAny(strings.ReplaceAll(words[0], "^?", ""), "*?[") { // ^? is a byte, see decode
		return fmt.Errorf("%.100q is a pattern", words[0])
	}
	name, err := decode(words[0])
	if err != nil {
		return err
	}
	whole := strings.Contains(words[0], "/")
	full := path.Join(r.dir, name)
	if whole || name == "." {
		full = path.Join(r.root, name)
	}
	if !tree.Within(full, r.root) || !host.ValidName(full) {
		return fmt.Errorf("%.100q is not below the root", name)
	}
	keys := maps.Clone(r.set)
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		keys[key] = value
	}
	e, err := r.attributes(full, keys)
	if err != nil {
		return err
	}
	r.entries[full] = e
	if e.Stat.IsDir() && !whole {
		r.dir = full
	}
	return nil
}

func (r *reader) attributes(full string, keys map[string]string) (host.Entry, error) {
	e := host.Entry{Path: full}
	for mode, word := range types {
		if keys["type"] == word {
			e.Stat.Mode, e.Stat.Known = mode, host.KnownMode
		}
	}
	if e.Stat.Known == 0 {
		return e, fmt.Errorf("%.100q has no type that is known", full)
	}
	e.Complete = e.Stat.IsDir()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if err := r.attribute(&e, key, keys[key]); err != nil {
			return e, fmt.Errorf("%s=%.100s: %w", key, keys[key], err)
		}
	}
	if keys["mode"] == "" {
		r.spec.anyMode[full] = true
	}
	_, uid := keys["uid"]
	_, gid := keys["gid"]
	if uid && gid {
		e.Stat.Known |= host.KnownOwner
	}
	return e, nil
}

func (r *reader) attribute(e *host.Entry, key, value string) (err error) {
	number := func(base, bits int) (n uint64) {
		n, err = strconv.ParseUint(value, base, bits)
		return n
	}
	switch key {
	case "mode":
		e.Stat.Mode |= uint32(number(8, 12))
	case "uid":
		e.Stat.UID = uint32(number(10, 32))
	case "gid":
		e.Stat.GID = uint32(number(10, 32))
	case "size":
		e.Stat.Size = int64(number(10, 63))
		e.Stat.Known |= host.KnownSize
	case "nlink":
		e.Stat.Nlink = number(10, 64)
		e.Stat.Known |= host.KnownNlink
	case "time":
		e.Stat.Mtime, err = seconds(value)
		e.Stat.Known |= host.KnownMtime
	case "link":
		e.Stat.Link, err = decode(value)
		e.Stat.Known |= host.KnownLink
	case "optional":
		r.spec.Optional[e.Path] = true
	case "ignore":
		r.spec.Ignored = append(r.spec.Ignored, e.Path)
	default:
		return digest(e, key, value)
	}
	return err
}

// digest takes the words of digests, such as sha256 and sha256digest; others say
// what cannot be compared here.
func digest(e *host.Entry, key, value string) error {
	algorithm := strings.TrimSuffix(key, "digest")
	if keywords[algorithm] == "" || !e.Stat.IsRegular() {
		return nil
	}
	sum, err := hex.DecodeString(value)
	if err != nil {
		return err
	}
	d := host.NewDigest(algorithm, sum)
	if h := host.NewHash(algorithm); h == nil || h.Size() != d.Size() {
		return errors.New("a digest of another length")
	}
	if _, ok := e.Digest(algorithm); !ok {
		e.Digests = append(e.Digests, d)
	}
	return nil
}

// seconds reads a time: what is behind the dot are nanoseconds, and no fraction.
func seconds(value string) (int64, error) {
	sec, nsec, _ := strings.Cut(value, ".")
	s, err := strconv.ParseInt(sec, 10, 33)
	n := int64(0)
	if nsec != "" && err == nil {
		n, err = strconv.ParseInt(nsec, 10, 64)
	}
	if n < 0 || n > 999_999_999 {
		return 0, errors.New("no time")
	}
	return s*1_000_000_000 + n, err
}

// decode undoes vis(3): octal, the letters of C, \^A for a control byte, and \M-a
// and \M^A for those above 127.
func decode(name string) (string, error) {
	var b strings.Builder
	for rest := name; rest != ""; {
		if rest[0] != '\\' {
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		c, n := escaped(rest[1:])
		if n == 0 || c == 0 {
			return "", fmt.Errorf("%.100q: what is behind the backslash is not known", name)
		}
		b.WriteByte(c)
		rest = rest[1+n:]
	}
	return b.String(), nil
}

// escaped reads what is behind a backslash: the byte that is meant, and how many
// it takes; none where it is not known.
func escaped(s string) (c byte, n int) {
	const letters, meant = `abfnrstv\#`, "\a\b\f\n\r \t\v\\#"
	if len(s) >= 3 {
		if v, err := strconv.ParseUint(s[:3], 8, 8); err == nil {
			return byte(v), 3
		}
	}
	switch {
	case s == "":
		return 0, 0
	case strings.IndexByte(letters, s[0]) >= 0:
		return meant[strings.IndexByte(letters, s[0])], 1
	case len(s) >= 3 && s[:2] == "M-":
		return s[2] | 0x80, 3
	case len(s) >= 3 && s[:2] == "M^":
		return control(s[2]) | 0x80, 3
	case len(s) >= 2 && s[0] == '^':
		return control(s[1]), 2
	}
	return 0, 0
}

func control(c byte) byte {
	if c == '?' {
		return 0x7f
	}
	return c & 0x1f
}
