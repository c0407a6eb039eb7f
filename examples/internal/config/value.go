package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Bytes is a number of bytes. Its text is a whole number with or without a unit:
// 512, "64 KiB", "20GiB".
type Bytes uint64

var units = []struct {
	name string
	size Bytes
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String gives the largest unit in which b is a whole number.
func (b Bytes) String() string {
	for _, u := range units {
		if b > 0 && b%u.size == 0 {
			return strconv.FormatUint(uint64(b/u.size), 10) + " " + u.name
		}
	}
	return strconv.FormatUint(uint64(b), 10)
}

// UnmarshalText reads what String writes.
func (b *Bytes) UnmarshalText(text []byte) error {
	digits, size := string(text), Bytes(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(digits, u.name); ok {
			digits, size = strings.TrimRight(rest, " "), u.size
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > math.MaxUint64/uint64(size) {
		return fmt.Errorf("%q is no number of bytes, such as 512, \"64 KiB\" or \"20 GiB\"", text)
	}
	*b = Bytes(n) * size
	return nil
}

// A Day is written as in 2026-12-31, and lasts to its end by the clock of this machine.
type Day struct{ begin time.Time }

// End is when the day is over; the zero time of no day.
func (d Day) End() time.Time {
	if d.begin.IsZero() {
		return time.Time{}
	}
	return d.begin.AddDate(0, 0, 1)
}

// UnmarshalText reads a day; no text is no day.
func (d *Day) UnmarshalText(text []byte) error {
	if d.begin = (time.Time{}); len(text) == 0 {
		return nil
	}
	at, err := time.ParseInLocation(time.DateOnly, string(text), time.Local)
	if err != nil {
		return fmt.Errorf("%q is no day, such as 2026-12-31", text)
	}
	d.begin = at
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Day) MarshalText() ([]byte, error) {
	if d.begin.IsZero() {
		return nil, nil
	}
	return []byte(d.begin.Format(time.DateOnly)), nil
}

// scalar decodes one value.
func scalar(n *yaml.Node, name string, v reflect.Value) error {
	if n.Kind != yaml.ScalarNode {
		return at(n, "%s wants one value", name)
	}
	if into, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := into.UnmarshalText([]byte(n.Value)); err != nil {
			return at(n, "%s: %w", name, err)
		}
		return nil
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := duration(n.Value)
		if err != nil {
			return at(n, "%s: %w", name, err)
		}
		v.SetInt(int64(d))
		return nil
	}
	if err := n.Decode(v.Addr().Interface()); err != nil {
		return at(n, "%s: %q is no %s", name, n.Value, kindWord(v.Kind()))
	}
	return nil
}

func kindWord(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "truth value (true or false)"
	case reflect.String:
		return "text"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "whole number that fits"
}

const day = 24 * time.Hour

// duration reads a duration of Go, or whole days as "7d".
func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no duration, such as 90s, 12h or 7d", text)
	}
	return d, nil
}

// durationText is the shortest text that duration reads as d.
func durationText(d time.Duration) string {
	if d > 0 && d%day == 0 && d/day < 1<<16 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
