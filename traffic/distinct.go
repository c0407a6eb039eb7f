package traffic

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
)

// registers is the number of the registers of the HyperLogLog: a standard error of 0.81 %.
const (
	registerBits = 14
	registers    = 1 << registerBits
)

// A Distinct counts different keys: exactly up to its bound, and then with a
// standard error of 0.81 %. The zero Distinct is empty. Two that are merged
// have the same Seed.
type Distinct struct {
	Most int    // keys counted exactly; zero: DefaultKeys
	Seed uint64 // of the hash, a secret of who counts; zero: one of this process, and fast

	exact  map[uint64]struct{}
	sketch []uint8
}

// Add counts a key.
func (d *Distinct) Add(key []byte) { d.AddHash(Hash(d.Seed, key)) }

// process seeds the hash of what is not merged with that of another process.
var process = maphash.MakeSeed()

// Hash is a keyed hash that who chooses the keys cannot steer; a seed of zero is
// one of this process.
func Hash(seed uint64, key []byte) uint64 {
	if seed == 0 {
		return maphash.Bytes(process, key)
	}
	h := sha256.New()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	h.Write(b[:])
	h.Write(key)
	var sum [sha256.Size]byte
	return binary.LittleEndian.Uint64(h.Sum(sum[:0]))
}

// AddHash counts a key by its Hash of the same seed.
func (d *Distinct) AddHash(h uint64) {
	if d.sketch != nil {
		d.register(h)
		return
	}
	if d.exact == nil {
		d.exact = map[uint64]struct{}{}
	}
	d.exact[h] = struct{}{}
	most := d.Most
	if most <= 0 {
		most = DefaultKeys
	}
	if len(d.exact) > most {
		d.fold()
	}
}

// fold goes over from the exact set to the sketch.
func (d *Distinct) fold() {
	d.sketch = make([]uint8, registers)
	for h := range d.exact {
		d.register(h)
	}
	d.exact = nil
}

func (d *Distinct) register(h uint64) {
	i := h >> (64 - registerBits)
	rank := uint8(bits.LeadingZeros64(h<<registerBits|1<<(registerBits-1)) + 1)
	d.sketch[i] = max(d.sketch[i], rank)
}

// Held is how many keys are held one by one.
func (d *Distinct) Held() int { return len(d.exact) }

// Estimate lets Count be an estimate from now on, which takes 16 KiB whatever comes.
func (d *Distinct) Estimate() {
	if d.sketch == nil {
		d.fold()
	}
}

// Exact reports whether Count is exact.
func (d *Distinct) Exact() bool { return d.sketch == nil }

// Count is how many different keys were counted.
func (d *Distinct) Count() int64 {
	if d.sketch == nil {
		return int64(len(d.exact))
	}
	sum, empty := 0.0, 0
	for _, r := range d.sketch {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	const m = registers
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return int64(math.Round(estimate))
}

// Merge adds what another of the same seed counted.
func (d *Distinct) Merge(o *Distinct) {
	if o.sketch == nil {
		for h := range o.exact {
			d.AddHash(h)
		}
		return
	}
	if d.sketch == nil {
		d.fold()
	}
	for i, r := range o.sketch {
		d.sketch[i] = max(d.sketch[i], r)
	}
}
