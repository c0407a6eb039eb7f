package aide

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// A Report is what a check found, for those who read AIDE's reports.
type Report struct {
	Began, Ended time.Time
	Entries      int64       // that were looked at
	Fields       tree.Fields // that were compared
	Changes      []integrity.Change
	Baseline     string // its file
	Root         integrity.Digest
}

// Write writes the report as aide --check does in its plain format with details.
// Where AIDE has an attribute that is not compared here, such as the time of
// access, there is a blank. Control characters in names are octal.
func (r Report) Write(w io.Writer) error {
	out := bufio.NewWriter(w) // it keeps its first error
	const stamp = "2006-01-02 15:04:05 -0700"
	fmt.Fprintf(out, "Start timestamp: %s (AIDE's form, written by upkeep)\n", r.Began.Format(stamp))
	if len(r.Changes) == 0 {
		fmt.Fprintf(out, "AIDE found NO differences between database and filesystem. Looks okay!!\n\nNumber of entries:\t%d\n", r.Entries)
	} else {
		out.WriteString("AIDE found differences between database and filesystem!!\n\nSummary:\n")
		fmt.Fprintf(out, "  Total number of entries:\t%d\n  Added entries:\t\t%d\n  Removed entries:\t\t%d\n  Changed entries:\t\t%d\n",
			r.Entries, len(r.of(integrity.Added)), len(r.of(integrity.Removed)), len(r.of(integrity.Changed)))
		r.lists(out)
	}
	section(out, "The attributes of the (uncompressed) database(s)")
	fmt.Fprintf(out, "%s\n", printable(r.Baseline))
	row(out, "SHA256", base64.StdEncoding.EncodeToString(r.Root[:]), "")
	fmt.Fprintf(out, "\n\nEnd timestamp: %s (run time: %dm %ds)\n", r.Ended.Format(stamp), int(r.Ended.Sub(r.Began).Minutes()), int(r.Ended.Sub(r.Began).Seconds())%60)
	return out.Flush()
}

// of gives the changes of a kind; what could not be looked at counts as changed.
func (r Report) of(kind integrity.Kind) (out []integrity.Change) {
	for _, c := range r.Changes {
		if c.Fields&tree.FieldLink != 0 && c.Was.Stat.Size != c.Now.Stat.Size {
			c.Fields |= tree.FieldSize & r.Fields // that of a link repeats its target, and AIDE tells both
		}
		if c.Kind == kind || kind == integrity.Changed && c.Kind > integrity.Changed {
			out = append(out, c)
		}
	}
	return out
}

func section(out *bufio.Writer, title string) {
	const rule = "---------------------------------------------------\n"
	fmt.Fprintf(out, "\n%s%s:\n%s\n", rule, title, rule)
}

func (r Report) lists(out *bufio.Writer) {
	for _, list := range []struct {
		kind  integrity.Kind
		title string
	}{{integrity.Added, "Added entries"}, {integrity.Removed, "Removed entries"}, {integrity.Changed, "Changed entries"}} {
		all := r.of(list.kind)
		if len(all) > 0 {
			section(out, list.title)
		}
		for _, c := range all {
			fmt.Fprintf(out, "%s: %s\n", r.marks(c), printable(c.Path))
		}
	}
	changed := r.of(integrity.Changed)
	if len(changed) == 0 {
		return
	}
	section(out, "Detailed information about changes")
	for i, c := range changed {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(out, "%s: %s\n", cmp.Or(typeWords[letterOf(c.Now.Stat)], "File"), printable(c.Path))
		if c.Now.Err != nil {
			fmt.Fprintf(out, " %s\n", printable(c.Now.Err.Error()))
		}
		for _, d := range details {
			if c.Fields&d.field != 0 {
				row(out, d.name, d.value(c.Was), d.value(c.Now))
			}
		}
	}
	out.WriteString("\n")
}

// columns are the marks behind the type of a file, in AIDE's order: l, size, b, p, u,
// g, a, m, c, i, n, H, A, X, S, E, C.
var columns = [...]struct {
	mark  byte
	field tree.Fields
}{
	{'l', tree.FieldLink},
	{'>', tree.FieldSize},
	{'b', 0},
	{'p', tree.FieldMode},
	{'u', tree.FieldOwner},
	{'g', tree.FieldOwner},
	{'a', 0},
	{'m', tree.FieldMtime},
	{'c', tree.FieldCtime},
	{'i', tree.FieldInode},
	{'n', tree.FieldNlink},
	{'H', tree.FieldContent},
	{'A', tree.FieldACL | tree.FieldDefaultACL},
	{'X', tree.FieldXattrs},
	{'S', tree.FieldSELinux},
	{'E', tree.FieldFlags},
	{'C', tree.FieldCapabilities},
}

