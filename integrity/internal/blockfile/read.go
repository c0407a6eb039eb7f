package blockfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"
)

// A block is where a block stands, its digest, and of records the first key.
type block struct {
	offset int64 // of the payload
	length int
	kind   byte
	digest Digest
	key    string
}

// A Reader reads a file whose root is known to be over what it reads.
type Reader struct {
	Count int64  // of records
	Root  Digest // over all blocks

	r      io.ReaderAt
	blocks []block // the head, and those of records
	buf    []byte
}

// Verify reads the whole of a file of this size, and gives its reader.
func Verify(r io.ReaderAt, size int64) (*Reader, error) {
	b, err := Open(r, size)
	if err != nil {
		return nil, err
	}
	for i := range b.blocks {
		if _, err := b.read(i); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Open reads the tail and the index, and gives a reader that knows of each block what
// it has to be when it is read.
func Open(r io.ReaderAt, size int64) (*Reader, error) {
	if err := checkMagic(r); err != nil {
		return nil, err
	}
	b := &Reader{r: r}
	at := size - tailLength - prefixLength
	tail, end, err := b.next(at, size, kindTail)
	if err != nil {
		return nil, err
	}
	if tail.length != tailLength || end != size {
		return nil, fmt.Errorf("%w: wrong end", ErrDamaged)
	}
	payload, err := b.payload(tail)
	if err != nil {
		return nil, err
	}
	b.Count, b.Root = int64(binary.LittleEndian.Uint64(payload)), Digest(payload[16:])
	listed, err := b.index(int64(binary.LittleEndian.Uint64(payload[8:])), at)
	if err != nil {
		return nil, err
	}
	if rootOf(listed, b.Count) != b.Root {
		return nil, fmt.Errorf("%w: blocks are missing", ErrDamaged)
	}
	return b, nil
}

// index reads the blocks of the index, which stand between two offsets, and gives all
// blocks in the order of the file.
func (b *Reader) index(from, to int64) ([]block, error) {
	if from < int64(len(magic)) || from > to {
		return nil, fmt.Errorf("%w: no index", ErrDamaged)
	}
	var own []block
	offset := int64(len(magic))
	for at := from; at < to; {
		k, end, err := b.next(at, to, kindIndex)
		if err != nil {
			return nil, err
		}
		payload, err := b.payload(k)
		if err != nil {
			return nil, err
		}
		if offset, err = b.list(payload, offset); err != nil {
			return nil, err
		}
		own, at = append(own, k), end
	}
	if len(b.blocks) == 0 || offset != from {
		return nil, fmt.Errorf("%w: the index is not of these blocks", ErrDamaged)
	}
	return slices.Concat(b.blocks, own), nil
}

// list takes the blocks that a payload of the index names; the first stands at offset.
// It gives the offset behind the last.
func (b *Reader) list(payload []byte, offset int64) (int64, error) {
	number := func() (v uint64) {
		v, n := binary.Uvarint(payload)
		if n <= 0 || v > longest {
			payload = nil
			return longest + 1
		}
		payload = payload[n:]
		return v
	}
	for len(payload) > 0 {
		k := block{kind: kindRecords, offset: offset + prefixLength}
		if len(b.blocks) == 0 {
			k.kind = kindHead
		}
		length := number()
		if length > longest || len(payload) < len(k.digest) {
			return 0, fmt.Errorf("%w: malformed index", ErrDamaged)
		}
		k.length, k.digest = int(length), Digest(payload)
		payload = payload[len(k.digest):]
		key := number()
		if key > uint64(len(payload)) {
			return 0, fmt.Errorf("%w: malformed index", ErrDamaged)
		}
		k.key, payload = string(payload[:key]), payload[key:]
		b.blocks = append(b.blocks, k)
		offset = k.offset + int64(k.length)
	}
	return offset, nil
}

// Blocks gives the number of blocks of records.
func (b *Reader) Blocks() int { return len(b.blocks) - 1 }

// Fork gives a reader for another user at the same time.
func (b *Reader) Fork() *Reader {
	out := *b
	out.buf = nil
	return &out
}

// Head gives the head, until the next call.
func (b *Reader) Head() ([]byte, error) { return b.read(0) }

// Block gives the records of block i, counted from 0, until the next call.
func (b *Reader) Block(i int) ([]byte, error) { return b.read(i + 1) }

// Find gives the number of the block in which a key stands, if it does in any; -1 where
// it would stand before the first. compare is the order of the keys.
func (b *Reader) Find(key string, compare func(a, b string) int) int {
	return sort.Search(b.Blocks(), func(i int) bool { return compare(b.blocks[i+1].key, key) > 0 }) - 1
}

// read gives a block as the index names it: what is before its payload has to say the
// same.
func (b *Reader) read(i int) ([]byte, error) {
	k := b.blocks[i]
	found, _, err := b.next(k.offset-prefixLength, k.offset+int64(k.length), k.kind)
	if err != nil {
		return nil, err
	}
	if found.length != k.length || found.digest != k.digest {
		return nil, fmt.Errorf("%w: block at byte %d is another one", ErrDamaged, k.offset)
	}
	return b.payload(k)
}

// payload gives a block's payload until the next call, and holds it against its digest:
// the file may have been written to since it was opened.
func (b *Reader) payload(k block) ([]byte, error) {
	if cap(b.buf) < k.length {
		b.buf = make([]byte, max(k.length, Target*2))
	}
	payload := b.buf[:k.length]
	if _, err := b.r.ReadAt(payload, k.offset); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	if digestOf(k.kind, payload) != k.digest {
		return nil, fmt.Errorf("%w: the block at byte %d is not as it was written", ErrDamaged, k.offset)
	}
	return payload, nil
}

// next reads what stands before a payload, and gives where that ends.
func (b *Reader) next(offset, size int64, kind byte) (k block, end int64, err error) {
	var prefix [prefixLength]byte
	if offset < int64(len(magic)) {
		return k, 0, fmt.Errorf("%w: cut off", ErrDamaged)
	}
	if _, err := b.r.ReadAt(prefix[:], offset); err != nil && err != io.EOF {
		return k, 0, fmt.Errorf("read baseline: %w", err)
	}
	k = block{offset: offset + prefixLength, kind: prefix[0], digest: Digest(prefix[5:])}
	length := int64(binary.LittleEndian.Uint32(prefix[1:]))
	switch end = k.offset + length; {
	case k.kind != kind:
		return k, 0, fmt.Errorf("%w: unexpected block at byte %d", ErrDamaged, offset)
	case length > longest || end > size:
		return k, 0, fmt.Errorf("%w: cut off at byte %d", ErrDamaged, offset)
	}
	k.length = int(length)
	return k, end, nil
}

func checkMagic(r io.ReaderAt) error {
	var got [len(magic)]byte
	_, err := r.ReadAt(got[:], 0)
	switch {
	case string(got[:]) == magic:
		return nil
	case err != nil && err != io.EOF:
		return fmt.Errorf("read baseline: %w", err)
	case bytes.HasPrefix(got[:], []byte(magicFamily)) && got[len(magic)-1] == 0 && got[len(magic)-2] == '\n':
		return fmt.Errorf("%w: %q", ErrFormat, got[:])
	}
	return fmt.Errorf("%w: it does not begin as one", ErrDamaged)
}
