package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// A Number is an exact count, a measured value, or a gap. The zero Number is a
// gap: nobody measured. A gap is never drawn or added as zero.
type Number struct {
	kind  numberKind
	count uint64
	value float64
}

type numberKind uint8

const (
	gap numberKind = iota
	count
	measured
)

// Count is an exact count, such as bytes of a counter.
func Count(n uint64) Number { return Number{kind: count, count: n} }

// Measure is a measured value. NaN and the infinities give a gap.
func Measure(v float64) Number {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Number{}
	}
	return Number{kind: measured, value: v}
}

// Known reports whether n is not a gap.
func (n Number) Known() bool { return n.kind != gap }

// Float gives the value; NaN for a gap.
func (n Number) Float() float64 {
	switch n.kind {
	case count:
		return float64(n.count)
	case measured:
		return n.value
	}
	return math.NaN()
}

// Uint gives an exact count, and whether n is one.
func (n Number) Uint() (uint64, bool) { return n.count, n.kind == count }

// String gives decimal digits, or "unknown" for a gap.
func (n Number) String() string {
	switch n.kind {
	case count:
		return strconv.FormatUint(n.count, 10)
	case measured:
		return strconv.FormatFloat(n.value, 'g', -1, 64)
	}
	return "unknown"
}

const maxSafe = 1 << 53 // integers up to here survive a JavaScript reader

// MarshalJSON gives null for a gap, a string for a count beyond 2^53, else a
// number; a measured value always has a fraction or an exponent.
func (n Number) MarshalJSON() ([]byte, error) {
	switch n.kind {
	case count:
		if n.count > maxSafe {
			return []byte(strconv.Quote(n.String())), nil
		}
		return []byte(n.String()), nil
	case measured:
		s := strconv.FormatFloat(n.value, 'g', -1, 64)
		if n.value == math.Trunc(n.value) && math.Abs(n.value) < 1e15 {
			s = strconv.FormatFloat(n.value, 'f', 1, 64)
		}
		return []byte(s), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Number) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		*n = Number{}
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		*n = Count(u)
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("number %q: %w", clip(text, 40), err)
	}
	*n = Measure(v)
	return nil
}
