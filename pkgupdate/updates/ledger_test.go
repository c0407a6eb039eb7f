package updates_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// days runs a check day by day, with one memory.
type days struct {
	t     *testing.T
	suite *suite.Suite
}

func (d days) run(c report.Checker) report.Result {
	d.t.Helper()
	d.suite.Checks = []report.Checker{c}
	r, err := d.suite.Run(d.t.Context())
	require.NoError(d.t, err)
	return r.Results[0]
}

func artifact(res report.Result, name string) string {
	for _, a := range res.Artifacts {
		if a.Name == name {
			return string(a.Data)
		}
	}
	return ""
}

func metric(res report.Result, name string) string {
	for _, m := range res.Metrics {
		if m.Name == name {
			return m.Value.String()
		}
	}
	return ""
}

// A fix is told through its life: on offer, installed, and in effect when the kernel
// that runs is the one that has it.
func TestTheLedgerFollowsAFixUntilItIsInEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fixed := pkgupdatetest.Deb("linux-image-6.1.0-18-amd64", "6.1.76-1"), pkgupdatetest.Deb("linux-image-6.1.0-18-amd64", "6.1.90-1")
		d := days{t, &suite.Suite{Store: &reporttest.Store{}}}
		machine := hosttest.New(debian12 + "-- /proc/ dir complete --\n")
		on := func(list packages, up ...pkgupdate.Upgrade) updates.Software {
			return updates.Software{Managers: []pkgupdate.Manager{fake(list, up...)}, Host: machine.Host()}
		}
		d.run(on(packages{old}, pkgupdatetest.Upgrade(old, "6.1.90-1", pkgupdate.Security)))
		time.Sleep(20 * time.Hour)
		res := d.run(on(packages{fixed}))
		assert.Contains(t, titles(res), "warning fix-not-in-effect: The security fix of linux-image-6.1.0-18-amd64 is installed, and the old code still runs", "%v", res.Problems)
		assert.Equal(t, "1", metric(res, "security_fixes_in_time_30_days"))
		assert.Contains(t, artifact(res, "ledger-fake.txt"), "\tinstalled\t")
		time.Sleep(24 * time.Hour)
		machine = hosttest.New(strings.ReplaceAll(debian12, "Debian 6.1.76-1", "Debian 6.1.90-1") + "-- /proc/ dir complete --\n")
		res = d.run(on(packages{fixed}))
		assert.NotContains(t, titles(res), "fix-not-in-effect")
		assert.Contains(t, artifact(res, "ledger-fake.txt"), "\tin effect\t")
		assert.True(t, res.Covers("fake/ledger"))
	})
}

// owner is a manager that knows whose two libraries are.
type owner struct{ *pkgupdatetest.Manager }

func (o owner) Attest(_ context.Context, paths []string) (map[string]host.Claim, error) {
	all := map[string]host.Claim{"/usr/lib/libssl.so.3": {Package: "deb:openssl"}, "/usr/lib/libcurl.so.4.8.1": {Package: "deb:curl"}}
	return pkgupdate.Attested(all, paths, true), nil
}

// A fix is in effect when no process runs the old code, of a library with the same name or
// with another one; where that cannot be seen, it is not yet.
func TestAFixIsNotInEffectWhileAProcessRunsTheOldCode(t *testing.T) {
	const idle = "-- /proc/ dir complete --\n-- /proc/10/maps --\n7f0000010000-7f0000020000 r-xp 00010000 fe:01 200    /usr/lib/libz.so.1\n"
	const mapped = "-- /proc/ dir complete --\n-- /proc/10/maps --\n7f0000010000-7f0000020000 r-xp 00010000 fe:01 200    /usr/lib/%s (deleted)\n" +
		"-- /proc/10/root/ dir complete=tree --\n-- /proc/10/root/usr/lib/libssl.so.3 --\n-- /proc/10/root/usr/lib/libcurl.so.4 link=libcurl.so.4.8.1 --\n-- /proc/10/root/usr/lib/libcurl.so.4.8.1 --\n"
	for _, c := range []struct{ name, proc, state string }{
		{"openssl", fmt.Sprintf(mapped, "libssl.so.3"), "installed"},
		{"curl", fmt.Sprintf(mapped, "libssl.so.3"), "in effect"},
		{"curl", fmt.Sprintf(mapped, "libcurl.so.4.8.0"), "installed"},
		{"openssl", idle, "in effect"},
		{"openssl", "-- /proc/ dir complete --\n-- /proc/10/maps error=permission --\n", "installed"},
	} {
		old := pkgupdatetest.Deb(c.name, "1")
		d := days{t, &suite.Suite{Store: &reporttest.Store{}}}
		on := func(list packages, up ...pkgupdate.Upgrade) updates.Software {
			return updates.Software{Managers: []pkgupdate.Manager{owner{fake(list, up...)}}, Host: hosttest.New(debian12 + c.proc).Host()}
		}
		d.run(on(packages{old}, pkgupdatetest.Upgrade(old, "2", pkgupdate.Security)))
		res := d.run(on(packages{pkgupdatetest.Deb(c.name, "2")}))
		assert.Contains(t, artifact(res, "ledger-fake.txt"), "\t"+c.state+"\t", "%s, %s: %v", c.name, c.proc, res.Problems)
	}
}

func TestALateFixIsCountedAsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ssl := pkgupdatetest.Deb("openssl", "1")
		d := days{t, &suite.Suite{Store: &reporttest.Store{}}}
		d.run(check(fake(packages{ssl}, pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Security))))
		time.Sleep(50 * time.Hour)
		res := d.run(check(fake(packages{pkgupdatetest.Deb("openssl", "2")})))
		assert.Equal(t, "1", metric(res, "security_fixes_late_30_days"))
		assert.Equal(t, "0", metric(res, "security_fixes_in_time_30_days"))
	})
}

// runner answers one command with one status.
type runner struct {
	host.Runner
	exit int
	err  error
}

func (r runner) Run(context.Context, host.Command) (host.Output, error) {
	return host.Output{Exit: r.exit}, r.err
}

func policed(m pkgupdate.Manager, exit int, err error, records ...updates.Record) updates.Software {
	h := hosttest.New(debian12).Host()
	h.Exec = runner{h.Exec, exit, err}
	return updates.Software{Managers: []pkgupdate.Manager{m}, Host: h, Policy: updates.Policy{Records: records}}
}

func TestAWorkAroundCountsWhileItsCheckProvesIt(t *testing.T) {
	ssl := pkgupdatetest.Deb("openssl", "1")
	m := fake(packages{ssl}, pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Security))
	around := updates.Record{Kind: updates.WorkAround, Package: "openssl", Reason: "port closed", By: "ann", Until: time.Now().Add(time.Hour), Check: []string{"check-port", "443"}}
	res := collect(t, policed(m, 0, nil, around))
	assert.Contains(t, titles(res), "notice worked-around: Security update of openssl is pending; until ")
	assert.True(t, res.Covers("records"))

	res = collect(t, policed(m, 1, nil, around))
	assert.Contains(t, titles(res), `critical record-lapsed: The record "work-around" of openssl does not hold any more: check-port 443 says so`)
	assert.Contains(t, titles(res), "warning security-pending: Security update of openssl is pending")

	for _, c := range []updates.Software{policed(m, 127, nil, around), policed(m, 0, context.DeadlineExceeded, around)} {
		res = collect(t, c)
		assert.Contains(t, titles(res), "security-pending", "nobody knows, so it counts as none")
		assert.NotEqual(t, report.OK, res.Status)
	}

	ended := around
	ended.Until = time.Now().Add(-time.Hour)
	res = collect(t, policed(m, 0, nil, ended))
	assert.Contains(t, titles(res), `warning record-lapsed: The record "work-around" of openssl ended on`)
	assert.Contains(t, titles(res), "security-pending")
}

func TestARecordThatLacksSomethingCountsAsNone(t *testing.T) {
	ssl := pkgupdatetest.Deb("openssl", "1")
	m := fake(packages{ssl}, pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Security))
	whole := updates.Record{Kind: updates.WorkAround, Package: "*", Reason: "r", By: "b", Until: time.Now().Add(time.Hour), Check: []string{"true"}}
	require.NoError(t, whole.Validate())
	for name, spoil := range map[string]func(*updates.Record){
		"kind": func(r *updates.Record) { r.Kind = "" }, "package": func(r *updates.Record) { r.Package = "" }, "pattern": func(r *updates.Record) { r.Package = "[" },
		"reason": func(r *updates.Record) { r.Reason = "" }, "by": func(r *updates.Record) { r.By = "" }, "until": func(r *updates.Record) { r.Until = time.Time{} },
		"check": func(r *updates.Record) { r.Check = nil }, "version": func(r *updates.Record) { r.Kind = updates.FixedLocally },
	} {
		r := whole
		spoil(&r)
		assert.Error(t, r.Validate(), name)
		res := collect(t, policed(m, 0, nil, r))
		assert.Contains(t, titles(res), "security-pending", name)
		assert.NotEqual(t, report.OK, res.Status, name)
	}
}

