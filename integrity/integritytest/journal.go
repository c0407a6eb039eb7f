package integritytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity"
)

// TestJournal checks what integrity expects of a Journal, and gives all violations as one
// error. read gives the records that it has of a kind, the oldest first; those that are
// there before stay.
//
//  1. What was appended is there, behind what was there before, as the same JSON.
//  2. So is a record of a megabyte, and one of odd texts.
//  3. A context that has ended gives an error, and nothing is appended.
func TestJournal(ctx context.Context, j integrity.Journal, read func(kind string) ([][]byte, error)) error {
	before, err := read(integrity.AcceptKind)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	want := slices.Clone(before)
	for _, comment := range []string{"", "\"\\ \u2028 \x1b[2J <&> \n", strings.Repeat("x", 1<<20)} {
		record, err := json.Marshal(integrity.Acceptance{By: "ann", Comment: comment, Changes: []integrity.Accepted{{Kind: "changed", Path: []byte("/a\xff")}}})
		if err == nil {
			err = j.Append(ctx, integrity.AcceptKind, record)
		}
		if err != nil {
			return fmt.Errorf("append a record of %d bytes: %w", len(record), err)
		}
		want = append(want, record)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	var errs []error
	if err := j.Append(ended, integrity.AcceptKind, want[len(want)-1]); err == nil {
		errs = append(errs, errors.New("a context that has ended gives no error"))
	}
	got, err := read(integrity.AcceptKind)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("read: %w", err))...)
	}
	if len(got) != len(want) {
		errs = append(errs, fmt.Errorf("%d records are there, and not %d", len(got), len(want)))
	}
	for i := range min(len(got), len(want)) {
		if !sameJSON(got[i], want[i]) {
			errs = append(errs, fmt.Errorf("record %d is another", i))
		}
	}
	return errors.Join(errs...)
}

// sameJSON reports whether two texts say the same.
func sameJSON(a, b []byte) bool {
	canonical := func(text []byte) string {
		var v any
		if json.Unmarshal(text, &v) != nil {
			return "not JSON: " + string(text)
		}
		out, err := json.Marshal(v)
		return string(out) + fmt.Sprint(err)
	}
	return canonical(a) == canonical(b)
}
