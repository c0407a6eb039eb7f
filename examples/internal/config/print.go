package config

import (
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// A field is what a struct's field is called in a file, and what it is for.
type field struct{ name, doc string }

// each gives the fields of a struct that can be configured, in their order.
func each(v reflect.Value) iter.Seq2[field, reflect.Value] {
	return func(yield func(field, reflect.Value) bool) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && !yield(field{hyphened(f.Name), f.Tag.Get("doc")}, v.Field(i)) {
				return
			}
		}
	}
}

// hyphened makes max-age of MaxAge, and csv-dir of CSVDir.
func hyphened(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		follows := i > 0 && unicode.IsLower(runes[i-1])
		begins := i > 0 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if unicode.IsUpper(r) && (follows || begins) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Print writes the struct that v points to as a file that Decode reads: every
// field with what it is for and its value.
func Print(w io.Writer, v any) error {
	var b strings.Builder
	if err := write(&b, "", reflect.ValueOf(v).Elem()); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func write(b *strings.Builder, indent string, v reflect.Value) error {
	for f, value := range each(v) {
		for _, line := range wrap(f.doc, 78-len(indent)) {
			fmt.Fprintf(b, "%s# %s\n", indent, line)
		}
		if value.Kind() == reflect.Slice && !leaf(value.Type().Elem()) {
			if err := writeList(b, indent, f.name, value); err != nil {
				return err
			}
			continue
		}
		if !leaf(value.Type()) && value.Kind() == reflect.Struct {
			fmt.Fprintf(b, "%s%s:\n", indent, f.name)
			if err := write(b, indent+"  ", value); err != nil {
				return err
			}
			continue
		}
		text, err := inline(value)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, f.name, text)
	}
	return nil
}

// writeList writes a list of structs. Of an empty one it says, as a comment, what
// an entry has.
func writeList(b *strings.Builder, indent, name string, v reflect.Value) error {
	if v.Len() == 0 {
		var entry strings.Builder
		if err := write(&entry, "", reflect.New(v.Type().Elem()).Elem()); err != nil {
			return err
		}
		fmt.Fprintf(b, "%s%s: []\n%s# An entry has:\n", indent, name, indent)
		for line := range strings.Lines(entry.String()) {
			fmt.Fprintf(b, "%s#   %s", indent, line)
		}
		return nil
	}
	fmt.Fprintf(b, "%s%s:\n", indent, name)
	for i := range v.Len() {
		fmt.Fprintf(b, "%s  -\n", indent)
		if err := write(b, indent+"    ", v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// inline gives a value, or a list of them, on one line.
func inline(v reflect.Value) (string, error) {
	if leaf(v.Type()) {
		return quoted(v)
	}
	items := make([]string, v.Len())
	for i := range items {
		text, err := quoted(v.Index(i))
		if err != nil {
			return "", err
		}
		items[i] = text
	}
	return "[" + strings.Join(items, ", ") + "]", nil
}

// quoted gives one value as it may also stand in a list.
func quoted(v reflect.Value) (string, error) {
	value := v.Interface()
	switch known := value.(type) {
	case time.Duration:
		value = durationText(known)
	case Bytes:
		value = known.String()
	}
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return "", err
	}
	if strings.ContainsAny(n.Value, "\n,[]{}") {
		n.Style = yaml.DoubleQuotedStyle
	}
	text, err := yaml.Marshal(&n)
	return strings.TrimSuffix(string(text), "\n"), err
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
