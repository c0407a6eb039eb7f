package digest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func of(tenant, host string, changes ...report.Change) *report.Report {
	return &report.Report{
		Schema: report.Schema, ID: tenant + host, Seq: 5, Labels: report.Labels{Tenant: tenant, Host: host}, Started: noon.Add(-time.Minute), Finished: noon,
		Results: []report.Result{{Check: "a.b", Status: report.OK}}, Changes: changes,
	}
}

func change(kind report.ChangeKind, severity report.Severity, name, content string) report.Change {
	return report.Change{Kind: kind, Check: "a.b", Since: noon, Finding: report.Finding{
		Rule: "a.b.c", Subject: report.Path.Of(name), Severity: severity, Title: name + " changed", Fingerprint: "v1:" + name,
		Evidence: []report.Attr{report.Now.Of("content=" + content), report.AtTime(noon.Add(time.Duration(len(content)) * time.Second))},
	}}
}

func write(t *testing.T, d digest.Digest) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, digest.WriteText(&buf, d, nil))
	return buf.String()
}

func TestTheSameChangeOnManyHostsIsOneEntryAndTheOddOneIsNamed(t *testing.T) {
	var reports []*report.Report
	for i := range 38 {
		content := "same"
		if i == 12 {
			content = "other"
		}
		c := change(report.New, report.Warning, "/etc/motd", content)
		c.Finding.Evidence[1] = report.AtTime(noon.Add(time.Duration(i) * time.Second))
		reports = append(reports, of("harbor", fmt.Sprintf("web%02d", i), c))
	}
	d := digest.New(reports, digest.Options{Now: noon})
	require.Len(t, d.Findings, 1)
	assert.Len(t, d.Findings[0].Alike, 37)
	assert.Equal(t, []digest.Host{{Tenant: "harbor", Name: "web12"}}, d.Findings[0].Differ)
	assert.Equal(t, "38 hosts: 1 warning new", d.Verdict)
	assert.Contains(t, strings.Join(strings.Fields(write(t, d)), " "), "the same on 37 hosts: web00, web01, web02, web03 and 33 more; 1 differs: web12")
}

func TestAHostThatDidNotReportIsSaidFirst(t *testing.T) {
	old := of("a", "gone")
	old.Finished = noon.AddDate(0, 0, -3)
	d := digest.New([]*report.Report{of("a", "web1"), old}, digest.Options{Now: noon, Expected: []digest.Host{{Tenant: "a", Name: "never"}, {Tenant: "a", Name: "web1"}}})
	assert.Equal(t, "3 hosts: 2 hosts did not report; nothing new", d.Verdict)
	text := write(t, d)
	assert.Contains(t, text, "\nDID NOT REPORT\n  a, gone: last on 2026-11-22 12:00 UTC\n  a, never: never\n")
	assert.Equal(t, "no host has reported", digest.New(nil, digest.Options{Now: noon}).Verdict)
}

func TestAReportDatedAheadIsNone(t *testing.T) {
	ahead := of("a", "web1")
	ahead.Finished = noon.AddDate(1, 0, 0)
	d := digest.New([]*report.Report{ahead}, digest.Options{Now: noon})
	assert.Equal(t, "1 host: 1 host did not report", d.Verdict)
	assert.Contains(t, write(t, d), "a, web1: its report is dated ahead, 2027-11-25 12:00 UTC: check its clock")
	ahead.Finished = noon.Add(10 * time.Minute)
	assert.Equal(t, "1 host: nothing new", digest.New([]*report.Report{ahead}, digest.Options{Now: noon}).Verdict)
}

func TestAQuietFleetIsOneLine(t *testing.T) {
	var reports []*report.Report
	for i := range 64 {
		reports = append(reports, of(fmt.Sprint("customer", i), "web1"))
	}
	assert.Equal(t, "64 hosts of 64 customers: nothing new\n", write(t, digest.New(reports, digest.Options{Now: noon})))
}

func TestTheWorstStandsFirstAndOneCustomerSeesNoOther(t *testing.T) {
	reports := []*report.Report{
		of("a", "web1", change(report.New, report.Notice, "/x", "1")), of("b", "db1", change(report.New, report.Critical, "/y", "1"), change(report.Fixed, report.Warning, "/z", "1")),
		of("b", "db0"), of("c", "app1", change(report.Still, report.Critical, "/w", "1")),
	}
	d := digest.New(reports, digest.Options{Now: noon})
	assert.Equal(t, "4 hosts of 3 customers: 1 critical, 1 notice new; 2 hosts with something critical open", d.Verdict)
	assert.Equal(t, "/y changed", d.Findings[0].Title)
	assert.Equal(t, "/z changed", d.Cleared[0].Title)
	assert.Equal(t, []string{"b", "c", "a"}, []string{d.Customers[0].Name, d.Customers[1].Name, d.Customers[2].Name})
	assert.Equal(t, []string{"db1", "db0"}, []string{d.Customers[0].Hosts[0].Name, d.Customers[0].Hosts[1].Name})
	only := write(t, digest.New(reports, digest.Options{Now: noon, Tenant: "b"}))
	assert.Contains(t, only, "db1")
	assert.NotContains(t, only, "web1")
	assert.NotContains(t, only, "app1")
}

