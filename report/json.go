package report

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// A VersionError says that a report or a state has a form which this version
// cannot read, most likely that of a later one.
type VersionError struct {
	Schema string // the form
	Reads  string // what this version reads
}

// Error names the forms.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the form is %q, and this version reads %s alone: use the version that wrote it, or a later one", clip(e.Schema, 40), e.Reads)
}

// Encode gives the report's JSON form, report/v1. Texts are bytes: what is not
// UTF-8 is written as \xNN and a backslash is doubled, so that Decode gives the
// same bytes back. Nil slices are []. The zero report can be encoded.
func Encode(rep *Report) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(escaped(*rep)); err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return buf.Bytes(), nil
}

// Decode reads what Encode wrote. Fields that this version does not know are
// ignored; an unknown form is a *VersionError. A text that is longer than any
// that a recorder takes is clipped: a report may have come from anywhere.
func Decode(data []byte) (*Report, error) {
	if len(data) > savedLimit {
		return nil, fmt.Errorf("decode report: it has %d bytes, more than %d", len(data), savedLimit)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("decode report: %w", err)
	}
	if head.Schema != Schema && head.Schema != "" {
		return nil, &VersionError{head.Schema, Schema}
	}
	var rep Report
	if err := json.Unmarshal(data, &rep); err != nil {
		return nil, fmt.Errorf("decode report: %w", err)
	}
	bounded := func(s string) string { return clip(unescapeText(s), maxText) }
	rep = mapText(reflect.ValueOf(rep), bounded).Interface().(Report)
	return &rep, nil
}

// EncodeLine gives the JSON form of a part of a report on a single line.
func EncodeLine[T Report | Result | Labels | Change](v T) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(escaped(v)); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return buf.Bytes(), nil
}

// EncodeSaved gives the JSON form of all that one run hands to the next, for
// implementations of Store: DecodeSaved gives the same bytes back, whatever
// texts they are. What is larger than DecodeSaved reads is an error.
func EncodeSaved(saved Saved) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(escaped(saved)); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	if buf.Len() > savedLimit {
		return nil, fmt.Errorf("the state has %d bytes, more than the %d that are ever read again", buf.Len(), savedLimit)
	}
	return buf.Bytes(), nil
}

// DecodeSaved reads what EncodeSaved wrote. Data that is no such thing is
// ErrDamaged.
func DecodeSaved(data []byte) (Saved, error) {
	if len(data) > savedLimit {
		return Saved{}, fmt.Errorf("%w: the state has %d bytes, more than %d", ErrDamaged, len(data), savedLimit)
	}
	var saved Saved
	if err := json.Unmarshal(data, &saved); err != nil {
		return Saved{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return unescaped(saved), nil
}

// savedLimit is what an encoded Saved may have, in bytes.
const savedLimit = 256<<20 - 1<<10

func escaped[T any](v T) T {
	return mapText(reflect.ValueOf(v), escapeText).Interface().(T)
}

func unescaped[T any](v T) T {
	return mapText(reflect.ValueOf(v), unescapeText).Interface().(T)
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	byteSlice     = reflect.TypeFor[[]byte]()
)

// mapText copies the exported fields of plain data with every string put through
// f, and with empty slices in place of nil ones. Types with a JSON form of their
// own stay as they are.
func mapText(v reflect.Value, f func(string) string) reflect.Value {
	if v.Type().Implements(jsonMarshaler) || v.Type().Implements(textMarshaler) || v.Type() == byteSlice {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(f(v.String()))
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

// escapeText makes valid UTF-8 of any bytes, reversibly.
func escapeText(s string) string {
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

// unescapeText is the inverse of escapeText; other backslashes stay.
func unescapeText(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], `\\`):
			b.WriteByte('\\')
			i += 2
		case strings.HasPrefix(s[i:], `\x`) && i+4 <= len(s) && validHex(s[i+2:i+4]):
			b.WriteByte(hexDigit(s[i+2])<<4 | hexDigit(s[i+3]))
			i += 4
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

func hexDigit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}
