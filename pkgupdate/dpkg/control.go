package dpkg

import (
	"bytes"
	"iter"
)

// A Paragraph is one block of deb822 text: fields, each "Name: value", whose
// further lines start with a blank.
type Paragraph []byte

// Paragraphs gives the Paragraphs of text, which empty lines separate.
func Paragraphs(text []byte) iter.Seq[Paragraph] {
	return func(yield func(Paragraph) bool) {
		for len(text) > 0 {
			block, rest, _ := bytes.Cut(text, []byte("\n\n"))
			text = bytes.TrimLeft(rest, "\n")
			if block = bytes.Trim(block, "\n"); len(block) > 0 && !yield(block) {
				return
			}
		}
	}
}

// Fields gives the names and values of the fields in order. A value of several
// lines is given whole; a line that is no field is passed over.
func (p Paragraph) Fields() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		rest := []byte(p)
		for len(rest) > 0 {
			end := fieldEnd(rest)
			name, value, ok := bytes.Cut(rest[:end], []byte(":"))
			rest = rest[min(end+1, len(rest)):]
			if ok && !yield(string(name), bytes.TrimSpace(value)) {
				return
			}
		}
	}
}

// fieldEnd gives the length of the first field of text with its further lines,
// without the last newline.
func fieldEnd(text []byte) int {
	at := 0
	for {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
		if at == len(text) || text[at] != ' ' && text[at] != '\t' {
			return at - 1
		}
	}
}
