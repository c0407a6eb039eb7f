package weblog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// Web is the check that counts the requests to a web server since the last
// stored report, and tells what is unusual about them.
type Web struct {
	Host host.Host
	// Sources are absolute paths of access logs; nil is those that are where
	// systems keep them.
	Sources []string
	// Pseudonyms, where they have a secret, stand for addresses in all that is told
	// and kept.
	Pseudonyms traffic.Pseudonyms
}

// Name returns "traffic.weblog".
func (c Web) Name() string { return name }

// folders are where systems keep the logs of their web servers; a file whose
// name tells of access is one.
var folders = []string{
	"/var/log/nginx", "/var/log/apache2", "/var/log/httpd", "/var/log/apache", "/var/log/lighttpd", "/var/log/caddy",
	"/var/log/traefik", "/var/log/haproxy", "/var/www/logs",
}

var files = []string{"/var/log/httpd-access.log", "/var/log/haproxy.log"}

// maxLogs bounds what is read of a server with very many sites.
const maxLogs = 200

// isAccessLog reports whether a name is that of an access log in use.
func isAccessLog(name string) bool {
	return strings.Contains(name, "access") && (strings.HasSuffix(name, ".log") || strings.HasSuffix(name, "_log") || strings.HasSuffix(name, "-log"))
}

// sources lists the logs. A folder that cannot be listed is a problem.
func (c Web) sources(ctx context.Context, rec *report.Recorder) []string {
	if c.Sources != nil {
		return c.Sources
	}
	out := traffic.Present(ctx, c.Host, files...)
	var asks []host.Ask
	for _, dir := range folders {
		asks = append(asks, host.Ask{Op: host.OpList, Name: dir})
	}
	rec.Problem(c.Host.Batch(ctx, asks, func(i int, a host.Answer) error {
		dir := folders[i]
		if a.Err != nil && !errors.Is(a.Err, fs.ErrNotExist) {
			rec.Problem(fmt.Errorf("list %s: %w", dir, a.Err), "logs"+dir)
		}
		for _, st := range a.List {
			if isAccessLog(st.Name) && !st.IsDir() {
				out = append(out, path.Join(dir, st.Name))
			}
		}
		return nil
	}), "logs")
	if len(out) > maxLogs {
		rec.Problem(fmt.Errorf("%d of %d access logs are not read", len(out)-maxLogs, len(out)), "logs")
		out = out[:maxLogs]
	}
	return out
}

// memory is what one run hands to the next.
type memory struct {
	Positions traffic.Positions `json:"positions"`
	Hours     traffic.Hourly    `json:"hours"`
}

// The numbers of an hour.
const (
	requests = iota
	sent
	attacked
	byBots
	classes // six of them, by the first digit of the status
	numbers = classes + 6
)

var keptMemory = report.State[memory]{Name: "web", Version: 1, Valid: func(m memory) error {
	for _, p := range m.Positions {
		if !p.Check() {
			return errors.New("a position is damaged")
		}
	}
	return m.Hours.Valid(numbers)
}}

// Check reads what is new.
func (c Web) Check(ctx context.Context, rec *report.Recorder) error {
	old, _, err := keptMemory.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("what is usual is not known, counting starts anew: %w", err), "memory")
	}
	now := c.Host.Time()
	logs := traffic.Logs{Host: c.Host, Paths: old.Positions.Missed(c.sources(ctx, rec), now), Gone: goneRule.ID, Private: len(c.Pseudonyms.Secret) > 0}
	if len(logs.Paths) == 0 {
		return report.Skip("there is no log of a web server")
	}
	zone, err := facts.Zone(ctx, c.Host)
	if err != nil {
		rec.Problem(err, "zone")
		zone = time.UTC
	}
	logs.Zone = zone
	stats := New(Options{Zone: zone, Keys: 20_000, Pseudonyms: c.Pseudonyms})
	positions, reading := logs.Follow(ctx, rec, old.Positions, stats)
	read := map[int64][]int64{}
	for hour, n := range stats.Hours {
		read[hour] = append([]int64{n.Requests, n.Bytes, n.Attacks, n.Bots}, n.Classes[:]...)
	}
	next := memory{positions, old.Hours.Add(read, now)}
	if stats.Earlier.Date > now.AddDate(0, 0, -traffic.KeepDays).Format(time.DateOnly) {
		rec.Problem(traffic.ErrTimes, scope)
	}
	record(rec, next, stats, now.In(zone))
	if logs.Private {
		reading.Hide()
	}
	for _, log := range reading.Foreign {
		rec.Problem(fmt.Errorf("%s: no line is of an access log that is known: %q", log.Path, log.Sample), scope)
	}
	return keptMemory.Keep(rec, next)
}

