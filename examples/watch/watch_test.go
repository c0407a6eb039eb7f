package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/examples/internal/delivery"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
	"github.com/pugetsoundtech/upkeep/report"
)

// TestMain is also the binary itself, and a server that takes connections, for
// tests that end processes.
func TestMain(m *testing.M) {
	if os.Getenv("UPKEEP_TEST_WATCH") != "" {
		cli.Main(run)
	}
	if addr := os.Getenv("UPKEEP_TEST_LISTEN"); addr != "" {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			panic(err)
		}
		for {
			c, err := l.Accept()
			if err != nil {
				panic(err)
			}
			io.WriteString(c, "220 here\r\n") //nolint:errcheck // who asks tells
			c.Close()
		}
	}
	if ways := os.Getenv("UPKEEP_TEST_RELAY"); ways != "" {
		relay(strings.Fields(ways))
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // they wait more than they work
		panic(err)
	}
	os.Exit(m.Run())
}

// relay stands before servers, as this test's binary does in a namespace: words are
// the link in JSON, and then pairs of where to listen and to whom that leads.
func relay(words []string) {
	var link netprobetest.Link
	if err := json.Unmarshal([]byte(words[0]), &link); err != nil {
		panic(err)
	}
	for pair := words[1:]; len(pair) > 1; pair = pair[2:] {
		if _, err := netprobetest.NewRelay(pair[0], pair[1], link); err != nil {
			panic(err)
		}
	}
	select {} // until the test ends it
}

func TestTheCommandLine(t *testing.T) {
	clitest.Frame(t, "watch", run)
	clitest.Examples(t, run, "-state", t.TempDir())
}

func TestMistakesInTheConfigurationAreSaid(t *testing.T) {
	for text, want := range map[string]string{
		"targets: []":                                                    "there is nothing to watch",
		"targets: [\"gopher://x\"]":                                      "gopher",
		"targets: [\"smtp://x\"]\npeers: [\"b\"]":                        "is not of the form",
		"targets: [\"smtp://x\"]\npeers: [\"b http://x k\"]":             "is no URL of the form https://HOST:PORT",
		"targets: [\"smtp://x\"]\npeers: [\"b https://x:1 k\"]":          "is no public key",
		"targets: [\"smtp://x\"]\nparents: [\"smtp://x smtp://y\"]":      "both of them watched",
		"targets: [\"smtp://x\"]\nmend: [\"sometimes smtp://x /bin/x\"]": "is no mode",
		"targets: [\"smtp://x\"]\nname: \"a b\"":                         "is no single word",
	} {
		file := filepath.Join(t.TempDir(), "watch.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text+"\n"), 0o600))
		status, _, errs := clitest.Run(t, run, "-config", file, "-state", t.TempDir(), "run")
		assert.Equal(t, cli.Failed, status, text)
		assert.Contains(t, errs, want)
		assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
	}
}

func TestALookSaysWhatItWouldCountAs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	closed := need.Addr(t)
	status, out, _ := clitest.Run(t, run, "look", "tcp://"+l.Addr().String())
	assert.Equal(t, 0, status, out)
	status, out, _ = clitest.Run(t, run, "look", "tcp://"+l.Addr().String(), "tcp://"+closed)
	assert.Equal(t, 2, status, out)
	assert.Contains(t, out, "down\ttcp://"+closed+"\tnet.refused")
}

// A vantage is one watch of a test.
type vantage struct {
	name, folder, config, addr, key string
}

