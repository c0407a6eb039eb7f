package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
