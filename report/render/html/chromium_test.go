package html

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

// browse opens a page in a headless browser and returns the addresses that it
// asked the network for, and the lines that it wrote on the console.
func browse(t *testing.T, page string) (requests, console []string) {
	t.Helper()
	chromium := need.Program(t, "chromium")
	dir := t.TempDir()
	file, netlog := filepath.Join(dir, "page.html"), filepath.Join(dir, "net.json")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--enable-logging=stderr", "--log-net-log="+netlog, "--screenshot="+filepath.Join(dir, "page.png"), "--window-size=1280,2000", "file://"+file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	if info, err := os.Stat(filepath.Join(dir, "page.png")); err != nil || info.Size() < 1000 {
		t.Fatalf("chromium drew nothing: %v\n%s", err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, ":CONSOLE") {
			console = append(console, strings.TrimSpace(line))
		}
	}
	return requestsOf(t, netlog), console
}

// requestsOf reads from a net log what the page asked for. What the browser
// wants for itself (the time, updates) has no origin as its initiator. A
// browser without any event did not log at all.
func requestsOf(t *testing.T, netlog string) []string {
	t.Helper()
	data, err := os.ReadFile(netlog)
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Events []struct {
			Params struct {
				URL       string `json:"url"`
				Initiator string `json:"initiator"`
			} `json:"params"`
		} `json:"events"`
	}
	if err := json.Unmarshal(data, &log); err != nil || len(log.Events) == 0 {
		t.Fatalf("net log of %d bytes: %v", len(data), err)
	}
	var out []string
	for _, e := range log.Events {
		if e.Params.URL != "" && e.Params.Initiator != "" && e.Params.Initiator != "not an origin" {
			out = append(out, e.Params.URL)
		}
	}
	return out
}

func TestABrowserAsksNothingOfTheNetworkAndLogsNoError(t *testing.T) {
	hostile := rendertest.Hostile(rendertest.Joined())
	for name, rep := range map[string]*report.Report{"sample": rendertest.Sample(), "hostile": hostile} {
		t.Run(name, func(t *testing.T) {
			requests, console := browse(t, write(t, rep, Options{}))
			if len(requests) > 0 || len(console) > 0 {
				t.Errorf("requests %q, console %q", requests, console)
			}
		})
	}
}

// TestABrowserWouldBeCaught proves that the test above can fail.
func TestABrowserWouldBeCaught(t *testing.T) {
	var asked bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer srv.Close()
	requests, console := browse(t, `<!DOCTYPE html><img src="`+srv.URL+`/x.png"><script>console.error("caught")</script>`)
	srv.Close()
	if !asked || len(requests) == 0 || !strings.Contains(strings.Join(console, " "), "caught") {
		t.Errorf("asked %t, requests %q, console %q", asked, requests, console)
	}
	_, console = browse(t, strings.Replace(write(t, &report.Report{}, Options{}), "</body>", "<script>1</script></body>", 1))
	if !strings.Contains(strings.Join(console, " "), "Content Security Policy") {
		t.Errorf("the policy let a script pass: %q", console)
	}
}
