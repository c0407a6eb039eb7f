package memory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/anytext"
	"github.com/pugetsoundtech/upkeep/report"
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

// A LargeStore is a Store that also keeps large values, each named by its
// SHA-256 in hexadecimal digits.
//
//  1. SaveLarge is durable when it returns nil.
//  2. LoadLarge gives the bytes that were saved; what is missing or has other
//     bytes is ErrDamaged, never empty.
//  3. Save may forget the values that Saved.Large names neither in what is saved
//     nor in what Load can fall back to, and no others.
type LargeStore interface {
	Store
	SaveLarge(ctx context.Context, value []byte) (digest string, err error)
	LoadLarge(ctx context.Context, digest string) ([]byte, error)
}

// Saved is all that one run hands to the next.
type Saved struct {
	Report    *report.Report               `json:"report"`
	Open      Open                         `json:"open"`
	Kept      map[string]map[string][]byte `json:"kept"`                // check, name: value
	Large     map[string]map[string]string `json:"large,omitempty"`     // check, name: digest, see LargeStore
	Answered  map[string]time.Time         `json:"answered,omitempty"`  // check: when the last run of it began that answered
	Delivered string                       `json:"delivered,omitempty"` // ID of the last report that the reporter was told
	Notices   []string                     `json:"-"`                   // what a person should know of this loading
}

// EncodeSaved gives the JSON form of all that one run hands to the next, for
// implementations of Store: DecodeSaved gives the same bytes back, whatever
// texts they are. What is larger than DecodeSaved reads is an error.
func EncodeSaved(saved Saved) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(anytext.Escape(once(saved))); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	if buf.Len() > savedLimit {
		return nil, fmt.Errorf("the state has %d bytes, more than the %d that are ever read again", buf.Len(), savedLimit)
	}
	return buf.Bytes(), nil
}

// DecodeSaved reads what EncodeSaved wrote. Data that is no such thing is
// ErrDamaged.
func DecodeSaved(data []byte) (Saved, error) {
	if len(data) > savedLimit {
		return Saved{}, fmt.Errorf("%w: the state has %d bytes, more than %d", report.ErrDamaged, len(data), savedLimit)
	}
	var form stored
	if err := json.Unmarshal(data, &form); err != nil {
		return Saved{}, fmt.Errorf("%w: %w", report.ErrDamaged, err)
	}
	return anytext.Unescape(form).whole()
}

// savedLimit is what an encoded Saved may have, in bytes.
const savedLimit = 256<<20 - 1<<10

// Reviewed is what people's acts make of a run: what is still to be told, and
// what of the machine's memory they closed.
type Reviewed struct {
	Open    Open
	Changes []report.Change // what nobody has dealt with
	Review  report.Review
}