// hosts makes keys, and configurations in which each knows the others.
func hosts(t *testing.T, dir string, addrs map[string]string, more string) map[string]*vantage {
	t.Helper()
	out := map[string]*vantage{}
	for name, addr := range addrs {
		h := &vantage{name: name, folder: filepath.Join(dir, name), config: filepath.Join(dir, name+".yaml"), addr: addr}
		status, key, errs := clitest.Run(t, run, "-state", h.folder, "key")
		require.Zero(t, status, errs)
		h.key = strings.TrimSpace(key)
		out[name] = h
	}
	for name, h := range out {
		var peers []string
		for _, other := range out {
			if other != h {
				url := "https://" + other.addr
				if other.addr == "" {
					url = "-" // they meet in a database
				}
				peers = append(peers, fmt.Sprintf("%q", other.name+" "+url+" "+other.key))
			}
		}
		text := fmt.Sprintf("name: %s\nstate: %s\nlisten: %q\npeers: [%s]\n%s\n", name, h.folder, h.addr, strings.Join(peers, ", "), more)
		text += fmt.Sprintf("deliver: [{name: file, file: %q}]\n", h.events())
		require.NoError(t, os.WriteFile(h.config, []byte(text), 0o600))
	}
	return out
}

// deliver puts another place to which messages go in place of the file.
func (h *vantage) deliver(t *testing.T, place string) {
	t.Helper()
	text, err := os.ReadFile(h.config)
	require.NoError(t, err)
	before, _, found := strings.Cut(string(text), "deliver: ")
	require.True(t, found)
	require.NoError(t, os.WriteFile(h.config, []byte(before+"deliver: ["+place+"]\n"), 0o600))
}

func (h *vantage) events() string { return h.folder + ".events" }

// told gives the messages of all hosts, as kind and subject. A receiver takes two
// of one id for one.
func told(t *testing.T, all map[string]*vantage) []string {
	t.Helper()
	out, seen := []string{}, map[string]bool{}
	for _, h := range all {
		for _, rep := range handedOver(t, h.events()) {
			if !seen[rep.ID] {
				out = append(out, message(rep))
			}
			seen[rep.ID] = true
		}
	}
	slices.Sort(out)
	return out
}

// message is what a report tells: the kind and the subject.
func message(rep *report.Report) string {
	subject := rep.Changes[0].Finding.Subject
	if subject.Key == report.System {
		subject.Value = "vantage:" + subject.Value
	}
	return strings.Split(rep.ID, "/")[1] + " " + subject.Value
}

// handedOver gives the reports in a file.
func handedOver(t *testing.T, file string) (reports []*report.Report) {
	t.Helper()
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasSuffix(line, "\n") {
			rep, err := report.Decode([]byte(line))
			require.NoError(t, err, line)
			reports = append(reports, rep)
		}
	}
	return reports
}

// states gives what a host says of each subject.
func (h *vantage) states(t *testing.T) map[string]string {
	t.Helper()
	_, out, _ := clitest.Run(t, run, "-config", h.config, "status", "-json")
	states := map[string]string{}
	for text := range strings.Lines(out) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		states[l.Subject] = l.State
	}
	return states
}

const quick = "interval: 1s\nretry: 200ms\ntimeout: 500ms\ntick: 100ms\nattempts: 2\n"

// eventually waits for a condition of the world.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !assert.Eventually(t, ok, 3*time.Minute, 100*time.Millisecond, what) {
		t.FailNow()
	}
}