func TestWhatIsFixedLocallyIsNeverReplacedByACommandOfOurs(t *testing.T) {
	ssl := pkgupdatetest.Deb("openssl", "1+local1")
	m := fake(packages{ssl}, pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Security))
	local := updates.Record{Kind: updates.FixedLocally, Package: "openssl", Reason: "patched", By: "ann", Until: time.Now().Add(time.Hour), Version: "*+local*"}
	res := collect(t, policed(m, 0, nil, local))
	require.Contains(t, titles(res), "notice fixed-locally: openssl 1+local1 has the fix by a build of your own; the update to 2 would replace it")
	assert.Nil(t, res.Findings[0].Remedy)
	local.Version = "9*"
	assert.Contains(t, titles(collect(t, policed(m, 0, nil, local))), "security-pending")
}

// The commands about other updates do not replace it either, however many there are.
func TestWhatIsFixedLocallyIsNotReplacedWithTheOthers(t *testing.T) {
	ssl, bash := pkgupdatetest.Deb("openssl", "1+local1"), pkgupdatetest.Deb("bash", "5")
	list := packages{bash, ssl}
	ups := []pkgupdate.Upgrade{pkgupdatetest.Upgrade(bash, "6", pkgupdate.Ordinary), pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Ordinary)}
	local := updates.Record{Kind: updates.FixedLocally, Package: "openssl", Reason: "patched", By: "ann", Until: time.Now().Add(time.Hour), Version: "*+local*"}
	do := func(records ...updates.Record) (string, *report.Remedy) {
		for _, f := range collect(t, policed(fake(list, ups...), 0, nil, records...)).Findings {
			if f.Scope == "fake/pending/stable" {
				return f.Detail, f.Remedy
			}
		}
		return "", nil
	}
	detail, way := do(local)
	assert.Contains(t, detail, "would replace openssl")
	require.NotNil(t, way)
	assert.Equal(t, [][]string{{"fake", "upgrade", "bash"}}, way.Do)
	_, way = do()
	assert.NotContains(t, way.Do[0], "bash", "without a record the usual upgrade takes all")

	for i := range 20 {
		p := pkgupdatetest.Deb(fmt.Sprintf("lib%02d", i), "1")
		list, ups = append(list, p), append(ups, pkgupdatetest.Upgrade(p, "2", pkgupdate.Ordinary))
	}
	pkgupdate.SortPackages(list)
	pkgupdate.SortUpgrades(ups)
	_, way = do(local)
	require.NotNil(t, way)
	assert.Len(t, way.Do[0], 2+21)
	assert.NotContains(t, way.Do[0], "openssl")
}

func TestAHoldWithoutARecordIsSaid(t *testing.T) {
	ssl := pkgupdatetest.Deb("openssl", "1")
	up := pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Security)
	up.Blocked = pkgupdate.Held
	hold := updates.Record{Kind: updates.HoldRecord, Package: "openssl", Reason: "breaks the till", By: "ann", Until: time.Now().Add(time.Hour)}
	assert.Contains(t, collect(t, policed(fake(packages{ssl}, up), 0, nil)).Findings[0].Detail, "Nobody put on record why it is held.")
	assert.Contains(t, collect(t, policed(fake(packages{ssl}, up), 0, nil, hold)).Findings[0].Detail, "breaks the till")
}

func TestThePromiseCountsFromWhatThePolicySays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ssl := pkgupdatetest.Deb("openssl", "1")
		d := days{t, &suite.Suite{Store: &reporttest.Store{}}}
		c := check(fake(packages{ssl}, pkgupdatetest.Upgrade(ssl, "2", pkgupdate.Security)))
		c.Policy.Within = 72 * time.Hour
		d.run(c)
		time.Sleep(24 * time.Hour)
		assert.Contains(t, titles(d.run(c)), "warning security-pending")
		time.Sleep(30 * time.Hour)
		assert.Contains(t, titles(d.run(c)), "critical security-pending", "the promise ends before the next run")
	})
}
