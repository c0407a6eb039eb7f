package reporttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// testDelivered tries that a store gives back when checks were answered and what
// was delivered, and, of a memory.DeliveryStore, what it was told alone.
func testDelivered(ctx context.Context, s memory.Store) error {
	want := Sample(1)
	want.Delivered, want.Answered = want.Report.ID, map[string]time.Time{"sample": want.Report.Started}
	if err := s.Save(ctx, want); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	got, err := s.Load(ctx)
	if err != nil || got.Delivered != want.Delivered || !maps.EqualFunc(got.Answered, want.Answered, time.Time.Equal) {
		return fmt.Errorf("delivered and answered are %q, %v, saved %q, %v (%w)", got.Delivered, got.Answered, want.Delivered, want.Answered, err)
	}
	marks, ok := s.(memory.DeliveryStore)
	if !ok {
		return nil
	}
	next := Sample(2)
	next.Report.ID, next.Delivered = "r1:next", want.Delivered
	if err := errors.Join(s.Save(ctx, next), marks.MarkDelivered(ctx, next.Report.ID)); err != nil {
		return err
	}
	if got, err := s.Load(ctx); err != nil || got.Delivered != next.Report.ID {
		return fmt.Errorf("after MarkDelivered(%q) Load gives %q, %v", next.Report.ID, got.Delivered, err)
	}
	return nil
}

// testLarge tries the sentences of memory.LargeStore, where the store is one.
func testLarge(ctx context.Context, s memory.Store) error {
	large, ok := s.(memory.LargeStore)
	if !ok {
		return nil
	}
	var errs []error
	saved := Sample(1)
	saved.Large = map[string]map[string]string{"sample": {}}
	for _, value := range []string{"one", strings.Repeat("two", 1<<20), ""} {
		digest, err := large.SaveLarge(ctx, []byte(value))
		if err != nil {
			return fmt.Errorf("save a large value of %d bytes: %w", len(value), err)
		}
		saved.Large["sample"][digest] = digest
	}
	errs = append(errs, s.Save(ctx, saved), s.Save(ctx, saved))
	got, err := s.Load(ctx)
	if err != nil || !maps.Equal(got.Large["sample"], saved.Large["sample"]) {
		errs = append(errs, fmt.Errorf("the names of large values are %v, saved %v (%w)", got.Large, saved.Large, err))
	}
	for digest := range saved.Large["sample"] {
		value, err := large.LoadLarge(ctx, digest)
		if sum := digestOf(value); err != nil || sum != digest {
			errs = append(errs, fmt.Errorf("large value %s has the digest %s, %v", digest, sum, err))
		}
	}
	if _, err := large.LoadLarge(ctx, digestOf([]byte("never saved"))); !errors.Is(err, report.ErrDamaged) {
		errs = append(errs, fmt.Errorf("a large value that is not there gives %v, not ErrDamaged", err))
	}
	return errors.Join(errs...)
}

func digestOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}