// marks is the word before a path.
func (r Report) marks(c integrity.Change) string {
	switch c.Kind {
	case integrity.Added:
		return letterOf(c.Now.Stat) + strings.Repeat("+", len(columns))
	case integrity.Removed:
		return letterOf(c.Was.Stat) + strings.Repeat("-", len(columns))
	}
	out := []byte(cmp.Or(letterOf(c.Now.Stat), "?"))
	if c.Fields&tree.FieldType != 0 {
		out[0] = '!'
	}
	for _, col := range columns {
		mark, now, was := col.mark, c.Now.Stat, c.Was.Stat
		changed := c.Fields&col.field != 0
		switch {
		case mark == 'u':
			changed = changed && now.UID != was.UID
		case mark == 'g':
			changed = changed && now.GID != was.GID
		case mark == '>' && now.Size < was.Size:
			mark = '<'
		}
		switch {
		case changed:
		case r.Fields&col.field == 0, mark == 'l' && !now.IsLink(), mark == 'H' && !now.IsRegular():
			mark = ' '
		case col.field == tree.FieldSize:
			mark = '='
		default:
			mark = '.'
		}
		out = append(out, mark)
	}
	return string(out)
}

var typeWords = map[string]string{"f": "File", "d": "Directory", "l": "Link", "c": "Character Device", "b": "Block Device", "p": "FIFO", "s": "Socket"}

// details are the attributes that a changed entry is shown with, in AIDE's order.
var details = [...]struct {
	name  string
	field tree.Fields
	value func(host.Entry) string
}{
	{"Lname", tree.FieldLink, func(e host.Entry) string { return e.Stat.Link }},
	{"Size", tree.FieldSize, func(e host.Entry) string { return strconv.FormatInt(e.Stat.Size, 10) }},
	{"Perm", tree.FieldMode | tree.FieldType, permText},
	{"Uid", tree.FieldOwner, func(e host.Entry) string { return strconv.FormatUint(uint64(e.Stat.UID), 10) }},
	{"Gid", tree.FieldOwner, func(e host.Entry) string { return strconv.FormatUint(uint64(e.Stat.GID), 10) }},
	{"Mtime", tree.FieldMtime, func(e host.Entry) string { return timeText(e.Stat.Mtime) }},
	{"Ctime", tree.FieldCtime, func(e host.Entry) string { return timeText(e.Stat.Ctime) }},
	{"Inode", tree.FieldInode, func(e host.Entry) string { return strconv.FormatUint(e.Stat.Ino, 10) }},
	{"Linkcount", tree.FieldNlink, func(e host.Entry) string { return strconv.FormatUint(e.Stat.Nlink, 10) }},
	{"SHA256", tree.FieldContent, func(e host.Entry) string {
		d, _ := e.Digest("sha256")
		return base64.StdEncoding.EncodeToString(d.Sum())
	}},
	{"ACL", tree.FieldACL, attrText(host.AttrACL)},
	{"Default", tree.FieldDefaultACL, attrText(host.AttrDefaultACL)},
	{"XAttrs", tree.FieldXattrs, attrText(host.AttrXattrs)},
	{"SELinux", tree.FieldSELinux, attrText(host.AttrSELinux)},
	{"E2FSAttrs", tree.FieldFlags, func(e host.Entry) string { return strconv.FormatUint(uint64(e.Stat.Flags), 10) }},
	{"Caps", tree.FieldCapabilities, attrText(host.AttrCapabilities)},
}

func timeText(ns int64) string { return time.Unix(0, ns).Format("2006-01-02 15:04:05 -0700") }

// attrText gives an attribute's bytes: of one that is not printable in base64.
func attrText(name string) func(host.Entry) string {
	return func(e host.Entry) string {
		v, _ := e.Attr(name)
		v = strings.TrimRight(v, "\x00")
		if printable(v) != v {
			return base64.StdEncoding.EncodeToString([]byte(v))
		}
		return v
	}
}

// permText is the mode as ls(1) shows it.
func permText(e host.Entry) string {
	letter := letterOf(e.Stat)
	if letter == "f" {
		letter = "-"
	}
	out := []byte(letter + "rwxrwxrwx")
	for i := range 9 {
		if e.Stat.Perm()&(0o400>>i) == 0 {
			out[1+i] = '-'
		}
	}
	for _, s := range []struct {
		bit uint32
		at  int
		c   byte
	}{{host.ModeSetUID, 3, 's'}, {host.ModeSetGID, 6, 's'}, {host.ModeSticky, 9, 't'}} {
		if e.Stat.Perm()&s.bit == 0 {
			continue
		}
		if out[s.at] == '-' {
			s.c -= 'a' - 'A'
		}
		out[s.at] = s.c
	}
	return string(out)
}

// row writes an attribute before and after, each in lines of 32 bytes. One that is
// the same, of an owner, is left out.
func row(out *bufio.Writer, name, was, now string) {
	if was == now {
		return
	}
	const width = 32
	was, now = printable(was), printable(now)
	for first := true; first || was != "" || now != ""; first = false {
		left, right := was[:min(len(was), width)], now[:min(len(now), width)]
		was, now = was[len(left):], now[len(right):]
		label, colon := "", " "
		if first {
			label, colon = name, ":"
		}
		line := fmt.Sprintf(" %-10s%s %-32s", label, colon, left)
		if right != "" || now != "" {
			line += " | " + right
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// printable writes what is no printable character as octal.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			for _, c := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}