func TestOfSeveralReportsOfAHostTheNewestCounts(t *testing.T) {
	newer := of("a", "web1")
	newer.Seq = 6
	d := digest.New([]*report.Report{newer, of("a", "web1", change(report.New, report.Critical, "/x", "1"))}, digest.Options{Now: noon})
	assert.Equal(t, "1 host: nothing new", d.Verdict)
}

func TestAFolderOfReportsIsReadAndWhatIsDamagedStopsNothing(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, rep *report.Report) {
		data := []byte("{")
		if rep != nil {
			var err error
			data, err = report.Encode(rep)
			require.NoError(t, err)
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	put("web1/reports/2026-11-24-00000004.json", of("a", "old"))
	put("web1/reports/latest.json", of("a", "web1"))
	put("flat/web2.json", of("a", "web2"))
	put("flat/web3.json", of("a", "web3"))
	put("web1/state.json", nil)
	put("bad/latest.json", nil)
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "flat/link.json")))
	reports, errs := digest.Read(dir)
	var hosts []string
	for _, rep := range reports {
		hosts = append(hosts, rep.Labels.Host)
	}
	assert.ElementsMatch(t, []string{"web1", "web2", "web3"}, hosts)
	assert.Len(t, errs, 1)
	_, errs = digest.Read(filepath.Join(dir, "none"))
	assert.NotEmpty(t, errs)
}

func TestOldAcknowledgementsAreToldTheOldestFirst(t *testing.T) {
	held := func(days int, state, title string) report.Handled {
		c := change(report.Still, report.Warning, "/srv", "x")
		c.Finding.Title = title
		return report.Handled{Change: c, State: state, By: "ann", At: noon.AddDate(0, 0, -days)}
	}
	web, db := of("a", "web1"), of("a", "db1")
	web.Review = &report.Review{Handled: []report.Handled{held(31, "acknowledged", "/srv is full"), held(3, "acknowledged", "fresh")}}
	db.Review = &report.Review{Handled: []report.Handled{held(90, "acknowledged", "no backup"), held(99, "accepted-risk", "telnet")}}
	text := write(t, digest.New([]*report.Report{web, db}, digest.Options{Now: noon}))
	assert.Contains(t, text, "ACKNOWLEDGED LONG AGO, AND STILL THERE\n  a, db1: no backup, by ann 90 days ago\n  a, web1: /srv is full, by ann 31 days ago\n")
	assert.NotContains(t, text, "fresh")
	assert.NotContains(t, text, "telnet")
}

