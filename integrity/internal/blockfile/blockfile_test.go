package blockfile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file gives a file of n blocks, whose keys are numbers.
func file(t testing.TB, n int, pad string) ([]byte, Digest) {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, []byte("head"))
	require.NoError(t, err)
	for i := range n {
		require.NoError(t, w.Add(key(i)+pad, fmt.Appendf(nil, "records %d", i)))
	}
	root, err := w.Close(int64(7 * n))
	require.NoError(t, err)
	return buf.Bytes(), root
}

func key(i int) string { return fmt.Sprintf("%06d", i) }

// both opens a file in both ways, which have to agree but for blocks that only one reads.
func both(data []byte) (whole, indexed *Reader, err error) {
	whole, err = Verify(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	indexed, err = Open(bytes.NewReader(data), int64(len(data)))
	return whole, indexed, err
}

func TestAFileGivesBackItsBlocksByTheirKeys(t *testing.T) {
	for _, n := range []int{0, 1, 3, 1000} {
		data, root := file(t, n, strings.Repeat("x", 200)) // the index of a thousand takes several blocks
		whole, indexed, err := both(data)
		require.NoError(t, err)
		for _, r := range []*Reader{whole, indexed} {
			assert.Equal(t, root, r.Root)
			assert.Equal(t, int64(7*n), r.Count)
			assert.Equal(t, n, r.Blocks())
			head, err := r.Head()
			require.NoError(t, err)
			assert.Equal(t, "head", string(head))
			for i := range n {
				require.Equal(t, i, r.Find(key(i)+"~", strings.Compare))
				payload, err := r.Block(i)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("records %d", i), string(payload))
			}
			assert.Equal(t, -1, r.Find("", strings.Compare))
		}
	}
}

func TestBlocksCannotBeLeftOutOrMoved(t *testing.T) {
	data, _ := file(t, 4, "")
	r, err := Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	part := func(i int) []byte {
		k := r.blocks[i]
		return data[k.offset-prefixLength : k.offset+int64(k.length)]
	}
	first, second := part(1), part(2)
	start := len(magic) + len(part(0))
	end := start + len(first) + len(second)
	for name, middle := range map[string][]byte{
		"left out": second, "swapped": append(bytes.Clone(second), first...), "twice": append(append(bytes.Clone(first), first...), second...),
	} {
		bad := append(append(bytes.Clone(data[:start]), middle...), data[end:]...)
		_, err := Verify(bytes.NewReader(bad), int64(len(bad)))
		assert.ErrorIs(t, err, ErrDamaged, name)
	}
}

func TestAForgedBlockIsOfAnotherRoot(t *testing.T) {
	data, root := file(t, 4, "")
	other := bytes.Replace(data, []byte("records 2"), []byte("records 9"), 1)
	r, err := Open(bytes.NewReader(other), int64(len(other)))
	require.NoError(t, err)
	assert.Equal(t, root, r.Root)
	_, err = r.Block(1)
	require.NoError(t, err)
	_, err = r.Block(2)
	assert.ErrorIs(t, err, ErrDamaged)

	// With its digest, which is no secret, put right in front of it.
	at := bytes.Index(other, []byte("records 9"))
	d := digestOf(kindRecords, []byte("records 9"))
	copy(other[at-len(d):], d[:])
	r, err = Open(bytes.NewReader(other), int64(len(other)))
	require.NoError(t, err)
	_, err = r.Block(2)
	assert.ErrorIs(t, err, ErrDamaged)
	_, err = Verify(bytes.NewReader(other), int64(len(other)))
	assert.ErrorIs(t, err, ErrDamaged)
}

func TestTheNumberOfRecordsIsUnderTheRoot(t *testing.T) {
	data, root := file(t, 2, "")
	tail := tailOf(99, 0, root)
	copy(tail[8:], data[len(data)-tailLength+8:])
	copy(data[len(data)-tailLength:], tail)
	d := digestOf(kindTail, data[len(data)-tailLength:])
	copy(data[len(data)-tailLength-len(d):], d[:])
	_, err := Open(bytes.NewReader(data), int64(len(data)))
	assert.ErrorContains(t, err, "blocks are missing")
}

func TestABlockThatNobodyWouldReadIsNotWritten(t *testing.T) {
	w, err := NewWriter(&bytes.Buffer{}, nil)
	require.NoError(t, err)
	assert.ErrorContains(t, w.Add("k", make([]byte, longest+1)), "too long")
}

func FuzzOpen(f *testing.F) {
	for _, n := range []int{0, 1, 5} {
		data, _ := file(f, n, "")
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, indexed, err := both(data)
		if err != nil {
			return
		}
		assert.Equal(t, whole.Root, indexed.Root)
		for i := range whole.Blocks() {
			_, err := indexed.Block(i)
			assert.NoError(t, err)
		}
		indexed.Find("k", strings.Compare)
	})
}
