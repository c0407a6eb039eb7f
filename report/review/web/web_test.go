package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/review"
)

const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>` + "\u202e\x1b[2J"

var morning = time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)

// hostileOne is the finding of a desk.
func hostileOne() review.Standing {
	f := report.Finding{
		Rule: "files.changed", Subject: report.Path.Of("/etc/" + hostile), Severity: report.Critical, Title: "changed " + hostile,
		Detail: hostile, Fingerprint: "v1:0123456789abcdef", State: "aa", Evidence: []report.Attr{report.Sample.Of(hostile)},
		Remedy: &report.Remedy{Do: [][]string{{"rm", hostile}}},
	}
	return review.Standing{Item: memory.Item{Check: "files", Finding: f, Since: morning}, State: review.Open}
}

// id is the name of the one finding in addresses and forms.
var id = key(hostileOne())

// desk is what is open, and what was done about it.
type desk struct {
	open []review.Standing
	id   string // of the report
	did  []Act
	fail error
}

func (d *desk) load(context.Context) (View, error) {
	if d.fail != nil {
		return View{}, d.fail
	}
	rep := &report.Report{
		ID: cmp.Or(d.id, "r1"), Seq: 7, Labels: report.Labels{Host: "web1" + hostile}, Finished: morning,
		Explanations: []report.Explanation{{Finding: "v1:0123456789abcdef", Text: "ann was in", Confidence: "possible"}},
	}
	if d.open == nil {
		d.open = []review.Standing{hostileOne()}
	}
	return View{Report: rep, Standings: d.open}, nil
}

func (d *desk) do(_ context.Context, act Act) (string, error) {
	d.did = append(d.did, act)
	return "done: " + string(act.Kind), nil
}

// visit opens a site; get and post speak as the browser of the session.
func visit(t *testing.T, d *desk) (base, link string, client *http.Client) {
	t.Helper()
	var site *Site
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { site.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	site, link = New(Desk{Load: d.load, Do: d.do, Diff: func(context.Context, string) ([]string, error) { return []string{"+" + hostile}, nil }}, server.URL)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return server.URL, link, &http.Client{Jar: jar}
}

func get(t *testing.T, c *http.Client, address string) (int, string) {
	t.Helper()
	resp, err := c.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func post(t *testing.T, c *http.Client, address string, form url.Values, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range header {
		req.Header[k] = v
	}
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

var formField = regexp.MustCompile(`name="form" value="([^"]+)"`)

var begin = regexp.MustCompile(`<a href="(/[A-Z2-7]{26})/"`)

// folder gives the folder of the pages, without the last slash.
func folder(t *testing.T, opened string) string {
	t.Helper()
	found := begin.FindStringSubmatch(opened)
	require.NotNil(t, found, opened)
	return found[1]
}

func TestWhatWasDealtWithSaysUntilWhichDayAndUpToWhat(t *testing.T) {
	quiet := hostileOne()
	quiet.State, quiet.Finding.Severity = review.Acknowledged, report.Notice
	quiet.Act = &review.Record{Act: review.Act{By: "ann", Kind: review.Acknowledge, UpTo: report.Warning, Until: time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC)}}
	base, link, c := visit(t, &desk{open: []review.Standing{quiet}})
	_, body := get(t, c, link)
	_, list := get(t, c, base+folder(t, body)+"/")
	assert.Contains(t, list, "acknowledged by ann until 2026-12-24, up to warning")
}

func TestAPersonListsShowsAcceptsAndSigns(t *testing.T) {
	d := &desk{}
	base, link, c := visit(t, d)
	status, body := get(t, c, link)
	require.Equal(t, http.StatusOK, status)
	base += folder(t, body)
	status, list := get(t, c, base+"/")
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, list, "nobody has signed yet")
	assert.Contains(t, list, ": 1 critical open</h1>")
	assert.Contains(t, list, "possible: ann was in")
	status, one := get(t, c, base+"/finding/"+id)
	require.Equal(t, http.StatusOK, status)
	for _, page := range []string{list, one} {
		assert.NotContains(t, page, "<script")
		assert.NotContains(t, page, "<img")
		assert.NotContains(t, page, "\u202e", "what turns the text around is spelled out")
		assert.NotContains(t, page, "\x1b")
		assert.Contains(t, page, `\u{202e}␛[2J`)
		assert.NotContains(t, page, "http", "nothing comes from elsewhere")
	}
	form := url.Values{"form": {formField.FindStringSubmatch(list)[1]}, "finding": {id}, "act": {"accept"}, "comment": {"known"}}
	status, body = post(t, c, base+"/act", form, nil)
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "done: accept")
	form.Set("act", "sign")
	form.Set("report", nameOf(&report.Report{ID: "r1", Seq: 7}))
	post(t, c, base+"/act", form, nil)
	require.Len(t, d.did, 2)
	assert.Equal(t, "known", d.did[0].Comment)
	assert.Len(t, d.did[0].Items, 1)
	assert.Equal(t, review.Sign, d.did[1].Kind)
}

