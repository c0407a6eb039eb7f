package digest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A fleet is a hundred hosts of five customers that look at themselves each day.
type fleet struct {
	now   time.Time
	hosts []*hostOfFleet
}

type hostOfFleet struct {
	suite *suite.Suite
	check *reporttest.Checker
	last  *report.Report
	down  bool
}

func newFleet() *fleet {
	f := &fleet{now: time.Date(2026, 11, 1, 7, 0, 0, 0, time.UTC)}
	for i := range 100 {
		h := &hostOfFleet{check: &reporttest.Checker{ID: "files", Covered: []string{"etc"}, Catalogue: []report.Rule{
			{ID: "files.changed", Kind: report.Condition, Severity: report.Notice, Title: "A file changed", Remedy: "look"},
		}}}
		h.suite = &suite.Suite{
			Checks: []report.Checker{h.check}, Store: &reporttest.Store{}, Clock: func() time.Time { return f.now },
			Labels: report.Labels{Tenant: fmt.Sprintf("customer%d", i/20), Host: fmt.Sprintf("web%02d", i)},
		}
		f.hosts = append(f.hosts, h)
	}
	return f
}

// day lives a day on all hosts, and gives the page of the fleet.
func (f *fleet) day(t *testing.T) []string {
	t.Helper()
	f.now = f.now.AddDate(0, 0, 1)
	var reports []*report.Report
	for _, h := range f.hosts {
		if !h.down {
			rep, err := h.suite.Run(t.Context())
			require.NoError(t, err)
			h.last = rep
		}
		reports = append(reports, h.last)
	}
	text := write(t, digest.New(reports, digest.Options{Now: f.now.Add(3 * time.Hour)}))
	page := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	assert.LessOrEqual(t, len(page), 60, text)
	return page
}

// finds has hosts find that a file changed to a content.
func (f *fleet) finds(severity report.Severity, name, content string, hosts ...int) {
	for _, i := range hosts {
		c := f.hosts[i].check
		c.Findings = append(c.Findings, report.Finding{
			Rule: "files.changed", Subject: report.Path.Of(name), Scope: "etc", Severity: severity, Title: name + " changed",
			Evidence: []report.Attr{report.Now.Of("content=" + content), report.AtTime(f.now.Add(time.Duration(i) * time.Second))},
		})
	}
}

func (f *fleet) all(do func(h *hostOfFleet)) {
	for _, h := range f.hosts {
		do(h)
	}
}

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// What stands on the page of a hundred hosts was written down before.
func TestAHundredHostsAreReviewedFromOnePage(t *testing.T) {
	f := newFleet()
	assert.Equal(t, []string{"100 hosts of 5 customers: nothing new"}, f.day(t), "the first look")
	assert.Equal(t, []string{"100 hosts of 5 customers: nothing new"}, f.day(t), "quiet")

	f.finds(report.Notice, "/etc/motd", "new", upTo(37)...)
	f.finds(report.Notice, "/etc/motd", "other", 40)
	page := f.day(t)
	assert.Equal(t, "100 hosts of 5 customers: 1 notice new", page[0], "one change on many hosts is one")
	assert.Equal(t, []string{
		"", "NEW", "  notice    /etc/motd changed",
		"            the same on 37 hosts: web00, web01, web02, web03 and 33 more; 1", "            differs: web40",
	}, page[1:6])

	f.finds(report.Critical, "/etc/sudoers.d/zz", "eve", 64)
	f.hosts[7].down = true
	page = f.day(t)
	assert.Equal(t, "100 hosts of 5 customers: 1 host did not report; 1 critical new; 1 host with", page[0])
	assert.Equal(t, []string{
		"  something critical open",
		"", "DID NOT REPORT", "  customer0, web07: last on 2026-11-04 07:00 UTC",
		"", "NEW", "  CRITICAL  /etc/sudoers.d/zz changed", "            on web64",
	}, page[1:9], "who is missing and the intruder stand first")

	f.hosts[7].down = false
	f.hosts[64].check.Covered, f.hosts[64].check.Findings, f.hosts[64].check.Err = nil, nil, errors.New("the disk is broken")
	page = f.day(t)
	assert.Contains(t, page[0], "1 host with something critical open", "a broken check closes nothing")
	assert.NotContains(t, strings.Join(page, "\n"), "FIXED")

	f.all(func(h *hostOfFleet) { h.check.Covered, h.check.Findings, h.check.Err = []string{"etc"}, nil, nil })
	page = f.day(t)
	assert.Equal(t, "100 hosts of 5 customers: nothing new", page[0])
	assert.Equal(t, []string{"", "FIXED", "  CRITICAL  /etc/sudoers.d/zz changed"}, page[1:4])
	assert.Equal(t, []string{"100 hosts of 5 customers: nothing new"}, f.day(t), "and quiet again")
}
