package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// A browser is a headless Chromium, driven over pipes by its debugging protocol.
type browser struct {
	t       *testing.T
	send    *os.File
	replies *bufio.Reader
	session string
	last    int
	asked   []string // addresses that pages asked for
	errors  []string // what a page logged, threw or asked a person
	loaded  int
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

func launch(t *testing.T) *browser {
	t.Helper()
	chromium := need.Program(t, "chromium")
	profile, err := os.MkdirTemp("", "upkeep-browser") //nolint:usetesting // its processes still write there for a moment
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir="+profile)
	in, send, err := os.Pipe()
	require.NoError(t, err)
	replies, out, err := os.Pipe()
	require.NoError(t, err)
	cmd.ExtraFiles = []*os.File{in, out}
	require.NoError(t, cmd.Start())
	in.Close()
	out.Close()
	t.Cleanup(func() {
		send.Close() // ends the browser
		cmd.Wait()   //nolint:errcheck // it was told to end
		replies.Close()
		for try := 0; os.RemoveAll(profile) != nil && try < 100; try++ {
			time.Sleep(100 * time.Millisecond)
		}
	})
	b := &browser{t: t, send: send, replies: bufio.NewReader(replies)}
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// call asks the browser and waits for its answer.
func (b *browser) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.last++
	ask := map[string]any{"id": b.last, "method": method, "params": params}
	if params == nil {
		ask["params"] = map[string]any{}
	}
	if b.session != "" {
		ask["sessionId"] = b.session
	}
	text, err := json.Marshal(ask)
	require.NoError(b.t, err)
	_, err = b.send.Write(append(text, 0))
	require.NoError(b.t, err)
	for {
		m := b.next()
		if m.ID != b.last {
			continue
		}
		require.Empty(b.t, string(m.Error), method)
		if result != nil {
			require.NoError(b.t, json.Unmarshal(m.Result, result))
		}
		return
	}
}

// next takes one message, and notes what a page did.
func (b *browser) next() message {
	b.t.Helper()
	text, err := b.replies.ReadBytes(0)
	require.NoError(b.t, err, "the browser has ended")
	var m message
	require.NoError(b.t, json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m))
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded++
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		require.NoError(b.t, json.Unmarshal(m.Params, &p))
		b.asked = append(b.asked, p.Request.URL)
	case "Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
		b.errors = append(b.errors, m.Method+" "+string(m.Params))
	}
	return m
}

