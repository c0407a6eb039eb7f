// Package anytext carries texts that may be any bytes through JSON, which knows
// UTF-8 alone, and gives the same bytes back.
package anytext

import (
	"bytes"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

// Escape gives v with each text as valid UTF-8, as EscapeText does, and with empty
// slices in place of nil ones.
func Escape[T any](v T) T { return Map(v, EscapeText) }

// Unescape is the inverse of Escape.
func Unescape[T any](v T) T { return Map(v, UnescapeText) }

// Decode reads the JSON form of what Escape gave, with nothing unknown in it and nothing
// behind it.
func Decode[T any](data []byte) (v T, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, err
	}
	if _, err := d.Token(); err != io.EOF {
		return v, errors.New("something follows it")
	}
	return Unescape(v), nil
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	byteSlice     = reflect.TypeFor[[]byte]()
)

// Map copies plain data with every string of an exported field put through f, and
// with empty slices in place of nil ones. What has no text is shared with v; types
// with a JSON form of their own stay as they are.
func Map[T any](v T, f func(string) string) T {
	mapText(reflect.ValueOf(&v).Elem(), known(reflect.TypeFor[T]()), f)
	return v
}

// mapText changes v, which is a copy, and copies what v refers to before it changes that.
func mapText(v reflect.Value, of *form, f func(string) string) {
	if of.textless {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if s := f(v.String()); s != v.String() {
			v.SetString(s)
		}
	case reflect.Struct:
		for _, field := range of.fields {
			mapText(v.Field(field.index), field.form, f)
		}
	case reflect.Slice:
		elem := known(v.Type().Elem())
		if elem.textless && !v.IsNil() {
			return
		}
		all := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(all, v)
		v.Set(all)
		for i := range v.Len() {
			mapText(v.Index(i), elem, f)
		}
	case reflect.Map:
		mapMap(v, f)
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(v.Elem())
		v.Set(p)
		mapText(p.Elem(), known(v.Type().Elem()), f)
	}
}

func mapMap(v reflect.Value, f func(string) string) {
	if v.IsNil() {
		return
	}
	all := reflect.MakeMapWithSize(v.Type(), v.Len())
	keys, values := known(v.Type().Key()), known(v.Type().Elem())
	for it := v.MapRange(); it.Next(); {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		key.Set(it.Key())
		value.Set(it.Value())
		mapText(key, keys, f)
		mapText(value, values, f)
		all.SetMapIndex(key, value)
	}
	v.Set(all)
}

// EscapeText makes valid UTF-8 of any bytes, reversibly.
func EscapeText(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// UnescapeText is the inverse of EscapeText; other backslashes stay.
func UnescapeText(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], `\\`):
			b.WriteByte('\\')
			i += 2
		case strings.HasPrefix(s[i:], `\x`) && i+4 <= len(s) && isLowerHex(s[i+2:i+4]):
			c, _ := hex.DecodeString(s[i+2 : i+4]) // two digits
			b.Write(c)
			i += 4
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

func isLowerHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// A form is what must be known of a type. Asking for it takes longer than all else.
type form struct {
	textless bool    // has no text that is to be changed
	fields   []field // of a struct: those that may have text
}

type field struct {
	index int
	form  *form
}

var forms sync.Map // reflect.Type: *form

func known(t reflect.Type) *form {
	if of, ok := forms.Load(t); ok {
		return of.(*form)
	}
	of := &form{textless: t.Kind() >= reflect.Bool && t.Kind() <= reflect.Complex128 ||
		t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || t == byteSlice}
	if !of.textless && t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !known(f.Type).textless {
				of.fields = append(of.fields, field{i, known(f.Type)})
			}
		}
	}
	forms.Store(t, of)
	return of
}
