package redact

import "strings"

// assigned finds the value that is assigned to the name that ends at end, in the ways
// of the formats of configurations. Where there is none, from is not before to.
func assigned(text string, end int) (from, to int) {
	c := cursor{text, end}
	quoted := c.take(`\"]`, `\"`, `"]`, `']`, `"`, `'`, `]`)
	many := !quoted && c.take(`s"`, `s'`, "s")
	c.skip(" \t")
	if !c.take("=>", ":=", "==", "?=", "+=", "::", ":", "=") {
		return end, end
	}
	if before := strings.TrimLeft(lineBefore(text, end), " \t+-"); strings.HasPrefix(before, "#") || strings.HasPrefix(before, "//") || strings.HasPrefix(before, ";") {
		text = text[:c.at+len(c.line())] // a remark ends with its line, and hides no command on the next
		c.text = text
	}
	after := c.at
	c.skip(" \t")
	from = c.at
	c.tag()
	indent := c.block()
	list := indent >= 0 && strings.HasPrefix(c.rest(), "- ")
	if many && !list && !strings.HasPrefix(c.rest(), "[") {
		return end, end // how many there are
	}
	switch several := indent >= 0 && strings.ContainsAny(text[after:c.at], "|>"); {
	case several || list:
		return c.at, c.indented(indentOf(text, end), list)
	case c.open():
		return c.at, c.closed()
	case strings.HasPrefix(c.rest(), "<<"):
		return c.here()
	case strings.HasPrefix(c.rest(), "[") && strings.Contains(c.line(), "]"):
		return c.at + 1, c.at + strings.IndexByte(c.line(), ']')
	case indent >= 0 && !strings.Contains(c.line()+" ", ": "):
		return c.at, c.at + len(strings.TrimRight(c.line(), " \t\r"))
	case indent >= 0:
		from = c.at
	}
	to = extend(text, c.bare())
	if quoted || indent >= 0 {
		return from, to
	}
	return from, spacious(text, end, after, from, to)
}

// longest are the bytes of a line, or of what stands in quotes, that are looked at: a
// text full of beginnings would take its square otherwise.
const longest = 4 << 10

// A cursor goes through a text.
type cursor struct {
	text string
	at   int
}

func (c *cursor) rest() string { return c.text[c.at:] }

// line is what is left of the line, or much of it.
func (c *cursor) line() string {
	line, _, _ := strings.Cut(c.text[c.at:min(len(c.text), c.at+longest)], "\n")
	return line
}

func (c *cursor) skip(set string) {
	for c.at < len(c.text) && strings.IndexByte(set, c.text[c.at]) >= 0 {
		c.at++
	}
}

// take goes over the first of some words that is there.
func (c *cursor) take(words ...string) bool {
	for _, w := range words {
		if strings.HasPrefix(c.rest(), w) {
			c.at += len(w)
			return true
		}
	}
	return false
}

// tag goes over a word of YAML that something follows: !!str, !vault, &anchor.
func (c *cursor) tag() {
	if end := strings.IndexAny(c.rest(), " \t\r\n\"',"); end > 1 && (c.text[c.at] == '!' || c.text[c.at] == '&') && c.text[c.at+end] == ' ' {
		c.at += end
		c.skip(" \t")
	}
}

