package review

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/pugetsoundtech/upkeep/report"
)

// ErrDamaged says that a log was edited, cut or replaced.
var ErrDamaged = report.ErrDamaged

// A Store keeps the log of acts about one system.
//
//  1. Acts of a store to which nothing was appended gives none, and no error.
//  2. Append is durable when it returns nil. It gives the record with its number,
//     beginning with 1, and its hash. An act that Validate refuses is refused.
//  3. Acts gives all records in their order, verified. A record that was edited,
//     left out or moved is ErrDamaged.
//  4. Two who append at once both find their acts in the log, in some order.
//  5. What is damaged is never appended to.
//  6. An ended context ends both with its error.
type Store interface {
	Append(ctx context.Context, act Act) (Record, error)
	Acts(ctx context.Context) ([]Record, error)
}

// A Record is an act in its place in the log.
type Record struct {
	Seq  uint64 `json:"seq"`
	Prev string `json:"prev"` // hash of the record before; "" of the first
	Hash string `json:"-"`    // over the JSON form of the record
	Act
}

// Chain gives the record of an act that follows last, which is zero for the
// first, and its JSON form, on one line.
func Chain(last Record, act Act) (Record, []byte, error) {
	if err := act.Validate(); err != nil {
		return Record{}, nil, err
	}
	act.Time, act.Until = act.Time.UTC(), act.Until.UTC()
	rec := Record{Seq: last.Seq + 1, Prev: last.Hash, Act: act}
	data, err := json.Marshal(rec)
	if err != nil {
		return Record{}, nil, fmt.Errorf("act refused: %w", err)
	}
	if len(data) > maxAct {
		return Record{}, nil, fmt.Errorf("act refused: it has %d bytes, more than %d", len(data), maxAct)
	}
	rec.Hash = hashOf(data)
	return rec, data, nil
}

// Verify reads the JSON form of the record that follows last. What is no such
// record, or another than hash names, is ErrDamaged.
func Verify(last Record, data []byte, hash string) (Record, error) {
	if hashOf(data) != hash {
		return Record{}, fmt.Errorf("record %d of the log of acts is %w: it was changed after it was written", last.Seq+1, ErrDamaged)
	}
	var rec Record
	if err := json.Unmarshal(data, &rec); err != nil {
		return Record{}, fmt.Errorf("record %d of the log of acts is %w: %w", last.Seq+1, ErrDamaged, err)
	}
	if rec.Seq != last.Seq+1 || rec.Prev != last.Hash {
		return Record{}, fmt.Errorf("the log of acts is %w: record %d does not follow record %d", ErrDamaged, rec.Seq, last.Seq)
	}
	rec.Hash = hash
	return rec, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Reaches reports whether a log goes through what a report knew of it: the
// record of number acts, with that hash. Where not, the error is ErrDamaged.
func Reaches(log []Record, acts uint64, head string) error {
	switch {
	case acts == 0:
		return nil
	case acts > uint64(len(log)):
		return fmt.Errorf("the log of acts is %w: it has %d records, and had %d when the last report was made", ErrDamaged, len(log), acts)
	case log[acts-1].Hash != head:
		return fmt.Errorf("the log of acts is %w: it is another one than when the last report was made", ErrDamaged)
	}
	return nil
}
