package netprobetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// TestStore tests that a store keeps the contract of exchange.Store. Open opens
// the same store again, as a new process would, after what close does to the one
// before; the store is empty at first.
func TestStore(ctx context.Context, open func() (s exchange.Store, closeStore func() error, err error)) error {
	s, closeStore, err := open()
	if err != nil {
		return err
	}
	errs := []error{emptyAtFirst(ctx, s), lastOneWins(ctx, s), manyAtOnce(ctx, s)}
	before, err := texts(ctx, s)
	errs = append(errs, err, closeStore())
	if s, closeStore, err = open(); err != nil {
		return errors.Join(append(errs, err)...)
	}
	after, err := texts(ctx, s)
	errs = append(errs, err, closeStore())
	if !slices.Equal(before, after) {
		errs = append(errs, fmt.Errorf("opened again, the store has %v in place of %v", after, before))
	}
	return errors.Join(errs...)
}

func record(target, vantage string, seq uint64, body string) exchange.Record {
	return exchange.Record{
		Key: verdict.Key{Target: target, Vantage: vantage}, Seq: seq,
		Signed:   exchange.Signed{Body: []byte(body), Sig: []byte("sig of " + body)},
		Received: time.Unix(1795899600, 0).UTC(),
	}
}

// texts gives what the store has, in order.
func texts(ctx context.Context, s exchange.Store) ([]string, error) {
	all, err := s.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range all {
		out = append(out, fmt.Sprintf("%s by %s: %d %s %s %d", r.Key.Target, r.Key.Vantage, r.Seq, r.Signed.Body, r.Signed.Sig, r.Received.Unix()))
	}
	slices.Sort(out)
	return out, nil
}

func emptyAtFirst(ctx context.Context, s exchange.Store) error {
	if all, err := s.All(ctx); err != nil || len(all) > 0 {
		return fmt.Errorf("the store is not empty at first: %v, %w", all, err)
	}
	return nil
}

func lastOneWins(ctx context.Context, s exchange.Store) error {
	var errs []error
	for _, step := range []struct {
		r     exchange.Record
		taken bool
	}{
		{record("t", "a", 5, "x"), true},
		{record("t", "a", 4, "z"), false},
		{record("t", "a", 5, "x"), false},
		{record("t", "a", 5, "y"), true},
		{record("t", "a", 5, "x"), false},
		{record("t", "b", 1, "other vantage"), true},
		{record("t\x00'\"", "a", 1, "other target"), true},
	} {
		step.r.Key.Target = strings.ReplaceAll(step.r.Key.Target, "\x00", "%00")
		taken, err := s.Put(ctx, step.r)
		if err != nil || (len(taken) == 1) != step.taken {
			errs = append(errs, fmt.Errorf("put of %s %d took %v, %w", step.r.Signed.Body, step.r.Seq, taken, err))
		}
	}
	got, err := texts(ctx, s)
	want := []string{
		"t by a: 5 y sig of y 1795899600", "t by b: 1 other vantage sig of other vantage 1795899600",
		"t%00'\" by a: 1 other target sig of other target 1795899600",
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		errs = append(errs, fmt.Errorf("the store has %q in place of %q: %w", got, want, err))
	}
	return errors.Join(errs...)
}

// manyAtOnce puts the same records from several sides, in other orders.
func manyAtOnce(ctx context.Context, s exchange.Store) error {
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() {
			for n := range 40 {
				seq := uint64((n*7+i*13)%40 + 1)
				_, err := s.Put(ctx, record("race", "a", seq, fmt.Sprint(seq)))
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	group.Wait()
	all, err := s.All(ctx)
	for _, r := range all {
		if r.Key.Target == "race" && r.Seq != 40 {
			err = errors.Join(err, fmt.Errorf("after a race the store has number %d in place of 40", r.Seq))
		}
	}
	return errors.Join(append(errs, err)...)
}