func TestTwoHostsTellOfOneServiceOnce(t *testing.T) {
	service, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := service.Addr().String()
	go accept(service)
	target := "tcp://" + addr
	all := hosts(t, t.TempDir(), map[string]string{"a": need.Addr(t), "b": need.Addr(t)}, quick+fmt.Sprintf("targets: [%q]", target))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, h := range all {
		group.Go(func() { run(ctx, []string{"-config", h.config, "run"}, io.Discard, io.Discard) })
	}
	defer group.Wait()
	defer cancel()
	eventually(t, "both see it up", func() bool { return all["a"].states(t)[target] == "up" && all["b"].states(t)[target] == "up" })
	service.Close()
	eventually(t, "one says so", func() bool { return slices.Equal(told(t, all), []string{"problem " + target}) })
	status, out, errs := clitest.Run(t, run, "-config", all["a"].config, "ack", target)
	assert.Equal(t, cli.Failed, status, out)
	assert.Contains(t, errs, "add -by NAME")
	eventually(t, "a knows of it", func() bool {
		status, _, _ = clitest.Run(t, run, "-config", all["a"].config, "ack", target, "-by", "ann", "-comment", "on it")
		return status == 0
	})
	eventually(t, "a notes who knows", func() bool {
		_, out, _ := clitest.Run(t, run, "-config", all["a"].config, "status")
		return strings.Contains(out, "known to ann")
	})
	eventually(t, "and so does the other host", func() bool {
		_, out, _ := clitest.Run(t, run, "-config", all["b"].config, "status")
		return strings.Contains(out, "known to ann")
	})
	service, err = net.Listen("tcp", addr)
	require.NoError(t, err)
	defer service.Close()
	go accept(service)
	want := []string{"problem " + target, "recovery " + target}
	eventually(t, "and that it is up again", func() bool { return slices.Equal(told(t, all), want) })
	eventually(t, "nothing is left to be sent", func() bool { return outbox(t, all["a"]) == 0 && outbox(t, all["b"]) == 0 })
	assert.Equal(t, want, told(t, all))
}

// A server whose words take much room when they are written down must not thereby
// keep what is seen of it from being told.
func TestNoServerTalksItsAlarmAway(t *testing.T) {
	r := netprobe.Result{State: netprobe.Critical, Cause: netprobe.ProtoReject, Detail: strings.Repeat("<\x01\xff", 300)}
	for range 100 {
		r.Transcript = append(r.Transcript, netprobe.Line{Text: strings.Repeat("\x01<&\xff", 40)})
	}
	o := observation("smtp://"+strings.Repeat("x", 200), r, 1, time.Minute)
	assert.NotEmpty(t, o.Transcript)
	assert.LessOrEqual(t, len(o.Transcript), maxTranscript)
	key, err := exchange.LoadKey(filepath.Join(t.TempDir(), "key"))
	require.NoError(t, err)
	_, err = exchange.Seal(o, key)
	assert.NoError(t, err)
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.Close()
	}
}

func outbox(t *testing.T, h *vantage) int {
	m, _, err := readMemory(h.folder)
	require.NoError(t, err)
	return len(m.Book.Outbox)
}

// alone is a watcher of one target whose messages go where more says.
func alone(t *testing.T, state string, more ...delivery.Delivery) (w *watcher, closeAll func()) {
	t.Helper()
	set := defaults()
	set.State, set.Name, set.Targets, set.Deliver = state, "a", []string{"tcp://127.0.0.1:1"}, more
	w, closing, err := newWatcher(set, io.Discard)
	require.NoError(t, err)
	return w, func() { require.NoError(t, closing()) }
}

// problem is a message about the target of alone.
func problem(at time.Time) incident.Event {
	return incident.Event{
		ID: "i/problem", Incident: "i", Kind: incident.Problem, Subject: "tcp://127.0.0.1:1", Level: incident.Major, At: at, Onset: at,
		Summary: "tcp://127.0.0.1:1 is down, says a",
	}
}

func TestAMessageIsSentOnceToEachPlaceAndAgainToOneThatRefused(t *testing.T) {
	refuse := true
	var ids []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		ids = append(ids, r.Header.Get("X-Upkeep-Delivery"))
	}))
	defer hook.Close()
	state, file, now := t.TempDir(), filepath.Join(t.TempDir(), "events"), time.Now()
	places := []delivery.Delivery{{Name: "file", File: file}, {Name: "hook", Webhook: hook.URL}}
	w, closeAll := alone(t, state, places...)
	w.memory.Book.Outbox = []incident.Event{problem(now)}
	w.number()
	assert.ErrorContains(t, errors.Join(w.deliver(t.Context(), []string{"a"}, nil, now)...), "503")
	assert.Len(t, w.memory.Book.Outbox, 1, "it is on record here until all have it")
	before := w.memory.Sending["i/problem"].Number
	closeAll()

	w, closeAll = alone(t, state, places...)                // the process was ended
	w.memory.Sending["i/problem"] = sending{Number: before} // before it could note that the message is kept
	w.targets.Now = func() time.Time { return now.Add(2 * time.Minute) }
	refuse = false
	for range 2 {
		require.NoError(t, errors.Join(w.deliver(t.Context(), []string{"a"}, nil, now)...))
	}
	closeAll()
	assert.Empty(t, w.memory.Book.Outbox)
	assert.Len(t, handedOver(t, file), 1)
	assert.Equal(t, []string{"i/problem"}, ids)
}

