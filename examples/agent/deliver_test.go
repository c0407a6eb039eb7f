package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// heard is an HTTP server and the paths that were asked of it.
type heard struct {
	mu    sync.Mutex
	paths []string
	down  bool
}

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) //nolint:errcheck // the path is enough
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h.paths = append(h.paths, r.URL.Path)
}

func (h *heard) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.paths
	h.paths = nil
	return out
}

func TestReportsGoToTheTargetsOfTheSettings(t *testing.T) {
	h := &heard{}
	server := httptest.NewServer(h)
	defer server.Close()
	m := newMachine(t)
	file := filepath.Join(t.TempDir(), "agent.yaml")
	config := "deliver:\n  - {name: chat, webhook: " + server.URL + "/chat, body: chat, policy: on-change}\n  - {name: watcher, ping: " + server.URL + "/ping}\n"
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))

	m.run("-config", file)
	assert.ElementsMatch(t, []string{"/ping/start", "/chat", "/ping/fail"}, h.take(), "the small machine cannot be looked at in full")

	_, printed, _ := m.run("-config", file, "-print-config")
	assert.Contains(t, printed, "name: watcher")
	again := filepath.Join(t.TempDir(), "again.yaml")
	require.NoError(t, os.WriteFile(again, []byte(printed), 0o600))
	_, twice, _ := m.run("-config", again, "-print-config")
	assert.Equal(t, printed, twice)
}

func TestAFileHasTheNewestReportInItsForm(t *testing.T) {
	m, dir := newMachine(t), t.TempDir()
	file, config := filepath.Join(dir, "agent.yaml"), "deliver:\n"
	forms := map[string]string{"prom": "upkeep_report_number 2\n", "markdown": "\n## ", "text": ", report 2\n", "html": "<!DOCTYPE html>"}
	for form := range forms {
		config += "  - {name: " + form + ", file: " + filepath.Join(dir, form) + ", form: " + form + "}\n"
	}
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	m.run("-config", file)
	m.run("-config", file)
	for form, has := range forms {
		text, err := os.ReadFile(filepath.Join(dir, form))
		require.NoError(t, err)
		assert.True(t, strings.Contains(string(text), has), "%s: %.200s", form, text)
		assert.False(t, strings.Contains(string(text), "report 1\n") || strings.Contains(string(text), "number 1\n"), form)
	}
	info, err := os.Stat(filepath.Join(dir, "prom"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode(), "node_exporter is not root")
}

func TestATargetThatIsDownGetsItsReportsLater(t *testing.T) {
	h := &heard{down: true}
	server := httptest.NewServer(h)
	defer server.Close()
	m := newMachine(t)
	file := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(file, []byte("deliver: [{name: chat, webhook: "+server.URL+"/chat}]\n"), 0o600))
	code, out, errs := m.run("-config", file)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, errs, "chat")
	assert.Contains(t, out, "odd thing", "it is shown all the same")
	kept, err := filepath.Glob(filepath.Join(m.folder(), "undelivered", "chat", "*"))
	require.NoError(t, err)
	assert.NotEmpty(t, kept)
}

func TestMistakesInTargetsAreNamed(t *testing.T) {
	for config, want := range map[string]string{
		"{name: a b, ping: x}":                                      "made of a-z",
		"{name: a, file: x, form: prmo}":                            `did you mean prom?`,
		"{name: a}":                                                 "give one of webhook, ping, file and mail",
		"{name: a, ping: x, webhook: y}":                            "give one of webhook, ping, file and mail",
		"{name: a, webhook: y, body: chatt}":                        "did you mean chat?",
		"{name: a, ping: x, policy: sometimes}":                     "unknown policy",
		"{name: a, ping: x, floor: warn}":                           "unknown floor",
		"{name: a, webhook: y, secret-file: /no/such}":              "/no/such",
		"{name: a, mail: [ops@example.org]}":                        "say from whom",
		"{name: a, mail: [x@y], from: z@y, smtp: h:p}":              "is no port",
		"{name: a, mail: [x@y], from: z@y, smtp: h, tls: implicit}": "unknown tls",
		"{name: a, webhook: y, sekret-file: /no/such}":              `did you mean "secret-file"?`,
	} {
		m := newMachine(t)
		file := filepath.Join(t.TempDir(), "agent.yaml")
		require.NoError(t, os.WriteFile(file, []byte("deliver: ["+config+"]\n"), 0o600))
		code, out, errs := m.run("-config", file)
		assert.Equal(t, exitUnknown, code, config)
		assert.Empty(t, out)
		assert.Contains(t, errs, want, config)
	}
}

// What a run stored and told nobody is told by the next one, on the terminal as
// everywhere, and is something to look at.
func TestAReportThatNobodyWasToldOfIsToldFirst(t *testing.T) {
	m := newMachine(t)
	m.run()
	store := memory.FileStore{Dir: m.folder()}
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, saved.Report.ID, saved.Delivered)
	require.NoError(t, store.MarkDelivered(t.Context(), "another")) // as if it was killed between the two
	saved.Delivered = ""
	require.NoError(t, store.Save(t.Context(), saved))
	_, out, _ := m.run()
	first, second, both := strings.Cut(out, ", report 2")
	require.True(t, both, out)
	assert.Contains(t, first, "this report was stored and not delivered")
	assert.Contains(t, first, "odd thing")
	assert.NotContains(t, second, "this report was stored and not delivered")
	_, out, _ = m.run()
	assert.NotContains(t, out, "this report was stored and not delivered", "it is told once")
}

// killed ends a run as a kill would, at its first word on standard output.
type killed struct{}

