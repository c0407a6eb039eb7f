package config_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/config"
)

func TestADayLastsToItsEndAndIsPrintedAsItWasRead(t *testing.T) {
	type settings struct {
		Until config.Day `doc:"the last day"`
		Never config.Day `doc:"none"`
	}
	var set, again settings
	require.NoError(t, config.Decode([]byte("until: 2026-12-31\n"), &set))
	assert.Equal(t, time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local), set.Until.End())
	assert.Zero(t, set.Never.End())

	var text bytes.Buffer
	require.NoError(t, config.Print(&text, &set))
	assert.Contains(t, text.String(), "2026-12-31")
	require.NoError(t, config.Decode(text.Bytes(), &again))
	assert.Equal(t, set, again)

	assert.ErrorContains(t, config.Decode([]byte("until: 31.12.2026\n"), &set), `"31.12.2026" is no day, such as 2026-12-31`)
}
