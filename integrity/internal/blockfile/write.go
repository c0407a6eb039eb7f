package blockfile

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// digestOf gives the digest of a block.
func digestOf(kind byte, payload []byte) Digest {
	h := sha256.New()
	var prefix [5]byte
	prefix[0] = kind
	binary.LittleEndian.PutUint32(prefix[1:], uint32(len(payload)))
	h.Write(prefix[:])
	h.Write(payload)
	return Digest(h.Sum(nil))
}

// rootOf gives the root over blocks, and the number of records in them.
func rootOf(blocks []block, count int64) Digest {
	h := sha256.New()
	for _, k := range blocks {
		h.Write(k.digest[:])
	}
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(count)))
	return Digest(h.Sum(nil))
}

func tailOf(count, index int64, root Digest) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(count))
	out = binary.LittleEndian.AppendUint64(out, uint64(index))
	return append(out, root[:]...)
}

// A Writer writes a file to a stream.
type Writer struct {
	w      io.Writer
	offset int64
	blocks []block
}

// NewWriter begins a file with its head.
func NewWriter(w io.Writer, head []byte) (*Writer, error) {
	if _, err := io.WriteString(w, magic); err != nil {
		return nil, err
	}
	out := &Writer{w: w, offset: int64(len(magic))}
	return out, out.write(kindHead, "", head)
}

// Add adds a block of records, of which the first has this key. Blocks come in the
// order of their keys.
func (w *Writer) Add(first string, payload []byte) error { return w.write(kindRecords, first, payload) }

// Close ends the file, with the number of its records, and gives its root. It does
// not close the stream.
func (w *Writer) Close(count int64) (Digest, error) {
	index, listed := w.offset, len(w.blocks)
	var payload []byte
	for i, k := range w.blocks[:listed] {
		payload = k.appendTo(payload)
		if len(payload) >= Target || i == listed-1 {
			if err := w.write(kindIndex, "", payload); err != nil {
				return Digest{}, err
			}
			payload = payload[:0]
		}
	}
	root := rootOf(w.blocks, count)
	return root, w.write(kindTail, "", tailOf(count, index, root))
}

func (w *Writer) write(kind byte, key string, payload []byte) error {
	if len(payload) > longest {
		return fmt.Errorf("write baseline: a block of %d bytes is too long", len(payload))
	}
	k := block{offset: w.offset + prefixLength, length: len(payload), kind: kind, digest: digestOf(kind, payload), key: key}
	w.blocks = append(w.blocks, k)
	w.offset = k.offset + int64(k.length)
	prefix := make([]byte, 0, prefixLength)
	prefix = append(prefix, kind)
	prefix = binary.LittleEndian.AppendUint32(prefix, uint32(len(payload)))
	prefix = append(prefix, k.digest[:]...)
	if _, err := w.w.Write(prefix); err != nil {
		return err
	}
	_, err := w.w.Write(payload)
	return err
}

// appendTo adds what the index says of a block.
func (k block) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(k.length))
	b = append(b, k.digest[:]...)
	b = binary.AppendUvarint(b, uint64(len(k.key)))
	return append(b, k.key...)
}