func TestWhatAnotherHostSendsIsSentFromHereOnlyWhenThatOneDoesNot(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "events"), time.Now()
	w, closeAll := alone(t, t.TempDir(), delivery.Delivery{Name: "file", File: file})
	defer closeAll()
	live := []string{"b"}
	w.memory.Book.Outbox = []incident.Event{problem(now)}
	w.number()
	w.deliver(t.Context(), live, nil, now.Add(w.hold()/2))
	assert.NoFileExists(t, file)
	assert.Len(t, w.memory.Book.Outbox, 1)
	w.deliver(t.Context(), live, nil, now.Add(w.hold()))
	assert.FileExists(t, file, "it has had its time")
	assert.Empty(t, w.memory.Book.Outbox)
}

// A host that sent the problem and died then has not sent the recovery.
func TestTheWordThatAProblemWasSentIsNoneOfItsEnd(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "events"), time.Now()
	w, closeAll := alone(t, t.TempDir(), delivery.Delivery{Name: "file", File: file})
	defer closeAll()
	over := problem(now)
	over.ID, over.Kind, over.Level, over.Worst = "i/recovery", incident.Recovery, incident.Well, incident.Major
	w.memory.Book.Outbox = []incident.Event{problem(now), over}
	w.number()
	sent := []verdict.Observation{{Vantage: "b", Target: sentWord + over.Subject, Detail: "j/problem", At: now}}
	w.deliver(t.Context(), []string{"b"}, sent, now.Add(w.hold()))
	reports := handedOver(t, file)
	require.Len(t, reports, 1)
	assert.Equal(t, "recovery "+over.Subject, message(reports[0]))
	assert.Equal(t, report.Critical, reports[0].Changes[0].Finding.Severity, "who gets only what is critical gets its end")
}

func TestATroubleWithACountThatGrowsIsWrittenOnce(t *testing.T) {
	var errs strings.Builder
	w, closeAll := alone(t, t.TempDir())
	defer closeAll()
	w.errs = &errs
	for n := range 100 {
		w.trouble(fmt.Errorf("%d observations wait", n))
	}
	assert.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
}

func TestTheSubjectOfAMailSaysWhatHappened(t *testing.T) {
	e := problem(time.Now())
	for kind, want := range map[incident.Kind]string{
		incident.Problem: "tcp://127.0.0.1:1 is down, says a", incident.Repeat: "Still: tcp://127.0.0.1:1 is down, says a",
	} {
		e.Kind = kind
		rep, err := e.Report(t.Context(), report.Labels{}, 2)
		require.NoError(t, err)
		assert.Equal(t, want, subject(rep))
	}
	e.Kind, e.Summary = incident.Recovery, e.Subject+" answers"
	rep, err := e.Report(t.Context(), report.Labels{}, 3)
	require.NoError(t, err)
	assert.Equal(t, "Over: tcp://127.0.0.1:1 answers", subject(rep))
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}

