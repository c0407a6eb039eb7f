package prom_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/prom"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

func write(t *testing.T, rep *report.Report) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, prom.Write(&buf, rep))
	return buf.String()
}

func TestAReportIsCountsAndTheNumbersOfChecks(t *testing.T) {
	got := write(t, rendertest.Sample())
	for _, want := range []string{
		"# TYPE upkeep_findings_open gauge\n", `upkeep_findings_new{severity="critical"} 1` + "\n", `upkeep_check_ok{check="netprobe.local"} 0` + "\n",
		`upkeep_check_ok{check="backup.config"} 1` + "\n", `upkeep_filesystem_free_bytes{check="resource.filesystems",mount="/srv"} 4.32013312e+08` + "\n",
		"upkeep_last_run_timestamp_seconds 1795576297\n", "upkeep_level 4\n",
	} {
		assert.Contains(t, got, want)
	}
	assert.NotContains(t, got, "sshd_config", "no text of a finding")
}

// The grammar is the one of the exposition format: no line is anything else.
func TestNoReportAddsALineALabelOrAFamily(t *testing.T) {
	line := regexp.MustCompile(`^(# HELP upkeep_[a-z0-9_]+ [A-Za-z0-9 ,.:]+|# TYPE upkeep_[a-z0-9_]+ (gauge|counter)|upkeep_[a-z0-9_]+(\{[a-z0-9_]+="([^"\\\n]|\\[\\"n])*"(,[a-z0-9_]+="([^"\\\n]|\\[\\"n])*")*\})? [-+0-9.e]+)$`)
	for _, s := range rendertest.Corpus() {
		got := write(t, rendertest.Hostile(s))
		require.True(t, strings.HasSuffix(got, "\n"))
		types, series := map[string]int{}, map[string]int{}
		for _, l := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			require.Regexp(t, line, l, "with %q", s)
			if strings.HasPrefix(l, "# TYPE") {
				types[l]++
				continue
			}
			series[l[:strings.LastIndexByte(l, ' ')]]++
		}
		for what, n := range types {
			assert.Equal(t, 1, n, what)
		}
		for what, n := range series {
			assert.Equal(t, 1, n, what)
		}
	}
}
