package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/render/html"
	"github.com/pugetsoundtech/upkeep/report/render/htmlmail"
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

// run is a subtest in the browser, with nothing asked for and no error yet.
func (b *browser) run(name string, test func(t *testing.T)) {
	b.t.Run(name, func(t *testing.T) {
		defer func(outer *testing.T) { b.t = outer }(b.t)
		b.t, b.asked, b.errors = t, nil, nil
		test(t)
	})
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

// agree is a script that reads the text of a page with the strict parser for XML
// and says where that differs from what the browser made of it: elements, their
// attributes, and all text.
const agree = `(text => {
	const strict = new DOMParser().parseFromString(text, "application/xhtml+xml");
	const wrong = strict.querySelector("parsererror");
	if (wrong) return wrong.textContent.slice(0, 300);
	const of = doc => [...doc.querySelectorAll("*")].filter(e => e.localName != "tbody").map(e => e.localName + " " + [...e.attributes].map(a => a.name + "=" + a.value.replace(/\s+/g, " ")));
	const a = of(strict), b = of(document), at = a.findIndex((e, i) => e != b[i]);
	if (at >= 0 || a.length != b.length) return "element " + at + " of " + a.length + "/" + b.length + ": " + a[at] + " / " + b[at];
	const words = doc => doc.documentElement.textContent.replace(/\s+/g, " ").trim();
	return words(strict) == words(document) ? "" : "the texts differ";
})(%s)`

// strict asks a strict parser about the page that was loaded from a text.
func (b *browser) strict(text string) {
	b.t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(b.t, err)
	assert.Empty(b.t, b.ask(fmt.Sprintf(agree, quoted)))
}

// look tells that no page is wider than its screen, on a desk and on a phone, and
// keeps pictures of it where a folder for them is named, in light and dark, and as it
// prints.
func (b *browser) look(name string) {
	b.t.Helper()
	pictures := os.Getenv("UPKEEP_TEST_PICTURES") != "" && strings.HasPrefix(name, "sample")
	for screen, width := range map[string]int{"desk": 1200, "phone": 390} {
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
		assert.Equal(b.t, "true", b.ask("document.documentElement.scrollWidth <= window.innerWidth"), "%s on a %s is too wide", name, screen)
		for _, scheme := range []string{"light", "dark"} {
			if !pictures {
				break
			}
			b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
			b.keep(fmt.Sprintf("%s-%s-%s.png", name, screen, scheme), "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})
		}
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{}}, nil)
	if strings.HasPrefix(name, "sample") {
		pdf := b.keep(name+".pdf", "Page.printToPDF", map[string]any{"preferCSSPageSize": true})
		pages := len(regexp.MustCompile(`/Type /Page\b`).FindAll(pdf, -1))
		b.t.Logf("%s: %d bytes on %d printed pages", name, len(pdf), pages)
		if name == "sample-page" {
			assert.LessOrEqual(b.t, pages, 4, "a busy day")
			assert.Positive(b.t, pages)
		}
	}
}

func (b *browser) keep(name, method string, params map[string]any) []byte {
	b.t.Helper()
	var out struct{ Data string }
	b.call(method, params, &out)
	data, err := base64.StdEncoding.DecodeString(out.Data)
	require.NoError(b.t, err)
	require.Greater(b.t, len(data), 1000, name)
	if dir := os.Getenv("UPKEEP_TEST_PICTURES"); dir != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return data
}

// bureau is a desk with a log on a disk.
type bureau struct {
	rep  *report.Report
	open memory.Open
	desk review.Desk
}

func newBureau(t *testing.T, rep *report.Report) *bureau {
	t.Helper()
	b := &bureau{rep: rep, desk: review.Desk{Store: review.FileStore{Name: filepath.Join(t.TempDir(), "log")}, By: "ann"}}
	for i, ch := range rep.Changes {
		if ch.Kind != report.Fixed && ch.Kind != report.Retired {
			ch.Finding.Fingerprint = fmt.Sprintf("v1:%032d", i)
			b.open.Items = append(b.open.Items, memory.Item{Check: ch.Check, State: memory.ItemOpen, Finding: ch.Finding, Since: ch.Since, Changed: ch.Since})
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

// TestAPersonReviewsADayInABrowser goes from the printed link to the signature, and
// opens what else is made for a browser.
func TestAPersonReviewsADayInABrowser(t *testing.T) {
	need.Long(t)
	b := launch(t)
	b.run("would see it", func(t *testing.T) { seesIt(t, b) })
	b.run("flood page", func(t *testing.T) {
		var page bytes.Buffer
		require.NoError(t, html.Write(&page, rendertest.Flood(10_000), html.Options{}))
		b.file(page.String())
		t.Logf("10,000 findings are %d bytes, and there after %s ms", page.Len(), b.ask("Math.round(performance.getEntriesByType('navigation')[0].domComplete)"))
		b.look("flood-page")
		b.quiet("file://")
	})
	for name, rep := range map[string]*report.Report{"sample": rendertest.Sample(), "sample-many": rendertest.Flood(200), "hostile": rendertest.Hostile(rendertest.Joined())} {
		b.run(name, func(t *testing.T) { reviews(t, b, name, rep) })
		b.run(name+" page", func(t *testing.T) {
			var page bytes.Buffer
			require.NoError(t, html.Write(&page, rep, html.Options{}))
			b.file(page.String())
			b.strict(page.String())
			b.look(name + "-page")
			b.quiet("file://")
		})
		b.run(name+" mail", func(t *testing.T) {
			var mail bytes.Buffer
			require.NoError(t, htmlmail.Write(&mail, rep, htmlmail.Options{}))
			b.file(mail.String())
			b.strict(mail.String())
			b.look(name + "-mail")
			b.quiet("file://")
		})
	}
}

func reviews(t *testing.T, b *browser, name string, rep *report.Report) {
	desk := newBureau(t, rep)
	var handler atomic.Pointer[Site]
	var served atomic.Pointer[string] // the last page
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := httptest.NewRecorder()
		handler.Load().ServeHTTP(page, r)
		text := page.Body.String()
		served.Store(&text)
		maps.Copy(w.Header(), page.Header())
		w.WriteHeader(page.Code)
		io.WriteString(w, text) //nolint:errcheck // the browser would miss it
	}))
	defer server.Close()
	site, link := New(Desk{Load: desk.load, Do: desk.do, Diff: desk.diff}, server.URL)
	handler.Store(site)
	b.open(link)
	b.load(func() { b.click("a") })
	assert.Regexp(t, "^"+server.URL+"/[A-Z2-7]{26}/$", b.ask("location.href"))
	b.strict(*served.Load())
	b.look(name + "-list")
	b.load(func() { b.click("li a") })
	b.strict(*served.Load())
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
	b.quiet(server.URL+"/", "data:", "about:blank")
}

// file opens a page from a disk.
func (b *browser) file(page string) {
	b.t.Helper()
	name := filepath.Join(b.t.TempDir(), "page.html")
	require.NoError(b.t, os.WriteFile(name, []byte(page), 0o600))
	b.open("file://" + name)
}

// quiet tells that the browser asked for nothing elsewhere, ran nothing and found no error.
func (b *browser) quiet(home ...string) {
	b.t.Helper()
	assert.Empty(b.t, b.errors, "something of the page ran, or failed")
	assert.NotEmpty(b.t, b.asked)
	assert.Empty(b.t, slices.DeleteFunc(b.asked, func(address string) bool {
		return slices.ContainsFunc(home, func(prefix string) bool { return strings.HasPrefix(address, prefix) })
	}))
}

// seesIt proves that the other tests can fail.
func seesIt(t *testing.T, b *browser) {
	b.file(`<script>console.error("caught")</script><img src="http://127.0.0.1:1/x.png"><p style="width: 5000px">wide`)
	assert.Contains(t, strings.Join(b.errors, " "), "caught")
	assert.Contains(t, b.asked, "http://127.0.0.1:1/x.png")
	assert.Equal(t, "false", b.ask("document.documentElement.scrollWidth <= window.innerWidth"))
	for page, says := range map[string]string{
		`<html lang="en"><head></head><body><p>open</body></html>`:                 "error on line",
		`<html lang="en"><head></head><body><p><table/>x</p></body></html>`:        "element",
		`<html lang="en"><head></head><body><p title="&nbsp;">x</p></body></html>`: "error on line",
	} {
		b.file("<!DOCTYPE html>\n" + page)
		text, err := json.Marshal("<!DOCTYPE html>\n" + page)
		require.NoError(t, err)
		assert.Contains(t, b.ask(fmt.Sprintf(agree, text)), says, page)
	}
	var page bytes.Buffer
	require.NoError(t, html.Write(&page, &report.Report{}, html.Options{}))
	b.errors = nil
	b.file(strings.Replace(page.String(), "</body>", "<script>1</script></body>", 1))
	assert.Contains(t, strings.Join(b.errors, " "), "Content Security Policy", "a script may run in the page")
}
