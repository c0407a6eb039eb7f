package capture_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

const small = backuptest.SmallEtc

func repo(s backup.Store) backup.Repo { return backup.Repo{Store: s, Keys: backuptest.Keys()} }

func check(t *testing.T, store backup.Store, m *hosttest.Machine, memory memory.Store) report.Result {
	t.Helper()
	rep, err := (&suite.Suite{Checks: []report.Checker{capture.Configuration{Host: m.Host(), Repo: repo(store)}}, Store: memory}).Run(t.Context())
	require.NoError(t, err)
	return rep.Results[0]
}

func metric(res report.Result, name string) string {
	for _, m := range res.Metrics {
		if m.Name == name {
			return m.Value.String()
		}
	}
	return "missing"
}

func TestCheckCountsChangesSinceTheLastStoredReport(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	res := check(t, store, m, &memory)
	assert.Equal(t, report.OK, res.Status, res.Problems)
	assert.Empty(t, res.Findings)
	assert.Equal(t, "0", metric(res, "backup_changed_files"), "the baseline is no change")
	require.NoError(t, m.WriteFile("/etc/motd", []byte("password=hunter22\n"), 0o640))
	check(t, store, m, nil) // a run whose report is lost
	require.NoError(t, m.Remove("/etc/copy"))
	res = check(t, store, m, &memory)
	assert.Equal(t, "2", metric(res, "backup_changed_files"))
	require.Len(t, res.Artifacts, 1)
	assert.NotContains(t, string(res.Artifacts[0].Data), "hunter22")
	assert.Contains(t, string(res.Artifacts[0].Data), `deleted  "/etc/copy"`)
	res = check(t, store, m, &memory)
	assert.Equal(t, "0", metric(res, "backup_changed_files"))
	assert.Empty(t, res.Artifacts)
}

func TestCheckTellsMissingRightsFromFaults(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	require.NoError(t, m.Add("-- /etc/motd error=permission --\n-- /etc/copy error=io --\n"))
	res := check(t, store, m, nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "backup.config.incomplete", res.Findings[0].Rule)
	assert.Equal(t, "/etc/copy", res.Findings[0].Subject.Value)
	require.Len(t, res.Problems, 1)
	assert.Equal(t, report.CodePermission, res.Problems[0].Code)
	assert.False(t, res.Covers("files/etc/motd"))
	assert.True(t, res.Covers("files/etc/passwd"))
}

// What is not in the list of facts is what nobody knows.
func TestFileThatCouldNotBeReadForAnUnknownReasonIsNoFinding(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	require.NoError(t, m.Add("-- /etc/copy error=\"connection reset by peer\" --\n"))
	res := check(t, store, m, nil)
	assert.Empty(t, res.Findings)
	assert.NotEqual(t, report.OK, res.Status)
	assert.False(t, res.Covers("files/etc/copy"))
	assert.True(t, res.Covers("files/etc/passwd"))
}

// dead is a host whose every call fails.
type dead struct{ host.FS }

var errLost = errors.New("the connection dropped")

func (dead) Lstat(context.Context, string) (host.Stat, error)     { return host.Stat{}, errLost }
func (dead) Open(context.Context, string) (host.File, error)      { return nil, errLost }
func (dead) ReadDir(context.Context, string) ([]host.Stat, error) { return nil, errLost }

func TestHostThatTellsNothingIsNeverBackedUp(t *testing.T) {
	m := hosttest.New(small)
	require.NoError(t, m.Add("-- /etc/copy error=io --\n"))
	lost := m.Host()
	lost.Files = dead{lost.Files}
	for name, h := range map[string]host.Host{"the zero host": {}, "a dead connection": lost} {
		store, memory := &backuptest.Memory{}, &reporttest.Store{}
		set := &suite.Suite{Checks: []report.Checker{capture.Configuration{Host: m.Host(), Repo: repo(store)}}, Store: memory}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, rep.Results[0].Findings, 1, name)

		set.Checks = []report.Checker{capture.Configuration{Host: h, Repo: repo(store)}}
		rep, err = set.Run(t.Context())
		require.NoError(t, err)
		res := rep.Results[0]
		assert.NotEqual(t, report.OK, res.Status, name)
		assert.Empty(t, res.Findings, name)
		assert.False(t, res.Covers("files") || res.Covers("commit") || res.Covers("changes"), name)
		for _, c := range rep.Changes {
			assert.NotEqual(t, report.Fixed, c.Kind, "%s: %s", name, c.Finding.Title)
		}
	}
}

func TestStoreThatFailsForAnUnknownReasonIsNoFinding(t *testing.T) {
	store := &backuptest.Memory{Fail: func(string) error { return errLost }}
	res := check(t, store, hosttest.New(small), nil)
	assert.Empty(t, res.Findings)
	assert.Empty(t, res.Covered)
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "the connection dropped")
}

func TestCheckReportsAFullDiskAndDamage(t *testing.T) {
	store, m := &backuptest.Memory{Fail: func(string) error { return syscall.ENOSPC }}, hosttest.New(small)
	res := check(t, store, m, nil)
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "backup.config.failed", res.Findings[0].Rule)
	store.Fail = nil
	assert.Empty(t, check(t, store, m, nil).Findings)
	for name, data := range store.Files {
		if strings.HasPrefix(name, "packs/") {
			data[len(data)-9] ^= 1
		}
	}
	res = check(t, store, m, nil)
	require.NotEmpty(t, res.Findings)
	assert.Equal(t, "backup.config.store-damaged", res.Findings[0].Rule)
}

