package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file.
const maxFile = 1 << 20

// Read is Decode of a file. Errors begin with its name.
func Read(name string, into any) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return fmt.Errorf("configuration: %w", err)
	case len(text) > maxFile:
		return fmt.Errorf("configuration: %s has more than %d bytes", name, maxFile)
	}
	if err := Decode(text, into); err != nil {
		return fmt.Errorf("%s:%w", name, err)
	}
	return nil
}

// Decode reads a YAML document into the struct that into points to. Fields that
// the text does not name keep their values. The error names the first line that
// cannot be used, as "3: …".
func Decode(text []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return syntax(err)
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return syntax(err)
		}
		return at(&second, "a second document; one file has one configuration")
	}
	return decode(doc.Content[0], "", reflect.ValueOf(into).Elem())
}

// syntax makes "3: …" of "yaml: line 3: …".
func syntax(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		return errors.New(rest)
	}
	return fmt.Errorf("1: %s", text)
}

func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d: "+format, append([]any{n.Line}, args...)...)
}

func decode(n *yaml.Node, name string, v reflect.Value) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Tag == "!!null" {
		return nil
	}
	if leaf(v.Type()) {
		return scalar(n, name, v)
	}
	switch v.Kind() {
	case reflect.Struct:
		return fields(n, name, v)
	case reflect.Slice:
		return list(n, name, v)
	}
	return at(n, "%s cannot be configured", name)
}

// leaf reports whether a type is one value.
func leaf(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Slice
}

func fields(n *yaml.Node, name string, v reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return at(n, "%s wants fields, as in \"name: value\"", or(name, "the configuration"))
	}
	known := map[string]reflect.Value{}
	var names []string
	for f, field := range each(v) {
		known[f.name] = field
		names = append(names, f.name)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, ok := known[key.Value]
		switch {
		case !ok:
			return at(key, "unknown field %q; %s", key.Value, suggestion(key.Value, names))
		case seen[key.Value]:
			return at(key, "field %q stands there twice", key.Value)
		}
		seen[key.Value] = true
		if err := decode(value, key.Value, field); err != nil {
			return err
		}
	}
	return nil
}

func suggestion(word string, names []string) string {
	if best := Closest(word, names); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "there are " + strings.Join(names, ", ")
}

func list(n *yaml.Node, name string, v reflect.Value) error {
	if n.Kind != yaml.SequenceNode {
		return at(n, "%s wants a list, as in \"[a, b]\"", name)
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if item.Tag == "!!null" {
			return at(item, "%s has an empty entry", name)
		}
		if err := decode(item, name, out.Index(i)); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
