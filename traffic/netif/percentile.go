package netif

import (
	"math"
	"slices"
	"time"
)

// A Percentile is the rate that 95 of 100 steps do not exceed, in bytes a second,
// by nearest rank.
type Percentile struct {
	Received, Sent, Sum float64
	Most                float64 // of the greater direction of each step
	Seen, Expected      int     // steps of five minutes
}

// Percentile95 looks at the steps of five minutes from one moment to before
// another. A step that nobody observed is left out or, with whole, counts as one
// without traffic.
func (t *Traffic) Percentile95(from, to time.Time, whole bool) Percentile {
	buckets := t.FiveMinutes().Between(from, to)
	p := Percentile{Seen: len(buckets), Expected: int(to.Sub(from) / (5 * time.Minute))}
	n := p.Seen
	if whole {
		n = max(n, p.Expected)
	}
	if n == 0 {
		return p
	}
	amounts := make([]uint64, n)
	for _, q := range []struct {
		to *float64
		of func(b *Bucket) uint64
	}{
		{&p.Received, func(b *Bucket) uint64 { return b.Received }},
		{&p.Sent, func(b *Bucket) uint64 { return b.Sent }},
		{&p.Sum, func(b *Bucket) uint64 { return b.Received + b.Sent }},
		{&p.Most, func(b *Bucket) uint64 { return max(b.Received, b.Sent) }},
	} {
		clear(amounts)
		for i := range buckets {
			amounts[i] = q.of(&buckets[i])
		}
		*q.to = float64(nth(amounts, max(0, int(math.RoundToEven(0.95*float64(n)))-1))) / 300
	}
	return p
}

// nth gives what stands at i when values are sorted, and leaves them in some order:
// a month is not sorted for one of its values.
func nth(values []uint64, i int) uint64 {
	for len(values) > 16 {
		ends := []uint64{values[0], values[len(values)/2], values[len(values)-1]}
		slices.Sort(ends)
		low, high := parted(values, ends[1])
		switch {
		case i < low:
			values = values[:low]
		case i >= high:
			values, i = values[high:], i-high
		default:
			return ends[1]
		}
	}
	slices.Sort(values)
	return values[i]
}

// parted moves what is lower than a pivot before low, and what is higher behind high.
func parted(values []uint64, pivot uint64) (low, high int) {
	high = len(values)
	for at := 0; at < high; {
		switch v := values[at]; {
		case v < pivot:
			values[low], values[at] = v, values[low]
			low++
			at++
		case v > pivot:
			high--
			values[at], values[high] = values[high], v
		default:
			at++
		}
	}
	return low, high
}