// block goes to a value on the next lines, and gives how deep it stands; below zero:
// it does not.
func (c *cursor) block() int {
	was := c.at
	if c.take("|", ">", `\`) {
		c.skip("+-0123456789 \t")
	}
	if !c.take("\r\n", "\n") {
		c.at = was
		return -1
	}
	line := c.at
	c.skip(" \t")
	if c.at == line && !strings.HasPrefix(c.rest(), "- ") {
		c.at = was
		return -1
	}
	return c.at - line
}

// indentOf is how deep the line stands that has a place in a text.
func indentOf(text string, at int) int {
	line := lineBefore(text, at)
	return len(line) - len(strings.TrimLeft(line, " \t"))
}

// lineBefore is what stands before a place in its line, or much of it.
func lineBefore(text string, at int) string {
	text = text[max(0, at-longest):at]
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// indented is where the lines end that stand deeper than their key, or are its list.
func (c *cursor) indented(deep int, list bool) int {
	end := c.at + len(c.line())
	for at := end; at < len(c.text); {
		next := cursor{c.text, at + 1}
		line := next.line()
		trimmed := strings.TrimLeft(line, " \t")
		in := len(line) - len(trimmed)
		if trimmed != "" && in <= deep && (!list || in < deep || !strings.HasPrefix(trimmed, "- ")) {
			break
		}
		at = next.at + len(line)
		if strings.TrimSpace(trimmed) != "" {
			end = at
		}
	}
	return end
}

// here is a text up to a line with the word that stands behind <<.
func (c *cursor) here() (from, to int) {
	word := strings.Trim(c.line(), "<-~\"' \t\r")
	from = c.at + len(c.line()) + 1
	for at := from; word != "" && at < min(len(c.text), from+longest); {
		next := cursor{c.text, at}
		if strings.TrimSpace(next.line()) == word {
			return from, max(from, at-1)
		}
		at += len(next.line()) + 1
	}
	return c.at, c.bare()
}

// opening are what stands before a value that has an end of its own.
var opening = []string{`"""`, `'''`, `\"`, `"`, `'`, "`"}

// open goes over a quote, and over what may stand before one: r"…", $'…', ["…"].
func (c *cursor) open() bool {
	was := c.at
	for c.at-was < 2 && c.at < len(c.text) && strings.IndexByte("rRbBuUfF@$([", c.text[c.at]) >= 0 {
		c.at++
	}
	for _, q := range opening {
		if strings.HasPrefix(c.rest(), q) && (len(q) == 3 || !strings.HasPrefix(c.rest(), q+q)) {
			c.at += len(q)
			return true
		}
	}
	c.at = was
	return false
}

// closed is where a value in quotes ends. What a quote follows at once, as in a shell,
// or another one in a list, belongs to it.
func (c *cursor) closed() int {
	quote := ""
	for _, q := range opening {
		if quote == "" && strings.HasSuffix(c.text[:c.at], q) {
			quote = q
		}
	}
	list := strings.HasSuffix(c.text[:c.at-len(quote)], "[")
	for end := c.at; ; {
		n := unescaped(c.text[end:min(len(c.text), end+longest)], quote)
		if n < 0 {
			line := cursor{c.text, end}
			return end + len(line.line())
		}
		to := end + n
		next := c.text[to+len(quote):]
		at := strings.IndexAny(next[:min(len(next), longest)], `"'`)
		between := ""
		if at > 0 {
			between = strings.Trim(next[:at], " \t")
		}
		again := (at == 0 || between == "." || between == "+") && len(quote) == 1 && next[:1]+quote != `""`
		if list {
			again = at >= 0 && strings.Trim(next[:at], ", \t\r\n") == ""
		}
		if !again {
			return to
		}
		end = to + len(quote) + at + 1
		quote = next[at : at+1]
	}
}

// unescaped is where a quote stands that no backslash precedes; in single ones a
// backslash is one.
func unescaped(text, quote string) int {
	for i := 0; i+len(quote) <= len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], quote):
			return i
		case text[i] == '\\' && quote != "'":
			i++
		}
	}
	return -1
}

// bare is where a value without quotes ends. An escaped blank, the end of a line behind
// a backslash, and a quote within a word are in it.
func (c *cursor) bare() int {
	at := c.at
	for at < len(c.text) {
		next := cursor{c.text, at + 1}
		switch b := c.text[at]; {
		case b == '\\' && next.take("\r\n", "\n"):
			next.skip(" \t")
			at = next.at
			continue
		case b == '\\' && next.take(" "):
			at++
		case strings.IndexByte(" \t\r\n,;", b) >= 0, b == '&' && at > c.at, at == c.at && strings.HasPrefix(c.text[at:], "«"):
			return at
		case (b == '"' || b == '\'') && (at == c.at || strings.IndexByte("{[(<", c.text[c.at]) >= 0 || at+1 == len(c.text) || !isNameByte(c.text[at+1])):
			return at
		}
		at++
	}
	return at
}

// extend goes on over a delimiter within a bare value: in "password=a,b" the
// secret may be longer than it seems, in "password=a,user=b" it is not.
func extend(text string, to int) int {
	for to < len(text) && strings.IndexByte(",;&", text[to]) >= 0 {
		end := to + 1
		for end < len(text) && strings.IndexByte(" \t\r\n\"',;&=:", text[end]) < 0 {
			end++
		}
		if end == to+1 || end < len(text) && strings.IndexByte("=:\"'", text[end]) >= 0 {
			break
		}
		to = end
	}
	return to
}

// spacious is where a value ends that has blanks, though it has no quotes of its own:
// where its name begins the line, or the quotes in which both stand. What may be a
// command, a remark or another assignment is none of it.
func spacious(text string, nameEnd, after, from, to int) int {
	line := lineBefore(text, nameEnd)
	before := strings.TrimRightFunc(line, func(r rune) bool { return r < 0x80 && isNameByte(byte(r)) })
	name := line[len(before):]
	end, never := to+len((&cursor{text, to}).line()), "|&;<>$`()/=:#\"'«"
	switch before = strings.TrimLeft(before, " \t+-;#/"); {
	case strings.HasSuffix(before, `"`), strings.HasSuffix(before, `'`):
		n := strings.IndexByte(text[to:end], before[len(before)-1])
		if n < 0 {
			return to
		}
		end = to + n
	case before != "":
		return to
	case from == after && strings.ToUpper(name) == name: // of a shell, before a command
		return to
	case from > after:
		never = "=:\"'«"
	}
	tail, _, _ := strings.Cut(text[to:end], " #")
	tail = strings.TrimRight(tail, " \t\r\\")
	if tail == "" || tail[0] != ' ' && tail[0] != '\t' || strings.ContainsAny(tail, never) {
		return to
	}
	return to + len(tail)
}
