package pack

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	columns := [][]uint64{nil, {0}, {1, 255, 256}, {math.MaxUint64, 0, 1 << 40}}
	var w Writer
	w.Number(math.MaxUint64)
	w.Signed(math.MinInt64)
	w.Text(nil)
	w.Text([]byte("eth0"))
	for _, c := range columns {
		w.Column(c)
	}
	packed, err := w.Packed()
	require.NoError(t, err)
	r, err := Unpack(packed, 1000)
	require.NoError(t, err)
	assert.EqualValues(t, uint64(math.MaxUint64), r.Number())
	assert.EqualValues(t, math.MinInt64, r.Signed())
	assert.Empty(t, r.Text())
	assert.Equal(t, "eth0", string(r.Text()))
	assert.False(t, r.Whole(), "columns are left")
	for _, c := range columns {
		assert.Equal(t, append([]uint64{}, c...), r.Column(uint64(len(c))))
	}
	assert.True(t, r.Whole())
	r.Number()
	assert.True(t, r.Bad())
	assert.False(t, r.Whole())
	_, err = Unpack(packed, 10)
	require.ErrorContains(t, err, "more than 10 bytes")
	_, err = Unpack(append(packed, 'x'), 1000)
	require.ErrorContains(t, err, "behind its end")
	_, err = Unpack(packed[:len(packed)-3], 1000)
	require.Error(t, err)
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 4, 'e', 't', 'h', '0', 1, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := Reader{data: data}
		n := r.Number()
		text, column := r.Text(), r.Column(n)
		if len(text)+len(column) > len(data) {
			t.Fatal("more than there was")
		}
		if r.Bad() && r.Whole() {
			t.Fatal("whole, and bad")
		}
	})
}