func pick(i int) func([]int64) int64 { return func(n []int64) int64 { return n[i] } }

// record gives the numbers, the time lines and what is unusual.
func record(rec *report.Recorder, m memory, s *Stats, now time.Time) {
	t := s.Totals()
	for _, metric := range []struct {
		name string
		n    int64
	}{
		{"web_requests", t.ValidRequests},
		{"web_failed_lines", t.FailedRequests},
		{"web_visitors", t.UniqueVisitors},
		{"web_attacks", t.Attacks},
		{"web_bot_requests", t.Bots},
	} {
		rec.Metric(report.Metric{Name: metric.name, Value: report.Count(uint64(max(0, metric.n))), Time: now})
	}
	rec.Metric(report.Metric{Name: "web_sent_bytes", Unit: "bytes", Value: report.Count(uint64(max(0, t.Bandwidth))), Time: now})
	if p90, ok := s.Took.Percentile(0.9); ok {
		rec.Metric(report.Metric{Name: "web_request_p90_seconds", Unit: "seconds", Value: report.Measure(float64(p90) / 1e6), Time: now})
	}
	for _, series := range []struct {
		name, unit string
		column     int
	}{
		{"web_requests", "", requests},
		{"web_redirects", "", classes + 3},
		{"web_client_errors", "", classes + 4},
		{"web_server_errors", "", classes + 5},
		{"web_sent_bytes", "bytes", sent},
	} {
		traffic.RecordHours(rec, report.Series{Name: series.name, Unit: series.unit}, m.Hours.Line(now, pick(series.column)))
	}
	traffic.RecordForecast(rec, report.Metric{Name: "web_month_sent", Unit: "bytes", Time: now}, m.Hours.Line(now, pick(sent)).Forecast(now, now.Location()))
	traffic.RecordChanges(rec, report.Metric{Name: "web_requests", Time: now}, m.Hours.Line(now, pick(requests)).Changes(now))
	m.Hours.Judge(rec, now, questions...)
	m.Hours.JudgePeak(rec, now, peak)
	rec.Covered(scope)
}

// scope closes what is found.
const scope = "requests"

var questions = []traffic.Question{
	{Rule: ruleSilent, Want: traffic.Quiet, Least: 50, Pick: pick(requests), Title: "Nobody asked the web server for a day", Thing: "request", Subject: subject, Scope: scope},
	{Rule: ruleErrors, Want: traffic.High, Least: 100, Pick: pick(classes + 5), Title: "The web server fails unusually often", Thing: "failed answer", Subject: subject, Scope: scope},
	{Rule: ruleNotFound, Want: traffic.High, Least: 1000, Pick: pick(classes + 4), Title: "Unusually many requests are refused", Thing: "refused request", Subject: subject, Scope: scope},
	{Rule: ruleVolume, Want: traffic.High, Least: 5000, Pick: pick(requests), Title: "Unusually many requests came", Thing: "request", Subject: subject, Scope: scope},
	{Rule: ruleAttacks, Want: traffic.High, Least: 300, Pick: pick(attacked), Title: "Unusually many requests look like attacks", Thing: "request", Subject: subject, Scope: scope},
}

var (
	// peak is asked of the hours of the last day.
	peak     = traffic.Question{Rule: rulePeak, Least: 1000, Pick: pick(requests), Title: "The web server has its busiest hour", Thing: "request", Subject: subject, Scope: scope}
	subject  = report.System.Of("web")
	goneRule = traffic.Gone(name, "A log of the web server is gone")
)