// load does what makes the browser load a page, and waits for it.
func (b *browser) load(what func()) {
	b.t.Helper()
	before := b.loaded
	what()
	for b.loaded == before {
		b.next()
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.load(func() { b.call("Page.navigate", map[string]any{"url": address}, nil) })
}

// ask gives the value of an expression on the page.
func (b *browser) ask(expression string) string {
	b.t.Helper()
	var out struct{ Result struct{ Value any } }
	b.call("Runtime.evaluate", map[string]any{"expression": expression}, &out)
	return fmt.Sprint(out.Result.Value)
}

// click presses what a selector names, as a person does.
func (b *browser) click(selector string) {
	b.t.Helper()
	require.Equal(b.t, "true", b.ask(fmt.Sprintf("(e => { if (e) e.click(); return !!e })(document.querySelector(%q))", selector)), selector)
}

// look keeps a picture of the page where a folder for it is named, on a desk and
// on a phone, in light and dark, and as it prints. No picture is wider than its screen.
func (b *browser) look(name string) {
	b.t.Helper()
	for screen, width := range map[string]int{"desk": 1200, "phone": 390} {
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
		assert.Equal(b.t, "true", b.ask("document.documentElement.scrollWidth <= window.innerWidth"), "%s on a %s is too wide", name, screen)
		for _, scheme := range []string{"light", "dark"} {
			b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
			b.keep(fmt.Sprintf("%s-%s-%s.png", name, screen, scheme), "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})
		}
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{}}, nil)
	b.keep(name+".pdf", "Page.printToPDF", map[string]any{"preferCSSPageSize": true})
}

func (b *browser) keep(name, method string, params map[string]any) {
	b.t.Helper()
	var out struct{ Data string }
	b.call(method, params, &out)
	data, err := base64.StdEncoding.DecodeString(out.Data)
	require.NoError(b.t, err)
	require.Greater(b.t, len(data), 1000, name)
	if dir := os.Getenv("UPKEEP_TEST_PICTURES"); dir != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// bureau is a desk with a log on a disk.
type bureau struct {
	rep  *report.Report
	open report.Open
	desk review.Desk
}

func newBureau(t *testing.T, rep *report.Report) *bureau {
	t.Helper()
	b := &bureau{rep: rep, desk: review.Desk{Store: review.FileStore{Name: filepath.Join(t.TempDir(), "log")}, By: "ann"}}
	for i, ch := range rep.Changes {
		if ch.Kind != report.Fixed && ch.Kind != report.Retired {
			ch.Finding.Fingerprint = fmt.Sprintf("v1:%032d", i)
			b.open.Items = append(b.open.Items, report.Item{Check: ch.Check, State: report.ItemOpen, Finding: ch.Finding, Since: ch.Since, Changed: ch.Since})
		}
	}
	return b
}

func (b *bureau) load(ctx context.Context) (View, error) {
	log, err := b.desk.Store.Acts(ctx)
	return View{Report: b.rep, Standings: review.Standings(b.open, log, time.Now()), Signed: review.LastSignature(log)}, err
}

func (b *bureau) do(ctx context.Context, act Act) (string, error) {
	until := time.Time{}
	if act.Until != "" {
		day, err := time.ParseInLocation(time.DateOnly, act.Until, time.Local)
		if err != nil {
			return "", err
		}
		until = day
	}
	terms := review.Terms{Comment: act.Comment, Until: until}
	switch act.Kind {
	case review.Sign:
		return "signed by ann", b.desk.Sign(ctx, b.rep, act.Comment)
	case review.Acknowledge:
		return fmt.Sprintf("%d acknowledged", len(act.Items)), b.desk.Acknowledge(ctx, act.Items, terms)
	}
	return fmt.Sprintf("%d accepted", len(act.Items)), b.desk.Accept(ctx, act.Items, nil, terms)
}

func (b *bureau) diff(context.Context, string) ([]string, error) {
	return []string{"@@ -32,3 +32,3 @@", " # Authentication:", "-#PermitRootLogin prohibit-password", "+PermitRootLogin yes", " " + rendertest.Joined()}, nil
}

// TestAPersonReviewsADayInABrowser goes from the printed link to the signature.
func TestAPersonReviewsADayInABrowser(t *testing.T) {
	for name, rep := range map[string]*report.Report{"sample": rendertest.Sample(), "hostile": rendertest.Hostile(rendertest.Joined())} {
		t.Run(name, func(t *testing.T) {
			desk := newBureau(t, rep)
			var handler atomic.Pointer[Site]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.Load().ServeHTTP(w, r) }))
			defer server.Close()
			site, link := New(Desk{Load: desk.load, Do: desk.do, Diff: desk.diff}, server.URL)
			handler.Store(site)
			b := launch(t)
			b.open(link)
			b.load(func() { b.click("a") })
			assert.Equal(t, server.URL+"/", b.ask("location.href"))
			b.look(name + "-list")
			b.load(func() { b.click("li a") })
			b.look(name + "-show")
			b.load(func() { b.click("a[accesskey=b]") })
			b.click("li input")
			b.load(func() { b.click("button[value=acknowledge]") })
			assert.Contains(t, b.ask("document.querySelector('[role=status]').innerText"), "1 acknowledged")
			b.click("li:nth-child(2) input")
			b.load(func() { b.click("button[value=accept]") })
			assert.Contains(t, b.ask("document.querySelector('[role=status]').innerText"), "1 accepted")
			b.load(func() { b.click("button[value=sign]") })
			assert.Contains(t, b.ask("document.body.innerText"), "signed last by ann")

			log, err := desk.desk.Store.Acts(t.Context())
			require.NoError(t, err)
			assert.NotNil(t, review.LastSignature(log))
			assert.Empty(t, b.errors, "something of the page ran, or failed")
			outside := slices.DeleteFunc(b.asked, func(address string) bool {
				return strings.HasPrefix(address, server.URL+"/") || strings.HasPrefix(address, "data:") || address == "about:blank"
			})
			assert.Empty(t, outside)
		})
	}
}

// TestABrowserWouldSeeIt proves that the test above can fail.
func TestABrowserWouldSeeIt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<script>console.error("caught")</script><img src="http://127.0.0.1:1/x.png"><p style="width: 5000px">wide`)
	}))
	defer server.Close()
	b := launch(t)
	b.open(server.URL)
	assert.Contains(t, strings.Join(b.errors, " "), "caught")
	assert.Contains(t, b.asked, "http://127.0.0.1:1/x.png")
	assert.Equal(t, "false", b.ask("document.documentElement.scrollWidth <= window.innerWidth"))
}
