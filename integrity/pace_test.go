package integrity_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
)

func TestAScanTakesItsTime(t *testing.T) {
	var machine strings.Builder
	machine.WriteString("-- / dir complete --\n-- /etc/ dir complete --\n")
	for i := range 10 {
		fmt.Fprintf(&machine, "-- /etc/%d --\n%s\n", i, strings.Repeat("x", 99))
	}
	for _, c := range []struct {
		pace        integrity.Pace
		atLeast, in time.Duration
	}{
		{integrity.Pace{}, 0, 0},
		{integrity.Pace{Bytes: 100}, 9 * time.Second, 11 * time.Second},
		{integrity.Pace{Files: 2}, 4 * time.Second, 6 * time.Second},
		{integrity.Pace{Files: 2, Bytes: 100}, 9 * time.Second, 11 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := integrity.Scanner{Files: hosttest.New(machine.String()), Profile: integrity.Profile{Roots: []string{"/etc"}}, Pace: c.pace}
			begun, hashed := time.Now(), 0
			for e, err := range s.Entries(t.Context(), nil) {
				require.NoError(t, err)
				if e.Hashed() {
					hashed++
				}
			}
			assert.Equal(t, 10, hashed)
			assert.GreaterOrEqual(t, time.Since(begun), c.atLeast, c.pace)
			assert.LessOrEqual(t, time.Since(begun), c.in, c.pace)
		})
	}
}
