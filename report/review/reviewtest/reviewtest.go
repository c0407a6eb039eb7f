// Package reviewtest tries the sentences of review.Store on any store.
//
//	err := reviewtest.TestStore(ctx, func() review.Store { return … })
//
// Durability needs a machine that loses power, and is not tried.
package reviewtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// TestStore tries a store that make gives empty. The error joins all that is wrong.
func TestStore(ctx context.Context, make func() review.Store) error {
	var errs []error
	for _, try := range []func(context.Context, review.Store) error{testEmpty, testOrder, testRefuses, testTwo, testEnded} {
		errs = append(errs, try(ctx, make()))
	}
	return errors.Join(errs...)
}

// Sample is an act number n, with all fields filled.
func Sample(n int) review.Act {
	at := time.Date(2026, 12, 1, 7, 0, n, 123456789, time.UTC)
	return review.Act{
		Time: at, By: "ann", Kind: review.Acknowledge, Comment: "disk " + strconv.Itoa(n) + " is ordered: \"<&>\u2028", Ticket: "T-1",
		Until: at.Add(24 * time.Hour), UpTo: report.Warning, Tenant: "acme", Host: "web1",
		Seen: []review.Seen{{
			Check: "disks", Fingerprint: "v1:0123", Rule: "disks.full", Title: "/srv is full", Severity: report.Warning,
			State: "aa", Since: at, Last: at,
		}},
	}
}

func testEmpty(ctx context.Context, s review.Store) error {
	if log, err := s.Acts(ctx); err != nil || len(log) > 0 {
		return fmt.Errorf("a store to which nothing was appended gives %d records, %v", len(log), err)
	}
	return nil
}

func testOrder(ctx context.Context, s review.Store) error {
	var want []review.Record
	for n := range 20 {
		rec, err := s.Append(ctx, Sample(n))
		if err != nil {
			return fmt.Errorf("append: %w", err)
		}
		want = append(want, rec)
	}
	return sameLog(ctx, s, want)
}

// sameLog holds what the store gives against what Append gave, and against the chain.
func sameLog(ctx context.Context, s review.Store, want []review.Record) error {
	got, err := s.Acts(ctx)
	if err != nil {
		return fmt.Errorf("acts: %w", err)
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d acts were appended, and there are %d", len(want), len(got))
	}
	var last review.Record
	for i, rec := range got {
		again, _, err := review.Chain(last, rec.Act)
		if err != nil {
			return err
		}
		if rec.Hash != want[i].Hash || rec.Hash != again.Hash || rec.Seq != uint64(i+1) || rec.Prev != last.Hash {
			return fmt.Errorf("record %d is not what was appended: %+v, %+v", i+1, rec, want[i])
		}
		last = rec
	}
	return nil
}

func testRefuses(ctx context.Context, s review.Store) error {
	for _, spoil := range []func(*review.Act){
		func(a *review.Act) { a.By = " " },
		func(a *review.Act) { a.Kind = "" },
		func(a *review.Act) { a.Until = time.Time{} },
		func(a *review.Act) { a.Time = time.Time{} },
	} {
		act := Sample(1)
		spoil(&act)
		if _, err := s.Append(ctx, act); err == nil {
			return fmt.Errorf("an act that Validate refuses was taken: %+v", act)
		}
	}
	return testEmpty(ctx, s)
}

// testTwo has two people at once.
func testTwo(ctx context.Context, s review.Store) error {
	const each = 15
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for who := range errs {
		wg.Go(func() {
			for n := range each {
				act := Sample(n)
				act.By = []string{"ann", "bob"}[who]
				if _, err := s.Append(ctx, act); err != nil {
					errs[who] = fmt.Errorf("two at once: %w", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	log, err := s.Acts(ctx)
	if err != nil {
		return fmt.Errorf("two at once: %w", err)
	}
	count := map[string]int{}
	for _, rec := range log {
		count[rec.By]++
	}
	if count["ann"] != each || count["bob"] != each {
		return fmt.Errorf("two people did %d things each, and the log has %v", each, count)
	}
	return nil
}

func testEnded(ctx context.Context, s review.Store) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, appendErr := s.Append(ctx, Sample(1))
	_, err := s.Acts(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(appendErr, context.Canceled) {
		return fmt.Errorf("an ended context does not end Append and Acts with its error: %w, %w", appendErr, err)
	}
	return nil
}