// A name is looked up before it is looked at for the first time; later its address is
// known.
func TestTargetsOfOneAddressAndNetworkShareItsPlaces(t *testing.T) {
	w, closeAll := alone(t, t.TempDir())
	defer closeAll()
	names := map[string]string{"mx.example.org": "::ffff:192.0.2.7", "www.example.org": "192.0.2.9", "moved.example.org": "192.0.2.1"}
	w.resolve = func(_ context.Context, _, name string) ([]netip.Addr, error) {
		text, ok := names[name]
		if !ok {
			return nil, errors.New("nobody knows")
		}
		return []netip.Addr{netip.MustParseAddr(text)}, nil
	}
	w.at["smtp://moved.example.org"] = netip.MustParseAddr("198.51.100.1")
	for target, want := range map[string][2]string{
		"smtp://mx.example.org": {"192.0.2.7", "192.0.2.0/24"}, "https://www.example.org/": {"192.0.2.9", "192.0.2.0/24"},
		"smtp://moved.example.org": {"198.51.100.1", "198.51.100.0/24"}, "smtp://nobody.example.org": {"nobody.example.org", unresolved},
		"tcp://198.51.100.7:25": {"198.51.100.7", "198.51.100.0/24"}, "tcp://[2001:db8:1:2::3]:25": {"2001:db8:1:2::3", "2001:db8:1::/48"},
	} {
		address, network := w.where(t.Context(), target)
		assert.Equal(t, want, [2]string{address, network}, target)
	}
	w.probers["smtp://mx.example.org"] = netprobe.TCP{Addr: "127.0.0.1:1"}
	w.look(t.Context(), "smtp://mx.example.org")
	_, network := w.where(t.Context(), "smtp://mx.example.org")
	assert.Equal(t, "127.0.0.0/24", network, "what was connected to counts, and not the name")
}

// What customers name is watched for each of them, under the rules for strangers.
func TestCustomersHaveTheirShareAndReachNothingOfOurs(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "watch.yaml")
	write := func(customers string) string {
		text := fmt.Sprintf("name: a\nstate: %s\ntargets: [\"tcp://127.0.0.1:1\"]\ncustomers:\n%s\n", filepath.Join(dir, "state"), customers)
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
		_, _, errs := clitest.Run(t, run, "-config", config, "status")
		return errs
	}
	for customers, want := range map[string]string{
		`  - {name: eve, targets: ["tcp://192.0.2.1:6379"]}`:                         "customers: eve: target \"tcp://192.0.2.1:6379\": the port 6379 is not among",
		`  - {name: eve, targets: ["imaps://bob@192.0.2.1?pass-file=/etc/shadow"]}`:  "names a file of this machine",
		`  - {name: eve, targets: ["mailloop://192.0.2.1?from=a@b.c&to=d@e.f"]}`:     "is of the form imaps://",
		`  - {name: eve, targets: ["smtp://192.0.2.1"], allow: ["192.0.2.1"]}`:       "is no network such as",
		`  - {name: eve, targets: ["smtp://192.0.2.1?helo=a%0d%0aMAIL"], allow: []}`: "control characters",
	} {
		assert.Contains(t, write(customers), want)
	}
	set := defaults()
	set.Name, set.State, set.Targets = "a", filepath.Join(dir, "state"), []string{"smtp://127.0.0.1"}
	set.Customers = []customer{
		{Name: "ann", Targets: []string{"smtp://127.0.0.2", "smtp://127.0.0.1"}},
		{Name: "bob", Targets: []string{"smtp://127.0.0.3", "smtp://127.0.0.2"}, Allow: []string{"127.0.0.0/8"}},
	}
	w, closeAll, err := newWatcher(set, io.Discard)
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll()) }()
	assert.Equal(t, []string{"smtp://127.0.0.1", "smtp://127.0.0.2", "smtp://127.0.0.3"}, w.watched)
	of := map[string]string{}
	for _, j := range w.jobs() {
		of[j.Key] = j.Tenant
	}
	assert.Equal(t, map[string]string{"smtp://127.0.0.1": "", "smtp://127.0.0.2": "ann", "smtp://127.0.0.3": "bob"}, of)
	assert.Equal(t, netprobe.LocalPolicy, w.probers["smtp://127.0.0.2"].Probe(t.Context()).Cause, "what is not public was not allowed")
	assert.NotEqual(t, netprobe.LocalPolicy, w.probers["smtp://127.0.0.3"].Probe(t.Context()).Cause)
	assert.NotEqual(t, netprobe.LocalPolicy, w.probers["smtp://127.0.0.1"].Probe(t.Context()).Cause, "it is ours as well")
	assert.True(t, w.isWatched("smtp://127.0.0.3"))
	assert.Len(t, w.sights(nil, nil, time.Now()), 3, "each is judged")
}

