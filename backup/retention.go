package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Retention says which snapshots went, and so why the oldest one follows one
// that is not there. The server that let them go signs it.
type Retention struct {
	Version int       `json:"v"`
	Host    string    `json:"host,omitempty"`
	Time    time.Time `json:"time"`
	Upto    Head      `json:"upto"` // the newest that went
	Packs   int       `json:"packs"`
}

// RetentionPrefix begins the names of the records of what went.
const RetentionPrefix = "retained/"

const retentionVersion = 1

// RetentionName is the name of the record of a snapshot that went.
func RetentionName(seq uint64) string { return numbered(RetentionPrefix, seq) }

// Seal gives the record's file: a line of JSON, then the signature of that line.
func (r Retention) Seal(signer Signer) ([]byte, error) {
	r.Version = retentionVersion
	return seal(r, signer)
}

// ParseRetention reads a record's file; a nil verifier verifies nothing. The error
// wraps ErrDamaged, or is the verifier's.
func ParseRetention(file []byte, v Verifier) (r Retention, err error) {
	message, err := unseal(file, v)
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(message, &r)
	if err != nil || r.Version != retentionVersion || r.Upto.Seq == 0 || !validHash(r.Upto.Digest) {
		return Retention{}, fmt.Errorf("no record of what went: %w", ErrDamaged)
	}
	return r, nil
}

// begins looks whether the oldest snapshot that is there may be the first: those
// before it went by a record, of which a killed server has not done all.
func (r Repo) begins(ctx context.Context, oldest Snapshot) error {
	if oldest.Prev == "" {
		return nil
	}
	before := oldest.Seq - 1
	var records []string
	for info, err := range r.Store.List(ctx, RetentionPrefix) {
		if err != nil {
			return fmt.Errorf("list what went: %w", err)
		}
		records = append(records, info.Name)
	}
	at, _ := slices.BinarySearch(records, RetentionName(before))
	if at == len(records) {
		return fmt.Errorf("snapshot %d is gone, and no record says that it was to go: %w", before, ErrDamaged)
	}
	file, err := Read(ctx, r.Store, records[at], MaxSnapshot)
	if err != nil {
		return err
	}
	record, err := ParseRetention(file, r.Keys.server())
	switch {
	case err != nil:
		return fmt.Errorf("%s, by which snapshot %d went: %w", records[at], before, err)
	case RetentionName(record.Upto.Seq) != records[at] || r.Host != "" && record.Host != r.Host,
		record.Upto.Seq == before && record.Upto.Digest != oldest.Prev:
		return fmt.Errorf("%s is of another history: %w", records[at], ErrDamaged)
	}
	return nil
}
