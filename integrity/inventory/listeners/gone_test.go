package listeners_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// days gives the findings of a second run, with packages that are known.
func days(t *testing.T, claims integritytest.Claims, was, now *hosttest.Machine) []report.Finding {
	t.Helper()
	store, dir := memory.FileStore{Dir: t.TempDir()}, t.TempDir()
	var rep *report.Report
	for _, m := range []*hosttest.Machine{was, now} {
		set := suite.Suite{Checks: []report.Checker{kept(dir, listeners.Sockets{Host: m.Host(), Attestor: claims})}, Store: store}
		var err error
		rep, err = set.Run(t.Context())
		require.NoError(t, err)
	}
	assert.Empty(t, rep.Results[0].Problems)
	return rep.Results[0].Findings
}

func TestWhatStoppedHasTheTimeTheProgramTheUnitAndThePackage(t *testing.T) {
	claims := integritytest.Claims{"/usr/sbin/sshd": {Package: "deb:openssh-server"}}
	const show = `-- $ ["systemctl", "show", "--property=ActiveState,InactiveEnterTimestampMonotonic", "--", "ssh.service"]`
	// The kernel runs for 1000 seconds; the unit failed in the 900th.
	now := time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)
	stopped := func(answer string) *hosttest.Machine {
		m := booted("")
		require.NoError(t, m.Add("-- machine now=2026-11-25T06:00:00Z --\n-- /proc/uptime --\n1000.00 1.00\n"+answer))
		return m
	}
	for name, c := range map[string]struct {
		answer string
		at     time.Time
		detail string
	}{
		"failed":        {show + " --\nActiveState=failed\nInactiveEnterTimestampMonotonic=900000000\n", now.Add(-100 * time.Second), ""},
		"runs":          {show + " --\nActiveState=active\nInactiveEnterTimestampMonotonic=900000000\n", time.Time{}, ""},
		"never ran":     {show + " --\nActiveState=inactive\nInactiveEnterTimestampMonotonic=0\n", time.Time{}, ""},
		"no systemd":    {`-- $ ["systemctl"] notfound --` + "\n", time.Time{}, ""},
		"does not tell": {show + " exit=1 --\n", time.Time{}, "When it stopped could not be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			found := days(t, claims, booted(ssh, sshd), stopped(c.answer))
			require.Len(t, found, 1)
			f := found[0]
			assert.Equal(t, "integrity.listeners.gone", f.Rule)
			for _, want := range []report.Attr{report.Program.Of("/usr/sbin/sshd"), report.Unit.Of("ssh.service"), report.Package.Of("deb:openssh-server")} {
				assert.Contains(t, f.Evidence, want)
			}
			assert.True(t, f.First.Equal(c.at), f.First)
			var at []string
			for _, a := range f.Evidence {
				if a.Key == report.At {
					at = append(at, a.Value)
				}
			}
			if c.at.IsZero() {
				assert.Empty(t, at)
			} else {
				assert.Equal(t, []string{report.AtTime(c.at).Value}, at)
			}
			assert.Equal(t, c.detail != "", strings.Contains(f.Detail, "could not be asked"))
		})
	}
}

func TestARestartNamesThePackageThatOwnsTheProgram(t *testing.T) {
	owned := func(claim host.Claim) []report.Finding {
		return days(t, integritytest.Claims{"/usr/sbin/sshd": claim}, booted(ssh, sshd), booted(ssh, sshd.later(900, 6000)))
	}
	found := owned(host.Claim{Package: "deb:openssh-server"})
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Evidence, report.Package.Of("deb:openssh-server"))
	for _, f := range owned(host.Claim{}) { // of none: that is told
		for _, a := range f.Evidence {
			assert.NotEqual(t, report.Package, a.Key)
		}
	}
}

func TestAProgramWhosePackageWasRemovedIsNotToBeStarted(t *testing.T) {
	store, dir := memory.FileStore{Dir: t.TempDir()}, t.TempDir()
	run := func(m *hosttest.Machine, claims integritytest.Claims) []report.Finding {
		require.NoError(t, m.Add("-- /usr/ dir complete --\n-- /usr/sbin/ dir complete --\n"))
		set := suite.Suite{Checks: []report.Checker{kept(dir, listeners.Sockets{Host: m.Host(), Attestor: claims})}, Store: store}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		assert.Empty(t, rep.Results[0].Problems)
		return rep.Results[0].Findings
	}
	require.Empty(t, run(booted(ssh, sshd), integritytest.Claims{"/usr/sbin/sshd": {Package: "deb:openssh-server"}}))
	require.Empty(t, run(booted(ssh, sshd), nil), "on a day on which nobody could be asked")
	for range 2 { // it stands, and so does the reason
		found := run(booted(""), integritytest.Claims{"/usr/sbin/sshd": {}})
		require.Len(t, found, 1)
		assert.Contains(t, found[0].Evidence, report.Package.Of("deb:openssh-server"))
		assert.Equal(t, "If the package was removed on purpose, accept it. Otherwise find out who removed it.", found[0].Fix)
	}
	there := booted("")
	require.NoError(t, there.Add("-- /usr/sbin/sshd --\nx\n"))
	assert.Contains(t, run(there, integritytest.Claims{"/usr/sbin/sshd": {}})[0].Fix, "start it again", "the database alone was changed")
}
