package traffic

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/hosttest/logtest"
)

// messages is an Analyzer that remembers messages.
type messages []string

func (m *messages) Add(r *logstream.Record) bool {
	*m = append(*m, string(r.Message))
	return true
}

func TestALineThatIsNotUnderstoodHasItsNumberInEachRun(t *testing.T) {
	m := hosttest.New("A log.\n-- machine now=2026-11-25T12:00:00Z --\n-- /var/log/ dir complete --\n-- /var/log/x.log --\nok 1\nbad 2\nok 3\n")
	var position Position
	for _, run := range []struct {
		more string
		want []Sample
	}{{"", []Sample{{2, "bad 2"}}}, {"ok 4\nbad 5\n", []Sample{{5, "bad 5"}}}, {"bad 6\n\nbad 8\n", []Sample{{0, "bad 6"}, {0, "bad 8"}}}} {
		require.NoError(t, m.AppendFile("/var/log/x.log", []byte(run.more)))
		var s seen
		reading, err := Read(t.Context(), logstream.Log{Host: m.Host(), Path: "/var/log/x.log"}, position, &s)
		require.NoError(t, err)
		if run.want[0].Line > 0 {
			require.Equal(t, run.want, reading.Samples)
		} else { // a blank line is not given to anybody
			require.Len(t, reading.Samples, 2)
			require.Contains(t, []uint64{0, 6}, reading.Samples[0].Line)
			require.Contains(t, []uint64{0, 8}, reading.Samples[1].Line)
		}
		position = reading.Position
	}
}

func TestReadPassesTheKitForLogReaders(t *testing.T) {
	require.NoError(t, logtest.TestReader(t.Context(), func(ctx context.Context, h host.Host, kept []byte) ([]string, []byte, error) {
		var from Position
		if len(kept) > 0 {
			if err := json.Unmarshal(kept, &from); err != nil {
				return nil, nil, err
			}
		}
		var m messages
		reading, err := Read(ctx, logstream.Log{Host: h, Path: logtest.Path}, from, &m)
		if err != nil {
			return m, kept, err
		}
		keep, err := json.Marshal(reading.Position)
		return m, keep, err
	}))
}
