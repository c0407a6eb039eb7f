package traffic

import (
	"math"
	"math/bits"
)

// A Histogram holds durations, sizes or other amounts in buckets whose bounds
// grow by an eighth, so that a percentile is right to 12.5 %. Histograms add
// up. The zero Histogram is empty.
type Histogram struct {
	buckets [496]int64
	count   int64
	max     uint64
}

// bucketOf gives amounts below eight their own buckets, others one of eight for
// each power of two.
func bucketOf(v uint64) int {
	if v < 8 {
		return int(v)
	}
	exp := bits.Len64(v) - 4
	return exp*8 + int(v>>exp)
}

// upper is the highest amount of a bucket.
func upper(bucket int) uint64 {
	if bucket < 8 {
		return uint64(bucket)
	}
	exp := bucket/8 - 1
	return (uint64(bucket%8+9) << exp) - 1
}

// Add counts an amount n times.
func (h *Histogram) Add(v uint64, n int64) {
	h.buckets[bucketOf(v)] += n
	h.count += n
	h.max = max(h.max, v)
}

// Count is how many amounts there are.
func (h *Histogram) Count() int64 { return h.count }

// Max is the highest amount.
func (h *Histogram) Max() uint64 { return h.max }

// Percentile is the amount that a share of all does not exceed, by nearest
// rank; p is from 0 to 1. Without any amount it is zero, and ok false.
func (h *Histogram) Percentile(p float64) (v uint64, ok bool) {
	if h.count == 0 {
		return 0, false
	}
	rank := max(1, int64(math.Ceil(p*float64(h.count))))
	for i, n := range h.buckets {
		if rank -= n; rank <= 0 {
			return min(upper(i), h.max), true
		}
	}
	return h.max, true
}

// Merge adds what another holds.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}
