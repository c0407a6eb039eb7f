package reporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// TestStore tries the sentences of memory.Store on stores that make makes
// empty. Durability needs a machine that loses power, and is not tried.
func TestStore(ctx context.Context, make func() memory.Store) error {
	var errs []error
	for _, try := range []func(context.Context, memory.Store) error{testEmpty, testSaved, testApart, testEnded, testDelivered, testLarge} {
		errs = append(errs, guard(func() error { return try(ctx, make()) }))
	}
	return errors.Join(errs...)
}

func testEmpty(ctx context.Context, s memory.Store) error {
	saved, err := s.Load(ctx)
	if err != nil || saved.Report != nil || len(saved.Open.Items) > 0 || len(saved.Kept) > 0 {
		return fmt.Errorf("a store that was never saved loads %+v, %v", saved, err)
	}
	return nil
}

func testSaved(ctx context.Context, s memory.Store) error {
	var errs []error
	for _, want := range []memory.Saved{Sample(1), Sample(2), Sample(3)} {
		if err := s.Save(ctx, want); err != nil {
			return fmt.Errorf("save: %w", err)
		}
		got, err := s.Load(ctx)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		errs = append(errs, same(got, want))
	}
	return errors.Join(errs...)
}

// testApart changes what was saved and what was loaded: the store has neither.
func testApart(ctx context.Context, s memory.Store) error {
	given := Sample(1)
	if err := s.Save(ctx, given); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	given.Kept["logs"]["position"][0] ^= 0xff
	got, err := s.Load(ctx)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for _, values := range got.Kept {
		for _, value := range values {
			value[0] ^= 0xff
		}
	}
	again, err := s.Load(ctx)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return same(again, Sample(1))
}

func testEnded(ctx context.Context, s memory.Store) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err := s.Load(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(s.Save(ctx, Sample(1)), context.Canceled) {
		return errors.New("an ended context does not end Load and Save with its error")
	}
	return nil
}

func same(got, want memory.Saved) error {
	if got.Report == nil {
		return errors.New("the loaded state has no report")
	}
	got.Notices = nil
	g, err := memory.EncodeSaved(got)
	if err != nil {
		return err
	}
	w, err := memory.EncodeSaved(want)
	if err != nil {
		return err
	}
	if !bytes.Equal(g, w) {
		return fmt.Errorf("the loaded state differs from the saved one:\n%s\n%s", g, w)
	}
	return nil
}

// Sample is a small report number seq with a history, odd bytes among its texts.
func Sample(seq uint64) memory.Saved {
	at := time.Date(2026, 11, int(seq), 6, 30, 0, 0, time.UTC)
	odd := report.Attr{Key: report.Path, Value: "/srv/caf\xe9 \\n\n"}
	f := report.Finding{
		Rule: "odd", Subject: odd, Scope: "files", Severity: report.Warning, Title: "an odd name",
		Kind: report.Condition, Count: 1, Fingerprint: report.Fingerprint("sample", "odd", odd, nil), State: "0",
	}
	rep := &report.Report{
		Schema: report.Schema, ID: "r1:sample", Seq: seq, Started: at, Finished: at.Add(time.Second),
		Results: []report.Result{{Check: "sample", Status: report.OK, Findings: []report.Finding{f}, Covered: []string{"files"}, Rules: []string{"odd"}}},
	}
	open, changes := memory.Open{}.Next(rep)
	rep.Changes = changes
	for _, state := range []memory.ItemState{memory.ItemStale, memory.ItemFixed, memory.ItemRetired, memory.ItemClosed} {
		open.Items = append(open.Items, memory.Item{Check: "sample-" + string(state), State: state, Finding: f})
	}
	open.Overflow = make([]memory.Overflow, 1)
	fill(reflect.ValueOf(&open).Elem(), at)
	return memory.Saved{Report: rep, Open: open, Kept: map[string]map[string][]byte{"logs": {"position": {0, 1, 0xff, byte(seq)}}}}
}

// fill puts something into every field below v that has nothing, so that what a
// store leaves out is missed.
func fill(v reflect.Value, at time.Time) {
	if t, ok := v.Addr().Interface().(*time.Time); ok {
		if t.IsZero() {
			*t = at
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), at)
		}
	case reflect.Slice:
		if v.Len() == 0 && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			fill(v.Index(i), at)
		}
	case reflect.String:
		if v.String() == "" {
			v.SetString("filled")
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(max(v.Int(), 3))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(max(v.Uint(), uint64(1)))
	}
}
