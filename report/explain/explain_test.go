package explain_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func attr(k report.Key, v string) report.Attr { return report.Attr{Key: k, Value: v} }

func finding(rule string, subject report.Attr, at time.Time, evidence ...report.Attr) report.Finding {
	f := report.Finding{Rule: rule, Subject: subject, Scope: "x", Evidence: evidence}
	if !at.IsZero() {
		f.Evidence = append(f.Evidence, report.AtTime(at))
	}
	return f
}

func explained(t *testing.T, findings ...report.Finding) map[string]string {
	t.Helper()
	c := &reporttest.Checker{ID: "c", Findings: findings, Covered: []string{"x"}, Catalogue: []report.Rule{
		{ID: "upgraded", Kind: report.Event, Severity: report.Info, Title: "openssl was upgraded", Remedy: "r"},
		{ID: "changed", Kind: report.Condition, Severity: report.Notice, Title: "a file changed", Remedy: "r"},
		{ID: "line", Kind: report.Event, Severity: report.Notice, Title: "a line", Remedy: "r"},
	}}
	rep, err := report.Run(t.Context(), []report.Checker{c})
	require.NoError(t, err)
	require.Empty(t, rep.Results[0].Problems)
	before, err := report.Encode(rep)
	require.NoError(t, err)
	defer func() {
		after, err := report.Encode(rep)
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after), "the report is read-only")
	}()
	by := map[string]report.Finding{}
	for _, f := range rep.Results[0].Findings {
		by[f.Fingerprint] = f
	}
	out := map[string]string{}
	for _, e := range explain.Joins(rep) {
		require.NotEmpty(t, e.Text)
		out[by[e.Finding].Subject.Value] = fmt.Sprintf("%s %v %s", e.Sure, e.Quiet, by[e.By[0]].Subject.Value)
	}
	return out
}

func TestUpgradeExplainsWhatSharesItsPackageAtThatTime(t *testing.T) {
	openssl := attr(report.Package, "deb:openssl")
	got := explained(t,
		finding("upgraded", openssl, noon),
		finding("changed", attr(report.Path, "/usr/bin/openssl"), noon.Add(-time.Minute), openssl),
		finding("changed", attr(report.Path, "/usr/bin/c_rehash"), time.Time{}, openssl),
		finding("changed", attr(report.Path, "/etc/ssl/openssl.cnf"), noon.Add(48*time.Hour), openssl),
		finding("changed", attr(report.Path, "/etc/ssh/sshd_config"), noon, attr(report.Package, "deb:openssh-server")),
	)
	assert.Equal(t, map[string]string{
		"/usr/bin/openssl":  "likely true deb:openssl",
		"/usr/bin/c_rehash": "possible false deb:openssl",
	}, got)
}

func TestWhatHangsOnAnEffectIsPossible(t *testing.T) {
	ssl, ssh := attr(report.Package, "deb:libssl3"), attr(report.Service, "ssh.service")
	got := explained(t,
		finding("upgraded", ssl, noon),
		finding("line", attr(report.Template, "ab"), noon.Add(time.Minute), ssl, ssh),
		finding("changed", attr(report.Listener, "tcp/[::]:22"), noon.Add(2*time.Minute), ssh),
		finding("changed", attr(report.Listener, "tcp/[::]:6667"), noon.Add(2*time.Minute), attr(report.Service, "irc.service")),
	)
	assert.Equal(t, map[string]string{"ab": "likely true deb:libssl3", "tcp/[::]:22": "possible false deb:libssl3"}, got)
}

func TestServiceThatRestartsSoonAfterIsPossible(t *testing.T) {
	ssl := attr(report.Package, "deb:libssl3")
	got := explained(t,
		finding("upgraded", ssl, noon),
		finding("line", attr(report.Service, "sshd"), noon.Add(time.Minute)),
		finding("line", attr(report.Service, "cron"), noon.Add(time.Hour)),
		finding("line", attr(report.Service, "exim"), noon.Add(-time.Minute)),
		finding("changed", attr(report.Path, "/etc/ssh/sshd_config"), noon.Add(time.Minute)),
	)
	assert.Equal(t, map[string]string{"sshd": "possible false deb:libssl3"}, got)
}

func TestUnitProcessAndTagOfOneNameAreJoined(t *testing.T) {
	ssh := attr(report.Package, "deb:openssh-server")
	got := explained(t,
		finding("upgraded", ssh, noon),
		finding("line", attr(report.Listener, "tcp/[::]:22"), noon.Add(time.Minute), ssh, attr(report.Process, "sshd[812]")),
		finding("changed", attr(report.Service, "sshd.service"), noon.Add(50*time.Minute)),
	)
	assert.Equal(t, map[string]string{"tcp/[::]:22": "likely true deb:openssh-server", "sshd.service": "possible false deb:openssh-server"}, got)
}

func TestExplanationStandsAsLongAsWhatItExplains(t *testing.T) {
	openssl := attr(report.Package, "deb:openssl")
	c := &reporttest.Checker{ID: "c", Covered: []string{"x"}, Catalogue: []report.Rule{
		{ID: "upgraded", Kind: report.Event, Severity: report.Info, Title: "openssl was upgraded", Remedy: "r"},
		{ID: "changed", Kind: report.Condition, Severity: report.Notice, Title: "a file changed", Remedy: "r"},
	}}
	file := finding("changed", attr(report.Path, "/usr/bin/openssl"), noon, openssl)
	suite := &report.Suite{Checks: []report.Checker{c}, Store: &reporttest.Store{}, Explain: explain.Joins}
	for _, findings := range [][]report.Finding{{finding("upgraded", openssl, noon), file}, {file}, {file}} {
		c.Findings = findings
		rep, err := suite.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, rep.Explanations, 1)
		assert.Equal(t, "likely", rep.Explanations[0].Sure)
	}
}

func TestNothingIsExplainedWithoutACause(t *testing.T) {
	ssh := attr(report.Service, "ssh.service")
	assert.Empty(t, explained(t,
		finding("line", attr(report.Template, "ab"), noon, ssh),
		finding("changed", attr(report.Listener, "tcp/[::]:22"), noon, ssh),
	))
	assert.Empty(t, explain.Joins(&report.Report{}))
}

func ExampleJoins() {
	openssl := report.Attr{Key: report.Package, Value: "deb:openssl"}
	at := report.AtTime(time.Date(2026, 11, 25, 3, 10, 0, 0, time.UTC))
	check := report.CheckerFunc{
		ID: "demo",
		Catalogue: []report.Rule{
			{ID: "upgraded", Kind: report.Event, Severity: report.Info, Title: "openssl was upgraded", Remedy: "nothing"},
			{ID: "changed", Kind: report.Condition, Severity: report.Notice, Title: "/usr/bin/openssl changed", Remedy: "look"},
		},
		Func: func(_ context.Context, rec *report.Recorder) error {
			rec.Finding(report.Finding{Rule: "upgraded", Subject: openssl, Scope: "packages", Evidence: []report.Attr{at}})
			rec.Finding(report.Finding{
				Rule: "changed", Subject: report.Attr{Key: report.Path, Value: "/usr/bin/openssl"}, Scope: "files",
				Evidence: []report.Attr{openssl, at},
			})
			return nil
		},
	}
	rep, err := report.Run(context.Background(), []report.Checker{check})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range explain.Joins(rep) {
		fmt.Println(e.Sure+":", e.Text)
	}
	// Output: likely: openssl was upgraded
}
