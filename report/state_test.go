package report_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

type remembered struct {
	Names  map[string]int
	Last   time.Time
	From   netip.Addr
	Line   []byte
	secret string
}

var rememberedState = report.State[remembered]{Name: "seen", Version: 2}

func TestStateComesBackAsItWasKept(t *testing.T) {
	store := &reporttest.Store{}
	want := remembered{
		Names: map[string]int{"a\xff\\x41": 1}, Last: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		From: netip.MustParseAddr("2001:db8::1"), Line: []byte{0, 0xff},
	}
	inSuite(t, store, func(rec *report.Recorder) error {
		_, known, err := rememberedState.Load(rec)
		assert.False(t, known)
		assert.NoError(t, err)
		kept := want
		kept.secret = "not remembered"
		return rememberedState.Keep(rec, kept)
	})
	inSuite(t, store, func(rec *report.Recorder) error {
		got, known, err := rememberedState.Load(rec)
		assert.NoError(t, err)
		assert.True(t, known)
		assert.Equal(t, want, got)
		return nil
	})
}

func TestDamagedStateIsNeverAnEmptyOne(t *testing.T) {
	for kept, want := range map[string]string{
		"":                       "it has no version",
		"v2":                     "it has no version",
		"{}":                     "it has no version",
		"v2\n{":                  "EOF",
		"v2\n{} {}":              "something follows it",
		"v2\n{\"Unknown\":1}":    "unknown field",
		"v3\n{}":                 `the form is "seen/v3", and this version reads seen/v2`,
		"v1\n{}":                 `the form is "seen/v1", and this version reads seen/v2`,
		"v2\n{\"Names\":[1, 2]}": "cannot unmarshal",
	} {
		store := &reporttest.Store{}
		inSuite(t, store, func(rec *report.Recorder) error { rec.Keep("seen", []byte(kept)); return nil })
		inSuite(t, store, func(rec *report.Recorder) error {
			_, known, err := rememberedState.Load(rec)
			assert.False(t, known, kept)
			var state *report.StateError
			require.ErrorAs(t, err, &state, kept)
			assert.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "what a remembered of earlier runs (seen) cannot be used")
			var version *report.VersionError
			assert.True(t, errors.Is(err, report.ErrDamaged) || errors.As(err, &version))
			return nil
		})
	}
}

func TestWhatWouldNotBeReadAgainIsNotKept(t *testing.T) {
	picky := report.State[int]{Name: "n", Version: 1, Valid: func(n int) error {
		if n < 0 {
			return errors.New("below zero")
		}
		return nil
	}}
	inSuite(t, &reporttest.Store{}, func(rec *report.Recorder) error {
		assert.ErrorContains(t, picky.Keep(rec, -1), "below zero")
		return picky.Keep(rec, 1)
	})
}