func (killed) Write([]byte) (int, error) { runtime.Goexit(); return 0, nil }

// kill runs the agent up to its first word.
func (m *machine) kill(args ...string) {
	m.t.Helper()
	ended, returned := make(chan struct{}), false
	go func() {
		defer close(ended)
		run(context.Background(), append(m.args(), args...), killed{}, io.Discard)
		returned = true
	}()
	<-ended
	require.False(m.t, returned, "it was to end in mid-word")
}

// A run that is killed when all but the terminal have been told is told there by
// the next one, however often that is killed too; nobody else hears of it twice.
func TestTheTerminalIsToldOfARunThatWasKilledBeforeItPrinted(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	config, file := filepath.Join(dir, "agent.yaml"), filepath.Join(dir, "all.jsonl")
	require.NoError(t, os.WriteFile(config, []byte("deliver: [{name: all, file: "+file+"}]\n"), 0o600))
	m.run("-config", config)
	for range 2 {
		m.write(1)
		m.kill("-config", config)
	}
	code, out, errs := m.run("-config", config)
	assert.Empty(t, errs)
	assert.Equal(t, exitUnknown, code)
	places := []int{strings.Index(out, ", report 2"), strings.Index(out, "daemonab"), strings.Index(out, ", report 3"), strings.Index(out, "daemonac"), strings.Index(out, ", report 4")}
	assert.True(t, places[0] >= 0 && slices.IsSorted(places), "%v: %s", places, out)
	_, out, _ = m.run("-config", config)
	assert.NotContains(t, out, ", report 4", "told once")
	assert.NotContains(t, out, "not delivered")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, 5, strings.Count(string(data), "\n"), "each report once")
}

// Who is killed every time for a month gets the newest reports, and is told of the others.
func TestMoreLateReportsThanArePrintedAreCounted(t *testing.T) {
	s := screen{dir: t.TempDir()}
	for seq := range uint64(maxLate + 3) {
		s.earlier = fmt.Sprint(seq)
		require.NoError(t, s.Report(t.Context(), &report.Report{Schema: report.Schema, ID: s.earlier, Seq: seq}))
	}
	late, err := s.late()
	require.NoError(t, err)
	require.Len(t, late, maxLate)
	assert.EqualValues(t, 3, late[0].Seq)
	assert.Equal(t, []string{"3 older than this one told nobody, too: they are among the kept reports"}, late[0].Notices)
	assert.Empty(t, late[1].Notices)
	require.NoError(t, s.told(t.Context()))
	late, err = s.late()
	require.NoError(t, err)
	assert.Empty(t, late)
}

// JSON is one document a run, also with a late report in it.
func TestALateReportStandsInTheOneDocument(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.write(1)
	m.kill("-json")
	_, out, errs := m.run("-json")
	assert.Empty(t, errs)
	var one struct {
		Seq  int
		Late []struct {
			Seq     int
			Notices []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &one), "one document")
	assert.Equal(t, 3, one.Seq)
	require.Len(t, one.Late, 1)
	assert.Equal(t, 2, one.Late[0].Seq)
	assert.Contains(t, strings.Join(one.Late[0].Notices, "\n"), "not delivered")
	_, out, _ = m.run("-json")
	assert.NotContains(t, out, `"late"`)
}

// A look each quarter of an hour writes no mail where there is no news; who waits
// for its word hears of it all the same.
func TestAQuickLookWithoutNewsIsSentToWatchersAlone(t *testing.T) {
	h := &heard{}
	server := httptest.NewServer(h)
	defer server.Close()
	m := newMachine(t)
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("deliver:\n  - {name: chat, webhook: "+server.URL+"/chat}\n  - {name: watcher, ping: "+server.URL+"/ping}\n"), 0o600))
	m.run("-config", config)
	h.take()
	m.run("-config", config, "-only", "logwatch.logs")
	assert.Equal(t, []string{"/ping/start", "/ping/fail"}, h.take(), "what the small machine lacks cannot be looked at")
	m.write(1)
	m.run("-config", config, "-only", "logwatch.logs")
	assert.Contains(t, h.take(), "/chat")
}

// A run that ends without a report says so to who waits for its word.
func TestARunWithoutAReportIsAFailureForAWatcher(t *testing.T) {
	h := &heard{}
	server := httptest.NewServer(h)
	defer server.Close()
	m := newMachine(t)
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("deliver: [{name: watcher, ping: "+server.URL+"/ping}]\n"), 0o600))
	require.NoError(t, os.MkdirAll(m.state, 0o777))
	require.NoError(t, os.Chmod(m.state, 0o777))
	code, _, errs := m.run("-config", config)
	assert.Equal(t, exitUnknown, code)
	assert.Contains(t, errs, "the state directory")
	assert.Equal(t, []string{"/ping/fail"}, h.take())
}

// A customer's target gets what a customer is sent, and nobody else's.
func TestACustomersTargetGetsTheCustomersCopy(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	file, ours, theirs := filepath.Join(dir, "agent.yaml"), filepath.Join(dir, "ours.jsonl"), filepath.Join(dir, "theirs.jsonl")
	require.NoError(t, os.WriteFile(file, []byte("deliver:\n  - {name: ours, file: "+ours+"}\n  - {name: theirs, file: "+theirs+", customer: true}\n"), 0o600))
	m.run("-config", file)
	for name, has := range map[string]bool{ours: true, theirs: false} {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, has, strings.Contains(string(data), "an odd thing happened"), name)
		assert.Contains(t, string(data), "logwatch.logs.unexplained", name)
	}
}
