//go:build linux && long

package main

import (
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/pgtest"
)

func TestFiveHostsOneDatabaseAndTwoThousandTargets(t *testing.T) {
	fleet(t, pgtest.Start(t), []string{"a", "b", "c", "d", "e"}, 2000, "interval: 30s\nretry: 2s\ntimeout: 10s\ntick: 5s\nattempts: 2\n", 5*time.Minute)
}
