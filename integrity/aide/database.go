package aide

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

const (
	maxRow     = 1 << 20 // bytes of one line of a database
	maxEntries = 20 << 20
)

// digestColumns are the columns of a database whose algorithm is known here, too.
var digestColumns = []string{"md5", "sha1", "sha256", "sha512"}

// ReadDatabase reads a database of AIDE, packed by gzip or not, as the entries of a
// first baseline, in their order. Of what it holds, type, mode, owner, size, number
// of links, target and digests are taken. The rest is unknown in the entries, and so
// is not compared: times, which it has in whole seconds, inodes, which it has without
// their device, and attributes, which it has as texts. An error names the line.
func ReadDatabase(r io.Reader) ([]host.Entry, error) {
	in := bufio.NewReader(r)
	if magic, err := in.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("aide database: %w", err)
		}
		in = bufio.NewReader(unpacked)
	}
	d := database{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxRow)
	n := 0
	for lines.Scan() {
		n++
		if err := d.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("aide database: line %d: %w", n, err)
		}
	}
	switch {
	case lines.Err() != nil:
		return nil, fmt.Errorf("aide database: line %d: %w", n+1, lines.Err())
	case !d.ended:
		return nil, errors.New("aide database: it has no end")
	}
	slices.SortFunc(d.entries, func(a, b host.Entry) int { return tree.Compare(a.Path, b.Path) })
	for i := range d.entries[min(1, len(d.entries)):] {
		if d.entries[i].Path == d.entries[i+1].Path {
			return nil, fmt.Errorf("aide database: %q is there twice", d.entries[i].Path)
		}
	}
	return d.entries, nil
}

// A database is one while it is read.
type database struct {
	columns []string
	ended   bool
	entries []host.Entry
}

func (d *database) line(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case text == "", text[0] == '#', word == "@@begin_db":
		return nil
	case word == "@@end_db":
		d.ended = true
		return nil
	case word == "@@db_spec":
		d.columns = strings.Fields(rest)
		return nil
	case strings.HasPrefix(word, "@@"):
		return fmt.Errorf("%.40q is not understood", word)
	case d.ended || !slices.Contains(d.columns, "name"):
		return errors.New("an entry where none can be")
	case len(d.entries) >= maxEntries:
		return fmt.Errorf("more than %d entries", maxEntries)
	}
	fields := strings.Fields(text)
	if len(fields) != len(d.columns) {
		return fmt.Errorf("%d fields, where there are %d columns", len(fields), len(d.columns))
	}
	row := map[string]string{}
	for i, name := range d.columns {
		row[name] = fields[i]
	}
	e, err := entryOf(row)
	if err == nil {
		d.entries = append(d.entries, e)
	}
	return err
}

// entryOf makes an entry of the fields of a row, by the names of their columns.
func entryOf(row map[string]string) (host.Entry, error) {
	e := host.Entry{Path: plainName(row["name"])}
	if !host.ValidName(e.Path) || path.Clean(e.Path) != e.Path {
		return e, fmt.Errorf("%.80q is not an absolute clean path", e.Path)
	}
	var errs []error
	number := func(column string, base int) (uint64, bool) {
		text, ok := row[column]
		if !ok {
			return 0, false
		}
		n, err := strconv.ParseUint(text, base, 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s is %.40q", column, text))
		}
		return n, err == nil
	}
	has := func(attr string) bool { return true }
	if mask, ok := number("attr", 10); ok {
		has = func(attr string) bool { return Attrs(mask).Has(attr) }
	}
	st := &e.Stat
	if mode, ok := number("perm", 8); ok && mode != 0 {
		st.Mode, st.Known = uint32(mode), st.Known|host.KnownMode
	}
	uid, ok := number("uid", 10)
	if gid, both := number("gid", 10); ok && both && has("u") && has("g") {
		st.UID, st.GID, st.Known = uint32(uid), uint32(gid), st.Known|host.KnownOwner
	}
	if size, ok := number("size", 10); ok && has("s") {
		st.Size, st.Known = int64(size), st.Known|host.KnownSize
	}
	if links, ok := number("lcount", 10); ok && has("n") {
		st.Nlink, st.Known = links, st.Known|host.KnownNlink
	}
	if target := row["lname"]; st.IsLink() && target != "" && target != "0" {
		st.Link, st.Known = plainName(strings.TrimPrefix(target, "0")), st.Known|host.KnownLink
	}
	e.Complete = st.IsDir()
	for _, algorithm := range digestColumns {
		if text, ok := row[algorithm]; ok && text != "0" && st.IsRegular() {
			sum, err := base64.StdEncoding.DecodeString(text)
			if h := host.NewHash(algorithm); err != nil || h == nil || len(sum) != h.Size() {
				errs = append(errs, fmt.Errorf("%s is %.100q", algorithm, text))
				continue
			}
			e.Digests = append(e.Digests, host.NewDigest(algorithm, sum))
		}
	}
	return e, errors.Join(errs...)
}

// plainName takes %XX out of a name. A % without two digits is one.
func plainName(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