// Who breaks the zone of a target, so that no resolver has an answer, does not keep
// this host quiet.
func TestATargetOfWhichNobodyCanSayAnythingIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events")
	w, closeAll := alone(t, t.TempDir(), delivery.Delivery{Name: "file", File: file})
	defer closeAll()
	const target = "tcp://127.0.0.1:1"
	for n := range w.set.Attempts {
		assert.Empty(t, handedOver(t, file))
		r := netprobe.Result{State: netprobe.Unknown, Cause: netprobe.LocalResolver, Phase: netprobe.PhaseResolve}
		require.NoError(t, w.node.Observe(t.Context(), observation(target, r, uint64(n+1), w.set.Interval)))
		require.NoError(t, w.tick(t.Context(), time.Now()))
	}
	reports := handedOver(t, file)
	require.Len(t, reports, 1)
	assert.Equal(t, target+": no vantage can say whether it answers (local.resolver at resolve)", reports[0].Changes[0].Finding.Title)
}

// stolen is what somebody says who has the key of peer b.
func stolen(t *testing.T, target string, v any, at time.Time) verdict.Observation {
	t.Helper()
	detail, ok := v.(string)
	if !ok {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		detail = string(text)
	}
	return verdict.Observation{Vantage: "b", Target: target, Seq: 1, At: at, Since: at, Detail: detail}
}

func TestAStolenKeyMutesForAWeekAtMostAndPeopleAreTold(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "events"), time.Now()
	w, closeAll := alone(t, t.TempDir(), delivery.Delivery{Name: "file", File: file})
	defer closeAll()
	for _, target := range []string{muteWord + "*", muteWord + "tcp://127.0.0.1:1", "mute", "sent:x"} {
		assert.False(t, w.takes(target), "%q: what peers say is of a bounded number of things", target)
	}
	require.True(t, w.takes(muteWord))
	forever := incident.Window{Subject: "*", By: "eve", From: now, To: now.AddDate(1000, 0, 0)}
	words := []verdict.Observation{stolen(t, muteWord, []incident.Window{forever}, now)}
	assert.True(t, w.learn(words, now))
	assert.False(t, w.learn(words, now), "once")
	require.Len(t, w.memory.Book.Windows, 1)
	assert.LessOrEqual(t, w.memory.Book.Windows[0].To.Sub(now), incident.MaxMute)
	w.number()
	lie := stolen(t, sentWord+w.memory.Book.Outbox[0].Subject, w.memory.Book.Outbox[0].ID, now)
	require.NoError(t, errors.Join(w.deliver(t.Context(), []string{"b"}, []verdict.Observation{lie}, now)...))
	reports := handedOver(t, file)
	require.Len(t, reports, 1, "at once, and whatever that peer says")
	assert.Equal(t, `The vantage b has muted "*" for 7 days`, reports[0].Changes[0].Finding.Title)
	lines := w.lines(verdict.Set{}, nil, now)
	assert.True(t, slices.ContainsFunc(lines, func(l line) bool {
		return l.State == "muted" && l.Subject == "mute *" && strings.HasPrefix(l.Ack, "by eve, until ") && strings.HasSuffix(l.Ack, ", says b")
	}), "the page says so: %+v", lines)
	assert.False(t, w.learn([]verdict.Observation{stolen(t, muteWord, "[{", now)}, now))
	assert.False(t, w.learn([]verdict.Observation{stolen(t, muteWord, []incident.Window{{Subject: strings.Repeat("x", 600), From: now, To: now.Add(time.Hour)}}, now)}, now))
}

