package follow

import (
	"crypto/sha256"
	"encoding/hex"
)

const (
	headLen = 4096 // bytes of a file's beginning that prove its identity
	tailLen = 256  // bytes before the offset that prove the position
)

// A Checkpoint is a position in one generation of a log file, with the proof
// by which it is found again. The zero Checkpoint is a file never read. It is
// kept as JSON.
type Checkpoint struct {
	Dev    uint64 `json:"dev,omitempty"`
	Ino    uint64 `json:"ino,omitempty"`
	HasIno bool   `json:"has_ino,omitempty"` // Dev and Ino are known
	Btime  int64  `json:"btime,omitempty"`   // nanoseconds, when the file came to be; zero: not known
	Size   int64  `json:"size"`              // bytes when it was read
	Offset int64  `json:"offset"`            // decompressed bytes that were consumed
	Head   Proof  `json:"head"`
	Tail   Proof  `json:"tail"`
	Mtime  int64  `json:"mtime,omitempty"` // nanoseconds; zero: not known
	Lines  uint64 `json:"lines"`           // consumed in this generation
	Cut    bool   `json:"cut,omitempty"`   // the offset lies in a line whose front was skipped, or delivered as Oversized
	Valid  bool   `json:"valid"`           // false: never read
	// Older is the end of the generation that was left last: a writer that is
	// late to reopen its log may still add to it.
	Older *Checkpoint `json:"older,omitempty"`
}

// A Proof is a number of bytes and the first half of their SHA-256 in hexadecimal.
type Proof struct {
	N   int    `json:"n"`
	Sum string `json:"sum,omitempty"`
}

func proofOf(b []byte) Proof {
	if len(b) == 0 {
		return Proof{}
	}
	sum := sha256.Sum256(b)
	return Proof{N: len(b), Sum: hex.EncodeToString(sum[:16])}
}

// headProof proves the first bytes of a file.
func headProof(b []byte) Proof { return proofOf(b[:min(len(b), headLen)]) }

// tailProof proves the last bytes before an offset.
func tailProof(b []byte) Proof { return proofOf(b[max(0, len(b)-tailLen):]) }

// startsWith reports whether b, the head of a file, is the head that p proves.
func (p Proof) startsWith(b []byte) bool {
	return p.N >= 0 && p.N <= headLen && len(b) >= p.N && proofOf(b[:p.N]) == p
}

// Check reports whether the checkpoint can have been written by this package.
func (c Checkpoint) Check() bool {
	return c.Offset >= 0 && c.Size >= 0 &&
		c.Head.N >= 0 && c.Head.N <= headLen && c.Tail.N >= 0 && c.Tail.N <= tailLen &&
		int64(c.Tail.N) <= c.Offset && (c.Valid || c == Checkpoint{}) &&
		(c.Older == nil || c.Older.Valid && c.Older.Older == nil && c.Older.Check())
}

// A Line is one line of a log file.
type Line struct {
	// Text is the line without its newline, cut at File.MaxLine. It is valid
	// until the next call of Next. NUL bytes at its front are left out.
	Text      []byte
	Size      int64 // bytes of the line, with newline and NULs
	NULs      int64 // NUL bytes that were left out
	Oversized bool  // Text is cut
	// Partial says that Size does not count a newline: the file was closed before
	// it came; the line is a part of a long run of NULs; or it is Oversized, and
	// what comes of it up to its newline is left out.
	Partial bool
}

// NoteKind says what happened to a log file beside its lines.
type NoteKind string

// The kinds of notes.
const (
	Gap       NoteKind = "gap"       // at least one generation is missing, with an unknown number of lines
	Shrunk    NoteKind = "shrunk"    // the file became shorter and no rotated copy holds what was there
	Rewritten NoteKind = "rewritten" // what was already read was changed, in its first Bytes where that is known, and no rotated copy holds it
	Damaged   NoteKind = "damaged"   // an archive ends early or is corrupt: what could be read was
	Excessive NoteKind = "excessive" // an archive unpacks to more than the limits allow
	Ambiguous NoteKind = "ambiguous" // the file was copied and emptied about when it was read: lines in between may be missing
	Skipped   NoteKind = "skipped"   // a first reading began in the middle: File.Tail
)

// A Note tells of something that is no line.
type Note struct {
	Kind  NoteKind
	Path  string // of the generation concerned
	Bytes int64  // how many bytes it is about; -1 when that is not known
	Err   error  // nil unless something failed
}

// A Batch is a run of complete lines, in file order.
type Batch struct {
	Lines      []Line
	Notes      []Note
	Path       string // of the generation that they stand in
	Bytes      int64  // consumed by this batch
	Checkpoint Checkpoint
}