func TestAHostThatSaysAnothersNameHidesNothing(t *testing.T) {
	put := func(dir, name string, rep *report.Report) {
		data, err := report.Encode(rep)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	forged := of("a", "web1")
	forged.Seq = 1 << 60
	for _, name := range []string{"web2/latest.json", "web2/x.json"} {
		dir := t.TempDir()
		put(dir, "web1/latest.json", of("a", "web1", change(report.New, report.Critical, "/etc/sudoers.d/zz", "eve")))
		put(dir, name, forged)
		put(dir, "web3/latest.json", of("a", "web3"))
		reports, errs := digest.Read(dir, dir+"/")
		require.Len(t, reports, 1, "a folder that is named twice is read once")
		assert.Equal(t, "web3", reports[0].Labels.Host)
		assert.Len(t, errs, 2)
		assert.ErrorContains(t, errors.Join(errs...), "neither is taken")
	}
	dir := t.TempDir()
	put(dir, "monday/web1.json", of("a", "web1"))
	put(dir, "tuesday/web1.json", forged)
	reports, errs := digest.Read(dir)
	assert.Len(t, reports, 2, "a folder of each day is no other host")
	assert.Empty(t, errs)
}

func TestOneHostNeitherFloodsTheListNorChoosesItsWords(t *testing.T) {
	var flood []report.Change
	for i := range 200 {
		c := change(report.New, report.Critical, fmt.Sprintf("/a/%03d", i), "x")
		if i >= 20 {
			c.Finding.Rule += fmt.Sprint(i / 2) // two of each
		}
		flood = append(flood, c)
	}
	friendly := change(report.New, report.Critical, "/etc/shadow", "y")
	friendly.Finding.Title = "All is well"
	real := change(report.New, report.Critical, "/etc/shadow", "z")
	reports := []*report.Report{of("a", "a1", append(flood, friendly)...), of("a", "b1", real), of("a", "b2", real), of("a", "b3", change(report.New, report.Critical, "/zz", "q"))}
	text := write(t, digest.New(reports, digest.Options{Now: noon}))
	assert.Contains(t, text, "/zz")
	assert.NotContains(t, text, "All is well")
	assert.Contains(t, strings.Join(strings.Fields(text), " "), "/a/000 changed on a1 and 19 more like it there: /a/001, /a/002, /a/003, /a/004 and 15 more")
	assert.Contains(t, text, "and 106 more: 106 critical", "53 kinds of two")
}

func TestAHostileReportAddsNoLine(t *testing.T) {
	for _, s := range rendertest.Corpus() {
		d := digest.New([]*report.Report{rendertest.Hostile(s), of("a", "web1")}, digest.Options{Now: noon.AddDate(0, 0, 5)})
		for _, d := range []digest.Digest{d, digest.New([]*report.Report{rendertest.Hostile(s)}, digest.Options{Now: noon})} {
			for _, line := range strings.Split(write(t, d), "\n") {
				assert.Equal(t, term.Visible(line), line, "with %q", s)
			}
		}
	}
}

// What stands in these is for those who look after the system.
func TestACustomersCopyHasNoDetailsAndSaysWhoReviewed(t *testing.T) {
	const secret = "zz-not-for-the-customer"
	rep := of("harbor", "web1", change(report.New, report.Warning, "/etc/motd", secret))
	f := &rep.Changes[0].Finding
	f.Detail, f.Fix, f.Remedy, f.Artifacts = secret, secret, &report.Remedy{Do: [][]string{{secret}}}, []string{secret}
	f.Evidence = append(f.Evidence, report.Sample.Of("+ "+secret))
	line := report.Finding{Rule: "a.b.line", Subject: report.Service.Of("sshd"), Severity: report.Notice, Title: "sshd wrote: " + secret, Fingerprint: "v1:l", Identity: []report.Attr{report.Template.Of("ab")}}
	rep.Changes = append(rep.Changes, report.Change{Kind: report.New, Check: "a.b", Since: noon, Finding: line, Reason: secret})
	rep.Explanations = []report.Explanation{{Finding: f.Fingerprint, By: []string{"v1:l"}, Text: line.Title, Joined: []report.Attr{report.Sample.Of(secret)}}}
	rep.Notices = []string{secret}
	rep.Results = append(rep.Results, report.Result{
		Check: "c.d", Status: report.Failed, Reason: secret, Findings: []report.Finding{*f, line}, Problems: []report.Problem{{Code: report.CodeError, Message: secret, Stack: secret}},
		Artifacts: []report.Artifact{{Ref: secret, Data: []byte(secret)}}, Metrics: []report.Metric{{Name: "mails", Attrs: []report.Attr{report.Account.Of(secret)}}},
	})
	rep.Review = &report.Review{
		Signed: &report.Signature{By: "ann", At: noon.AddDate(0, 0, -1), Report: "old", Comment: secret}, Reminders: []string{secret},
		Handled: []report.Handled{{Change: rep.Changes[0], State: "acknowledged", By: "ann", At: noon.AddDate(0, -2, 0), Comment: secret, Ticket: secret}},
	}
	second := of("harbor", "web2", rep.Changes[0])
	opt := digest.Options{Now: noon, Tenant: "harbor", Customer: true, Signed: map[digest.Host]report.Signature{
		{Tenant: "harbor", Name: "web2"}: {By: "bob", At: noon.Add(time.Hour), Report: second.ID, Comment: secret},
	}}
	d := digest.New([]*report.Report{rep, second}, opt)
	text := write(t, d)
	assert.Contains(t, text, "/etc/motd changed")
	assert.Contains(t, text, "A line of a log of sshd")
	assert.Contains(t, text, "\nREVIEW\n  reviewed by bob: web2\n  not reviewed yet: web1\n", "a signature of yesterday's report is none of this one")
	all, err := json.Marshal(d)
	require.NoError(t, err)
	assert.NotContains(t, text, secret)
	assert.NotContains(t, string(all), secret)
	assert.Equal(t, report.Failed, d.Customers[0].Hosts[0].Report.Results[1].Status, "what nobody could look at is told")
	assert.Contains(t, text, "not fully looked at")
	assert.Contains(t, rep.Changes[0].Finding.Detail, secret, "the report itself stays as it is")
	assert.Equal(t, secret, rep.Review.Signed.Comment)
}

// Two files that differ by what a customer is not sent are still told apart.
func TestACustomersCopyTellsWhatDiffers(t *testing.T) {
	reports := []*report.Report{
		of("a", "web1", change(report.New, report.Notice, "/etc/motd", "x")), of("a", "web2", change(report.New, report.Notice, "/etc/motd", "x")),
		of("a", "web3", change(report.New, report.Notice, "/etc/motd", "y")),
	}
	text := write(t, digest.New(reports, digest.Options{Now: noon, Tenant: "a", Customer: true}))
	assert.Contains(t, text, "1 differs: web3")
	assert.Contains(t, text, "\nREVIEW\n  not reviewed yet: web1, web2 and web3\n")
	assert.Equal(t, "no host has reported", digest.New(reports, digest.Options{Now: noon, Customer: true}).Verdict, "never a copy with all customers on it")
}
