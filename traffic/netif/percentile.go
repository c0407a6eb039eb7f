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
		slices.Sort(amounts)
		*q.to = float64(amounts[max(0, int(math.RoundToEven(0.95*float64(n)))-1)]) / 300
	}
	return p
}
