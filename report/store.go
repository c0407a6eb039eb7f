package report

import "context"

// A Store keeps what outlives a run.
//
//  1. Load of a store that was never saved gives the zero Saved and no error.
//  2. Load gives what the last Save that returned nil was given.
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

// Saved is all that one run hands to the next.
type Saved struct {
	Report  *Report                      `json:"report"`
	Open    Open                         `json:"open"`
	Kept    map[string]map[string][]byte `json:"kept"` // check, name: value
	Notices []string                     `json:"-"`    // what a person should know of this loading
}
