package report

import (
	"context"
	"time"
)

// A Store keeps what outlives a run.
//
//  1. Load of a store that was never saved gives the zero Saved and no error.
//  2. Load gives what the last Save that returned nil was given, with all its
//     fields; EncodeSaved and DecodeSaved are a form for it that loses nothing.
//  3. Save is all or nothing: after a crash at any moment, Load gives what was
//     saved before or what was to be saved, whole.
//  4. Save is durable when it returns nil.
//  5. What is damaged is never read as empty: Load falls back to an older copy
//     and says so in Saved.Notices, or fails with an error for which
//     errors.Is(err, ErrDamaged).
type Store interface {
	Load(ctx context.Context) (Saved, error)
	Save(ctx context.Context, s Saved) error
}

// A DeliveryStore is a Store that remembers by itself which report was
// delivered, without saving all the rest again: after MarkDelivered returned nil
// Load gives id as Saved.Delivered.
type DeliveryStore interface {
	Store
	MarkDelivered(ctx context.Context, id string) error
}

// Saved is all that one run hands to the next.
type Saved struct {
	Report    *Report                      `json:"report"`
	Open      Open                         `json:"open"`
	Kept      map[string]map[string][]byte `json:"kept"`                // check, name: value
	Large     map[string]map[string]string `json:"large,omitempty"`     // check, name: digest, see LargeStore
	Answered  map[string]time.Time         `json:"answered,omitempty"`  // check: when the last run of it began that answered
	Delivered string                       `json:"delivered,omitempty"` // ID of the last report that the reporter was told
	Notices   []string                     `json:"-"`                   // what a person should know of this loading
}
