package apk

import (
	"testing"
	"time"
)

func FuzzParseLog(f *testing.F) {
	f.Add([]byte("Running `apk add x` at 2026-11-27 10:00:00\n( 1/10) Upgrading x@edge (1.0-r0 -> 1.1-r0)\n2 errors; 1 MiB"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, act := range parseLog(text, time.UTC) {
			for _, e := range act.Events {
				if !validName(e.Name) || e.From == "" && e.To == "" {
					t.Fatalf("%+v", e)
				}
			}
		}
	})
}
