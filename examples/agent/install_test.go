package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/config"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
)

// The rules whose fixes are installed are rules of the check, and no others are.
func TestWhatIsInstallableIsACheckedRule(t *testing.T) {
	known := map[string]bool{}
	for _, r := range (updates.Software{}).Rules() {
		known[r.ID] = true
	}
	for _, id := range installable {
		assert.True(t, known[id], id)
	}
}

func TestAFixIsPlannedForThePackagesOfItsFindingAlone(t *testing.T) {
	f := report.Finding{Subject: report.Package.Of("deb:openssl"), Evidence: []report.Attr{
		report.Package.Of("deb:libssl3"), report.Package.Of("deb:libssl3:i386"), report.Package.Of("deb:libssl3"), report.Path.Of("deb:x"), report.Package.Of("rpm:openssl"),
	}}
	assert.Equal(t, []string{"libssl3", "libssl3:i386"}, daily.PackagesOf(f, pkgupdate.Info{Type: "deb"}))
	assert.Empty(t, daily.PackagesOf(f, pkgupdate.Info{Type: "apk"}))
}

func TestAFixThatCannotBePlannedIsRefusedAndSaysWhy(t *testing.T) {
	m, err := hosttest.Parse([]byte("A machine.\n-- machine now=2026-11-25T06:00:00Z --\n-- /var/lib/dpkg/status --\nPackage: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n\n"))
	require.NoError(t, err)
	d := &desk{target: &daily.Target{Target: &cli.Target{Host: m.Host()}}}
	d.target.Facts.Family = "debian"
	f := report.Finding{Rule: installable[0], Title: "Security update of openssl is pending", Evidence: []report.Attr{report.Package.Of("deb:openssl")}}
	var out strings.Builder
	list := []report.Finding{f}
	err = (&round{}).install(t.Context(), d, list, cli.Call{Stdout: &out})
	require.ErrorContains(t, err, "the fix cannot be installed now")
	assert.Contains(t, out.String(), "not possible now: ")
	other := f
	other.Title, other.Evidence = "Security update of curl is pending", []report.Attr{report.Package.Of("apk:curl")}
	for _, second := range []report.Finding{f, other} { // what is not to be done by one plan is tried by one each
		out.Reset()
		done, refused := (&round{}).installAll(t.Context(), d, []report.Finding{f, second}, cli.Call{Stdout: &out})
		assert.Zero(t, done)
		assert.Len(t, refused, 2)
	}
	list[0].Evidence = nil
	require.ErrorContains(t, (&round{}).install(t.Context(), d, list, cli.Call{Stdout: &out}), "of no package manager")
}

func TestWhatPeopleHoldIsLeftAloneByAFix(t *testing.T) {
	var day config.Day
	require.NoError(t, day.UnmarshalText([]byte("2026-12-31")))
	set := daily.Packages{Review: []apply.Class{"sshd"}, Records: []daily.Record{
		{Kind: "hold", Package: "postgresql*", Reason: "the migration", By: "ann", Until: day},
		{Kind: "work-around", Package: "nginx", Reason: "a rule", By: "ann", Until: day},
	}}
	assert.Equal(t, []apply.Hold{
		{Package: "openssh*", Reason: "packages of the class sshd are looked at one by one", By: "the settings"},
		{Package: "FreeBSD-ssh*", Reason: "packages of the class sshd are looked at one by one", By: "the settings"},
		{Package: "postgresql*", Reason: "the migration", By: "ann", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local)},
	}, set.Holds())
}
