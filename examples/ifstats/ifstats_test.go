package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/traffic/netif/vnstat"
)

const machine = `A machine with one card.
-- machine now=2026-11-25T%02d:00:00Z --
-- /proc/net/dev --
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
  eth0: %d 100000 0 0 0 0 0 0 %d 100000 0 0 0 0 0 0
-- /sys/class/net/eth0/ dir complete --
-- /sys/class/net/eth0/ifindex --
2
-- /sys/class/net/eth0/device link=../../../0000:00:03.0 --
-- /proc/sys/kernel/random/boot_id --
a
`

// at writes the machine as it is at an hour.
func at(t *testing.T, name string, hour, received, sent int) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, fmt.Appendf(nil, machine, hour, received, sent), 0o600))
}

func TestCommandLine(t *testing.T) { clitest.Frame(t, "ifstats", run) }

func TestExamples(t *testing.T) {
	dir := t.TempDir()
	status, _, stderr := clitest.Run(t, run, "sample", "-state", dir)
	require.Zero(t, status, stderr)
	clitest.Examples(t, run, "-state", dir)
}

func TestTotalsAreTheDifferencesOfTheSamples(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "machine.txtar")
	with := func(args ...string) (int, string, string) {
		return clitest.Run(t, run, append(args, "-host", "replay:"+name, "-state", dir, "-zone", "UTC")...)
	}
	at(t, name, 6, 1000, 500)
	status, _, stderr := with("report")
	require.Equal(t, 3, status)
	require.Contains(t, stderr, "first")
	for hour, received := range []int{1000, 4000, 9000} {
		at(t, name, 6+hour, received, 500+hour)
		status, _, stderr := with("sample")
		require.Zero(t, status, stderr)
	}
	status, stdout, stderr := with("report", "-json")
	require.Zero(t, status, stderr)
	var got struct {
		JSONVersion string `json:"jsonversion"`
		Totals      totals
		Interfaces  []struct {
			Name    string
			Traffic struct{ Day []struct{ Rx, Tx uint64 } }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	assert.Equal(t, "2", got.JSONVersion)
	assert.Equal(t, totals{1, 8000, 2}, got.Totals)
	require.Len(t, got.Interfaces, 1)
	require.Len(t, got.Interfaces[0].Traffic.Day, 1)
	assert.EqualValues(t, 8000, got.Interfaces[0].Traffic.Day[0].Rx)
	status, stdout, _ = with("report")
	assert.Zero(t, status)
	assert.Contains(t, stdout, "2026-11-25")
	status, vnstat, _ := with("report", "-compat", "vnstat")
	require.Zero(t, status)
	assert.NotContains(t, vnstat, "totals")
	file := filepath.Join(dir, "vnstat.json")
	require.NoError(t, os.WriteFile(file, []byte(vnstat), 0o600))
	status, _, stderr = with("import", file)
	assert.Equal(t, 3, status, "it has a history already")
	assert.Contains(t, stderr, "before the first sample")
	status, _, stderr = clitest.Run(t, run, "import", file, "-host", "replay:"+name, "-state", t.TempDir())
	assert.Zero(t, status, stderr)
}

func TestFiveMinutesAreKeptAsLongAsWasSaidOnce(t *testing.T) {
	for fine, kept := range map[string]bool{"0": false, "100": true} {
		dir := t.TempDir()
		name := filepath.Join(dir, "machine.txtar")
		with := func(args ...string) string {
			status, stdout, stderr := clitest.Run(t, run, append(args, "-host", "replay:"+name, "-state", dir, "-zone", "UTC")...)
			require.Zero(t, status, stderr)
			return stdout
		}
		for n, date := range []string{"2026-11-25", "2026-11-25", "2027-01-26", "2027-01-26"} {
			text := fmt.Sprintf(machine, 6+n, 1000*(n+1), 500)
			require.NoError(t, os.WriteFile(name, []byte(strings.Replace(text, "2026-11-25", date, 1)), 0o600))
			args := []string{"sample"}
			if n == 0 {
				args = append(args, "-fine", fine)
			}
			with(args...)
		}
		var got vnstat.Report
		require.NoError(t, json.Unmarshal([]byte(with("report", "-compat", "vnstat")), &got))
		first := got.Interfaces[0].Traffic.FiveMinutes[0]
		assert.Equal(t, kept, first.Date.Month == 11, "-fine %s: %+v", fine, first)
		assert.EqualValues(t, 3000, got.Interfaces[0].Traffic.Total.Received)
		assert.Regexp(t, `2027-01 .*95th percentile`, with("report"))
	}
	status, _, stderr := clitest.Run(t, run, "sample", "-fine", "4000", "-state", t.TempDir())
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "up to 3660")
}

func TestWatchEndsWhenItIsTold(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "machine.txtar")
	at(t, name, 6, 1000, 500)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs nothing
	assert.LessOrEqual(t, run(ctx, []string{"watch", "-host", "replay:" + name, "-state", dir}, &out, &errs), 3)
}

type nothing struct{}

func (*nothing) Write(p []byte) (int, error) { return len(p), nil }
