package traffictest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/traffictest"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

// restarted reads a text at once, and in another process's stead from each line
// on, as it is when a log is followed.
func restarted(t *testing.T, text string, make func() traffic.Analyzer) (whole, pieces traffic.Analyzer) {
	t.Helper()
	whole, pieces = make(), make()
	_, err := traffic.ReadFrom(t.Context(), strings.NewReader(text), syslog.Parser{}, whole)
	require.NoError(t, err)
	var parser syslog.Parser
	var head []byte
	for line := range strings.Lines(text) {
		r := logstream.Record{Raw: []byte(strings.TrimSuffix(line, "\n"))}
		parser.ParseInto(&r.Header, r.Raw)
		r.At = r.Time
		pieces.Add(&r)
		saved, err := json.Marshal(pieces)
		require.NoError(t, err)
		pieces = make()
		require.NoError(t, json.Unmarshal(saved, pieces))
		if strings.HasPrefix(line, "#Fields:") {
			head = r.Raw
		}
		if headed, ok := pieces.(traffic.Headed); ok {
			headed.Heading(head) // as it is kept with the position
		}
	}
	return whole, pieces
}

func TestARestartAtAnyLineChangesNoNumberOfMail(t *testing.T) {
	log := traffictest.NewMailLog(7, time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC))
	log.ISO = true
	text := log.Messages(25).String()
	for name, o := range map[string]maillog.Options{"exact": {Seed: 9}, "bounded": {Seed: 9, Keys: 20}} {
		a, b := restarted(t, text, func() traffic.Analyzer { return maillog.New(o) })
		whole, pieces := a.(*maillog.Stats), b.(*maillog.Stats)
		assert.NotZero(t, whole.Totals().Passed)
		assert.Equal(t, whole.Report(-1, nil), pieces.Report(-1, nil), name)
	}
}

func TestARestartAtAnyLineChangesNoNumberOfTheWeb(t *testing.T) {
	var b strings.Builder
	for i := range 32 {
		fmt.Fprintf(&b, "192.0.2.%d - - [25/Nov/2026:1%d:00:00 +0000] \"GET /%d.html HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.%d\"\n", i%12, i/8, i%16, 200+i%3*102, i, i%7)
	}
	b.WriteString("#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes time-taken\n")
	for i := range 10 {
		fmt.Fprintf(&b, "2026-11-26 10:00:%02d 198.51.100.%d GET /w\xff%d 200 7 0.%d\n", i, i, i, i)
	}
	for name, o := range map[string]weblog.Options{"exact": {Seed: 9}, "bounded": {Seed: 9, Keys: 10}} {
		a, b := restarted(t, b.String(), func() traffic.Analyzer { return weblog.New(o) })
		whole, pieces := a.(*weblog.Stats), b.(*weblog.Stats)
		assert.EqualValues(t, 42, whole.Totals().ValidRequests)
		assert.Equal(t, whole.Report(-1), pieces.Report(-1), name)
	}
}

func TestWhatWasSavedIsChecked(t *testing.T) {
	for _, text := range []string{`{"sketch":"AAAA"}`, `{"exact":"AAAA"}`, `{"exact":7}`} {
		require.Error(t, json.Unmarshal([]byte(text), new(traffic.Distinct)), text)
	}
	require.Error(t, json.Unmarshal([]byte(`{"buckets":{"496":1}}`), new(traffic.Histogram)))
	require.Error(t, json.Unmarshal([]byte(`{"messages":[{"name":"eA=="}]}`), maillog.New(maillog.Options{})))
}
