// Package anytext carries texts that may be any bytes through JSON, which knows
// UTF-8 alone, and gives the same bytes back.
package anytext

import (
	"encoding"
	"encoding/hex"
	"encoding/json"
	"fmt"
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

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	byteSlice     = reflect.TypeFor[[]byte]()
)

// Map copies the exported fields of plain data with every string put through f,
// and with empty slices in place of nil ones. Types with a JSON form of their own
// stay as they are.
func Map[T any](v T, f func(string) string) T { return mapText(reflect.ValueOf(v), f).Interface().(T) }

func mapText(v reflect.Value, f func(string) string) reflect.Value {
	if hasNoText(v.Type()) {
		return v
	}
	if v.Kind() == reflect.String {
		s := f(v.String())
		if s == v.String() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.SetString(s)
		return out
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			out.Field(i).Set(mapText(v.Field(i), f))
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(mapText(v.Index(i), f))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(mapText(it.Key(), f), mapText(it.Value(), f))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(mapText(v.Elem(), f))
		out.Set(p)
	default:
		out.Set(v)
	}
	return out
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

// textless remembers which types have no text that is to be changed: asking a type
// for its methods takes longer than all else.
var textless sync.Map // reflect.Type: bool

func hasNoText(t reflect.Type) bool {
	if t.Kind() >= reflect.Bool && t.Kind() <= reflect.Complex128 {
		return true
	}
	if known, ok := textless.Load(t); ok {
		return known.(bool)
	}
	none := t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || t == byteSlice
	textless.Store(t, none)
	return none
}
