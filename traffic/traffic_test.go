package traffic

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

// seen is an Analyzer that remembers what it was given; it understands what
// begins with "ok".
type seen struct{ texts []string }

func (s *seen) Add(r *logstream.Record) bool {
	s.texts = append(s.texts, fmt.Sprintf("%.20s %d", r.Raw, r.Events))
	return bytes.HasPrefix(r.Raw, []byte("ok"))
}

func TestReadFromGivesEveryLineWhateverThePieces(t *testing.T) {
	long := "ok" + strings.Repeat("x", 3*blockSize)
	text := "ok one\n\nbad\xff\n" + long + "\nok three\nok half"
	want := []string{"ok one 1", "bad\xff 1", fmt.Sprintf("%.20s 1", long), "ok three 1", "ok half 1"}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(text), "in pieces": iotest.HalfReader(strings.NewReader(text)), "packed": &packed,
	} {
		var s seen
		reading, err := ReadFrom(t.Context(), r, syslog.Parser{}, &s)
		require.NoError(t, err, name)
		assert.Equal(t, want, s.texts, name)
		assert.EqualValues(t, 5, reading.Lines)
		assert.EqualValues(t, 1, reading.Unknown)
		assert.Equal(t, []Sample{{3, "bad\xff"}}, reading.Samples)
	}
}

func TestATruncatedArchiveGivesWhatItHasAndAnError(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(strings.Repeat("ok line\n", 1000)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	var s seen
	_, err = ReadFrom(t.Context(), bytes.NewReader(packed.Bytes()[:packed.Len()-4]), syslog.Parser{}, &s)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotEmpty(t, s.texts)
}

func TestATopIsExactUpToItsBoundAndKeepsWhatIsFrequentBeyond(t *testing.T) {
	top := Top{Most: 10}
	for i := range 10 {
		top.Add(fmt.Append(nil, i), int64(i+1), 2)
	}
	assert.Zero(t, top.Error())
	assert.Equal(t, Entry{Key: "9", Count: 10, Bytes: 2}, top.First(1)[0])
	top.Add([]byte("9"), -10, -2)
	assert.Zero(t, top.Get("9").Count, "what is taken back is gone")
	for i := range 5000 {
		top.Add(fmt.Appendf(nil, "rare%d", i), 1, 0)
		top.Add([]byte("frequent"), 1, 1)
	}
	got := top.Get("frequent")
	assert.GreaterOrEqual(t, got.Count, int64(5000))
	assert.LessOrEqual(t, got.Count-got.Over, int64(5000))
	assert.LessOrEqual(t, top.Error(), int64(10_100/10))
	n, exact := top.Keys()
	assert.False(t, exact)
	assert.InEpsilon(t, 5010, n, 0.03)
}

func TestTopsAddUp(t *testing.T) {
	for _, most := range []int{1000, 20} {
		all, a, b := Top{Most: most}, Top{Most: most}, Top{Most: most}
		for i := range 3000 {
			key := fmt.Append(nil, i*i%97)
			all.Add(key, 1, 3)
			if half := &a; i%2 == 0 {
				half.Add(key, 1, 3)
			} else {
				b.Add(key, 1, 3)
			}
		}
		a.Merge(&b)
		if most == 1000 {
			assert.Equal(t, all.First(-1), a.First(-1))
			continue
		}
		for _, e := range a.First(-1) {
			var exact int64
			for i := range 3000 {
				if fmt.Sprint(i*i%97) == e.Key {
					exact++
				}
			}
			assert.GreaterOrEqual(t, e.Count, exact, e.Key)
			assert.LessOrEqual(t, e.Count-e.Over, exact, e.Key)
		}
	}
}

func TestNoFrequentKeyIsMissingWhateverTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		most, all := 1+r.IntN(30), int64(0)
		parts, exact := [3]Top{{Most: most}, {Most: most}, {Most: most}}, map[string]int64{}
		for range r.IntN(3000) {
			key := fmt.Append(nil, int(math.Exp(r.Float64()*float64(1+r.IntN(9)))))
			n := int64(1 + r.IntN(3))
			parts[r.IntN(3)].Add(key, n, n)
			exact[string(key)] += n
			all += n
		}
		top := &parts[0]
		if i%2 == 0 {
			parts[1].Merge(&parts[2])
			top.Merge(&parts[1])
		} else {
			top.Merge(&parts[1])
			top.Merge(&parts[2])
		}
		require.LessOrEqual(t, top.Error(), all/int64(most))
		for key, n := range exact {
			e := top.Get(key)
			require.LessOrEqual(t, e.Count-e.Over, n)
			if e.Count > 0 {
				require.GreaterOrEqual(t, e.Count, n)
			} else {
				require.LessOrEqual(t, n, top.Error())
			}
		}
	}
}

func TestADistinctIsWithinItsError(t *testing.T) {
	all, half := Distinct{Most: 1000}, Distinct{Most: 1000}
	for i := range 100_000 {
		all.Add(fmt.Append(nil, i))
		if i < 500 {
			half.Add(fmt.Append(nil, i))
		}
	}
	assert.EqualValues(t, 500, half.Count())
	assert.True(t, half.Exact())
	assert.False(t, all.Exact())
	assert.InEpsilon(t, 100_000, all.Count(), 0.03)
	half.Merge(&all)
	assert.Equal(t, all.Count(), half.Count())
}

func TestAPercentileIsRightToAnEighth(t *testing.T) {
	var h, other Histogram
	for i := range uint64(1000) {
		h.Add(i, 1)
		other.Add(1<<63+i, 1)
	}
	for _, p := range []float64{0.01, 0.5, 0.95, 1} {
		got, ok := h.Percentile(p)
		assert.True(t, ok)
		assert.InEpsilon(t, 1000*p, got, 0.13)
	}
	h.Merge(&other)
	assert.EqualValues(t, 2000, h.Count())
	assert.EqualValues(t, uint64(1<<63+999), h.Max())
	_, ok := new(Histogram).Percentile(0.5)
	assert.False(t, ok)
}
