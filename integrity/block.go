package integrity

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// A baseline file is the magic, and blocks: type (one byte), length of the
// payload (four bytes, little endian), SHA-256 over type, length and payload,
// payload. The first block is the head, the last the tail; those between are
// records. The tail holds the number of entries, and the SHA-256 over the
// digests of all blocks before it, which vouches for their number and order.
const (
	magic        = "upkeep files 2\n\x00"
	magicFamily  = "upkeep files "
	blockHead    = 'H'
	blockRecords = 'R'
	blockTail    = 'T'
	blockPrefix  = 1 + 4 + sha256.Size
	blockTarget  = 64 << 10 // payload at which a block of records is ended
	blockMax     = 1 << 20  // payload that a reader takes
)

// blockDigest gives the digest of a block.
func blockDigest(kind byte, payload []byte) Digest {
	h := sha256.New()
	var prefix [5]byte
	prefix[0] = kind
	binary.LittleEndian.PutUint32(prefix[1:], uint32(len(payload)))
	h.Write(prefix[:])
	h.Write(payload)
	return Digest(h.Sum(nil))
}

// tailOf gives the tail's payload.
func tailOf(count int64, digests []Digest) ([]byte, Digest) {
	h := sha256.New()
	for _, d := range digests {
		h.Write(d[:])
	}
	root := Digest(h.Sum(nil))
	return append(binary.LittleEndian.AppendUint64(nil, uint64(count)), root[:]...), root
}

// A blockWriter writes blocks to w.
type blockWriter struct {
	w       io.Writer
	digests []Digest
}

func (b *blockWriter) write(kind byte, payload []byte) error {
	if len(payload) > blockMax {
		return fmt.Errorf("write baseline: a block of %d bytes is too long", len(payload))
	}
	d := blockDigest(kind, payload)
	b.digests = append(b.digests, d)
	prefix := make([]byte, 0, blockPrefix)
	prefix = append(prefix, kind)
	prefix = binary.LittleEndian.AppendUint32(prefix, uint32(len(payload)))
	prefix = append(prefix, d[:]...)
	if _, err := b.w.Write(prefix); err != nil {
		return err
	}
	_, err := b.w.Write(payload)
	return err
}

// A block is where a verified block stands, and its digest.
type block struct {
	offset int64 // of the payload
	length int
	kind   byte
	digest Digest
}

// A blockReader reads blocks that were verified.
type blockReader struct {
	r      io.ReaderAt
	blocks []block // without the tail
	count  int64
	root   Digest
	buf    []byte
}

// records gives the number of blocks of records; they begin at index 1.
func (b *blockReader) records() int { return len(b.blocks) - 1 }

// read gives a block's payload until the next call. It is verified once more,
// since the file may have been written to after it was opened.
func (b *blockReader) read(i int) ([]byte, error) {
	k := b.blocks[i]
	if cap(b.buf) < k.length {
		b.buf = make([]byte, max(k.length, blockTarget*2))
	}
	payload := b.buf[:k.length]
	if _, err := b.r.ReadAt(payload, k.offset); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	if blockDigest(k.kind, payload) != k.digest {
		return nil, fmt.Errorf("%w: changed while it was read", ErrDamaged)
	}
	return payload, nil
}

// verifyBlocks reads everything once.
func verifyBlocks(r io.ReaderAt, size int64) (*blockReader, error) {
	b := &blockReader{r: r}
	if err := checkMagic(r); err != nil {
		return nil, err
	}
	offset := int64(len(magic))
	for {
		k, err := readPrefix(r, offset, size)
		if err != nil {
			return nil, err
		}
		b.blocks = append(b.blocks, k)
		if _, err := b.read(len(b.blocks) - 1); err != nil {
			return nil, err
		}
		offset = k.offset + int64(k.length)
		if k.kind == blockTail {
			return b, b.end(offset, size)
		}
	}
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

// readPrefix reads what stands before a payload.
func readPrefix(r io.ReaderAt, offset, size int64) (block, error) {
	var prefix [blockPrefix]byte
	if _, err := r.ReadAt(prefix[:], offset); err != nil && err != io.EOF {
		return block{}, fmt.Errorf("read baseline: %w", err)
	}
	k := block{offset: offset + blockPrefix, kind: prefix[0], digest: Digest(prefix[5:])}
	length := int64(binary.LittleEndian.Uint32(prefix[1:]))
	if length > blockMax || k.offset+length > size {
		return block{}, fmt.Errorf("%w: cut off at byte %d", ErrDamaged, offset)
	}
	k.length = int(length)
	want := byte(blockRecords)
	if offset == int64(len(magic)) {
		want = blockHead
	} else if k.kind == blockTail {
		want = blockTail
	}
	if k.kind != want {
		return block{}, fmt.Errorf("%w: unexpected block at byte %d", ErrDamaged, offset)
	}
	return k, nil
}

// end checks the tail against all that stands before it.
func (b *blockReader) end(offset, size int64) error {
	tail, err := b.read(len(b.blocks) - 1)
	if err != nil {
		return err
	}
	b.blocks = b.blocks[:len(b.blocks)-1]
	var digests []Digest
	for _, k := range b.blocks {
		digests = append(digests, k.digest)
	}
	if len(tail) != 8+sha256.Size || offset != size {
		return fmt.Errorf("%w: wrong end", ErrDamaged)
	}
	b.count = int64(binary.LittleEndian.Uint64(tail))
	want, root := tailOf(b.count, digests)
	if !bytes.Equal(tail, want) {
		return fmt.Errorf("%w: blocks are missing", ErrDamaged)
	}
	b.root = root
	return nil
}
