package traffic

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/hosttest/logtest"
)

// messages is an Analyzer that remembers messages.
type messages []string

func (m *messages) Add(r *logstream.Record) bool {
	*m = append(*m, string(r.Message))
	return true
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
