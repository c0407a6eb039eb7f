package backup_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

func check(t *testing.T, store backup.Store, m *hosttest.Machine, memory report.Store) report.Result {
	t.Helper()
	rep, err := (&report.Suite{Checks: []report.Checker{backup.Config{Host: m.Host(), Store: store}}, Store: memory}).Run(t.Context())
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
	require.NoError(t, m.Add("-- /etc/motd error=permission --\n-- /etc/copy error=\"input/output error\" --\n"))
	res := check(t, store, m, nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "backup.incomplete", res.Findings[0].Rule)
	assert.Equal(t, "/etc/copy", res.Findings[0].Subject.Value)
	require.Len(t, res.Problems, 1)
	assert.Equal(t, report.CodePermission, res.Problems[0].Code)
	assert.False(t, res.Covers("files/etc/motd"))
	assert.True(t, res.Covers("files/etc/passwd"))
}

func TestCheckReportsAFullDiskAndDamage(t *testing.T) {
	store, m := &backuptest.Memory{Fail: func(string) error { return syscall.ENOSPC }}, hosttest.New(small)
	res := check(t, store, m, nil)
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "backup.failed", res.Findings[0].Rule)
	store.Fail = nil
	assert.Empty(t, check(t, store, m, nil).Findings)
	for name, data := range store.Files {
		if strings.HasPrefix(name, "packs/") {
			data[len(data)-9] ^= 1
		}
	}
	res = check(t, store, m, nil)
	require.NotEmpty(t, res.Findings)
	assert.Equal(t, "backup.store-damaged", res.Findings[0].Rule)
}

func TestFailureIsTitledWithTheSystemsWord(t *testing.T) {
	store := dirstore.Dir(t.TempDir() + "/store")
	full := full{store}
	res := check(t, full, hosttest.New(small), nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "the configuration was not backed up: no space left on device", res.Findings[0].Title)
	assert.Contains(t, res.Findings[0].Detail, "The store is "+string(store)+".")
}

// full is a store on a full disk.
type full struct{ dirstore.Dir }

func (full) Create(context.Context, string, []byte) error { return syscall.ENOSPC }

func TestDamageThatIsNotLookedAtAgainIsNotTakenForMended(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	suite := &report.Suite{Checks: []report.Checker{backup.Config{Host: m.Host(), Store: store}}, Store: &memory}
	changed := func(i int) *report.Report {
		require.NoError(t, m.WriteFile("/etc/motd", fmt.Appendf(nil, "day %d\n", i), 0o640))
		rep, err := suite.Run(t.Context())
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
	assert.Equal(t, "the backup store has lost its newest snapshots", res.Findings[0].Title)
	assert.Contains(t, res.Findings[0].Detail, "the newest was 3, and now it is 2")
}

func TestConfigKeepsTheContractOfCheckers(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	check(t, store, m, nil)
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return backup.Config{Host: m.Host(), Store: store} }, reporttest.Options{}))
}

func ExampleConfig() {
	m := hosttest.New(small)
	res, err := report.Collect(context.Background(), backup.Config{Host: m.Host(), Store: &backuptest.Memory{}})
	fmt.Println(res.Status, len(res.Findings), err)
	// Output: ok 0 <nil>
}