// leveled is a store that states how durable it is.
type leveled struct {
	*backuptest.Memory
	level backup.Durability
}

func (l *leveled) Durability() backup.Durability { return l.level }

func TestStoreThatIsNotDurableIsSaidToBe(t *testing.T) {
	store, m := &leveled{Memory: &backuptest.Memory{}}, hosttest.New(small)
	var memory reporttest.Store
	for _, c := range []struct {
		level         backup.Durability
		durable, said string
	}{{backup.Unstated, "0", "not known"}, {backup.FileOnly, "0", "file, not its name"}, {backup.FileAndDir, "1", ""}} {
		store.level = c.level
		res := check(t, store, m, &memory)
		assert.Equal(t, c.durable, metric(res, "backup_store_durable"))
		assert.True(t, res.Covers("commit"), "it is over when the store says so")
		if c.said == "" {
			assert.Empty(t, res.Findings)
			continue
		}
		require.Len(t, res.Findings, 1)
		assert.Equal(t, "backup.config.store-not-durable", res.Findings[0].Rule)
		assert.Contains(t, res.Findings[0].Detail, c.said)
	}
	res := check(t, struct{ backup.Store }{store}, m, &memory)
	assert.Equal(t, "0", metric(res, "backup_store_durable"))
	require.Len(t, res.Findings, 1, "one that says nothing")
	assert.Contains(t, res.Findings[0].Detail, "not known")
}

func TestServerStatesInTheReportHowDurableItIs(t *testing.T) {
	store, keys := dirstore.Dir(t.TempDir()+"/store"), backuptest.Keys()
	for what, kept := range map[string]backup.Store{"that of a directory": store, "one that says nothing": struct{ backup.Store }{store}} {
		srv := httptest.NewServer(&pushserver.Server{Client: func(*http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Store: kept, Verifier: keys.Verifier}, true
		}, Log: slog.New(slog.DiscardHandler)})
		res := check(t, &pushserver.Remote{URL: srv.URL}, hosttest.New(small), nil)
		srv.Close()
		if kept == store {
			assert.Equal(t, "1", metric(res, "backup_store_durable"), what)
			assert.Empty(t, res.Findings, what)
			continue
		}
		assert.Equal(t, "0", metric(res, "backup_store_durable"), what)
		require.Len(t, res.Findings, 1, what)
		assert.Equal(t, "backup.config.store-not-durable", res.Findings[0].Rule)
	}
}

func TestFailureIsTitledWithTheSystemsWord(t *testing.T) {
	store := dirstore.Dir(t.TempDir() + "/store")
	full := full{store}
	res := check(t, full, hosttest.New(small), nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "The configuration was not backed up: no space left on device", res.Findings[0].Title)
	assert.Contains(t, res.Findings[0].Detail, "The store is "+string(store)+".")
}

// full is a store on a full disk.
type full struct{ dirstore.Dir }

func (full) Create(context.Context, string, io.ReaderAt, int64) error { return syscall.ENOSPC }

func TestDamageThatIsNotLookedAtAgainIsNotTakenForMended(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	set := &suite.Suite{Checks: []report.Checker{capture.Configuration{Host: m.Host(), Repo: repo(store)}}, Store: &memory}
	changed := func(i int) *report.Report {
		require.NoError(t, m.WriteFile("/etc/motd", fmt.Appendf(nil, "day %d\n", i), 0o640))
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		return rep
	}
	changed(1)
	changed(2)
	const name = "snaps/0000000001" // nothing later needs it
	store.Files[name][0] ^= 1
	res := changed(3).Results[0]
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "store/"+name, res.Findings[0].Scope)
	for i := 4; i < 16; i++ {
		for _, c := range changed(i).Changes {
			assert.NotEqual(t, report.Fixed, c.Kind, "%s on day %d", c.Finding.Title, i)
		}
	}
}

func TestStoreThatLostItsNewestSnapshotsIsDamaged(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	check(t, store, m, &memory)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("new\n"), 0o640))
	check(t, store, m, &memory)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("newer\n"), 0o640))
	check(t, store, m, &memory)
	delete(store.Files, "snaps/0000000003")
	delete(store.Files, "snaps/0000000002")
	res := check(t, store, m, &memory)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "The backup store has lost its newest snapshots", res.Findings[0].Title)
	assert.Contains(t, res.Findings[0].Detail, "Snapshot 3 was reported")
}

func TestConfigurationKeepsTheContractOfCheckers(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	check(t, store, m, nil)
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return capture.Configuration{Host: m.Host(), Repo: repo(store)} }, reporttest.Options{}))
}

func ExampleConfiguration() {
	m := hosttest.New(small)
	res, err := suite.Collect(context.Background(), capture.Configuration{Host: m.Host(), Repo: repo(&backuptest.Memory{})})
	fmt.Println(res.Status, len(res.Findings), err)
	// Output: ok 0 <nil>
}