// A run may end while a person reads: what it changed was not looked at.
func TestAPersonAcceptsAndSignsOnlyWhatWasOnThePage(t *testing.T) {
	d := &desk{}
	base, link, c := visit(t, d)
	_, opened := get(t, c, link)
	base += folder(t, opened)
	_, list := get(t, c, base+"/")
	form := url.Values{"form": {formField.FindStringSubmatch(list)[1]}, "finding": {id}, "act": {"accept"}, "report": {nameOf(&report.Report{ID: "r1", Seq: 7})}}
	for name, change := range map[string]func(s *review.Standing){
		"other evidence":  func(s *review.Standing) { s.Finding.State = "bb" },
		"it is worse":     func(s *review.Standing) { s.Finding.Severity = report.Warning },
		"it came back":    func(s *review.Standing) { s.Since = morning.Add(time.Hour) },
		"it happened":     func(s *review.Standing) { s.Finding.Last = morning },
		"more often":      func(s *review.Standing) { s.Finding.Count = 2 },
		"it is not there": func(s *review.Standing) { s.Finding.Fingerprint = "v1:1" },
	} {
		now := hostileOne()
		change(&now)
		d.open = []review.Standing{now}
		status, body := post(t, c, base+"/act", form, nil)
		assert.Equal(t, http.StatusConflict, status, name)
		assert.Contains(t, body, "not as it was", name)
	}
	form.Set("act", "sign")
	d.id = "r2"
	status, body := post(t, c, base+"/act", form, nil)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, body, "a newer report is here")
	assert.Empty(t, d.did)
}

// Ten thousand findings are a page of a few hundred lines, and one box takes them all.
func TestAFloodIsAPageThatOpensAtOnce(t *testing.T) {
	d := &desk{open: []review.Standing{hostileOne()}}
	for i := range 10_000 {
		s := review.Standing{State: review.Open, Item: memory.Item{Check: "files", Since: morning, Finding: report.Finding{
			Rule: "files.added", Severity: report.Notice, Subject: report.Path.Of(fmt.Sprint("/srv/", i)), Title: fmt.Sprintf("/srv/%d is new", i), Fingerprint: fmt.Sprint("v1:", i),
		}}}
		d.open = append(d.open, s)
	}
	base, link, c := visit(t, d)
	_, opened := get(t, c, link)
	base += folder(t, opened)
	began := time.Now()
	_, list := get(t, c, base+"/")
	t.Logf("10,001 findings: %d bytes in %s", len(list), time.Since(began))
	assert.Less(t, len(list), 100<<10)
	assert.Contains(t, list, ": 1 critical, 10000 notices open</h1>")
	assert.Contains(t, list, "Open, and never signed: 10001")
	assert.Contains(t, list, "9997 more of files.added: /srv/3, /srv/4, /srv/5")
	assert.Contains(t, list, "and 9897 more:")
	box := regexp.MustCompile(`value="([^"]+)" id="[^"]+" aria-label="all 9997`).FindStringSubmatch(list)
	require.NotNil(t, box)
	form := url.Values{"form": {formField.FindStringSubmatch(list)[1]}, "finding": {box[1]}, "act": {"accept"}}
	post(t, c, base+"/act", form, nil)
	require.Len(t, d.did, 1)
	assert.Len(t, d.did[0].Items, 9997)
	d.open[5000].Finding.State = "other"
	status, _ := post(t, c, base+"/act", form, nil)
	assert.Equal(t, http.StatusConflict, status, "one of them is not what it was")
	assert.Len(t, d.did, 1)
}

// Another user's server on another port of this machine is the same site to a browser.
func TestACookieIsForThePagesAlone(t *testing.T) {
	base, link, c := visit(t, &desk{})
	_, opened := get(t, c, link)
	var heard []*http.Cookie
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard = append(heard, r.Cookies()...) }))
	defer other.Close()
	get(t, c, other.URL+"/")
	get(t, c, other.URL+"/finding/x")
	assert.Empty(t, heard)
	status, _ := get(t, c, base+folder(t, opened)+"/")
	assert.Equal(t, http.StatusOK, status)
}

func TestNobodyElseGetsIn(t *testing.T) {
	d := &desk{}
	base, link, c := visit(t, d)
	for _, address := range []string{base + "/", base + "/act", base + "/finding/" + id, base + "/open?key=guess", base + "/open"} {
		status, _ := get(t, c, address)
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, status, address)
	}
	for method, purpose := range map[string]string{http.MethodHead: "", http.MethodGet: "prefetch;prerender"} {
		req, err := http.NewRequestWithContext(t.Context(), method, link, nil)
		require.NoError(t, err)
		req.Header.Set("Sec-Purpose", purpose)
		resp, err := c.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, "who looks ahead does not use up the link")
	}
	status, opened := get(t, c, link)
	require.Equal(t, http.StatusOK, status)
	base += folder(t, opened)
	status, _ = get(t, &http.Client{}, base+"/")
	assert.Equal(t, http.StatusForbidden, status, "the folder alone opens nothing")
	status, _ = get(t, &http.Client{}, link)
	assert.Equal(t, http.StatusForbidden, status, "the link opens once")
	_, list := get(t, c, base+"/")
	good := url.Values{"form": {formField.FindStringSubmatch(list)[1]}, "finding": {id}, "act": {"accept"}}
	for name, c := range map[string]struct {
		client *http.Client
		form   url.Values
		header http.Header
	}{
		"no session":       {&http.Client{}, good, nil},
		"no form's secret": {c, url.Values{"finding": good["finding"], "act": good["act"]}, nil},
		"another origin":   {c, good, http.Header{"Origin": {"http://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}},
		"another name":     {c, good, http.Header{"Host": {"evil.example"}}},
		"no act":           {c, url.Values{"form": good["form"], "finding": good["finding"]}, nil},
	} {
		status, _ := post(t, c.client, base+"/act", c.form, c.header)
		assert.GreaterOrEqual(t, status, 400, name)
	}
	status, _ = get(t, c, base+"/act?"+good.Encode())
	assert.GreaterOrEqual(t, status, 400, "a GET changes nothing")
	assert.Empty(t, d.did)
}

func TestWhatCannotBeReadIsNoEmptyList(t *testing.T) {
	d := &desk{}
	base, link, c := visit(t, d)
	_, opened := get(t, c, link)
	base += folder(t, opened)
	d.fail = errors.New("the log is damaged")
	status, body := get(t, c, base+"/")
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, body, "the log is damaged")
}