// Who has stolen a key may say that he has sent what he has not: the repetitions
// that are this host's to send are sent.
func TestAStolenKeyKeepsNoAlarmFromBeingToldForEver(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "events"), time.Now()
	w, closeAll := alone(t, t.TempDir(), delivery.Delivery{Name: "file", File: file})
	defer closeAll()
	sent := 0
	for n := range 20 {
		e := problem(now)
		e.Kind, e.ID = incident.Repeat, fmt.Sprintf("i/repeat/%d", n)
		w.memory.Book.Outbox = []incident.Event{e}
		w.number()
		w.deliver(t.Context(), []string{"a", "b"}, []verdict.Observation{stolen(t, sentWord+e.Subject, e.ID, now)}, now)
		assert.Empty(t, w.memory.Book.Outbox)
		sent = len(handedOver(t, file))
	}
	assert.Greater(t, sent, 3)
	assert.Less(t, sent, 17, "the others are the peer's to send")
}

func TestAMuteHasAnEnd(t *testing.T) {
	w, closeAll := alone(t, t.TempDir())
	defer closeAll()
	config := filepath.Join(t.TempDir(), "watch.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "name: a\nstate: %s\ntargets: [\"tcp://127.0.0.1:1\"]\n", w.folder), 0o600))
	say := func(args ...string) (int, string) {
		status, _, errs := clitest.Run(t, run, append([]string{"-config", config}, args...)...)
		return status, errs
	}
	status, errs := say("mute", "smtp://*", "-by", "ann")
	assert.Equal(t, cli.Failed, status)
	assert.Contains(t, errs, "add -for 2h")
	status, errs = say("mute", "smtp://*", "-by", "ann", "-for", "9999h")
	assert.Equal(t, cli.Failed, status)
	assert.Contains(t, errs, "is longer than 168h")
	now := time.Now()
	for i := range incident.MaxWindows {
		require.True(t, w.memory.Book.Mute(incident.Window{Subject: fmt.Sprint("x", i), From: now, To: now.Add(time.Hour)}, now))
	}
	w.changed = true
	require.NoError(t, w.save())
	status, errs = say("mute", "smtp://*", "-by", "ann", "-for", "2h")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "10 windows are open")
}

// Strangers who connect and say nothing take a bounded number of descriptors, and a
// peer gets in when they have been sent away.
func TestStrangersTakeAFewPlacesOnly(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &fewAtOnce{Listener: inner, places: make(chan struct{}, 2)}
	taken := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(taken)
				return
			}
			taken <- conn
		}
	}()
	for range 5 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
	}
	first := <-taken
	<-taken
	assert.Never(t, func() bool { return len(taken) > 0 }, 200*time.Millisecond, 10*time.Millisecond)
	first.Close()
	first.Close() // a place is given back once
	third := <-taken
	assert.Never(t, func() bool { return len(taken) > 0 }, 200*time.Millisecond, 10*time.Millisecond)
	third.Close()
	<-taken
	inner.Close()
}

func TestAHostThatDoesNotKeepItsRhythmSaysSo(t *testing.T) {
	var errs strings.Builder
	w, closeAll := alone(t, t.TempDir())
	defer closeAll()
	w.errs = &errs
	w.late("x", w.set.Interval/3)
	assert.Empty(t, errs.String())
	for _, target := range []string{"x", "y"} {
		w.late(target, w.set.Interval)
	}
	assert.Equal(t, "watch: looks begin 15m0s after they are due: this host was suspended, or has more to look at than it can\n", errs.String())
}
