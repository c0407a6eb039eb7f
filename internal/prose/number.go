package prose

import (
	"math"
	"strconv"
	"strings"
)

// Bytes writes a size with up to three digits: "512 B", "1.5 KiB", "40 GiB".
func Bytes(n uint64) string { return Size(float64(n)) }

// Size is Bytes for a size that was computed, such as a mean; one that is no
// number is "unknown". A rate is Size with "/s" behind it.
func Size(v float64) string {
	if math.IsNaN(v) {
		return "unknown"
	}
	const units = "KMGTPE"
	unit := -1
	for math.Abs(v) >= 1023.5 && unit < len(units)-1 {
		v /= 1024
		unit++
	}
	if unit < 0 {
		return Decimal(v) + " B"
	}
	return Decimal(v) + " " + units[unit:unit+1] + "iB"
}

// Decimal writes a number with three digits, or all of those before the point,
// and without zeros at its end: "0.25", "9.5", "12,345". One that is no number
// is "unknown".
func Decimal(v float64) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v):
		return "unknown"
	case abs >= 1e15:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case abs >= 99.95:
		return Grouped(strconv.FormatFloat(v, 'f', 0, 64))
	case abs != 0 && abs < 0.001:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case abs < 1:
		return trimZeros(strconv.FormatFloat(v, 'f', 3, 64))
	case abs < 9.995:
		return trimZeros(strconv.FormatFloat(v, 'f', 2, 64))
	}
	return trimZeros(strconv.FormatFloat(v, 'f', 1, 64))
}

func trimZeros(digits string) string {
	return strings.TrimRight(strings.TrimRight(digits, "0"), ".")
}

// Grouped sets a comma before each third of the digits from the right.
func Grouped(digits string) string {
	first := len(digits) % 3
	if strings.HasPrefix(digits, "-") {
		first = (len(digits)-1)%3 + 1
	}
	var b strings.Builder
	b.WriteString(digits[:first])
	for i := first; i < len(digits); i += 3 {
		if b.Len() > 0 && b.String() != "-" {
			b.WriteByte(',')
		}
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}

// Number is what can be counted with.
type Number interface {
	~int | ~int32 | ~int64 | ~uint | ~uint32 | ~uint64
}

// Count writes how many things there are: "1 file", "12,345 files", "no entries"
// is "0 entries". The thing is named in its singular; only its last word changes.
func Count[N Number](n N, thing string) string {
	digits := Grouped(digitsOf(n))
	if n == 1 {
		return digits + " " + thing
	}
	return digits + " " + plural(thing)
}

func digitsOf[N Number](n N) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

func plural(thing string) string {
	stem, ending := thing, "s"
	switch n := len(thing); {
	case n > 1 && thing[n-1] == 'y' && !strings.ContainsRune("aeiou", rune(thing[n-2])):
		stem, ending = thing[:n-1], "ies"
	case strings.HasSuffix(thing, "s"), strings.HasSuffix(thing, "x"),
		strings.HasSuffix(thing, "ch"), strings.HasSuffix(thing, "sh"):
		ending = "es"
	}
	return stem + ending
}

// Share is part over all, and nothing of nothing.
func Share(part, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// Percent writes a share: 1 is "100 %". It is rounded up, as df does, but a share
// between nothing and one is "<1 %", and one that is nearly all ">99 %".
func Percent(share float64) string {
	switch percent := share * 100; {
	case math.IsNaN(share):
		return "unknown"
	case percent < 0:
		return "-" + Percent(-share)
	case percent > 0 && percent < 1:
		return "<1 %"
	case share < 1 && percent > 99:
		return ">99 %"
	default:
		// what is a whole percent but for the last bit of its float stays one
		return Decimal(math.Abs(math.Ceil(percent-1e-9))) + " %"
	}
}
