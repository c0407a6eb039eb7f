package confdiff

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/internal/redact"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

// maxText are the bytes of a text that is compared by lines.
const maxText = 1 << 20

// Of gives the difference of two contents of the file name; nil of equal ones,
// and what is nil is not there. key makes the marks that stand for secrets. Who
// prints a line escapes it.
func Of(name string, before, after, key []byte) []string {
	if bytes.Equal(before, after) && (before == nil) == (after == nil) {
		return nil
	}
	d := differ{redact.New(key)}
	if !readable(before) || !readable(after) {
		return []string{fmt.Sprintf("no text: %s to %s", d.digest(before), d.digest(after))}
	}
	if lines, ok := d.records(name, before, after); ok {
		return lines
	}
	return d.lines(d.hide(name, before), d.hide(name, after))
}

// Redact gives a content without its secrets: a mark stands for each, the same
// for the same secret under one key. What was redacted stays as it is.
func Redact(name string, content, key []byte) []byte {
	return differ{redact.New(key)}.hide(name, content)
}

func (d differ) hide(name string, content []byte) []byte {
	switch {
	case holdsPasswords(name):
		content = d.passwords(content)
	case onlySecrets(name):
		content = d.marks(content)
	}
	return []byte(d.text(string(content)))
}

// holdsPasswords reports whether every second field of a file is a secret,
// whatever the lines look like.
func holdsPasswords(name string) bool {
	dir, base := path.Split(name)
	return dir != "/etc/pam.d/" && (strings.HasSuffix(base, "htpasswd") || strings.HasSuffix(base, ".passwd") ||
		slices.ContainsFunc([]string{"shadow", "gshadow", "master.passwd", ".htpasswd", "passwd", "group"}, func(p string) bool {
			return base == p || strings.HasPrefix(base, p) && p != "passwd" && p != "group" || base == p+"-"
		}))
}

// passwords puts marks in place of second fields, and of lines that have none.
func (d differ) passwords(data []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		switch fields := splitColons(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case len(fields) < 2:
			line = d.redact.Mark(line)
		default:
			fields[1] = d.veil(fields[1])
			line = strings.Join(fields, ":")
		}
		out.WriteString(line + "\n")
	}
	return out.Bytes()
}

// veil hides a password. That it is locked, in another file, or missing shows.
func (d differ) veil(password string) string {
	rest := strings.TrimLeft(password, "!*")
	if rest == "" || rest == "x" || isMark(rest) {
		return password
	}
	return strings.TrimSuffix(password, rest) + d.redact.Mark(rest)
}

// splitColons divides a line at its colons, but for those in marks.
func splitColons(line string) []string {
	const mark, without = "«secret:", "«secret\x00"
	fields := strings.Split(strings.ReplaceAll(line, mark, without), ":")
	for i, f := range fields {
		fields[i] = strings.ReplaceAll(f, without, mark)
	}
	return fields
}

func isMark(text string) bool {
	return strings.HasPrefix(text, "«secret:") && strings.HasSuffix(text, "»") && strings.Count(text, "«") == 1
}

func readable(data []byte) bool {
	return len(data) <= maxText && utf8.Valid(data) && bytes.IndexByte(data, 0) < 0
}

// digest tells contents apart that are not shown. It is no hash that everybody can
// make: with one, who reads a report could try what a short secret is.
func (d differ) digest(data []byte) string {
	if data == nil {
		return "nothing"
	}
	return fmt.Sprintf("%d bytes %s", len(data), d.redact.Mark(string(data)))
}

type differ struct{ redact *redact.Redactor }

// lines compares contents without secrets: a secret that changed is a line that
// changed, since its mark does.
func (d differ) lines(before, after []byte) []string {
	lines, ok := textdiff.Lines(before, after, textdiff.Options{})
	if !ok {
		return []string{fmt.Sprintf("too unlike to be compared: %s to %s", d.digest(before), d.digest(after))}
	}
	if len(lines) == 0 {
		return []string{"only what is not shown differs"}
	}
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		if l.Op == textdiff.Gap {
			out = append(out, "@@")
			continue
		}
		out = append(out, string(l.Op)+l.Text)
	}
	return out
}

// parse reads all records; ok is false when a line is none, or a name stands twice.
func parse(name string, data []byte) (byName map[string]record, order []string, ok bool) {
	read := recordsOf(name)
	if read == nil {
		return nil, nil, false
	}
	byName = map[string]record{}
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#include") || strings.HasPrefix(line, ";") {
			continue
		}
		r, ok := read(line)
		key := r.what + " " + r.name
		if _, twice := byName[key]; !ok || twice {
			return nil, nil, false
		}
		byName[key], order = r, append(order, key)
	}
	return byName, order, true
}

// records says what became of each record; ok is false where only the lines tell.
func (d differ) records(name string, before, after []byte) (lines []string, ok bool) {
	old, oldOrder, ok := parse(name, before)
	fresh, order, ok2 := parse(name, after)
	if !ok || !ok2 {
		return nil, false
	}
	for _, key := range oldOrder {
		if _, there := fresh[key]; !there {
			lines = append(lines, d.text(key)+" removed")
		}
	}
	for _, key := range order {
		was, had := old[key]
		if !had {
			lines = append(lines, d.added(fresh[key]))
			continue
		}
		for i, f := range fresh[key].fields {
			if f.value != was.fields[i].value {
				lines = append(lines, fmt.Sprintf("%s: %s %s", d.text(key), f.name, d.change(fresh[key], was.fields[i], f)))
			}
		}
	}
	return lines, len(lines) > 0 // else it is the order, or a remark
}

func (d differ) added(r record) string {
	var words []string
	for _, f := range r.fields {
		if f.value != "" || f.secret {
			words = append(words, f.name+" "+d.show(r, f))
		}
	}
	text := d.text(r.what+" "+r.name) + " added"
	if len(words) > 0 {
		text += ": " + strings.Join(words, ", ")
	}
	return text
}

func (d differ) change(r record, was, now field) string {
	if now.secret {
		if a, b := strings.TrimLeft(was.value, "!"), strings.TrimLeft(now.value, "!"); a == b {
			if len(now.value) > len(b) {
				return "locked"
			}
			return "unlocked"
		}
	}
	return d.show(r, was) + " to " + d.show(r, now)
}

// show writes a value. Of a password only says what it is: none, locked, or a mark.
func (d differ) show(r record, f field) string {
	switch {
	case f.value == "" && f.secret:
		return "none needed"
	case f.value == "":
		return "nothing"
	case !f.secret:
		text := d.text(f.value)
		if value, ok := strings.CutPrefix(d.text(r.name+" = "+f.value), r.name+" = "); ok && text == f.value {
			return value // by its name it may be one
		}
		return text
	case f.value == "x":
		return "in shadow"
	case strings.Trim(f.value, "!*") == "":
		return "locked"
	}
	return strings.TrimLeft(d.veil(f.value), "!")
}
