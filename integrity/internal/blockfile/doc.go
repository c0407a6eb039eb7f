// Package blockfile is the form of a file of sorted records: blocks with their
// digests, an index by the first key of each, and a root over all.
//
// A file is the magic, and blocks: type (one byte), length of the payload (four
// bytes, little endian), SHA-256 over type, length and payload, payload. The first
// block is the head, then come those of records, those of the index, and the tail.
// The index holds for each block before it the length and the digest, and the first
// key of its records. The tail holds the number of records, where the index begins,
// and the SHA-256 over the digests of all blocks before it and that number, which
// vouches for number and order: so that one record is found, and is known to be of that root, by
// reading the tail, the index and one block.
package blockfile

import (
	"crypto/sha256"
	"errors"
)

const (
	magic        = "upkeep files 3\n\x00"
	magicFamily  = "upkeep files "
	kindHead     = 'H'
	kindRecords  = 'R'
	kindIndex    = 'I'
	kindTail     = 'T'
	prefixLength = 1 + 4 + sha256.Size
	tailLength   = 8 + 8 + sha256.Size
	longest      = 1 << 20 // payload that a reader takes
)

// Target is the payload at which a block of records is ended, in bytes.
const Target = 64 << 10

var (
	// ErrDamaged says that a file is not as it was written.
	ErrDamaged = errors.New("damaged baseline")
	// ErrFormat says that a file was written by another version.
	ErrFormat = errors.New("baseline of an unknown format")
)

// A Digest is a SHA-256.
type Digest [sha256.Size]byte
