package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestTheLastReportIsALineForAMonitor(t *testing.T) {
	m := newMachine(t)
	code, out, errs := m.run("status")
	assert.Equal(t, exitUnknown, code)
	assert.Regexp(t, `^UPKEEP UNKNOWN - .*\n$`, out, "what a plugin says stands on its standard output")
	assert.Empty(t, errs)
	m.run()
	code, out, _ = m.run("status")
	assert.Regexp(t, `^UPKEEP (OK|WARNING|UNKNOWN) - testhost \(replay:.*\): .*\| critical=0;;0;0 warning=\d+;0;;0 notice=\d+;;;0 unseen=\d+;;;0\n$`, out)
	assert.Contains(t, []int{0, 1, 3}, code)
	code, out, _ = m.run("status", "-max-age", "1ns")
	assert.Equal(t, 3, code)
	assert.Contains(t, out, "UNKNOWN - the last report is")
}

func TestAnOldReportIsNoStateOfToday(t *testing.T) {
	now := time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)
	well := &report.Report{Schema: report.Schema, Seq: 7, Labels: report.Labels{Host: "web1"}, Results: []report.Result{{Check: "a.b", Status: report.OK}}}
	for age, want := range map[time.Duration]string{
		29 * time.Hour:  "UPKEEP OK - web1: nothing new",
		31 * time.Hour:  "UPKEEP UNKNOWN - the last report is 31 hours old",
		-2 * time.Hour:  "UPKEEP UNKNOWN - the last report is of a time to come",
		-time.Minute:    "UPKEEP OK - web1: nothing new",
		999 * time.Hour: "UPKEEP UNKNOWN - the last report is 999 hours old",
	} {
		well.Finished = now.Add(-age)
		line, code := lineOf(well, now, 30*time.Hour)
		assert.Contains(t, line, want)
		assert.Equal(t, map[bool]int{true: 0, false: 3}[line[7:9] == "OK"], code, line)
	}
}
