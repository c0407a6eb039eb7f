package prom_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

// TestPromtoolAndNodeExporterTakeIt gives reports to those who read them.
func TestPromtoolAndNodeExporterTakeIt(t *testing.T) {
	need.Long(t)
	root := need.Unpacked(t, "prometheus", "prometheus-node-exporter")
	promtool, exporter := filepath.Join(root, "usr/bin/promtool"), filepath.Join(root, "usr/bin/prometheus-node-exporter")
	check := func(text string) (string, error) {
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	_, err := check("no metric at all\n")
	require.Error(t, err, "promtool takes anything")
	for name, text := range map[string]string{"sample": write(t, rendertest.Sample()), "hostile": write(t, rendertest.Hostile(rendertest.Joined()))} {
		out, err := check(text)
		assert.NoError(t, err, "%s: %s", name, out)
		scraped := scrape(t, exporter, text)
		assert.Contains(t, scraped, "node_textfile_scrape_error 0\n", name)
		for line := range strings.Lines(text) {
			if sample, _, ok := strings.Cut(line, " "); ok && sample != "#" && strings.Count(line, " ") == 1 { // the number may be written in another way
				assert.Contains(t, scraped, "\n"+sample+" ", name)
			}
		}
	}
	assert.Contains(t, scrape(t, exporter, "no metric at all\n"), "node_textfile_scrape_error 1\n")
}

// scrape has a node exporter of its own read a text file, and gives what it tells.
func scrape(t *testing.T, exporter, text string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "upkeep.prom"), []byte(text), 0o644))
	addr := need.Addr(t)
	cmd := exec.Command(exporter, "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory="+dir, "--web.listen-address="+addr)
	require.NoError(t, cmd.Start())
	defer func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // it was killed
	}()
	for range 600 {
		resp, err := http.Get("http://" + addr + "/metrics")
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	t.Fatal("node exporter does not answer within a minute")
	return ""
}
